//! Timestamps: whole microseconds of years 1 to 9999; finer clocks are rounded down, before 1970 too, and nothing
//! wraps or panics.
#![cfg(all(feature = "memory", feature = "testing"))]

use std::time::SystemTime;

use personal_tokens::{Duration, Expiry, Timestamp};
use proptest::prelude::*;
use time::OffsetDateTime;

const FIRST: i64 = -62_135_596_800_000_000;
const LAST: i64 = 253_402_300_799_999_999;

fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros).unwrap()
}

fn system(nanos: i128) -> SystemTime {
    let (whole, rest) = (nanos.unsigned_abs() / 1_000_000_000, nanos.unsigned_abs() % 1_000_000_000);
    let span = std::time::Duration::new(whole.try_into().unwrap(), rest.try_into().unwrap());
    if nanos < 0 { SystemTime::UNIX_EPOCH - span } else { SystemTime::UNIX_EPOCH + span }
}

#[test]
fn the_range_is_years_1_to_9999() {
    assert_eq!((Timestamp::MIN, Timestamp::MAX, Timestamp::UNIX_EPOCH), (at(FIRST), at(LAST), at(0)));
    for micros in [i64::MIN, FIRST - 1, LAST + 1, i64::MAX] {
        let error = Timestamp::from_micros(micros).unwrap_err();
        assert_eq!(error.to_string(), "the instant is out of range: years 1 to 9999 (UTC) are allowed");
    }
}

#[test]
fn an_instant_reads_as_rfc_3339() {
    let table = [
        (FIRST, "0001-01-01T00:00:00Z"),
        (-1, "1969-12-31T23:59:59.999999Z"),
        (0, "1970-01-01T00:00:00Z"),
        (1, "1970-01-01T00:00:00.000001Z"),
        (500_000, "1970-01-01T00:00:00.500000Z"),
        (951_782_400_000_000, "2000-02-29T00:00:00Z"),
        (LAST, "9999-12-31T23:59:59.999999Z"),
    ];
    for (micros, text) in table {
        assert_eq!(at(micros).to_string(), text);
        assert_eq!(format!("{:?}", at(micros)), text);
        assert_eq!(Expiry::At(at(micros)).to_string(), text);
    }
    assert_eq!(Expiry::Never.to_string(), "never");
}

#[test]
fn clocks_are_rounded_down_on_both_sides_of_1970() {
    let table = [
        (0, 0),
        (1, 0),
        (999, 0),
        (1_000, 1),
        (-1, -1),
        (-999, -1),
        (-1_000, -1),
        (-1_001, -2),
        (-1_999, -2),
        (-2_000, -2),
    ];
    for (nanos, micros) in table {
        let fine = OffsetDateTime::from_unix_timestamp_nanos(nanos).unwrap();
        assert_eq!(Timestamp::try_from(fine), Ok(at(micros)), "{nanos} ns");
        assert_eq!(Timestamp::try_from(system(nanos)), Ok(at(micros)), "{nanos} ns");
    }
}

#[test]
fn clocks_outside_the_range_are_an_error() {
    let (first, last) = (i128::from(FIRST) * 1_000, i128::from(LAST) * 1_000);
    assert_eq!(Timestamp::try_from(system(first)), Ok(Timestamp::MIN));
    assert_eq!(Timestamp::try_from(system(last + 999)), Ok(Timestamp::MAX));
    assert!(Timestamp::try_from(system(first - 1)).is_err());
    assert!(Timestamp::try_from(system(last + 1_000)).is_err());
    // An hour west of UTC, year 9999 lasts an hour longer; an hour east, year 1 begins an hour earlier.
    let offset = |hours| time::UtcOffset::from_hms(hours, 0, 0).unwrap();
    let late = OffsetDateTime::from(Timestamp::MAX).to_offset(offset(-1)).replace_hour(23).unwrap();
    let early = OffsetDateTime::from(Timestamp::MIN).to_offset(offset(1)).replace_hour(0).unwrap();
    assert!(Timestamp::try_from(late).is_err());
    assert!(Timestamp::try_from(early).is_err());
}

