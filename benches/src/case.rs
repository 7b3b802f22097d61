//! One thing to measure.

use std::time::{Duration, Instant};

use crate::allocations;

pub(crate) const COUNTED: u32 = 64;

pub(crate) trait Case {
    /// Does it so many times; how long that took.
    fn run(&mut self, turns: u64) -> Duration;

    /// In how many pieces a block is timed.
    fn pieces(&self) -> u64 {
        8
    }

    /// Allocations of a turn, once it has run for a while.
    fn allocations(&mut self) -> f64 {
        allocations::a_turn(COUNTED, || {
            self.run(u64::from(COUNTED));
        })
    }
}

/// The same, time and again.
pub(crate) struct Plain<F>(pub(crate) F);

impl<F: FnMut()> Case for Plain<F> {
    fn run(&mut self, turns: u64) -> Duration {
        let began = Instant::now();
        for _ in 0..turns {
            (self.0)();
        }
        began.elapsed()
    }
}

/// What uses something up: as much as the turns will need is made ready before the clock starts, and dropped after it
/// stopped.
pub(crate) struct Prepared<P, F> {
    pub(crate) prepare: P,
    pub(crate) op: F,
}

impl<T, P: FnMut(u64) -> T, F: FnMut(&mut T)> Case for Prepared<P, F> {
    fn run(&mut self, turns: u64) -> Duration {
        let mut ready = (self.prepare)(turns);
        let began = Instant::now();
        for _ in 0..turns {
            (self.op)(&mut ready);
        }
        began.elapsed()
    }

    fn allocations(&mut self) -> f64 {
        let mut ready = (self.prepare)(u64::from(COUNTED));
        allocations::a_turn(COUNTED, || (0..COUNTED).for_each(|_| (self.op)(&mut ready)))
    }
}
