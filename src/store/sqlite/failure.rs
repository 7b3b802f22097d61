//! What SQLite's errors mean to who called the store.

use crate::record::ChangeRefused;
use crate::store::{ChangeError, StoreError};

/// Why an attempt failed; `E` is what the call answers.
#[derive(Debug)]
pub(super) enum Failure<E> {
    /// Another connection holds the lock: it may be tried again.
    Locked(sqlx::Error),
    /// The connection cannot write, as when the file could not be written to; nothing was written. A new one may.
    ReadOnly(sqlx::Error),
    /// The connection is of no use any more; a new one may be.
    Lost(StoreError),
    /// Trying again brings the same.
    Ended(E),
}

impl<E: From<StoreError>> Failure<E> {
    pub(super) fn into_error(self) -> E {
        match self {
            Self::Locked(error) | Self::ReadOnly(error) => StoreError::unavailable(error).into(),
            Self::Lost(error) => error.into(),
            Self::Ended(error) => error,
        }
    }
}

impl<E: From<StoreError>> From<sqlx::Error> for Failure<E> {
    fn from(error: sqlx::Error) -> Self {
        match (primary_code(&error), &error) {
            // SQLITE_BUSY, SQLITE_LOCKED, and SQLITE_PROTOCOL: a race for WAL's locks
            (Some(5 | 6 | 15), _) => Self::Locked(error),
            // SQLITE_CORRUPT, SQLITE_NOTADB
            (Some(11 | 26), _) => Self::Lost(StoreError::corrupt(error)),
            // SQLITE_READONLY
            (Some(8), _) => Self::ReadOnly(error),
            // SQLITE_NOMEM, SQLITE_INTERRUPT, SQLITE_IOERR, SQLITE_FULL, SQLITE_CANTOPEN: SQLite may have rolled back by
            // itself, unknown to sqlx.
            (Some(7 | 9 | 10 | 13 | 14), _) => Self::Lost(StoreError::unavailable(error)),
            (_, sqlx::Error::InvalidSavePointStatement | sqlx::Error::BeginFailed | sqlx::Error::WorkerCrashed) => {
                Self::Lost(StoreError::unavailable(error))
            }
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

/// A CHECK, a type or a unique index refuses what would be written.
pub(super) fn is_constraint(error: &sqlx::Error) -> bool {
    primary_code(error) == Some(19)
}

/// https://sqlite.org/rescode.html; the low byte of a code.
fn primary_code(error: &sqlx::Error) -> Option<i32> {
    let code = error.as_database_error()?.code()?.parse::<i32>().ok()?;
    Some(code & 0xFF)
}
