//! The standard library's here; `models/` has loom's in their place, and fewer places.

pub(super) use std::sync::atomic::{AtomicU64, Ordering};

pub(super) const PLACES: u16 = 4_096;
