//! What the guard and the layers below it do. One file a behaviour, and one binary for them all, which is built sooner than many.
#![cfg(all(feature = "memory", feature = "testing"))]

#[path = "../common/mod.rs"]
mod common;

mod acting_as_is_no_different;
mod answers_tell_when_the_token_ends;
mod authorization_stops_at_the_guard_by_choice;
mod authorization_vectors;
mod authorization_vectors_over_tcp;
mod axum_extractors;
mod challenges;
mod full_header_map;
mod guard_survives_any_bytes;
mod optional_guard_lets_strangers_in;
mod preflights_come_in_by_choice;
mod problem_details;
mod ready_clone_is_called;
mod refusals_are_told_to_hooks;
mod renderers;
mod routes_want_offered_scopes;
mod scope_layer;
mod scopes_at_the_door;
mod slow_lookups_are_cut_off;
mod store_failures;
