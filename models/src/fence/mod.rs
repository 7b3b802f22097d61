//! The crate's own, over loom's atomics.

mod atomic;
#[path = "../../../src/fence/versions.rs"]
mod versions;

pub(crate) use versions::{Clock, Place, Places, Quiet, Version};
