//! What the handle does. One file a behaviour, and one binary for them all, which is built sooner than many.
#![cfg(all(feature = "memory", feature = "testing"))]

#[path = "../common/mod.rs"]
mod common;

mod a_grace_that_was_cut_stays_over;
mod a_lagging_clock_makes_no_token_live_longer;
mod a_token_has_expired_at_its_expiry;
mod a_token_in_the_wrong_field_is_refused;
mod a_use_is_written_once_in_a_period;
mod any_edit_is_refused;
mod cursors_travel_as_text;
mod digests_match_whole;
mod each_threshold_is_announced_once;
mod events_tell_what_a_store_holds;
mod expiring_tokens_are_found;
mod expiry_is_exclusive;
mod frozen_vectors;
mod last_use_carries_its_accuracy;
mod last_use_is_noted_and_flushed;
mod maintenance_gives_each_call_its_time;
mod maintenance_keeps_its_schedule;
mod no_token_in_the_store;
mod nobody_gets_beyond_their_scopes;
mod notices_are_claimed_once;
mod observers_hear_of_each_change;
mod of_many_nodes_one_announces;
mod owners_reach_their_own_tokens_only;
mod peer_mistakes;
mod pending_uses_are_bounded;
mod prefixes;
mod pruning_wants_a_retention;
mod refusals_say_what_is_allowed;
mod the_handle_does_what_people_ask;
mod token_generation;
mod token_parsing;
mod what_expires_soon_comes_in_pages;
