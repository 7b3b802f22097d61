//! Every interleaving of look-ups and changes, by loom, of the crate's own `src/fence/versions.rs`: what was revoked is not
//! answered once the revocation has returned (failures 20).
//!
//! A file has one idea: what happens at the same time, and which flaws are found by it. A model that finds no flaw proves
//! nothing, so each flaw that caches are known for is planted, and must be found.
#![cfg(test)]

mod fence;
mod flaw;
mod node;
mod shared_future;
mod told;
mod trial;

mod a_bus_tells_of_a_change;
mod a_change_is_gone;
mod a_change_returned;
mod a_look_up_is_joined;
mod a_look_up_is_overtaken;
mod all_at_once;
mod it_answers_what_it_keeps;
mod it_is_evicted;
mod two_changes_at_once;
mod who_waits_is_woken;
