//! A cache over a store. One file a behaviour, and one binary for them all, which is built sooner than many.
#![cfg(all(feature = "cache", feature = "memory", feature = "testing"))]

#[path = "../common/mod.rs"]
mod common;

mod a_cancelled_change_leaves_nothing_stale;
mod a_long_flood_refuses_no_token_in_use;
mod any_order_of_calls_answers_nothing_stale;
mod cached_changes_are_seen_at_once;
mod cached_conformance;
mod cached_lookups_in_flight;
mod cached_records_age;
mod concurrent_lookups_are_one;
mod fill_change_and_evict_at_once;
mod lookups_under_way_are_bounded;
mod naive_caches_are_caught;
mod the_cache_is_bounded;
