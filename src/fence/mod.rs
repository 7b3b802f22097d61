//! Which look-ups a change overtook: what was read before a change of its owner returned must not be accepted afterwards
//! (failures 20). By owner, since of a change that failed or was cancelled nobody knows what it wrote, only whose it was.

mod atomic;
mod owners;
#[cfg(feature = "cache")]
mod stamp;
mod versions;

pub(crate) use owners::Owners;
#[cfg(feature = "cache")]
pub(crate) use stamp::Stamp;
pub(crate) use versions::{Clock, Place, Version};
#[cfg(feature = "cache")]
pub(crate) use versions::{Places, Quiet};
