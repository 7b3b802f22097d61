//! `timestamptz`, to the microsecond.

use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::types::Oid;
use sqlx::postgres::{PgArgumentBuffer, PgHasArrayType, PgTypeInfo, PgValueFormat, PgValueRef};
use sqlx::{Decode, Encode, Postgres, Type};

use crate::timestamp::{Timestamp, TimestampOutOfRange};

/// An instant as PostgreSQL sends it: microseconds since 2000, whatever the session's time zone. Without sqlx's own
/// types, whose features are the host's choice. Not every one is a [`Timestamp`]: those of a query may lie beyond.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Instant(i64);

/// Microseconds from 1970 to 2000.
const EPOCH: i64 = 946_684_800_000_000;

impl Instant {
    pub(super) const INFINITY: Self = Self(i64::MAX);
    pub(super) const NEGATIVE_INFINITY: Self = Self(i64::MIN);

    pub(super) fn from_sent(bytes: [u8; 8]) -> Self {
        Self(i64::from_be_bytes(bytes))
    }

    /// # Errors
    /// [`TimestampOutOfRange`] outside years 1 to 9999, as the two infinities are.
    pub(super) fn timestamp(self) -> Result<Timestamp, TimestampOutOfRange> {
        Timestamp::from_micros(self.0.checked_add(EPOCH).ok_or(TimestampOutOfRange)?)
    }

    /// Microseconds since 1970; beyond what PostgreSQL has, an infinity.
    pub(super) fn from_micros(micros: i128) -> Self {
        // Year 4714 BC to year 294276.
        const FIRST: i64 = -211_813_488_000_000_000;
        const LAST: i64 = 9_223_371_331_200_000_000;
        match i64::try_from(micros.saturating_sub(i128::from(EPOCH))) {
            Ok(micros) if micros < FIRST => Self::NEGATIVE_INFINITY,
            Ok(micros) if micros < LAST => Self(micros),
            Err(_) if micros < 0 => Self::NEGATIVE_INFINITY,
            _ => Self::INFINITY,
        }
    }
}

impl From<Timestamp> for Instant {
    fn from(instant: Timestamp) -> Self {
        // In range by far.
        Self(instant.as_micros().saturating_sub(EPOCH))
    }
}

impl Type<Postgres> for Instant {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(Oid(1184))
    }
}

impl PgHasArrayType for Instant {
    fn array_type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(Oid(1185))
    }
}

impl Encode<'_, Postgres> for Instant {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        buffer.extend_from_slice(&self.0.to_be_bytes());
        Ok(IsNull::No)
    }
}

impl Decode<'_, Postgres> for Instant {
    fn decode(value: PgValueRef<'_>) -> Result<Self, BoxDynError> {
        if value.format() != PgValueFormat::Binary {
            return Err("an instant came as text".into());
        }
        Ok(Self::from_sent(value.as_bytes()?.try_into()?))
    }
}
