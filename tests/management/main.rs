//! Setup -> Personal Tokens: its API and its page. One file a behaviour, and one binary for them all, which is built sooner than many.
#![cfg(all(feature = "management", feature = "memory", feature = "testing"))]

#[path = "../common/mod.rs"]
mod common;

mod management_answers_any_body;
mod management_api;
mod management_confirms_before_a_secret;
mod management_ends_tokens;
mod management_isolates_owners;
mod management_lists;
mod management_mounts_anywhere;
mod management_outages;
mod management_refuses_bad_bodies;
mod management_refuses_bad_values;
mod management_rights;
mod management_settings_are_checked;
mod management_shows_a_secret_once;
mod management_takes_16_kib_of_json;
mod management_takes_no_other_sites_writes;
mod management_tells_a_changed_person;
mod management_wants_a_person;
