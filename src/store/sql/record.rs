//! A record from a row.

use crate::record::{Actor, Expiry, OwnerId, Rotated, Scopes, TokenName, TokenRecord};
use crate::store::StoreError;
use crate::timestamp::Timestamp;
use crate::token::{TokenDigest, TokenId};

use super::corrupt;

/// The columns of one row, by their names.
pub(in crate::store) trait Columns<'r> {
    fn text(&self, column: &'static str) -> Result<&'r str, StoreError>;
    fn optional_text(&self, column: &'static str) -> Result<Option<&'r str>, StoreError>;
    fn integer(&self, column: &'static str) -> Result<i64, StoreError>;
    fn flag(&self, column: &'static str) -> Result<bool, StoreError>;
    fn optional_bytes(&self, column: &'static str) -> Result<Option<&'r [u8]>, StoreError>;
    fn optional_instant(&self, column: &'static str) -> Result<Option<Timestamp>, StoreError>;

    fn bytes<const N: usize>(&self, column: &'static str) -> Result<[u8; N], StoreError> {
        let bytes = self.optional_bytes(column)?.ok_or_else(|| corrupt(column, Missing))?;
        bytes.try_into().map_err(|error| corrupt(column, error))
    }

    fn id(&self, column: &'static str) -> Result<TokenId, StoreError> {
        Ok(TokenId::from_bytes(self.bytes(column)?))
    }

    fn optional_id(&self, column: &'static str) -> Result<Option<TokenId>, StoreError> {
        let bytes = self.optional_bytes(column)?.map(<[u8; TokenId::LEN]>::try_from);
        Ok(bytes.transpose().map_err(|error| corrupt(column, error))?.map(TokenId::from_bytes))
    }

    fn instant(&self, column: &'static str) -> Result<Timestamp, StoreError> {
        self.optional_instant(column)?.ok_or_else(|| corrupt(column, Missing))
    }
}

/// # Errors
/// [`StoreError::Corrupt`] names the column that is none of a record's.
pub(in crate::store) fn record_of<'r>(row: &impl Columns<'r>) -> Result<TokenRecord, StoreError> {
    let owner = OwnerId::new(row.text("owner")?).map_err(|error| corrupt("owner", error))?;
    let name = TokenName::new(row.text("name")?).map_err(|error| corrupt("name", error))?;
    let key = u16::try_from(row.integer("digest_key")?).map_err(|error| corrupt("digest_key", error))?;
    let digest = TokenDigest::from_parts(key, row.bytes("digest")?);
    let mut record = TokenRecord::new(row.id("id")?, owner, name, digest, row.instant("created")?);
    record.scopes = row.text("scopes")?.parse::<Scopes>().map_err(|error| corrupt("scopes", error))?;
    let created_by = row.optional_text("created_by")?;
    record.created_by = created_by.map(Actor::new).transpose().map_err(|error| corrupt("created_by", error))?;
    record.expiry = match (row.flag("never_expires")?, row.optional_instant("expires")?) {
        (true, None) => Expiry::Never,
        (false, Some(end)) => Expiry::At(end),
        _ => return Err(corrupt("never_expires", Contradiction("expires"))),
    };
    record.expiry_set = row.instant("expiry_set")?;
    record.last_used = row.optional_instant("last_used")?;
    record.noticed = row.optional_instant("noticed")?;
    record.revoked = row.optional_instant("revoked")?;
    record.predecessor = row.optional_id("predecessor")?;
    let rotation =
        (row.optional_instant("rotated")?, row.optional_id("successor")?, row.optional_instant("grace_ends")?);
    record.rotated = match rotation {
        (None, None, None) => None,
        (Some(at), Some(successor), Some(grace_ends)) => Some(Rotated { at, successor, grace_ends }),
        _ => return Err(corrupt("rotated", Contradiction("successor or grace_ends"))),
    };
    Ok(record)
}

#[derive(Debug, thiserror::Error)]
#[error("it contradicts {0}")]
struct Contradiction(&'static str);

#[derive(Debug, thiserror::Error)]
#[error("it is NULL")]
struct Missing;
