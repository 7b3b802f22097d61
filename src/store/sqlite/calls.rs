//! How a call gets a connection, waits for locks, and ends in time.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sqlx::{Connection as _, Row as _, Sqlite, Transaction};
use tokio::sync::{Mutex, Semaphore, SemaphorePermit};
use tokio::time::error::Elapsed;
use tokio::time::{Instant, sleep, timeout_at};

use crate::store::StoreError;
use crate::store::sql::{Connections, Held, on_a_runtime};

use super::failure::Failure;

/// How long SQLite itself waits for a lock, in connections that are opened here. Short, since its waits grow longer and
/// longer, so that two processes which write on and on would starve a third.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_millis(20);
const PAUSE: Duration = Duration::from_millis(3);

pub(super) struct Calls {
    pub(super) connections: Connections<Sqlite>,
    /// As many as there are connections, where those are kept between two calls.
    room: Semaphore,
    /// SQLite has one writer: those of this process wait here, in turn, instead of each holding a connection.
    turn: Mutex<()>,
    pub(super) deadline: Duration,
}

/// One call of the store.
pub(super) struct Call<'s> {
    calls: &'s Calls,
    may_have_written: AtomicBool,
}

impl Calls {
    pub(super) fn new(connections: Connections<Sqlite>, deadline: Duration) -> Self {
        let room = Semaphore::new(if connections.are_kept() { connections.at_most() } else { Semaphore::MAX_PERMITS });
        Self { connections, room, turn: Mutex::new(()), deadline }
    }

    pub(super) fn call(&self) -> Call<'_> {
        Call { calls: self, may_have_written: AtomicBool::new(false) }
    }
}

impl Call<'_> {
    /// Tries, and tries again while another connection holds the lock, until the deadline.
    pub(super) async fn read<T, E, F>(&self, attempt: impl Fn() -> F) -> Result<T, E>
    where
        E: From<StoreError>,
        F: Future<Output = Result<T, Failure<E>>>,
    {
        let in_time = self.in_time(|until| self.tries(attempt, until)).await?;
        in_time.unwrap_or_else(|late| Err(StoreError::timed_out(late).into()))
    }

    /// The same, when it is this call's turn to write.
    pub(super) async fn write<T, E, F>(&self, attempt: impl Fn() -> F) -> Result<T, E>
    where
        E: From<StoreError>,
        F: Future<Output = Result<T, Failure<E>>>,
    {
        let in_turn = |until| async move {
            let _turn = self.calls.turn.lock().await;
            self.tries(attempt, until).await
        };
        match self.in_time(in_turn).await? {
            Ok(answer) => answer,
            Err(late) if self.may_have_written.load(Ordering::Relaxed) => Err(StoreError::timed_out(late).into()),
            Err(late) => Err(StoreError::unavailable(NoLock(late)).into()),
        }
    }

    async fn tries<T, E, F>(&self, attempt: impl Fn() -> F, until: Instant) -> Result<T, E>
    where
        E: From<StoreError>,
        F: Future<Output = Result<T, Failure<E>>>,
    {
        // A lock that is never given up is told as such, not as a call that took too long.
        let last = until.checked_sub(BUSY_TIMEOUT.saturating_mul(2)).unwrap_or(until);
        let mut idle = self.calls.connections.pool.size();
        loop {
            match attempt().await {
                Ok(answer) => return Ok(answer),
                Err(Failure::Locked(_)) if Instant::now() < last => sleep(PAUSE).await,
                // Until all connections of that time are gone.
                Err(Failure::ReadOnly(_)) if idle > 0 => idle = idle.saturating_sub(1),
                Err(failure) => return Err(failure.into_error()),
            }
        }
    }

    pub(super) async fn lease<E: From<StoreError>>(&self) -> Result<Lease<'_>, Failure<E>> {
        let room = self.calls.room.acquire().await.map_err(StoreError::unavailable)?;
        Ok(Lease { connection: self.calls.connections.acquire().await?, _room: room, call: self })
    }

    async fn in_time<T, F: Future<Output = T>>(
        &self,
        work: impl FnOnce(Instant) -> F,
    ) -> Result<Result<T, Elapsed>, StoreError> {
        on_a_runtime()?;
        let now = Instant::now();
        let until = now.checked_add(self.calls.deadline).unwrap_or(now);
        // What a call does at the database takes kilobytes, and would be copied time and again.
        let work = pin!(work(until));
        Ok(timeout_at(until, work).await)
    }
}

/// A connection that is not used again where a failure says so.
pub(super) struct Lease<'c> {
    pub(super) connection: Held<Sqlite>,
    _room: SemaphorePermit<'c>,
    call: &'c Call<'c>,
}

impl Lease<'_> {
    /// A transaction that holds the write lock, and is on the disk once it is committed.
    pub(super) async fn writing<E: From<StoreError>>(&mut self) -> Result<Transaction<'_, Sqlite>, Failure<E>> {
        // FULL but for a rollback journal, where FULL leaves it to chance whether the journal's end outlives a power cut.
        const EXTRA: i64 = 3;
        let connection = &mut *self.connection;
        let synchronous: i64 = sqlx::query("PRAGMA synchronous").fetch_one(&mut *connection).await?.try_get(0)?;
        if synchronous < EXTRA {
            // It stays so: safer for the host's own writes on this connection, and slower.
            sqlx::raw_sql("PRAGMA synchronous = EXTRA; PRAGMA fullfsync = ON").execute(&mut *connection).await?;
        }
        let transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
        self.call.may_have_written.store(true, Ordering::Relaxed);
        Ok(transaction)
    }

    pub(super) fn returned<T, E>(mut self, outcome: Result<T, Failure<E>>) -> Result<T, Failure<E>> {
        match outcome {
            Ok(_) => self.call.calls.connections.give_back(self.connection),
            Err(Failure::Lost(_)) => self.connection.close_on_drop(),
            // Rolled back, and tried again.
            Err(Failure::Locked(_)) => self.call.may_have_written.store(false, Ordering::Relaxed),
            Err(Failure::ReadOnly(_)) => {
                self.call.may_have_written.store(false, Ordering::Relaxed);
                self.connection.close_on_drop();
            }
            _ => {}
        }
        outcome
    }
}

#[derive(Debug, thiserror::Error)]
#[error("neither a connection nor the write lock was given before the deadline")]
struct NoLock(#[source] Elapsed);
