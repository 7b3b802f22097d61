//! The manual: what stands behind the API.

#[doc = include_str!("failures.md")]
pub mod failures {}
