//! One function says what a token is at an instant; each end counts from its very instant on.
#![cfg(all(feature = "memory", feature = "testing"))]

use crate::common;

use common::noon;
use common::rulebook::{after, after_micros, expiring_at, record, revoked_at, rotated_before, rotated_to, with};
use personal_tokens::{Expiry, Timestamp, TokenState};
use proptest::prelude::*;

/// Failures 14: valid at its expiry instant, elsewhere.
#[test]
fn each_end_counts_from_its_instant_on() {
    let (before, at, behind) = (after_micros(-1), noon(), after_micros(1));
    for (now, ended) in [(before, false), (at, true), (behind, true)] {
        let state = |end| if ended { end } else { TokenState::Active };
        assert_eq!(Expiry::At(noon()).has_passed(now), ended);
        assert_eq!(expiring_at(1, noon()).state(now), state(TokenState::Expired));
        assert_eq!(rotated_before(1, 2, noon()).state(now), state(TokenState::Rotated));
        assert_eq!(revoked_at(1, noon()).state(now), TokenState::Revoked, "whatever the instant");
    }
}

/// Failures 17: no expiry is no number.
#[test]
fn never_is_later_than_every_instant() {
    for now in [Timestamp::MIN, Timestamp::UNIX_EPOCH, noon(), Timestamp::MAX] {
        assert!(!Expiry::Never.has_passed(now));
        assert_eq!(record(1).state(now), TokenState::Active);
        assert!(Expiry::Never > Expiry::At(now));
        assert_eq!(Expiry::from(now), Expiry::At(now));
        assert!(Expiry::At(now).has_passed(now));
    }
    assert_eq!((Expiry::Never.instant(), Expiry::At(noon()).instant()), (None, Some(noon())));
}

/// tower-sessions-stores: as text, a fraction of a second stands before the `Z` of the whole one.
#[test]
fn expiry_is_not_compared_as_text() {
    let (expiry, now) = (noon(), after_micros(500_000));
    assert!(now.to_string() < expiry.to_string());
    assert_eq!(expiring_at(1, expiry).state(now), TokenState::Expired);
}

#[test]
fn of_several_ends_revoked_is_told_before_rotated_before_expired() {
    let all = with(rotated_to(1, 2, after(-1)), |record| {
        record.expiry = Expiry::At(after(-1));
        record.revoked = Some(after(-1));
    });
    let not_revoked = with(all.clone(), |record| record.revoked = None);
    let not_rotated = with(not_revoked.clone(), |record| record.rotated = None);
    let states = [&all, &not_revoked, &not_rotated].map(|record| record.state(noon()));
    assert_eq!(states, [TokenState::Revoked, TokenState::Rotated, TokenState::Expired]);
    assert_eq!(states.map(|state| state.to_string()), ["revoked", "rotated", "expired"]);
}

#[test]
fn current_is_neither_revoked_nor_rotated_away() {
    let table = [
        (record(1), true),
        (expiring_at(1, after(-60)), true),
        (revoked_at(1, after(60)), false),
        (rotated_to(1, 2, after(60)), false),
    ];
    for (record, current) in table {
        assert_eq!(record.is_current(), current, "{record:?}");
    }
}

proptest! {
    #[test]
    fn a_token_ended_at_the_earliest_of_its_ends(
        revoked in proptest::option::of(-5..5_i64),
        grace in proptest::option::of(-5..5_i64),
        expiry in proptest::option::of(-5..5_i64),
        now in -6..6_i64,
    ) {
        let mut token = grace.map_or_else(|| record(1), |ends| rotated_before(1, 2, after(ends)));
        token.revoked = revoked.map(after);
        token.expiry = expiry.map_or(Expiry::Never, |end| Expiry::At(after(end)));
        let ends = [revoked, grace, expiry].into_iter().flatten().min().map(after);
        prop_assert_eq!(token.ended(), ends);
        if revoked.is_none() {
            let over = ends.is_some_and(|end| after(now) >= end);
            prop_assert_eq!(token.state(after(now)) != TokenState::Active, over);
        }
    }
}
