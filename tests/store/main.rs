//! What a store does, as `MemoryStore` shows it. One file a behaviour, and one binary for them all, which is built sooner than many.
#![cfg(all(feature = "memory", feature = "testing"))]

#[path = "../common/mod.rs"]
mod common;

mod a_dropped_future_leaves_the_store_whole;
mod a_racing_touch_undoes_no_change;
mod a_taken_id_writes_nothing;
mod an_update_keeps_what_others_write;
mod concurrent_changes;
mod finds_wait_for_nobody;
mod hundred_thousand_tokens;
mod ids_need_not_be_random;
mod last_use_only_moves_forward;
mod lists_page_without_gaps;
mod memory_store_does_as_a_list_does;
mod memory_store_prunes;
mod pointers_to_stores_are_stores;
mod revoke_reaches_lookups_in_flight;
mod the_limit_counts_at_the_changes_instant;
mod verifications_wait_for_no_flush;
