//! A record and its row.

use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Row as _, Sqlite};

use crate::record::{Rotated, TokenRecord};
use crate::store::StoreError;
use crate::store::sql::{self, Column, Columns, corrupt};
use crate::timestamp::Timestamp;
use crate::token::TokenId;

pub(super) type Statement = Query<'static, Sqlite, SqliteArguments>;

/// Of rows that begin with all columns.
///
/// # Errors
/// [`StoreError::Corrupt`] names the column that is none of a record's.
pub(super) fn record_of(row: &SqliteRow) -> Result<TokenRecord, StoreError> {
    sql::record_of(&Reader { row })
}

/// Of rows that begin with it.
pub(super) fn id_of(row: &SqliteRow) -> Result<TokenId, StoreError> {
    Reader { row }.id(Column::Id)
}

/// All columns, in their order.
pub(super) fn bind_record(statement: Statement, record: &TokenRecord) -> Statement {
    let expires = record.expiry.instant();
    let statement = statement
        .bind(bytes(record.id))
        .bind(record.owner.as_str().to_owned())
        .bind(record.name.as_str().to_owned())
        .bind(i64::from(record.digest.key()))
        .bind(record.digest.as_bytes().to_vec())
        .bind(record.scopes.as_str().to_owned())
        .bind(record.created.as_micros())
        .bind(record.created_by.as_ref().map(|actor| actor.as_str().to_owned()))
        .bind(i64::from(expires.is_none()))
        .bind(micros(expires))
        .bind(record.expiry_set.as_micros())
        .bind(micros(record.last_used))
        .bind(micros(record.noticed))
        .bind(micros(record.revoked))
        .bind(record.predecessor.map(bytes));
    bind_rotated(statement, record.rotated)
}

/// What an update writes: name, scopes, never_expires, expires, expiry_set, revoked, rotated, successor, grace_ends.
pub(super) fn bind_update(statement: Statement, record: &TokenRecord) -> Statement {
    let expires = record.expiry.instant();
    let statement = statement
        .bind(record.name.as_str().to_owned())
        .bind(record.scopes.as_str().to_owned())
        .bind(i64::from(expires.is_none()))
        .bind(micros(expires))
        .bind(record.expiry_set.as_micros())
        .bind(micros(record.revoked));
    bind_rotated(statement, record.rotated)
}

pub(super) fn bytes(id: TokenId) -> Vec<u8> {
    id.as_bytes().to_vec()
}

pub(super) fn micros(instant: Option<Timestamp>) -> Option<i64> {
    instant.map(Timestamp::as_micros)
}

fn bind_rotated(statement: Statement, rotated: Option<Rotated>) -> Statement {
    statement
        .bind(rotated.map(|rotated| rotated.at.as_micros()))
        .bind(rotated.map(|rotated| bytes(rotated.successor)))
        .bind(rotated.map(|rotated| rotated.grace_ends.as_micros()))
}

/// Reads columns by their places; STRICT tables hold no other types, but files can be written by hand.
struct Reader<'r> {
    row: &'r SqliteRow,
}

impl<'r> Reader<'r> {
    fn value<T: sqlx::Decode<'r, Sqlite> + sqlx::Type<Sqlite>>(&self, column: Column) -> Result<T, StoreError> {
        // sqlx reads NULL as 0 and as an empty text where nothing optional is asked for.
        self.optional(column)?.ok_or_else(|| corrupt(column, sqlx::error::UnexpectedNullError))
    }

    fn optional<T: sqlx::Decode<'r, Sqlite> + sqlx::Type<Sqlite>>(
        &self,
        column: Column,
    ) -> Result<Option<T>, StoreError> {
        self.row.try_get(column.index()).map_err(|error| corrupt(column, error))
    }
}

impl<'r> Columns<'r> for Reader<'r> {
    fn text(&self, column: Column) -> Result<&'r str, StoreError> {
        self.value(column)
    }

    fn optional_text(&self, column: Column) -> Result<Option<&'r str>, StoreError> {
        self.optional(column)
    }

    fn integer(&self, column: Column) -> Result<i64, StoreError> {
        self.value(column)
    }

    fn flag(&self, column: Column) -> Result<bool, StoreError> {
        match self.integer(column)? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(corrupt(column, NoFlag(other))),
        }
    }

    fn optional_bytes(&self, column: Column) -> Result<Option<&'r [u8]>, StoreError> {
        self.optional(column)
    }

    fn optional_instant(&self, column: Column) -> Result<Option<Timestamp>, StoreError> {
        let micros = self.optional::<i64>(column)?.map(Timestamp::from_micros);
        micros.transpose().map_err(|error| corrupt(column, error))
    }
}

#[derive(Debug, thiserror::Error)]
#[error("{0} is neither 0 nor 1")]
struct NoFlag(i64);
