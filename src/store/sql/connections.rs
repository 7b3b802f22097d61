//! Connections between two calls.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::{Database, Pool};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

/// A connection that was not used for so long is the pool's again, which asks whether it is alive before it gives it.
const REST: Duration = Duration::from_secs(1);
/// After so long it is the pool's in any case, which closes those that are too old.
const STAY: Duration = Duration::from_secs(60);

/// Where calls get their connections from.
///
/// A pool asks each connection that it takes back whether it is alive, and most pools each that they give: two round
/// trips, where a look-up is one. So the next call gets what a call has just left clean, past a pool that is the store's
/// own. A host's pool gets back each connection at once: others may wait for it.
///
/// Whoever acquires one must hold one of so many permits as may be kept: nobody else wakes those who wait for the pool
/// while a connection is kept here.
pub(in crate::store) struct Connections<DB: Database> {
    pub(in crate::store) pool: Pool<DB>,
    kept: Option<Arc<Kept<DB>>>,
    at_most: u32,
}

/// A connection while a call is at work on it. The pool's again when it is dropped.
pub(in crate::store) struct Held<DB: Database> {
    connection: PoolConnection<DB>,
    /// When the pool gave it.
    since: Instant,
    used: Instant,
    is_from_a_call: bool,
}

impl<DB: Database> Connections<DB> {
    pub(in crate::store) fn of_a_host(pool: Pool<DB>) -> Self {
        let at_most = pool.options().get_max_connections();
        Self { pool, kept: None, at_most }
    }

    /// Calls get so many of them; what else the pool has is for others, who must not wait for a call.
    pub(in crate::store) fn of_our_own(pool: Pool<DB>, at_most: u32) -> Self {
        Self { pool, kept: Some(Arc::default()), at_most }
    }

    #[cfg(feature = "sqlite")]
    pub(in crate::store) fn are_kept(&self) -> bool {
        self.kept.is_some()
    }

    /// How many calls may hold one, as permits of a semaphore.
    pub(in crate::store) fn at_most(&self) -> usize {
        usize::try_from(self.at_most).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS)
    }

    pub(in crate::store) async fn acquire(&self) -> Result<Held<DB>, sqlx::Error> {
        if let Some(held) = self.kept.as_ref().and_then(|kept| kept.take()) {
            return Ok(held);
        }
        let connection = self.pool.acquire().await?;
        let now = Instant::now();
        Ok(Held { connection, since: now, used: now, is_from_a_call: false })
    }

    /// The pool is to ask each that is kept.
    #[cfg(feature = "postgres")]
    pub(in crate::store) fn distrust(&self) {
        if let Some(kept) = &self.kept {
            kept.shelf().held.clear();
        }
    }

    /// What is left clean: all that was sent is answered, no transaction is open.
    pub(in crate::store) fn give_back(&self, held: Held<DB>) {
        if let Some(kept) = &self.kept {
            kept.put(held);
        }
    }

    pub(in crate::store) async fn close(&self) {
        if let Some(kept) = &self.kept {
            kept.close();
        }
        self.pool.close().await;
    }
}

struct Kept<DB: Database>(Mutex<Shelf<DB>>);

struct Shelf<DB: Database> {
    /// The one that was used last is the last.
    held: Vec<Held<DB>>,
    /// Gives the pool what rests too long, and ends when nothing is left.
    sweeper: Option<JoinHandle<()>>,
    /// On which sqlx can give connections back.
    runtime: Option<Handle>,
    is_closed: bool,
}

impl<DB: Database> Kept<DB> {
    fn take(&self) -> Option<Held<DB>> {
        let newest = self.shelf().held.pop()?;
        // Where the sweeper had no time to see to it.
        (newest.used.elapsed() < REST).then_some(newest)
    }

    fn put(self: &Arc<Self>, mut held: Held<DB>) {
        (held.used, held.is_from_a_call) = (Instant::now(), true);
        let mut shelf = self.shelf();
        if shelf.is_closed || held.used.duration_since(held.since) >= STAY {
            return;
        }
        shelf.held.push(held);
        if shelf.sweeper.as_ref().is_none_or(JoinHandle::is_finished) {
            let runtime = Handle::current();
            shelf.sweeper = Some(runtime.spawn(sweep(Arc::downgrade(self))));
            shelf.runtime = Some(runtime);
        }
    }

    /// Nothing is left.
    fn give_up_the_rested(&self) -> bool {
        let mut shelf = self.shelf();
        shelf.held.retain(|held| held.used.elapsed() < REST);
        if shelf.held.is_empty() {
            shelf.sweeper = None;
        }
        shelf.held.is_empty()
    }

    fn close(&self) {
        let mut shelf = self.shelf();
        shelf.is_closed = true;
        shelf.held.clear();
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf<DB>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn sweep<DB: Database>(kept: Weak<Kept<DB>>) {
    loop {
        sleep(REST).await;
        if kept.upgrade().is_none_or(|kept| kept.give_up_the_rested()) {
            return;
        }
    }
}

/// sqlx gives each connection back by a task, and panics where there is no runtime: a host may drop the store after it.
impl<DB: Database> Drop for Kept<DB> {
    fn drop(&mut self) {
        let shelf = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        let _entered = shelf.runtime.as_ref().map(Handle::enter);
        shelf.held.clear();
    }
}

impl<DB: Database> Default for Kept<DB> {
    fn default() -> Self {
        Self(Mutex::new(Shelf { held: Vec::new(), sweeper: None, runtime: None, is_closed: false }))
    }
}

impl<DB: Database> Held<DB> {
    /// Nobody asked whether it is alive.
    #[cfg(feature = "postgres")]
    pub(in crate::store) fn is_from_a_call(&self) -> bool {
        self.is_from_a_call
    }

    pub(in crate::store) fn close_on_drop(&mut self) {
        self.connection.close_on_drop();
    }
}

impl<DB: Database> Deref for Held<DB> {
    type Target = DB::Connection;

    fn deref(&self) -> &DB::Connection {
        &self.connection
    }
}

impl<DB: Database> DerefMut for Held<DB> {
    fn deref_mut(&mut self) -> &mut DB::Connection {
        &mut self.connection
    }
}
