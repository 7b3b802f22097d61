//! Look-ups under way: one for each id, so many at a time.

use std::collections::HashMap;
use std::error::Error;
use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared, WeakShared};
use futures_util::task::AtomicWaker;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::fence::Version;
use crate::record::TokenRecord;
use crate::store::StoreError;
use crate::token::TokenId;

use super::age::Moment;

/// What a look-up found, and which version its read is noted at.
#[derive(Clone)]
pub(super) struct Found {
    pub(super) record: Option<Arc<TokenRecord>>,
    pub(super) read: Version,
}

pub(super) struct Flights {
    under_way: Arc<Mutex<UnderWay>>,
    turns: Semaphore,
    /// Fewer, so that others stand behind few of them.
    strangers_turns: Semaphore,
    most_strangers: usize,
}

/// Whether the cache holds a record of the id, however old: then it was issued, and is in use.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Known,
    Stranger,
}

/// So that a look-up reads.
pub(super) struct Turn<'f> {
    _of_strangers: Option<SemaphorePermit<'f>>,
    _of_all: SemaphorePermit<'f>,
}

#[derive(Default)]
struct UnderWay {
    /// Those that may be joined.
    flights: HashMap<TokenId, Flight>,
    /// Of ids that are not known; those too that may not be joined.
    strangers: usize,
    last_number: u64,
}

struct Flight {
    number: u64,
    /// What its read is noted at; none while it waits for its turn.
    began: Option<(Version, Moment)>,
    /// Weak: once nobody waits for it, it ends.
    answer: WeakShared<BoxFuture<'static, Told>>,
    nudge: Arc<AtomicWaker>,
}

/// One of those who wait for a look-up.
pub(super) struct Waiting {
    answer: Shared<BoxFuture<'static, Told>>,
    /// Wakes all of them.
    nudge: Arc<AtomicWaker>,
}

/// To many.
type Told = Result<Found, Arc<StoreError>>;

/// A look-up's place among those under way, which it leaves when dropped.
pub(super) struct Boarding {
    under_way: Arc<Mutex<UnderWay>>,
    id: TokenId,
    standing: Standing,
    number: u64,
}

impl Flights {
    pub(super) fn new(lookups: usize, waiting: usize) -> Self {
        let lookups = lookups.min(Semaphore::MAX_PERMITS);
        Self {
            under_way: Arc::default(),
            turns: Semaphore::new(lookups),
            // All but a quarter.
            strangers_turns: Semaphore::new(lookups.saturating_sub(lookups >> 2)),
            most_strangers: lookups.saturating_add(waiting),
        }
    }

    /// The answer of the look-up that is under way, if it has not begun to read or may be joined all the same; else of
    /// one that begins. Whoever waits for it drives it: it needs no task, and goes on when the first who asked is gone.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if as many of strangers are under way as there may be.
    pub(super) fn join<F: Future<Output = Result<Found, StoreError>> + Send + 'static>(
        &self,
        id: TokenId,
        standing: Standing,
        may_be_joined: impl FnOnce(Version, Moment) -> bool,
        look_up: impl FnOnce(Boarding) -> F,
    ) -> Result<Waiting, StoreError> {
        let mut under_way = lock(&self.under_way);
        if let Some(flight) = under_way.flights.get(&id)
            && flight.began.is_none_or(|(read, began)| may_be_joined(read, began))
            && let Some(answer) = flight.answer.upgrade()
        {
            return Ok(Waiting { answer, nudge: Arc::clone(&flight.nudge) });
        }
        if standing == Standing::Stranger {
            if under_way.strangers >= self.most_strangers {
                return Err(StoreError::unavailable(TooMany(self.most_strangers)));
            }
            under_way.strangers = under_way.strangers.saturating_add(1);
        }
        under_way.last_number = under_way.last_number.wrapping_add(1);
        let number = under_way.last_number;
        let boarding = Boarding { under_way: Arc::clone(&self.under_way), id, standing, number };
        let nudge = Arc::<AtomicWaker>::default();
        let answer = told(look_up(boarding), Arc::clone(&nudge)).boxed().shared();
        if let Some(weak) = answer.downgrade() {
            under_way.flights.insert(id, Flight { number, began: None, answer: weak, nudge: Arc::clone(&nudge) });
        }
        Ok(Waiting { answer, nudge })
    }

    /// A look-up waits for it before it reads.
    pub(super) async fn turn(&self, standing: Standing) -> Result<Turn<'_>, StoreError> {
        let of_strangers = match standing {
            Standing::Known => None,
            Standing::Stranger => Some(self.strangers_turns.acquire().await.map_err(StoreError::unavailable)?),
        };
        let of_all = self.turns.acquire().await.map_err(StoreError::unavailable)?;
        Ok(Turn { _of_strangers: of_strangers, _of_all: of_all })
    }
}

impl Waiting {
    pub(super) async fn found(mut self) -> Result<Found, StoreError> {
        let told = (&mut self.answer).await;
        told.map_err(|error| Arc::try_unwrap(error).unwrap_or_else(told_to_many))
    }
}

/// The look-up may have woken nobody but this one: the others are to ask again.
impl Drop for Waiting {
    fn drop(&mut self) {
        self.nudge.wake();
    }
}

impl Boarding {
    pub(super) fn standing(&self) -> Standing {
        self.standing
    }

    /// From here on it may be joined only by those whom what it notes suits.
    pub(super) fn take_off(&self, note: impl FnOnce() -> (Version, Moment)) -> (Version, Moment) {
        let mut under_way = lock(&self.under_way);
        let began = note();
        if let Some(flight) = under_way.flights.get_mut(&self.id).filter(|flight| flight.number == self.number) {
            flight.began = Some(began);
        }
        began
    }
}

impl Drop for Boarding {
    fn drop(&mut self) {
        let mut under_way = lock(&self.under_way);
        if self.standing == Standing::Stranger {
            under_way.strangers = under_way.strangers.saturating_sub(1);
        }
        if under_way.flights.get(&self.id).is_some_and(|flight| flight.number == self.number) {
            under_way.flights.remove(&self.id);
        }
    }
}

/// Nobody is left waiting by a store that panics.
async fn told(look_up: impl Future<Output = Result<Found, StoreError>> + Send, nudge: Arc<AtomicWaker>) -> Told {
    let mut look_up = pin!(AssertUnwindSafe(look_up).catch_unwind());
    let outcome = poll_fn(|context| {
        nudge.register(context.waker());
        look_up.as_mut().poll(context)
    });
    let panicked = |_| Err(StoreError::unavailable("the store panicked"));
    outcome.await.unwrap_or_else(panicked).map_err(Arc::new)
}

/// No look-up ends under it: of those that it holds, it holds no more than a weak handle.
fn lock(under_way: &Mutex<UnderWay>) -> MutexGuard<'_, UnderWay> {
    under_way.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Debug, thiserror::Error)]
#[error("{0} look-ups of tokens that are not in memory are under way already")]
struct TooMany(usize);

/// The same error for each who waited.
fn told_to_many(error: Arc<StoreError>) -> StoreError {
    match *error {
        StoreError::Unavailable(_) => StoreError::unavailable(Cause(error)),
        StoreError::Corrupt(_) => StoreError::corrupt(Cause(error)),
        StoreError::TimedOut(_) => StoreError::timed_out(Cause(error)),
    }
}

/// What an error that several were told is due to.
#[derive(Debug)]
struct Cause(Arc<StoreError>);

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.source() {
            Some(cause) => fmt::Display::fmt(cause, f),
            None => fmt::Display::fmt(&self.0, f),
        }
    }
}

impl Error for Cause {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()?.source()
    }
}
