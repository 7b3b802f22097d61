//! How a call gets a connection, ends in time, and what becomes of the connection.

use std::future::Future;
use std::ops::{Deref, DerefMut};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sqlx::postgres::PgQueryResult;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Postgres, Transaction};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::error::Elapsed;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

use crate::record::OwnerId;
use crate::store::StoreError;
use crate::store::sql::{Connections, Held, on_a_runtime};

use super::failure::Failure;
use super::row::Statement;
use super::statements::Statements;
use super::turns::Turns;

/// How long a call that was cancelled keeps its connection for the server's answer: not so long that it takes others'
/// place in the pool.
const AFTERWARDS: Duration = Duration::from_millis(250);
/// How much longer the server is given than the call, so that it is the call that says what took too long.
const SERVERS_MARGIN: Duration = Duration::from_secs(1);
/// Each but the first is due to another transaction that was in the way.
const MAX_ATTEMPTS: u32 = 5;

pub(super) struct Calls {
    pub(super) connections: Connections<Postgres>,
    pub(super) deadline: Duration,
    /// Whether statements are prepared by a name, once a connection.
    pub(super) named: bool,
    pub(super) statements: Statements,
    turns: Turns,
    /// As many connections as the pool may have; those too that were closed before their call's time was over, while the
    /// server may still be at work.
    room: Arc<Semaphore>,
}

/// One call of the store.
pub(super) struct Call<'s> {
    calls: &'s Calls,
    until: Instant,
    connected: AtomicBool,
    may_have_written: AtomicBool,
}

/// How an attempt goes about many rows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    AllAtOnce,
    /// Since one of them cannot be written.
    OneByOne,
}

impl Calls {
    pub(super) fn new(connections: Connections<Postgres>, deadline: Duration, statements: Statements) -> Self {
        let room = Arc::new(Semaphore::new(connections.at_most()));
        Self { connections, deadline, named: false, statements, turns: Turns::new(), room }
    }

    pub(super) fn call(&self) -> Call<'_> {
        let now = Instant::now();
        Call {
            calls: self,
            until: now.checked_add(self.deadline).unwrap_or(now),
            connected: AtomicBool::new(false),
            may_have_written: AtomicBool::new(false),
        }
    }
}

impl Call<'_> {
    pub(super) async fn read<T, E, F>(&self, attempt: impl Fn(Manner) -> F) -> Result<T, E>
    where
        E: From<StoreError>,
        F: Future<Output = Result<T, Failure<E>>>,
    {
        match self.in_time(pin!(self.tries(attempt))).await? {
            Ok(answer) => answer,
            Err(late) if self.connected.load(Ordering::Relaxed) => Err(StoreError::timed_out(late).into()),
            Err(late) => Err(StoreError::unavailable(NoConnection(late)).into()),
        }
    }

    pub(super) async fn write<T, E, F>(&self, attempt: impl Fn(Manner) -> F) -> Result<T, E>
    where
        E: From<StoreError>,
        F: Future<Output = Result<T, Failure<E>>>,
    {
        self.written(pin!(self.tries(attempt))).await
    }

    /// The same, when it is this call's turn among those of the owner.
    pub(super) async fn write_in_turn<T, E, F>(&self, owner: &OwnerId, attempt: impl Fn(Manner) -> F) -> Result<T, E>
    where
        E: From<StoreError>,
        F: Future<Output = Result<T, Failure<E>>>,
    {
        let in_turn = async {
            let _turn = self.calls.turns.take(owner).await;
            self.tries(attempt).await
        };
        self.written(pin!(in_turn)).await
    }

    pub(super) async fn lease<E: From<StoreError>>(&self) -> Result<Lease<'_>, Failure<E>> {
        let room = Arc::clone(&self.calls.room).acquire_owned().await.map_err(StoreError::unavailable)?;
        let connection = self.calls.connections.acquire().await?;
        self.connected.store(true, Ordering::Relaxed);
        let (connection, room) = (Some(connection), Some(room));
        Ok(Lease { connection, room, is_done: false, is_beginning: false, is_to_roll_back: false, call: self })
    }

    async fn tries<T, E, F>(&self, attempt: impl Fn(Manner) -> F) -> Result<T, E>
    where
        E: From<StoreError>,
        F: Future<Output = Result<T, Failure<E>>>,
    {
        let mut manner = Manner::AllAtOnce;
        let mut left = MAX_ATTEMPTS;
        loop {
            left = left.saturating_sub(1);
            match attempt(manner).await {
                Ok(answer) => return Ok(answer),
                Err(Failure::Overtaken(_)) if left > 0 => {}
                Err(Failure::Constraint(_)) if manner == Manner::AllAtOnce => manner = Manner::OneByOne,
                Err(failure) => return Err(failure.into_error()),
            }
        }
    }

    async fn written<T, E, F>(&self, work: Pin<&mut F>) -> Result<T, E>
    where
        E: From<StoreError>,
        F: Future<Output = Result<T, E>>,
    {
        match self.in_time(work).await? {
            Ok(answer) => answer,
            Err(late) if self.may_have_written.load(Ordering::Relaxed) => Err(StoreError::timed_out(late).into()),
            Err(late) => Err(StoreError::unavailable(NothingWritten(late)).into()),
        }
    }

    /// Pinned by who calls: what a call does at the database takes kilobytes, and would be copied time and again.
    async fn in_time<F: Future>(&self, work: Pin<&mut F>) -> Result<Result<F::Output, Elapsed>, StoreError> {
        on_a_runtime()?;
        Ok(timeout_at(self.until, work).await)
    }
}

