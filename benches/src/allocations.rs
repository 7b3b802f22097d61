//! How often a piece of work allocates.

/// Allocations of a turn, on this thread.
pub(crate) fn a_turn(turns: u32, work: impl FnOnce()) -> f64 {
    allocation_counter::measure(work).count_total as f64 / f64::from(turns)
}
