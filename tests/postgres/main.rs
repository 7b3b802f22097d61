//! Tokens in PostgreSQL. One file a behaviour, and one binary for them all, which is built sooner than many.
#![cfg(all(feature = "postgres", feature = "memory", feature = "testing"))]

#[path = "../common/mod.rs"]
mod common;

mod no_secret_in_postgres;
mod postgres_commits;
mod postgres_conformance;
mod postgres_corrupt_rows;
mod postgres_does_as_the_rules_say;
mod postgres_faults;
mod postgres_goes_on_after_cancelled_calls;
mod postgres_keeps_instants_exactly;
mod postgres_keeps_its_own_connections;
mod postgres_last_use_stays_hot;
mod postgres_look_ups_take_one_round_trip;
mod postgres_nodes_start_without_a_scan;
mod postgres_nodes_take_turns;
mod postgres_read_only;
mod postgres_tables;
