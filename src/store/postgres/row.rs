//! A record and its row.

use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::{Postgres, Row as _};

use crate::record::{Rotated, TokenRecord};
use crate::store::StoreError;
use crate::store::sql::{self, Column, Columns, corrupt};
use crate::timestamp::Timestamp;
use crate::token::TokenId;

use super::instant::Instant;

pub(super) type Statement<'q> = Query<'q, Postgres, PgArguments>;

/// Of rows that begin with all columns.
///
/// # Errors
/// [`StoreError::Corrupt`] names the column that is none of a record's.
pub(super) fn record_of(row: &PgRow) -> Result<TokenRecord, StoreError> {
    sql::record_of(&Reader { row })
}

/// Of rows that begin with it.
pub(super) fn id_of(row: &PgRow) -> Result<TokenId, StoreError> {
    Reader { row }.id(Column::Id)
}

/// All columns, in their order.
pub(super) fn bind_record<'q>(statement: Statement<'q>, record: &TokenRecord) -> Statement<'q> {
    let expires = record.expiry.instant();
    let statement = statement
        .bind(bytes(record.id))
        .bind(record.owner.as_str().to_owned())
        .bind(record.name.as_str().to_owned())
        .bind(i32::from(record.digest.key()))
        .bind(record.digest.as_bytes().to_vec())
        .bind(record.scopes.as_str().to_owned())
        .bind(Instant::from(record.created))
        .bind(record.created_by.as_ref().map(|actor| actor.as_str().to_owned()))
        .bind(expires.is_none())
        .bind(instant(expires))
        .bind(Instant::from(record.expiry_set))
        .bind(instant(record.last_used))
        .bind(instant(record.noticed))
        .bind(instant(record.revoked))
        .bind(record.predecessor.map(bytes));
    bind_rotated(statement, record.rotated)
}

/// What an update writes: name, scopes, never_expires, expires, expiry_set, revoked, rotated, successor, grace_ends.
pub(super) fn bind_update<'q>(statement: Statement<'q>, record: &TokenRecord) -> Statement<'q> {
    let expires = record.expiry.instant();
    let statement = statement
        .bind(record.name.as_str().to_owned())
        .bind(record.scopes.as_str().to_owned())
        .bind(expires.is_none())
        .bind(instant(expires))
        .bind(Instant::from(record.expiry_set))
        .bind(instant(record.revoked));
    bind_rotated(statement, record.rotated)
}

pub(super) fn bytes(id: TokenId) -> Vec<u8> {
    id.as_bytes().to_vec()
}

pub(super) fn instant(at: Option<Timestamp>) -> Option<Instant> {
    at.map(Instant::from)
}

fn bind_rotated(statement: Statement<'_>, rotated: Option<Rotated>) -> Statement<'_> {
    statement
        .bind(rotated.map(|rotated| Instant::from(rotated.at)))
        .bind(rotated.map(|rotated| bytes(rotated.successor)))
        .bind(rotated.map(|rotated| Instant::from(rotated.grace_ends)))
}

struct Reader<'r> {
    row: &'r PgRow,
}

impl<'r> Reader<'r> {
    fn value<T: sqlx::Decode<'r, Postgres> + sqlx::Type<Postgres>>(&self, column: Column) -> Result<T, StoreError> {
        self.row.try_get(column.index()).map_err(|error| corrupt(column, error))
    }
}

impl<'r> Columns<'r> for Reader<'r> {
    fn text(&self, column: Column) -> Result<&'r str, StoreError> {
        self.value(column)
    }

    fn optional_text(&self, column: Column) -> Result<Option<&'r str>, StoreError> {
        self.value(column)
    }

    fn integer(&self, column: Column) -> Result<i64, StoreError> {
        self.value::<i32>(column).map(i64::from)
    }

    fn flag(&self, column: Column) -> Result<bool, StoreError> {
        self.value(column)
    }

    fn optional_bytes(&self, column: Column) -> Result<Option<&'r [u8]>, StoreError> {
        self.value(column)
    }

    fn optional_instant(&self, column: Column) -> Result<Option<Timestamp>, StoreError> {
        let instant = self.value::<Option<Instant>>(column)?.map(Instant::timestamp);
        instant.transpose().map_err(|error| corrupt(column, error))
    }
}
