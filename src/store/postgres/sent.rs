//! A record as one value, which comes whole and exact by whatever protocol.

use std::str::from_utf8;

use crate::record::TokenRecord;
use crate::store::StoreError;
use crate::store::sql::{self, Column, Columns, Missing, corrupt};
use crate::timestamp::Timestamp;

use super::instant::Instant;

/// What `record_send` makes of a row of all columns: their number, and of each the number of its type, its length, and
/// itself as in binary.
///
/// # Errors
/// [`StoreError::Corrupt`] names the column that is none of a record's.
pub(super) fn record_of(sent: &[u8]) -> Result<TokenRecord, StoreError> {
    sql::record_of(&Sent::parse(sent).ok_or_else(|| StoreError::corrupt(NoRow))?)
}

struct Sent<'s> {
    columns: [Value<'s>; Column::COUNT],
}

#[derive(Clone, Copy, Default)]
struct Value<'s> {
    /// A number of `pg_type`, of those that never change.
    kind: u32,
    /// None for NULL.
    bytes: Option<&'s [u8]>,
}

const BOOL: u32 = 16;
const BYTEA: u32 = 17;
const INT4: u32 = 23;
const TIMESTAMPTZ: u32 = 1184;
/// `text`, `varchar`, `char`, `name`.
const TEXTS: [u32; 4] = [25, 1043, 1042, 19];

impl<'s> Sent<'s> {
    fn parse(sent: &'s [u8]) -> Option<Self> {
        let mut columns = [Value::default(); Column::COUNT];
        let (number, mut rest) = sent.split_first_chunk()?;
        if usize::try_from(u32::from_be_bytes(*number)).ok()? != columns.len() {
            return None;
        }
        for column in &mut columns {
            let (kind, length, bytes);
            (kind, rest) = rest.split_first_chunk()?;
            (length, rest) = rest.split_first_chunk()?;
            column.kind = u32::from_be_bytes(*kind);
            // NULL has the length -1.
            if let Ok(length) = usize::try_from(i32::from_be_bytes(*length)) {
                (bytes, rest) = rest.split_at_checked(length)?;
                column.bytes = Some(bytes);
            }
        }
        rest.is_empty().then_some(Self { columns })
    }

    fn optional(&self, column: Column, kinds: &[u32]) -> Result<Option<&'s [u8]>, StoreError> {
        let value = self.columns.get(column.index()).copied().unwrap_or_default();
        if !kinds.contains(&value.kind) {
            return Err(corrupt(column, OtherType(value.kind)));
        }
        Ok(value.bytes)
    }

    fn value(&self, column: Column, kinds: &[u32]) -> Result<&'s [u8], StoreError> {
        self.optional(column, kinds)?.ok_or_else(|| corrupt(column, Missing))
    }

    fn fixed<const N: usize>(&self, column: Column, kind: u32) -> Result<[u8; N], StoreError> {
        self.value(column, &[kind])?.try_into().map_err(|error| corrupt(column, error))
    }
}

impl<'s> Columns<'s> for Sent<'s> {
    fn text(&self, column: Column) -> Result<&'s str, StoreError> {
        self.optional_text(column)?.ok_or_else(|| corrupt(column, Missing))
    }

    fn optional_text(&self, column: Column) -> Result<Option<&'s str>, StoreError> {
        let text = self.optional(column, &TEXTS)?.map(from_utf8);
        text.transpose().map_err(|error| corrupt(column, error))
    }

    fn integer(&self, column: Column) -> Result<i64, StoreError> {
        Ok(i32::from_be_bytes(self.fixed(column, INT4)?).into())
    }

    fn flag(&self, column: Column) -> Result<bool, StoreError> {
        Ok(self.fixed(column, BOOL)? != [0])
    }

    fn optional_bytes(&self, column: Column) -> Result<Option<&'s [u8]>, StoreError> {
        self.optional(column, &[BYTEA])
    }

    fn optional_instant(&self, column: Column) -> Result<Option<Timestamp>, StoreError> {
        let Some(bytes) = self.optional(column, &[TIMESTAMPTZ])? else { return Ok(None) };
        let instant = Instant::from_sent(bytes.try_into().map_err(|error| corrupt(column, error))?);
        instant.timestamp().map(Some).map_err(|error| corrupt(column, error))
    }
}

#[derive(Debug, thiserror::Error)]
#[error("a row came otherwise than record_send makes it")]
struct NoRow;

#[derive(Debug, thiserror::Error)]
#[error("it is of the type {0} of pg_type")]
struct OtherType(u32);
