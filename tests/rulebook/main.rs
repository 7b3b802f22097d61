//! What a change may do. One file a behaviour, and one binary for them all, which is built sooner than many.
#![cfg(all(feature = "memory", feature = "testing"))]

#[path = "../common/mod.rs"]
mod common;

mod rulebook_grants;
mod rulebook_issue;
mod rulebook_keeps_its_invariants;
mod rulebook_needs;
mod rulebook_revoke;
mod rulebook_revoke_all;
mod rulebook_rotate;
mod rulebook_update;
