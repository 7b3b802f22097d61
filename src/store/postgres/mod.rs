//! [`PostgresStore`]: tokens in PostgreSQL.

mod calls;
mod change;
mod failure;
mod find;
mod follower;
mod housekeeping;
mod instant;
mod reads;
mod row;
mod schema;
mod sent;
mod statements;
mod turns;

use std::sync::Arc;
use std::time::Duration as StdDuration;

use async_trait::async_trait;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions as _, Connection as _, PgPool, Postgres};
use time::Duration;
use tokio::time::timeout;

use crate::record::{Change, Changed, OwnerId, TokenRecord};
use crate::timestamp::Timestamp;
use crate::token::TokenId;

use super::sql::{Connections, DEADLINE, LONGEST_DEADLINE, on_a_runtime};
use super::{ChangeError, ExpiringQuery, LastUse, ListQuery, Pruned, StoreError, TokenStore};
use calls::Calls;
use schema::Schema;
use statements::Statements;

pub use follower::{Follower, FollowerStatus};
pub use schema::InvalidSchema;

/// For calls, of a pool that is opened here.
const CONNECTIONS: u32 = 10;
/// One more: a [`Follower`]'s heartbeat does not wait for calls.
const HEARTBEATS: u32 = 1;

/// Tokens in PostgreSQL (14 or later), shared by many nodes. Feature `postgres`.
///
/// ```no_run
/// # async fn open() -> Result<(), Box<dyn std::error::Error>> {
/// use personal_tokens::{PersonalTokens, store::PostgresStore};
///
/// let store = PostgresStore::connect("postgres://shop@db.example/shop").await?;
/// store.create_tables().await?;
/// let tokens = PersonalTokens::builder(store).prefix("shop").build()?;
/// # Ok(())
/// # }
/// ```
///
/// - A change is one transaction (`READ COMMITTED`, stated by itself) that locks its owner first, by
///   `pg_advisory_xact_lock`: changes of one owner wait for each other, on whichever node, those of others do not.
/// - A look-up reads where a revocation writes: give it the primary, not a replica, which refuses (it answers what was,
///   not what is). What was revoked is refused by the next look-up of every node. To take the load off the database,
///   put `CachedStore` (feature `cache`) above it, and a [`Follower`] beside that.
/// - What was acknowledged is on the server's disk, also where its default is `synchronous_commit = off`, as far as
///   `fsync` and the disk keep their word.
/// - It is never stale, and keeps nothing in memory: [`find_cached`](TokenStore::find_cached) always says
///   [`Ask`](super::Lookup::Ask).
/// - It holds no secret, but who can write the tables can plant tokens. A backup that is put back brings back what it held:
///   tokens that were revoked since are valid again.
/// - The database's encoding is to be UTF8. Its collation, its time zone, the `search_path` do not matter.
///
/// # Errors
/// Each call ends within the [deadline](Self::deadline), which the client keeps: a server that stands still keeps none.
///
/// | what happens | answer |
/// |---|---|
/// | all connections stay taken; the server cannot be reached, refuses work, is a standby, lacks the tables | [`Unavailable`](StoreError::Unavailable) |
/// | a look-up or a list takes longer than the deadline | [`TimedOut`](StoreError::TimedOut) |
/// | a change takes longer, before its commit was sent, as behind a lock | [`Unavailable`](StoreError::Unavailable); nothing is written |
/// | a change takes longer, after its commit was sent | [`TimedOut`](StoreError::TimedOut); it is unknown whether it was written |
/// | the connection is lost at the commit | [`Unavailable`](StoreError::Unavailable); it is unknown whether it was written |
/// | a row is no record | [`Corrupt`](StoreError::Corrupt) |
/// | there is no Tokio runtime | [`Unavailable`](StoreError::Unavailable) |
///
/// A connection on which a call took too long is closed and not used again. Once the cause is gone, calls succeed again,
/// without a restart. The runtime must have its time enabled: Tokio panics without. A call that was begun is to be dropped
/// on a runtime too: sqlx gives its connection back there, and panics elsewhere.
pub struct PostgresStore {
    calls: Calls,
    schema: Schema,
}

/// The work on a connection of the pool, and again where another transaction was in the way.
macro_rules! leased {
    ($store:ident, $kind:ident ($($owner:expr)?), |$lease:ident, $manner:pat_param| $work:expr) => {{
        let call = &$store.calls.call();
        let attempt = |$manner| async move {
            let mut lease = call.lease().await?;
            let $lease = &mut lease;
            let outcome = $work.await;
            lease.returned(outcome).await
        };
        call.$kind($($owner,)? attempt).await
    }};
}

impl PostgresStore {
    /// The version of the tables that this release reads and writes. It stands in the table `personal_tokens_schema`.
    pub const SCHEMA_VERSION: i64 = schema::VERSION;

