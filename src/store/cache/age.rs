//! How old what is kept may be, by a clock that nobody sets.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::Clock;

pub(super) struct Age {
    clock: Arc<dyn Clock>,
    most: Duration,
    /// Both in nanoseconds.
    most_nanos: u64,
    /// By how much the coarse clock may lie behind.
    lag: u64,
}

/// Of the monotonic clock, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment(u64);

impl Age {
    pub(super) fn new(clock: Arc<dyn Clock>, most: Duration) -> Self {
        let lag = nanos(clock.lag());
        Self { clock, most, most_nanos: nanos(most), lag }
    }

    pub(super) fn most(&self) -> Duration {
        self.most
    }

    pub(super) fn now(&self) -> Moment {
        Moment::of(self.clock.monotonic())
    }

    /// Not before now.
    #[inline]
    pub(super) fn at_the_latest(&self) -> Moment {
        Moment(Moment::of(self.clock.coarse_monotonic()).0.saturating_add(self.lag))
    }

    /// Whether what began then is not too old. The exact clock is asked where the coarse one does not settle it.
    #[inline]
    pub(super) fn allows(&self, began: Moment, at_the_latest: Moment) -> bool {
        self.is_young(began, at_the_latest) || self.is_young(began, self.now())
    }

    #[inline]
    fn is_young(&self, began: Moment, now: Moment) -> bool {
        now.0.saturating_sub(began.0) < self.most_nanos
    }
}

impl Moment {
    pub(super) fn nanos(self) -> u64 {
        self.0
    }

    pub(super) fn after(self, span: Duration) -> Self {
        Self(self.0.saturating_add(nanos(span)))
    }

    #[inline]
    fn of(monotonic: Duration) -> Self {
        Self(nanos(monotonic))
    }
}

fn nanos(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}
