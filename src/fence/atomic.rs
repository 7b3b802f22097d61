//! The standard library's here, loom's where `versions.rs` is modelled.

pub(super) use std::sync::atomic::{AtomicU64, Ordering};