/// A connection, while a call is at work on it.
pub(super) struct Lease<'c> {
    /// None once it was given back.
    connection: Option<Held<Postgres>>,
    room: Option<OwnedSemaphorePermit>,
    is_done: bool,
    /// A transaction was only read in: the ROLLBACK that ends it waits for what is sent next.
    is_to_roll_back: bool,
    /// A BEGIN was sent, and is not answered: sqlx 0.9.0 does not know of the transaction yet, and would leave it open.
    is_beginning: bool,
    call: &'c Call<'c>,
}

/// Where statements that only read are run.
pub(super) enum Reading<'l> {
    Connection(&'l mut PgConnection),
    Transaction(Transaction<'l, Postgres>),
}

/// A transaction that writes.
pub(super) struct Writing<'l> {
    pub(super) transaction: Transaction<'l, Postgres>,
    pub(super) statements: &'l Statements,
    call: &'l Call<'l>,
}

impl Lease<'_> {
    pub(super) fn query(&self, sql: &Arc<str>) -> Statement<'static> {
        self.call.query(sql)
    }

    pub(super) fn statements(&self) -> &Statements {
        &self.call.calls.statements
    }

    /// A transaction, where statements have no names: they are parsed and run by two messages, between which a pooler
    /// might else hand the connection to somebody else. READ WRITE, which a standby refuses: it answers what was. It ends
    /// when dropped.
    pub(super) async fn reading<E: From<StoreError>>(&mut self) -> Result<Reading<'_>, Failure<E>> {
        if self.call.calls.named {
            return Ok(Reading::Connection(self.connection()?));
        }
        self.is_to_roll_back = true;
        Ok(Reading::Transaction(self.begin("").await?))
    }

    pub(super) async fn writing<E: From<StoreError>>(&mut self) -> Result<Writing<'_>, Failure<E>> {
        let durably = "; SELECT pg_catalog.set_config('synchronous_commit', 'on', true) \
                       WHERE pg_catalog.current_setting('synchronous_commit') = 'off'";
        let call = self.call;
        let transaction = self.begin(durably).await?;
        Ok(Writing { transaction, statements: &call.calls.statements, call })
    }

    /// READ COMMITTED, whatever the host's default: what is read once a lock is held is what its last holder wrote. The
    /// server ends by itself what this node, or one that is gone, waits for no more.
    async fn begin<E: From<StoreError>>(&mut self, and_then: &str) -> Result<Transaction<'_, Postgres>, Failure<E>> {
        let millis = self.servers_limit();
        let begin = format!(
            "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL statement_timeout = {millis}; \
             SET LOCAL idle_in_transaction_session_timeout = {millis}{and_then}"
        );
        self.is_beginning = true;
        let connection = self.connection.as_mut().ok_or_else(given_back)?;
        let transaction = connection.begin_with(AssertSqlSafe(begin)).await?;
        self.is_beginning = false;
        Ok(transaction)
    }

    /// In milliseconds: how long the server is to be at work on a statement at most.
    pub(super) fn servers_limit(&self) -> i32 {
        let limit = self.call.calls.deadline.saturating_add(SERVERS_MARGIN);
        i32::try_from(limit.as_millis()).unwrap_or(i32::MAX)
    }

    pub(super) fn is_named(&self) -> bool {
        self.call.calls.named
    }

    pub(super) fn connection(&mut self) -> Result<&mut PgConnection, StoreError> {
        self.connection.as_deref_mut().ok_or_else(given_back)
    }

    /// A transaction that failed is at its end once this is: what it held, the next attempt finds free.
    pub(super) async fn returned<T, E>(mut self, outcome: Result<T, Failure<E>>) -> Result<T, Failure<E>> {
        self.is_done = true;
        let may_be_stale = self.connection.as_ref().is_some_and(Held::is_from_a_call);
        if let (Err(failure), Some(connection)) = (&outcome, &mut self.connection) {
            // The ping also sends the ROLLBACK that a dropped transaction leaves to be sent, and waits for it.
            let usable = !self.is_beginning && !matches!(failure, Failure::Lost(_)) && connection.ping().await.is_ok();
            if !usable {
                connection.close_on_drop();
                self.connection = None;
            }
        } else if !self.is_to_roll_back {
            self.connection.take().into_iter().for_each(|clean| self.call.calls.connections.give_back(clean));
        }
        match outcome {
            // Perhaps it was before: one that the pool has asked can tell.
            Err(Failure::Lost(error)) if may_be_stale && !self.call.may_have_written.load(Ordering::Relaxed) => {
                self.call.calls.connections.distrust();
                Err(Failure::Overtaken(error))
            }
            outcome => outcome,
        }
    }
}