    /// Opens a pool of 11 connections (one for heartbeats), which the store keeps between two calls. It makes no tables:
    /// [`create_tables`](Self::create_tables) does.
    ///
    /// The URL is sqlx's: `postgres://user:password@host:port/database`. `sslmode=require` wants a TLS feature of sqlx,
    /// which the host chooses among its own dependencies (`sqlx = { version = "0.9", features = ["tls-rustls"] }`).
    ///
    /// # Errors
    /// [`StoreError`] if the URL is none, or nothing is to be reached there within 5 seconds.
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        on_a_runtime()?;
        if !["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) {
            return Err(StoreError::unavailable("a URL of PostgreSQL begins with postgres:// or postgresql://"));
        }
        let options: PgConnectOptions = url.parse().map_err(StoreError::unavailable)?;
        // Without the pool, which would try again until the deadline, and tell nobody why.
        let connection = timeout(DEADLINE, options.connect()).await.map_err(StoreError::timed_out)?;
        drop(connection.map_err(StoreError::unavailable)?.close().await);
        // The store's own deadline is the one that counts.
        let connections = CONNECTIONS.saturating_add(HEARTBEATS);
        let pool = PgPoolOptions::new().max_connections(connections).acquire_timeout(LONGEST_DEADLINE);
        Ok(Self::new(Connections::of_our_own(pool.connect_lazy_with(options), CONNECTIONS)))
    }

    /// Keeps the tokens in a host's database, by its pool, which stays as the host set it up, and gets back each connection
    /// at once. The tables must be there: by [`create_tables`](Self::create_tables), or by the host's own migration with
    /// [`schema_sql`](Self::schema_sql).
    #[must_use]
    pub fn from_pool(pool: PgPool) -> Self {
        Self::new(Connections::of_a_host(pool))
    }

    fn new(connections: Connections<Postgres>) -> Self {
        let schema = Schema::public();
        Self { calls: Calls::new(connections, DEADLINE, Statements::within(&schema)), schema }
    }

    /// The schema that the tables stand in, in place of `public`. Every statement names it: a `search_path` does not
    /// matter.
    ///
    /// # Errors
    /// [`InvalidSchema`] unless it is 1 to 40 of the characters `A-Z`, `a-z`, `0-9`, `_` and `-`.
    pub fn schema(mut self, name: &str) -> Result<Self, InvalidSchema> {
        self.schema = Schema::new(name)?;
        self.calls.statements = Statements::within(&self.schema);
        Ok(self)
    }

    /// Whether statements are prepared by a name, once a connection, which saves the server their parsing and planning:
    /// most of what it does for a look-up. Default: they are not, so that all goes on through a pooler that hands out
    /// connections by the transaction, as pgbouncer does: with names, one node's statement would there be taken for
    /// another's. Choose it only where nothing stands between, and where the pool leads to the primary: a standby's
    /// look-ups are refused all the same, its lists are not. Nor do reads set `statement_timeout`: give the role one, so
    /// that the server ends what waits behind a lock for longer than we do.
    #[must_use]
    pub fn named_statements(mut self, named: bool) -> Self {
        self.calls.named = named;
        self
    }

    /// How long a call may take, waiting for a connection and for locks included; at most a year. Default: 5 seconds.
    /// The guard waits for a look-up 2 seconds unless told otherwise (feature `tokio`). To revoke all tokens of an owner
    /// who has tens of thousands takes longer than that.
    #[must_use]
    pub fn deadline(mut self, deadline: StdDuration) -> Self {
        self.calls.deadline = deadline.min(LONGEST_DEADLINE);
        self
    }

    /// The statements that make the tables, the function and the triggers in the [schema](Self::schema), for hosts that
    /// migrate by hand; they may run again. For this release's [`SCHEMA_VERSION`](Self::SCHEMA_VERSION).
    #[must_use]
    pub fn schema_sql(&self) -> String {
        self.schema.tables()
    }

    /// Makes the schema and the tables where there are none, in one transaction, also when many nodes do at once. It
    /// writes nothing where they are, and touches no other table. It wants the right to `CREATE` in the schema (in
    /// `public` only the database's owner has it, since PostgreSQL 15), and in the database where the schema is to be
    /// made.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails or refuses, or the tables are of another version.
    pub async fn create_tables(&self) -> Result<(), StoreError> {
        leased!(self, write(), |lease, _| schema::create_tables(lease, &self.schema))
    }

    /// A listener for what other nodes change, on a connection of its own: options that lead to the server itself,
    /// since a pooler in transaction mode passes no notification on.
    #[must_use]
    pub fn follower(&self, options: PgConnectOptions) -> Follower {
        Follower::new(options, self.calls.connections.pool.clone(), self.schema.channel())
    }

    /// Waits for the calls under way, and closes the connections (a host's pool too). Calls that come later are
    /// [`Unavailable`](StoreError::Unavailable).
    pub async fn close(&self) {
        self.calls.connections.close().await;
    }
}

#[async_trait]
impl TokenStore for PostgresStore {
    async fn find(&self, id: TokenId) -> Result<Option<Arc<TokenRecord>>, StoreError> {
        Ok(leased!(self, read(), |lease, _| find::find(lease, id))?.map(Arc::new))
    }

    async fn change(&self, change: &Change) -> Result<Changed, ChangeError> {
        leased!(self, write_in_turn(change.owner()), |lease, manner| change::change(lease, change, manner))
    }

    async fn list(&self, owner: &OwnerId, query: &ListQuery, at: Timestamp) -> Result<Vec<TokenRecord>, StoreError> {
        leased!(self, read(), |lease, _| reads::list(lease, owner, query, at))
    }

    async fn touch(&self, uses: &[LastUse], resolution: Duration) -> Result<(), StoreError> {
        leased!(self, write(), |lease, manner| housekeeping::touch(lease, uses, resolution, manner))
    }

    async fn expiring(&self, query: &ExpiringQuery) -> Result<Vec<TokenRecord>, StoreError> {
        leased!(self, read(), |lease, _| reads::expiring(lease, query))
    }

    async fn claim_notice(&self, id: TokenId, was: Option<Timestamp>, at: Timestamp) -> Result<bool, StoreError> {
        leased!(self, write(), |lease, _| housekeeping::claim_notice(lease, id, was, at))
    }

    async fn prune(&self, ended_before: Timestamp, at_most: u32) -> Result<Vec<Pruned>, StoreError> {
        leased!(self, write(), |lease, _| housekeeping::prune(lease, ended_before, at_most))
    }
}

impl std::fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresStore")
            .field("schema", &self.schema.name())
            .field("deadline", &self.calls.deadline)
            .finish_non_exhaustive()
    }
}