/// Failures 15: the offset is the writer's, the instant is the same.
#[test]
fn an_offset_changes_nothing() {
    let noon = OffsetDateTime::from_unix_timestamp(1_767_268_800).unwrap();
    for (hours, minutes) in [(5, 30), (-5, 0), (14, 0), (-12, 0)] {
        let there = noon.to_offset(time::UtcOffset::from_hms(hours, minutes, 0).unwrap());
        assert_eq!(Timestamp::try_from(there).unwrap().to_string(), "2026-01-01T12:00:00Z");
    }
}

#[test]
fn arithmetic_stops_at_the_ends() {
    let micro = Duration::MICROSECOND;
    assert_eq!(Timestamp::MAX.checked_add(micro), None);
    assert_eq!(Timestamp::MIN.checked_add(-micro), None);
    assert_eq!(Timestamp::MAX.saturating_add(micro), Timestamp::MAX);
    assert_eq!(Timestamp::MIN.saturating_add(-micro), Timestamp::MIN);
    for any in [Timestamp::MIN, at(0), Timestamp::MAX] {
        assert_eq!((any.checked_add(Duration::MAX), any.checked_add(Duration::MIN)), (None, None));
        assert_eq!(any.saturating_add(Duration::MAX), Timestamp::MAX);
        assert_eq!(any.saturating_add(Duration::MIN), Timestamp::MIN);
        assert_eq!(any.checked_add(Duration::NANOSECOND * 999), Some(any));
    }
    assert_eq!(Timestamp::MIN.checked_add(Timestamp::MAX.since(Timestamp::MIN)), Some(Timestamp::MAX));
    assert_eq!(Timestamp::MAX.checked_add(Timestamp::MIN.since(Timestamp::MAX)), Some(Timestamp::MIN));
}

fn instants() -> impl Strategy<Value = Timestamp> {
    let near = |micros: i64| (0..3_000_000_i64).prop_map(move |away| micros + away);
    prop_oneof![FIRST..=LAST, near(FIRST), near(-1_500_000), near(LAST - 2_999_999)].prop_map(at)
}

proptest! {
    #[test]
    fn clocks_agree_and_round_down(nanos in i128::from(FIRST) * 1_000..=i128::from(LAST) * 1_000 + 999) {
        let fine = OffsetDateTime::from_unix_timestamp_nanos(nanos).unwrap();
        let instant = Timestamp::try_from(fine).unwrap();
        let lost = nanos - i128::from(instant.as_micros()) * 1_000;
        prop_assert!((0..1_000).contains(&lost), "{lost} ns");
        prop_assert_eq!(Timestamp::try_from(system(nanos)), Ok(instant));
    }

    #[test]
    fn an_instant_comes_back_from_other_clocks(instant in instants()) {
        prop_assert_eq!(Timestamp::from_micros(instant.as_micros()), Ok(instant));
        prop_assert_eq!(Timestamp::try_from(OffsetDateTime::from(instant)), Ok(instant));
        prop_assert_eq!(Timestamp::try_from(SystemTime::try_from(instant).unwrap()), Ok(instant));
    }

    /// Failures 16: no addition wraps into the past or the future.
    #[test]
    fn addition_is_exact_or_none(instant in instants(), seconds in any::<i64>(), small in -400_000_000_000..400_000_000_000_i64, nanos in -999_999_999..1_000_000_000_i32) {
        for seconds in [seconds, small] {
            let span = Duration::seconds(seconds).saturating_add(Duration::nanoseconds(i64::from(nanos)));
            let exact = i128::from(instant.as_micros()) + span.whole_microseconds();
            let expected = i64::try_from(exact).ok().and_then(|micros| Timestamp::from_micros(micros).ok());
            prop_assert_eq!(instant.checked_add(span), expected);
            let kept = exact.clamp(i128::from(FIRST), i128::from(LAST));
            prop_assert_eq!(i128::from(instant.saturating_add(span).as_micros()), kept);
        }
    }

    #[test]
    fn since_and_addition_are_inverse(one in instants(), other in instants()) {
        prop_assert_eq!(other.checked_add(one.since(other)), Some(one));
        prop_assert_eq!(one.cmp(&other), one.since(other).cmp(&Duration::ZERO));
    }
}