/// Gives the connection back once the server has answered all that was sent, and closes it where it does not: sqlx would
/// wait for it without end, and the pool be one connection short. Clients who hang up make no other connect; but a call
/// that took too long does.
impl Drop for Lease<'_> {
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take() else { return };
        let limit = if self.is_done { self.call.calls.deadline } else { AFTERWARDS };
        let (is_beginning, room, until) = (self.is_beginning, self.room.take(), self.call.until);
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) if Instant::now() < self.call.until => {
                runtime.spawn(async move {
                    let answered = async {
                        if is_beginning {
                            sqlx::raw_sql("ROLLBACK").execute(&mut *connection).await?;
                        }
                        connection.ping().await
                    };
                    if !matches!(timeout(limit, answered).await, Ok(Ok(()))) {
                        connection.close_on_drop();
                        drop(connection);
                        // A server that waits for a lock does not see that nobody waits for it; by then it ends that.
                        sleep_until(until.checked_add(SERVERS_MARGIN).unwrap_or(until)).await;
                    }
                    drop(room);
                });
            }
            _ => connection.close_on_drop(),
        }
    }
}

impl Deref for Reading<'_> {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        match self {
            Self::Connection(connection) => connection,
            Self::Transaction(transaction) => transaction,
        }
    }
}

impl DerefMut for Reading<'_> {
    fn deref_mut(&mut self) -> &mut PgConnection {
        match self {
            Self::Connection(connection) => connection,
            Self::Transaction(transaction) => transaction,
        }
    }
}

impl Writing<'_> {
    pub(super) fn query(&self, sql: &Arc<str>) -> Statement<'static> {
        self.call.query(sql)
    }

    /// One row, and none where a CHECK refuses it; the transaction goes on.
    pub(super) async fn where_possible<E: From<StoreError>>(
        &mut self,
        statement: Statement<'static>,
    ) -> Result<Option<PgQueryResult>, Failure<E>> {
        let mut inner = self.transaction.begin().await?;
        match statement.execute(&mut *inner).await.map_err(Failure::from) {
            Ok(written) => {
                inner.commit().await?;
                Ok(Some(written))
            }
            Err(Failure::Constraint(_)) => {
                inner.rollback().await?;
                Ok(None)
            }
            Err(failure) => Err(failure),
        }
    }

    pub(super) async fn commit<E: From<StoreError>>(self) -> Result<(), Failure<E>> {
        self.call.may_have_written.store(true, Ordering::Relaxed);
        self.transaction.commit().await.map_err(|error| match Failure::from(error) {
            Failure::Lost(error) => Failure::Lost(StoreError::unavailable(OutcomeUnknown(error))),
            failure => failure,
        })
    }
}

impl Call<'_> {
    fn query(&self, sql: &Arc<str>) -> Statement<'static> {
        sqlx::query(AssertSqlSafe(Arc::clone(sql))).persistent(self.calls.named)
    }
}

fn given_back() -> StoreError {
    StoreError::unavailable("the connection was given back")
}

#[derive(Debug, thiserror::Error)]
#[error("the connection was lost at the commit: it is unknown whether it was written")]
struct OutcomeUnknown(#[source] StoreError);

#[derive(Debug, thiserror::Error)]
#[error("no connection was given before the deadline")]
struct NoConnection(#[source] Elapsed);

#[derive(Debug, thiserror::Error)]
#[error(
    "neither a connection nor the lock was given, or the server did not answer, before the deadline; nothing was written"
)]
struct NothingWritten(#[source] Elapsed);
