//! What the stores over SQL databases share.

mod record;

use std::error::Error;
use std::time::Duration;

use super::StoreError;

pub(super) use record::{Columns, record_of};

pub(super) const DEADLINE: Duration = Duration::from_secs(5);
/// So that it can be added to any instant.
pub(super) const LONGEST_DEADLINE: Duration = Duration::from_secs(365 * 86_400);

/// All columns of a record, in the order in which they are bound.
macro_rules! with_columns {
    ($before:literal, $after:literal) => {
        concat!(
            $before,
            " id, owner, name, digest_key, digest, scopes, created, created_by, never_expires, expires, expiry_set, \
             last_used, noticed, revoked, predecessor, rotated, successor, grace_ends ",
            $after
        )
    };
}
pub(super) use with_columns;

/// Pools panic without one.
pub(super) fn on_a_runtime() -> Result<(), StoreError> {
    let runtime = tokio::runtime::Handle::try_current();
    runtime.map(drop).map_err(|_| StoreError::unavailable("a store over an SQL database works on a Tokio runtime"))
}

/// A column that holds what no record has.
pub(super) fn corrupt(column: &'static str, error: impl Error + Send + Sync + 'static) -> StoreError {
    StoreError::corrupt(CorruptColumn { column, source: Box::new(error) })
}

#[derive(Debug, thiserror::Error)]
#[error(
    "the tables are of version {found}, and this release knows version {known}: use the release that made them, or a later one"
)]
pub(super) struct OtherVersion {
    pub(super) found: i64,
    pub(super) known: i64,
}

#[derive(Debug, thiserror::Error)]
#[error("the column {column} holds no valid value")]
struct CorruptColumn {
    column: &'static str,
    source: Box<dyn Error + Send + Sync>,
}
