//! Where "now" comes from. Everything below the handle takes instants as arguments.

use std::fmt;
use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime};

use crate::timestamp::{Timestamp, TimestampOutOfRange};

/// A source of the present moment: the wall clock that expiry is judged by, and a monotonic one for bounds
/// that a stepped wall clock must not stretch.
///
/// Tests pass a clock of their own (`ManualClock`, feature `testing`) and never sleep.
pub trait Clock: fmt::Debug + Send + Sync {
    /// The wall clock, UTC.
    ///
    /// # Errors
    /// [`TimestampOutOfRange`] if the machine's clock stands outside years 1 to 9999. A verification then
    /// fails with [`VerifyError::Store`](crate::VerifyError::Store), never as if it were 1970.
    fn now(&self) -> Result<Timestamp, TimestampOutOfRange>;

    /// Time since a fixed but arbitrary moment; never goes back, whatever happens to the wall clock.
    fn monotonic(&self) -> Duration;
}

/// The machine's clocks.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Result<Timestamp, TimestampOutOfRange> {
        Timestamp::try_from(SystemTime::now())
    }

    fn monotonic(&self) -> Duration {
        static START: OnceLock<Instant> = OnceLock::new();
        START.get_or_init(Instant::now).elapsed()
    }
}

#[cfg(feature = "testing")]
pub use manual::ManualClock;

#[cfg(feature = "testing")]
mod manual {
    use std::sync::{Arc, Mutex, PoisonError};

    use super::{Clock, Duration, Timestamp, TimestampOutOfRange};

    /// A clock that stands still until a test moves it. Clones share one time.
    ///
    /// ```
    /// use personal_tokens::{Clock, Duration, ManualClock, Timestamp};
    ///
    /// let clock = ManualClock::new(Timestamp::UNIX_EPOCH);
    /// clock.advance(Duration::hours(1));
    /// assert_eq!(clock.now()?.to_string(), "1970-01-01T01:00:00Z");
    /// # Ok::<(), personal_tokens::TimestampOutOfRange>(())
    /// ```
    #[derive(Clone, Debug)]
    pub struct ManualClock(Arc<Mutex<Hands>>);

    #[derive(Clone, Copy, Debug)]
    struct Hands {
        wall: Timestamp,
        monotonic: Duration,
    }

    impl ManualClock {
        /// A clock that stands at `wall`; its monotonic time starts at zero.
        #[must_use]
        pub fn new(wall: Timestamp) -> Self {
            Self(Arc::new(Mutex::new(Hands { wall, monotonic: Duration::ZERO })))
        }

        /// Time passes: both clocks move on, the wall clock no further than [`Timestamp::MAX`]. A negative
        /// span steps the wall clock back and leaves the monotonic one alone.
        pub fn advance(&self, span: time::Duration) {
            self.with(|hands| {
                hands.wall = hands.wall.saturating_add(span);
                let passed = Duration::try_from(span).unwrap_or(Duration::ZERO);
                hands.monotonic = hands.monotonic.saturating_add(passed);
            });
        }

        /// Somebody sets the wall clock, forwards or back; no time passes.
        pub fn set(&self, wall: Timestamp) {
            self.with(|hands| hands.wall = wall);
        }

        fn with<T>(&self, action: impl FnOnce(&mut Hands) -> T) -> T {
            action(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
        }
    }

    impl Clock for ManualClock {
        fn now(&self) -> Result<Timestamp, TimestampOutOfRange> {
            Ok(self.with(|hands| hands.wall))
        }

        fn monotonic(&self) -> Duration {
            self.with(|hands| hands.monotonic)
        }
    }
}
