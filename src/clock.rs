//! Where "now" comes from. Everything below the handle takes instants as arguments.

use std::fmt;
use std::time::Duration;

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

    /// [`now`](Self::now), never later, and earlier by a [`lag`](Self::lag) at most: what verification asks where so
    /// little does not matter.
    ///
    /// # Errors
    /// As `now`.
    fn coarse_now(&self) -> Result<Timestamp, TimestampOutOfRange> {
        self.now()
    }

    /// [`monotonic`](Self::monotonic), never later, and earlier by a [`lag`](Self::lag) at most.
    fn coarse_monotonic(&self) -> Duration {
        self.monotonic()
    }

    /// By how much the coarse answers may lie behind. Within it before an end or a bound the exact clock is asked. The
    /// answer must always be the same; zero where the coarse answers are exact.
    fn lag(&self) -> Duration {
        Duration::ZERO
    }
}

/// The machine's clocks.
///
/// On Linux the coarse ones are what the kernel noted at its last tick, read in a fifth of the time. A tick comes every
/// millisecond to ten (`CONFIG_HZ`), and late on a virtual machine whose host has other things to do: 18 ms were seen. They
/// count as a second behind; a token lives longer only by what a tick is later than that. Elsewhere they are the exact ones.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

#[cfg(target_os = "linux")]
impl Clock for SystemClock {
    fn now(&self) -> Result<Timestamp, TimestampOutOfRange> {
        wall(ClockId::Realtime)
    }

    fn monotonic(&self) -> Duration {
        since_boot(ClockId::Monotonic)
    }

    fn coarse_now(&self) -> Result<Timestamp, TimestampOutOfRange> {
        wall(ClockId::RealtimeCoarse)
    }

    fn coarse_monotonic(&self) -> Duration {
        since_boot(ClockId::MonotonicCoarse)
    }

    fn lag(&self) -> Duration {
        Duration::from_secs(1)
    }
}

#[cfg(target_os = "linux")]
use rustix::time::{ClockId, Timespec, clock_gettime};

#[cfg(target_os = "linux")]
fn wall(clock: ClockId) -> Result<Timestamp, TimestampOutOfRange> {
    let Timespec { tv_sec, tv_nsec } = clock_gettime(clock);
    // Rounded down, before 1970 too: the nanoseconds count upwards there as well.
    let micros = tv_sec.checked_mul(1_000_000).and_then(|micros| micros.checked_add(tv_nsec.checked_div(1_000)?));
    Timestamp::from_micros(micros.ok_or(TimestampOutOfRange)?)
}

#[cfg(target_os = "linux")]
fn since_boot(clock: ClockId) -> Duration {
    // It counts from zero.
    Duration::try_from(clock_gettime(clock)).unwrap_or_default()
}

#[cfg(not(target_os = "linux"))]
impl Clock for SystemClock {
    fn now(&self) -> Result<Timestamp, TimestampOutOfRange> {
        Timestamp::try_from(std::time::SystemTime::now())
    }

    fn monotonic(&self) -> Duration {
        use std::time::Instant;
        static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
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
