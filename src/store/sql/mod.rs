//! What the stores over SQL databases share.

mod column;
mod connections;
mod record;

use std::error::Error;
use std::time::Duration;

use super::StoreError;

pub(super) use column::{Column, with_columns};
pub(super) use connections::{Connections, Held};
#[cfg(feature = "postgres")]
pub(super) use record::Missing;
pub(super) use record::{Columns, record_of};

pub(super) const DEADLINE: Duration = Duration::from_secs(5);
/// So that it can be added to any instant.
pub(super) const LONGEST_DEADLINE: Duration = Duration::from_secs(365 * 86_400);

/// Pools panic without one.
pub(super) fn on_a_runtime() -> Result<(), StoreError> {
    let runtime = tokio::runtime::Handle::try_current();
    runtime.map(drop).map_err(|_| StoreError::unavailable("a store over an SQL database works on a Tokio runtime"))
}

/// A column that holds what no record has.
pub(super) fn corrupt(column: Column, error: impl Error + Send + Sync + 'static) -> StoreError {
    StoreError::corrupt(CorruptColumn { column: column.name(), source: Box::new(error) })
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
