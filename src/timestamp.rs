//! An instant: whole microseconds, UTC, years 1 to 9999.

use std::fmt;
use std::num::NonZeroI64;
use std::time::SystemTime;

use time::{Duration, OffsetDateTime};

/// An instant in UTC: whole microseconds since 1970-01-01T00:00:00Z, from year 1 to year 9999.
///
/// The range and the step are those that every store can keep exactly (PostgreSQL's `timestamptz`, an
/// `INTEGER` in SQLite), so an instant never changes on its way through one. Conversions from finer clocks
/// round down: an expiry is never later than what was asked for. All arithmetic is checked or saturating;
/// nothing wraps and nothing panics.
///
/// ```
/// use personal_tokens::{Duration, Timestamp};
///
/// let noon = Timestamp::from_micros(1_767_268_800_000_000)?;
/// assert_eq!(noon.to_string(), "2026-01-01T12:00:00Z");
/// assert_eq!(noon.checked_add(Duration::days(1)).unwrap().to_string(), "2026-01-02T12:00:00Z");
/// assert_eq!(Timestamp::MAX.checked_add(Duration::microseconds(1)), None);
/// # Ok::<(), personal_tokens::TimestampOutOfRange>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    /// Microseconds since [`BEFORE_ALL`]: never zero, so that an `Option` of it takes no more room.
    since: NonZeroI64,
}

/// The microsecond before year 1.
const BEFORE_ALL: i64 = -62_135_596_800_000_001;

/// An instant lies outside years 1 to 9999 (UTC), the range of [`Timestamp`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the instant is out of range: years 1 to 9999 (UTC) are allowed")]
pub struct TimestampOutOfRange;

impl Timestamp {
    /// 0001-01-01T00:00:00Z, the earliest instant.
    pub const MIN: Self = Self::in_range(-62_135_596_800_000_000);
    /// 9999-12-31T23:59:59.999999Z, the latest instant.
    pub const MAX: Self = Self::in_range(253_402_300_799_999_999);
    /// 1970-01-01T00:00:00Z.
    pub const UNIX_EPOCH: Self = Self::in_range(0);

    /// The instant that many microseconds after 1970 (before it, where negative).
    ///
    /// # Errors
    /// [`TimestampOutOfRange`] outside years 1 to 9999.
    pub const fn from_micros(micros: i64) -> Result<Self, TimestampOutOfRange> {
        if micros < Self::MIN.as_micros() || micros > Self::MAX.as_micros() {
            return Err(TimestampOutOfRange);
        }
        Ok(Self::in_range(micros))
    }

    /// Microseconds since 1970; negative before it.
    #[must_use]
    pub const fn as_micros(self) -> i64 {
        self.since.get().wrapping_add(BEFORE_ALL)
    }

    /// The instant `span` later, or `None` outside the range. A part of a microsecond is dropped.
    #[must_use]
    pub fn checked_add(self, span: Duration) -> Option<Self> {
        let micros = i128::from(self.as_micros()).checked_add(span.whole_microseconds())?;
        Self::from_micros(i64::try_from(micros).ok()?).ok()
    }

    /// The instant `span` later, kept within [`MIN`](Self::MIN) and [`MAX`](Self::MAX).
    #[must_use]
    pub fn saturating_add(self, span: Duration) -> Self {
        self.checked_add(span).unwrap_or(if span.is_negative() { Self::MIN } else { Self::MAX })
    }

    /// The instant without its part of a second: earlier, never later.
    #[cfg(feature = "tower")]
    pub(crate) fn whole_second(self) -> Self {
        let micros = self.as_micros();
        let part = micros.checked_rem_euclid(1_000_000).unwrap_or_default();
        Self::in_range(micros.saturating_sub(part))
    }

    /// How long after `earlier` this instant is; negative if it is before.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        // Both ends are in range, so the difference fits an i64: the saturation never happens.
        Duration::microseconds(self.since.get().saturating_sub(earlier.since.get()))
    }

    const fn in_range(micros: i64) -> Self {
        match NonZeroI64::new(micros.wrapping_sub(BEFORE_ALL)) {
            Some(since) => Self { since },
            // Not in range.
            None => Self { since: NonZeroI64::MIN },
        }
    }
}

impl TryFrom<OffsetDateTime> for Timestamp {
    type Error = TimestampOutOfRange;

    fn try_from(instant: OffsetDateTime) -> Result<Self, TimestampOutOfRange> {
        let micros = instant.unix_timestamp_nanos().div_euclid(1_000);
        Self::from_micros(i64::try_from(micros).map_err(|_| TimestampOutOfRange)?)
    }
}

impl From<Timestamp> for OffsetDateTime {
    fn from(instant: Timestamp) -> Self {
        // `time` covers all our years, so the saturation never happens.
        Self::UNIX_EPOCH.saturating_add(Duration::microseconds(instant.as_micros()))
    }
}

impl TryFrom<SystemTime> for Timestamp {
    type Error = TimestampOutOfRange;

    fn try_from(instant: SystemTime) -> Result<Self, TimestampOutOfRange> {
        let micros = match instant.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_micros()).ok(),
            // Rounded down, so away from 1970 here.
            Err(before) => i64::try_from(before.duration().as_nanos().div_ceil(1_000)).ok().and_then(i64::checked_neg),
        };
        Self::from_micros(micros.ok_or(TimestampOutOfRange)?)
    }
}

impl TryFrom<Timestamp> for SystemTime {
    /// Some systems' clocks begin later than year 1.
    type Error = TimestampOutOfRange;

    fn try_from(instant: Timestamp) -> Result<Self, TimestampOutOfRange> {
        let micros = instant.as_micros();
        let span = std::time::Duration::from_micros(micros.unsigned_abs());
        let moved = if micros < 0 { Self::UNIX_EPOCH.checked_sub(span) } else { Self::UNIX_EPOCH.checked_add(span) };
        moved.ok_or(TimestampOutOfRange)
    }
}

/// RFC 3339 in UTC; six digits of a second where there is a fraction.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = OffsetDateTime::from(*self);
        let (hour, minute, second) = at.to_hms();
        let (year, month, day) = (at.year(), u8::from(at.month()), at.day());
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")?;
        if at.microsecond() != 0 {
            write!(f, ".{:06}", at.microsecond())?;
        }
        f.write_str("Z")
    }
}

/// As [`Display`](fmt::Display).
impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
