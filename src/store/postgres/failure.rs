//! What PostgreSQL's errors mean to who called the store.

use crate::record::ChangeRefused;
use crate::store::{ChangeError, StoreError};

/// Why an attempt failed; `E` is what the call answers.
#[derive(Debug)]
pub(super) enum Failure<E> {
    /// What was read is true no more, or another transaction was in the way; nothing was written: it may be tried again.
    Overtaken(StoreError),
    /// A CHECK refuses what would be written into one of many rows.
    Constraint(sqlx::Error),
    /// The connection is of no use any more; a new one may be.
    Lost(StoreError),
    /// Trying again brings the same.
    Ended(E),
}

impl<E: From<StoreError>> Failure<E> {
    pub(super) fn into_error(self) -> E {
        match self {
            Self::Overtaken(error) | Self::Lost(error) => error.into(),
            Self::Constraint(error) => StoreError::corrupt(error).into(),
            Self::Ended(error) => error,
        }
    }
}

/// https://www.postgresql.org/docs/current/errcodes-appendix.html
impl<E: From<StoreError>> From<sqlx::Error> for Failure<E> {
    fn from(error: sqlx::Error) -> Self {
        let code = error.as_database_error().and_then(|error| error.code());
        match (code.as_deref(), &error) {
            // serialization_failure, deadlock_detected
            (Some("40001" | "40P01"), _) => Self::Overtaken(StoreError::unavailable(error)),
            // check_violation, not_null_violation
            (Some("23514" | "23502"), _) => Self::Constraint(error),
            // undefined_table, undefined_column, invalid_schema_name
            (Some("42P01" | "42703" | "3F000"), _) => Self::Ended(StoreError::unavailable(NoTables(error)).into()),
            // read_only_sql_transaction, feature_not_supported: a standby, which was the primary once;
            // no_active_sql_transaction, in_failed_sql_transaction: not as we left it; connections end; shutdowns
            (Some(code), _)
                if matches!(code, "25006" | "0A000" | "25P01" | "25P02")
                    || code.starts_with("08")
                    || code.starts_with("57P") =>
            {
                Self::Lost(StoreError::unavailable(error))
            }
            // data_corrupted, index_corrupted
            (Some("XX001" | "XX002"), _) => Self::Ended(StoreError::corrupt(error).into()),
            (
                None,
                sqlx::Error::Io(_)
                | sqlx::Error::Tls(_)
                | sqlx::Error::Protocol(_)
                | sqlx::Error::InvalidSavePointStatement
                | sqlx::Error::BeginFailed
                | sqlx::Error::WorkerCrashed,
            ) => Self::Lost(StoreError::unavailable(error)),
            (_, sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_)) => {
                Self::Ended(StoreError::corrupt(error).into())
            }
            _ => Self::Ended(StoreError::unavailable(error).into()),
        }
    }
}

impl<E: From<StoreError>> From<StoreError> for Failure<E> {
    fn from(error: StoreError) -> Self {
        Self::Ended(error.into())
    }
}

impl From<ChangeRefused> for Failure<ChangeError> {
    fn from(refused: ChangeRefused) -> Self {
        Self::Ended(refused.into())
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the tables are not there, or not as this release makes them: call create_tables(), or migrate by hand")]
struct NoTables(#[source] sqlx::Error);
