//! The tokens of an owner who has few: a list to look through.

use std::num::NonZeroU32;

use crate::record::{Expiry, TokenName, TokenRecord};
use crate::store::Cursor;
use crate::timestamp::Timestamp;
use crate::token::TokenId;

/// In the order of a list, oldest first.
#[derive(Default)]
pub(super) struct Few(Vec<Row>);

/// What is asked of a token without reading its record; 32 bytes.
struct Row {
    created: Timestamp,
    id: TokenId,
    expiry: Expiry,
    /// None of one that is not current.
    name: Option<NameMark>,
}

/// Few names have the same: whose it is the record tells.
#[derive(Clone, Copy, PartialEq, Eq)]
struct NameMark(NonZeroU32);

impl Few {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn insert(&mut self, record: &TokenRecord) {
        // Most owners have few, and each has a list: one has room for one, none for more than 16 too many.
        let len = self.0.len();
        if len == self.0.capacity() {
            self.0.reserve_exact(len.saturating_mul(2).saturating_add(1).min(16));
        }
        let row = Row::of(record);
        let place = self.rows_before(row.place());
        self.0.insert(place, row);
    }

    pub(super) fn remove(&mut self, record: &TokenRecord) {
        let place = Cursor::in_list(record);
        self.0.retain(|row| row.place() != place);
    }

    pub(super) fn newest_first(&self, after: Option<Cursor>) -> impl Iterator<Item = TokenId> {
        let rows = after.map_or(self.0.len(), |after| self.rows_before(after));
        self.0.iter().take(rows).rev().map(|row| row.id)
    }

    /// The current ones that may have this name.
    pub(super) fn may_be_named(&self, name: &TokenName) -> impl Iterator<Item = TokenId> {
        let name = Some(NameMark::of(name));
        self.0.iter().filter(move |row| row.name == name).map(|row| row.id)
    }

    /// How many current ones are unexpired.
    pub(super) fn unexpired(&self, at: Timestamp) -> u32 {
        let unexpired = self.0.iter().filter(|row| row.name.is_some() && !row.expiry.has_passed(at));
        u32::try_from(unexpired.count()).unwrap_or(u32::MAX)
    }

    fn rows_before(&self, place: Cursor) -> usize {
        self.0.partition_point(|row| row.place() < place)
    }
}

impl Row {
    fn of(record: &TokenRecord) -> Self {
        let TokenRecord { created, id, expiry, .. } = *record;
        Self { created, id, expiry, name: record.is_current().then(|| NameMark::of(&record.name)) }
    }

    fn place(&self) -> Cursor {
        Cursor::new(self.created, self.id)
    }
}

impl NameMark {
    /// Of its ends, which is where names differ.
    fn of(name: &TokenName) -> Self {
        let bytes = name.as_str().as_bytes();
        let first = bytes.first_chunk().copied().map(u32::from_le_bytes);
        let last = bytes.last_chunk().copied().map(u32::from_le_bytes);
        let ends = match (first, last) {
            (Some(first), Some(last)) => first.rotate_left(16) ^ last,
            _ => bytes.iter().fold(0, |ends, byte| ends << 8 | u32::from(*byte)),
        };
        Self(NonZeroU32::new(ends).unwrap_or(NonZeroU32::MIN))
    }
}
