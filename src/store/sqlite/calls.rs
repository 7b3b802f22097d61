//! How a call gets a connection, waits for locks, and ends in time.

use std::future::Future;
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::{Connection as _, Row as _, Sqlite, SqlitePool, Transaction};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep, timeout_at};

use crate::store::StoreError;

use super::failure::Failure;

/// How long SQLite itself waits for a lock, in connections that are opened here. Short, since its waits grow longer and
/// longer, so that two processes which write on and on would starve a third.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_millis(20);
const PAUSE: Duration = Duration::from_millis(3);

pub(super) struct Calls {
    pub(super) pool: SqlitePool,
    /// SQLite has one writer: those of this process wait here, in turn, instead of each holding a connection.
    turn: Mutex<()>,
    pub(super) deadline: Duration,
}

impl Calls {
    pub(super) fn new(pool: SqlitePool, deadline: Duration) -> Self {
        Self { pool, turn: Mutex::new(()), deadline }
    }

    /// Tries, and tries again while another connection holds the lock, until the deadline.
    pub(super) async fn read<T, E, F>(&self, attempt: impl Fn() -> F) -> Result<T, E>
    where
        E: From<StoreError>,
        F: Future<Output = Result<T, Failure<E>>>,
    {
        self.in_time(|until| self.tries(attempt, until)).await
    }

    /// The same, when it is this call's turn to write.
    pub(super) async fn write<T, E, F>(&self, attempt: impl Fn() -> F) -> Result<T, E>
    where
        E: From<StoreError>,
        F: Future<Output = Result<T, Failure<E>>>,
    {
        self.in_time(|until| async move {
            let _turn = self.turn.lock().await;
            self.tries(attempt, until).await
        })
        .await
    }

    async fn in_time<T, E, F>(&self, work: impl FnOnce(Instant) -> F) -> Result<T, E>
    where
        E: From<StoreError>,
        F: Future<Output = Result<T, E>>,
    {
        on_a_runtime()?;
        let now = Instant::now();
        let until = now.checked_add(self.deadline).unwrap_or(now);
        let in_time = timeout_at(until, work(until)).await;
        in_time.unwrap_or_else(|late| Err(StoreError::timed_out(late).into()))
    }

    async fn tries<T, E, F>(&self, attempt: impl Fn() -> F, until: Instant) -> Result<T, E>
    where
        E: From<StoreError>,
        F: Future<Output = Result<T, Failure<E>>>,
    {
        // A lock that is never given up is told as such, not as a call that took too long.
        let last = until.checked_sub(BUSY_TIMEOUT.saturating_mul(2)).unwrap_or(until);
        loop {
            match attempt().await {
                Ok(answer) => return Ok(answer),
                Err(Failure::Locked(_)) if Instant::now() < last => sleep(PAUSE).await,
                Err(failure) => return Err(failure.into_error()),
            }
        }
    }
}

/// Pools panic without one.
pub(super) fn on_a_runtime() -> Result<(), StoreError> {
    let runtime = tokio::runtime::Handle::try_current();
    runtime.map(drop).map_err(|_| StoreError::unavailable("SqliteStore works on a Tokio runtime"))
}

/// A connection that is not used again where a failure says so.
pub(super) struct Lease(PoolConnection<Sqlite>);

impl Lease {
    pub(super) async fn of<E: From<StoreError>>(calls: &Calls) -> Result<Self, Failure<E>> {
        Ok(Self(calls.pool.acquire().await?))
    }

    pub(super) fn connection(&mut self) -> &mut PoolConnection<Sqlite> {
        &mut self.0
    }

    pub(super) fn returned<T, E>(mut self, outcome: Result<T, Failure<E>>) -> Result<T, Failure<E>> {
        if matches!(outcome, Err(Failure::Lost(_))) {
            self.0.close_on_drop();
        }
        outcome
    }
}

/// A transaction that holds the write lock, and is on the disk once it is committed.
pub(super) struct Writing<'c> {
    pub(super) transaction: Transaction<'c, Sqlite>,
}

impl<'c> Writing<'c> {
    pub(super) async fn begin<E: From<StoreError>>(
        connection: &'c mut PoolConnection<Sqlite>,
    ) -> Result<Self, Failure<E>> {
        const FULL: i64 = 2;
        let synchronous: i64 = sqlx::query("PRAGMA synchronous").fetch_one(&mut **connection).await?.try_get(0)?;
        if synchronous < FULL {
            // It stays so: safer for the host's own writes on this connection, and slower.
            sqlx::query("PRAGMA synchronous = FULL").execute(&mut **connection).await?;
        }
        Ok(Self { transaction: connection.begin_with("BEGIN IMMEDIATE").await? })
    }

    pub(super) async fn commit<E: From<StoreError>>(self) -> Result<(), Failure<E>> {
        Ok(self.transaction.commit().await?)
    }
}
