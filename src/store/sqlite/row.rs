//! A record and its row.

use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Row as _, Sqlite};

use crate::record::{Actor, Expiry, OwnerId, Rotated, Scopes, TokenName, TokenRecord};
use crate::store::StoreError;
use crate::timestamp::Timestamp;
use crate::token::{TokenDigest, TokenId};

use super::failure::corrupt;

pub(super) type Statement = Query<'static, Sqlite, SqliteArguments>;

/// A statement over all columns of a record, in the order in which this file reads and binds them.
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

/// # Errors
/// [`StoreError::Corrupt`] names the column that is none of a record's.
pub(super) fn record_of(row: &SqliteRow) -> Result<TokenRecord, StoreError> {
    let read = Reader { row };
    let owner = OwnerId::new(read.text("owner")?).map_err(|error| corrupt("owner", error))?;
    let name = TokenName::new(read.text("name")?).map_err(|error| corrupt("name", error))?;
    let key = u16::try_from(read.integer("digest_key")?).map_err(|error| corrupt("digest_key", error))?;
    let digest = TokenDigest::from_parts(key, read.bytes("digest")?);
    let mut record = TokenRecord::new(read.id("id")?, owner, name, digest, read.instant("created")?);
    record.scopes = read.text("scopes")?.parse::<Scopes>().map_err(|error| corrupt("scopes", error))?;
    let created_by = read.optional::<&str>("created_by")?;
    record.created_by = created_by.map(Actor::new).transpose().map_err(|error| corrupt("created_by", error))?;
    record.expiry = match (read.integer("never_expires")?, read.optional_instant("expires")?) {
        (1, None) => Expiry::Never,
        (0, Some(end)) => Expiry::At(end),
        _ => return Err(corrupt("never_expires", Contradiction("expires"))),
    };
    record.expiry_set = read.instant("expiry_set")?;
    record.last_used = read.optional_instant("last_used")?;
    record.noticed = read.optional_instant("noticed")?;
    record.revoked = read.optional_instant("revoked")?;
    record.predecessor = read.optional_id("predecessor")?;
    let rotation =
        (read.optional_instant("rotated")?, read.optional_id("successor")?, read.optional_instant("grace_ends")?);
    record.rotated = match rotation {
        (None, None, None) => None,
        (Some(at), Some(successor), Some(grace_ends)) => Some(Rotated { at, successor, grace_ends }),
        _ => return Err(corrupt("rotated", Contradiction("successor or grace_ends"))),
    };
    Ok(record)
}

pub(super) fn id_of(row: &SqliteRow) -> Result<TokenId, StoreError> {
    Reader { row }.id("id")
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

#[derive(Debug, thiserror::Error)]
#[error("it contradicts {0}")]
struct Contradiction(&'static str);

/// Reads columns by their names; STRICT tables hold no other types, but files can be written by hand.
struct Reader<'r> {
    row: &'r SqliteRow,
}

impl<'r> Reader<'r> {
    fn value<T: sqlx::Decode<'r, Sqlite> + sqlx::Type<Sqlite>>(&self, column: &'static str) -> Result<T, StoreError> {
        // sqlx reads NULL as 0 and as an empty text where nothing optional is asked for.
        self.optional(column)?.ok_or_else(|| corrupt(column, sqlx::error::UnexpectedNullError))
    }

    fn optional<T: sqlx::Decode<'r, Sqlite> + sqlx::Type<Sqlite>>(
        &self,
        column: &'static str,
    ) -> Result<Option<T>, StoreError> {
        self.row.try_get(column).map_err(|error| corrupt(column, error))
    }

    fn text(&self, column: &'static str) -> Result<&'r str, StoreError> {
        self.value(column)
    }

    fn integer(&self, column: &'static str) -> Result<i64, StoreError> {
        self.value(column)
    }

    fn bytes<const N: usize>(&self, column: &'static str) -> Result<[u8; N], StoreError> {
        self.value::<&[u8]>(column)?.try_into().map_err(|error| corrupt(column, error))
    }

    fn id(&self, column: &'static str) -> Result<TokenId, StoreError> {
        Ok(TokenId::from_bytes(self.bytes(column)?))
    }

    fn instant(&self, column: &'static str) -> Result<Timestamp, StoreError> {
        Timestamp::from_micros(self.integer(column)?).map_err(|error| corrupt(column, error))
    }

    fn optional_id(&self, column: &'static str) -> Result<Option<TokenId>, StoreError> {
        let bytes = self.optional::<&[u8]>(column)?.map(<[u8; TokenId::LEN]>::try_from);
        Ok(bytes.transpose().map_err(|error| corrupt(column, error))?.map(TokenId::from_bytes))
    }

    fn optional_instant(&self, column: &'static str) -> Result<Option<Timestamp>, StoreError> {
        let micros = self.optional::<i64>(column)?.map(Timestamp::from_micros);
        micros.transpose().map_err(|error| corrupt(column, error))
    }
}
