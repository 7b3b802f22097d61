//! A record from a row.

use crate::record::{Actor, Expiry, OwnerId, Rotated, Scopes, TokenName, TokenRecord};
use crate::store::StoreError;
use crate::timestamp::Timestamp;
use crate::token::{TokenDigest, TokenId};

use super::{Column, corrupt};

/// The columns of one row.
pub(in crate::store) trait Columns<'r> {
    fn text(&self, column: Column) -> Result<&'r str, StoreError>;
    fn optional_text(&self, column: Column) -> Result<Option<&'r str>, StoreError>;
    fn integer(&self, column: Column) -> Result<i64, StoreError>;
    fn flag(&self, column: Column) -> Result<bool, StoreError>;
    fn optional_bytes(&self, column: Column) -> Result<Option<&'r [u8]>, StoreError>;
    fn optional_instant(&self, column: Column) -> Result<Option<Timestamp>, StoreError>;

    fn bytes<const N: usize>(&self, column: Column) -> Result<[u8; N], StoreError> {
        let bytes = self.optional_bytes(column)?.ok_or_else(|| corrupt(column, Missing))?;
        bytes.try_into().map_err(|error| corrupt(column, error))
    }

    fn id(&self, column: Column) -> Result<TokenId, StoreError> {
        Ok(TokenId::from_bytes(self.bytes(column)?))
    }

    fn optional_id(&self, column: Column) -> Result<Option<TokenId>, StoreError> {
        let bytes = self.optional_bytes(column)?.map(<[u8; TokenId::LEN]>::try_from);
        Ok(bytes.transpose().map_err(|error| corrupt(column, error))?.map(TokenId::from_bytes))
    }

    fn instant(&self, column: Column) -> Result<Timestamp, StoreError> {
        self.optional_instant(column)?.ok_or_else(|| corrupt(column, Missing))
    }
}

/// # Errors
/// [`StoreError::Corrupt`] names the column that is none of a record's.
pub(in crate::store) fn record_of<'r>(row: &impl Columns<'r>) -> Result<TokenRecord, StoreError> {
    let owner = OwnerId::new(row.text(Column::Owner)?).map_err(|error| corrupt(Column::Owner, error))?;
    let name = TokenName::new(row.text(Column::Name)?).map_err(|error| corrupt(Column::Name, error))?;
    let key = u16::try_from(row.integer(Column::DigestKey)?).map_err(|error| corrupt(Column::DigestKey, error))?;
    let digest = TokenDigest::from_parts(key, row.bytes(Column::Digest)?);
    let mut record = TokenRecord::new(row.id(Column::Id)?, owner, name, digest, row.instant(Column::Created)?);
    record.scopes = row.text(Column::Scopes)?.parse::<Scopes>().map_err(|error| corrupt(Column::Scopes, error))?;
    let created_by = row.optional_text(Column::CreatedBy)?;
    record.created_by = created_by.map(Actor::new).transpose().map_err(|error| corrupt(Column::CreatedBy, error))?;
    record.expiry = match (row.flag(Column::NeverExpires)?, row.optional_instant(Column::Expires)?) {
        (true, None) => Expiry::Never,
        (false, Some(end)) => Expiry::At(end),
        _ => return Err(corrupt(Column::NeverExpires, Contradiction("expires"))),
    };
    record.expiry_set = row.instant(Column::ExpirySet)?;
    record.last_used = row.optional_instant(Column::LastUsed)?;
    record.noticed = row.optional_instant(Column::Noticed)?;
    record.revoked = row.optional_instant(Column::Revoked)?;
    record.predecessor = row.optional_id(Column::Predecessor)?;
    let rotation = (
        row.optional_instant(Column::Rotated)?,
        row.optional_id(Column::Successor)?,
        row.optional_instant(Column::GraceEnds)?,
    );
    record.rotated = match rotation {
        (None, None, None) => None,
        (Some(at), Some(successor), Some(grace_ends)) => Some(Rotated { at, successor, grace_ends }),
        _ => return Err(corrupt(Column::Rotated, Contradiction("successor or grace_ends"))),
    };
    Ok(record)
}

#[derive(Debug, thiserror::Error)]
#[error("it contradicts {0}")]
struct Contradiction(&'static str);

#[derive(Debug, thiserror::Error)]
#[error("it is NULL")]
pub(in crate::store) struct Missing;
