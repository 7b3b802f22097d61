//! [`SqliteStore`]: tokens in an SQLite file.

mod calls;
mod change;
mod failure;
mod housekeeping;
mod location;
mod reads;
mod row;
mod schema;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration as StdDuration;

use async_trait::async_trait;
use sqlx::{Sqlite, SqlitePool};
use time::Duration;

use crate::record::{Change, Changed, OwnerId, TokenRecord};
use crate::timestamp::Timestamp;
use crate::token::TokenId;

use super::sql::{Connections, DEADLINE, LONGEST_DEADLINE, on_a_runtime};
use super::{ChangeError, ExpiringQuery, LastUse, ListQuery, Pruned, StoreError, TokenStore};
use calls::Calls;
use location::Location;

/// Tokens in an SQLite file: embedded, durable, shared by the processes of one machine. Feature `sqlite`.
///
/// ```no_run
/// # async fn open() -> Result<(), Box<dyn std::error::Error>> {
/// use personal_tokens::{PersonalTokens, store::SqliteStore};
///
/// let tokens = PersonalTokens::builder(SqliteStore::open("shop.db").await?).prefix("shop").build()?;
/// # Ok(())
/// # }
/// ```
///
/// - A change is one transaction that takes the write lock first (`BEGIN IMMEDIATE`), and is on the disk when it returns
///   (`synchronous=EXTRA`, which is FULL in WAL): a revocation that was acknowledged survives a power cut, as far as the disk
///   keeps its word.
/// - Look-ups wait for no writer (WAL). Of writers there is one at a time; those of this process queue up, and a lock that
///   another process holds is waited for until the deadline.
/// - Several processes may use one file, on one machine: SQLite's locks do not work on most network file systems.
/// - It is never stale, and keeps nothing in memory: [`find_cached`](TokenStore::find_cached) always says
///   [`Ask`](super::Lookup::Ask).
/// - It holds no secret, but who can write the file can plant tokens. A backup that is put back brings back what it held:
///   tokens that were revoked since are valid again. Stop the services that use the file meanwhile.
///
/// # Errors
/// Each call ends within the [deadline](Self::deadline):
///
/// | what happens | answer |
/// |---|---|
/// | the file stays locked by another connection; all connections of a host's pool stay taken | [`Unavailable`](StoreError::Unavailable); nothing is written. A look-up or a list may be [`TimedOut`](StoreError::TimedOut) |
/// | the disk is full, the file is read-only, cannot be opened or read | [`Unavailable`](StoreError::Unavailable); of a commit that fails it is unknown whether it was written |
/// | the file is no database or is damaged; a row is no record | [`Corrupt`](StoreError::Corrupt) |
/// | anything takes longer than the deadline | [`TimedOut`](StoreError::TimedOut); of a change it is unknown whether it was written |
/// | there is no Tokio runtime | [`Unavailable`](StoreError::Unavailable) |
///
/// Once the cause is gone, calls succeed again, without a restart (but tokens in memory are lost where memory runs
/// out). The runtime must have its time enabled: Tokio panics without. Where a test pauses Tokio's clock, each call is
/// late at once, since SQLite works on threads of its own. A call that was begun is to be dropped on a runtime too:
/// sqlx gives its connection back there, and panics elsewhere.
pub struct SqliteStore {
    calls: Calls,
}

/// The work on a connection of the pool, again where another connection holds the lock.
macro_rules! leased {
    ($store:ident, $kind:ident, |$lease:ident| $work:expr) => {{
        let call = $store.calls.call();
        let attempt = || async {
            let mut lease = call.lease().await?;
            let $lease = &mut lease;
            let outcome = $work.await;
            lease.returned(outcome)
        };
        call.$kind(attempt).await
    }};
}

impl SqliteStore {
    /// The statements that make the tables, for hosts that migrate by hand; they may run again. For this release's
    /// [`SCHEMA_VERSION`](Self::SCHEMA_VERSION).
    pub const SCHEMA: &str = schema::SCHEMA;

    /// The version of the tables that this release reads and writes. It stands in the table `personal_tokens_schema`.
    pub const SCHEMA_VERSION: i64 = schema::VERSION;

