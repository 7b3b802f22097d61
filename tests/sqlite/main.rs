//! Tokens in SQLite. One file a behaviour, and one binary for them all, which is built sooner than many.
#![cfg(all(feature = "sqlite", feature = "memory", feature = "testing"))]

#[path = "../common/mod.rs"]
mod common;

mod no_secret_in_the_sqlite_file;
mod sqlite_conformance;
mod sqlite_corrupt_rows;
mod sqlite_does_as_the_rules_say;
mod sqlite_files_of_old_releases_open;
mod sqlite_goes_on_after_cancelled_calls;
mod sqlite_keeps_its_own_connections;
mod sqlite_opens_without_a_scan;
mod sqlite_outlives_a_full_disk;
mod sqlite_tables;
mod sqlite_tells_a_broken_file;
mod sqlite_waits_for_locks;