    /// Opens a file, and makes the tables where there are none.
    ///
    /// A path, or a URL as `sqlite:shop.db?mode=rw`; `:memory:` for tokens that are gone when the store is dropped. A
    /// file that is missing is made, readable by its owner only (on Unix), unless the URL's `mode` is `rw`, or `ro` for
    /// look-ups and lists alone (in a folder that cannot be written to, add `immutable=1`). A path is taken as it is, a
    /// URL is percent-decoded. It waits for the disk on the thread that it runs on, for as long as it takes to make a
    /// file.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be opened or made, is no database, or the tables are of another version.
    pub async fn open(location: impl AsRef<Path> + Send) -> Result<Self, StoreError> {
        on_a_runtime()?;
        let pool = Location::parse(location.as_ref())?.open()?;
        let connections = pool.options().get_max_connections();
        let store = Self::new(Connections::of_our_own(pool, connections));
        store.create_tables().await?;
        Ok(store)
    }

    /// Keeps the tokens in a host's database. The tables must be there: by
    /// [`create_tables`](Self::create_tables), or by the host's own migration with [`SCHEMA`](Self::SCHEMA).
    ///
    /// The pool stays as the host set it up, but for `synchronous=EXTRA` (and `fullfsync`, for macOS) on connections on
    /// which the store has written, which stays. `journal_mode=WAL` lets look-ups go on beside writers; `MEMORY` and
    /// `OFF` can lose the whole file in a crash, whatever this store does, and in WAL a host's connection with
    /// `synchronous=OFF` that happens to write a checkpoint can. A pool in memory must keep one connection for good.
    #[must_use]
    pub fn from_pool(pool: SqlitePool) -> Self {
        Self::new(Connections::of_a_host(pool))
    }

    fn new(connections: Connections<Sqlite>) -> Self {
        Self { calls: Calls::new(connections, DEADLINE) }
    }

    /// How long a call may take, waiting for locks included; at most a year. Default: 5 seconds. Under 40 milliseconds a
    /// lock is not waited for. The guard waits for a
    /// look-up 2 seconds unless told otherwise (feature `tokio`).
    #[must_use]
    pub fn deadline(mut self, deadline: StdDuration) -> Self {
        self.calls.deadline = deadline.min(LONGEST_DEADLINE);
        self
    }

    /// Makes the tables where there are none, in one transaction, also when several processes do at once. It writes
    /// nothing where they are, and touches no other table.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails, or the tables are of another version.
    pub async fn create_tables(&self) -> Result<(), StoreError> {
        leased!(self, write, |lease| schema::create_tables(lease))
    }

    /// Waits for the calls under way, and closes the connections (a host's pool too). Calls that come later are
    /// [`Unavailable`](StoreError::Unavailable). The last connection that closes writes all into the one file.
    pub async fn close(&self) {
        self.calls.connections.close().await;
    }
}

#[async_trait]
impl TokenStore for SqliteStore {
    async fn find(&self, id: TokenId) -> Result<Option<Arc<TokenRecord>>, StoreError> {
        Ok(leased!(self, read, |lease| reads::find(lease, id))?.map(Arc::new))
    }

    async fn change(&self, change: &Change) -> Result<Changed, ChangeError> {
        leased!(self, write, |lease| change::change(lease, change))
    }

    async fn list(&self, owner: &OwnerId, query: &ListQuery, at: Timestamp) -> Result<Vec<TokenRecord>, StoreError> {
        leased!(self, read, |lease| reads::list(lease, owner, query, at))
    }

    async fn touch(&self, uses: &[LastUse], resolution: Duration) -> Result<(), StoreError> {
        leased!(self, write, |lease| housekeeping::touch(lease, uses, resolution))
    }

    async fn expiring(&self, query: &ExpiringQuery) -> Result<Vec<TokenRecord>, StoreError> {
        leased!(self, read, |lease| reads::expiring(lease, query))
    }

    async fn claim_notice(&self, id: TokenId, was: Option<Timestamp>, at: Timestamp) -> Result<bool, StoreError> {
        leased!(self, write, |lease| housekeeping::claim_notice(lease, id, was, at))
    }

    async fn prune(&self, ended_before: Timestamp, at_most: u32) -> Result<Vec<Pruned>, StoreError> {
        leased!(self, write, |lease| housekeeping::prune(lease, ended_before, at_most))
    }
}

impl std::fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteStore").field("deadline", &self.calls.deadline).finish_non_exhaustive()
    }
}
