//! The rulebook on rotation: the successor, its life, the grace of the token that it replaces, each refusal.
#![cfg(all(feature = "memory", feature = "testing"))]

use crate::common;

use std::sync::Arc;

use common::rulebook::{
    after, after_micros, decide, digest, expiring_at, policy, record, revoked_at, rotated_before, rotated_to, token_id,
    with,
};
use common::{noon, other_owner, owner};
use personal_tokens::{
    Actor, Change, ChangeRefused, Duration, Expiry, Plan, Policy, Rotated, Scope, Scopes, Successor, Timestamp,
    TokenRecord, TokenState, View,
};

const WEEK: Duration = Duration::WEEK;

fn any() -> Arc<Policy> {
    policy(|_| ())
}

fn successor(grace: Duration) -> Successor {
    Successor { id: token_id(9), digest: digest(9), created_by: None, expiry: None, grace }
}

fn rotate_at(at: Timestamp, successor: Successor, policy: Arc<Policy>) -> Change {
    Change::rotate(owner(), token_id(1), successor, at, policy)
}

/// Rotates token 1 at noon.
fn rotate(successor: Successor, policy: Arc<Policy>, records: &[TokenRecord]) -> Result<Plan, ChangeRefused> {
    decide(&rotate_at(noon(), successor, policy), records)
}

#[test]
fn the_successor_takes_owner_name_and_scopes_and_nothing_else() {
    let scopes = Scopes::new(["products:read"]).unwrap();
    let old = with(record(1), |old| {
        old.created = after(-3_600);
        old.scopes = scopes.clone();
        old.created_by = Some(Actor::new("ann").unwrap());
        old.last_used = Some(after(-60));
        old.noticed = Some(after(-30));
        old.predecessor = Some(token_id(77));
    });
    let offers = policy(|policy| policy.scopes = Scopes::new(["products:read", "products:write"]).unwrap());
    let ben = Some(Actor::new("ben").unwrap());
    let plan =
        rotate(Successor { created_by: ben.clone(), ..successor(Duration::HOUR) }, offers, &[record(2), old.clone()]);

    let new = with(record(9), |new| {
        new.name = old.name.clone();
        new.scopes = scopes;
        new.created_by = ben;
        new.predecessor = Some(old.id);
    });
    let rotated = Rotated { at: noon(), successor: new.id, grace_ends: after(3_600) };
    let plan = plan.unwrap();
    assert_eq!(plan.update, [with(old.clone(), |old| old.rotated = Some(rotated))]);
    assert_eq!(plan.insert.as_ref(), Some(&new));
    assert_eq!(plan.changed.written, [old.id, new.id]);
    assert_eq!(plan.changed.record, Some(new));
}

#[test]
fn the_old_token_ends_at_its_expiry_or_with_its_grace() {
    let open = || policy(|policy| policy.max_grace = Duration::MAX);
    let out = |max| Err(ChangeRefused::GraceOutOfRange { max });
    let until = |expiry| expiring_at(1, expiry);
    let table = [
        ("none", any(), Duration::ZERO, record(1), Ok(noon())),
        ("some", any(), Duration::HOUR, record(1), Ok(after(3_600))),
        ("less than a microsecond", any(), Duration::NANOSECOND, record(1), Ok(noon())),
        ("exactly the longest", any(), WEEK, record(1), Ok(after(604_800))),
        ("a nanosecond over it", any(), WEEK + Duration::NANOSECOND, record(1), out(WEEK)),
        ("far over it", any(), Duration::MAX, record(1), out(WEEK)),
        ("negative", any(), Duration::NANOSECOND * -1, record(1), out(WEEK)),
        ("most negative", open(), Duration::MIN, record(1), out(Duration::MAX)),
        ("beyond time", open(), Duration::MAX, record(1), Ok(Timestamp::MAX)),
        (
            "none where none is allowed",
            policy(|policy| policy.max_grace = Duration::ZERO),
            Duration::ZERO,
            record(1),
            Ok(noon()),
        ),
        (
            "some where none is allowed",
            policy(|policy| policy.max_grace = Duration::ZERO),
            Duration::MICROSECOND,
            record(1),
            out(Duration::ZERO),
        ),
        ("up to the expiry", any(), Duration::HOUR, until(after(3_600)), Ok(after(3_600))),
        ("beyond the expiry", any(), Duration::HOUR, until(after_micros(1)), Ok(after_micros(1))),
        ("before the expiry", any(), Duration::HOUR, until(after(3_601)), Ok(after(3_600))),
        (
            "expired already",
            any(),
            Duration::HOUR,
            with(until(after(-60)), |old| old.expiry_set = after(-120)),
            Ok(after(-60)),
        ),
    ];
    for (what, policy, grace, old, expected) in table {
        let answer = rotate(successor(grace), policy, &[old]);
        let ends = answer.map(|plan| plan.update[0].rotated.unwrap().grace_ends);
        assert_eq!(ends, expected, "{what}");
    }
}

/// `span` is what the old token was given, half an hour ago.
#[test]
fn the_successor_lives_as_long_as_its_predecessor_was_given() {
    let given = |span: i64| with(expiring_at(1, after(span - 1_800)), |old| old.expiry_set = after(-1_800));
    let within =
        |max: Option<Duration>, never: bool| policy(|policy| (policy.max_lifetime, policy.allow_never) = (max, never));
    let hour = Some(Duration::HOUR);
    let at = |seconds| Ok(Expiry::At(after(seconds)));
    let asks = |expiry: Expiry| Successor { expiry: Some(expiry), ..successor(Duration::ZERO) };
    let inherits = || successor(Duration::ZERO);
    let never_refused = |max| Err(ChangeRefused::NeverNotAllowed { max });
    let table = [
        ("the same span", within(None, true), given(7_200), inherits(), at(7_200)),
        ("the same span, of an expired token", within(None, true), given(60), inherits(), at(60)),
        ("never", within(None, true), record(1), inherits(), Ok(Expiry::Never)),
        ("exactly the longest", within(hour, false), given(3_600), inherits(), at(3_600)),
        ("cut to the longest", within(hour, false), given(3_601), inherits(), at(3_600)),
        ("cut, where never is allowed", within(hour, true), given(3_601), inherits(), at(3_600)),
        ("never beside a longest life", within(hour, true), record(1), inherits(), Ok(Expiry::Never)),
        ("never, cut to the longest", within(hour, false), record(1), inherits(), at(3_600)),
        ("asked: shorter", within(hour, false), given(3_601), asks(Expiry::At(after(1))), at(1)),
        ("asked: the longest", within(hour, false), given(60), asks(Expiry::At(after(3_600))), at(3_600)),
        (
            "asked: over the longest",
            within(hour, false),
            given(60),
            asks(Expiry::At(after_micros(3_600_000_001))),
            Err(ChangeRefused::LifetimeTooLong { max: Duration::HOUR }),
        ),
        ("asked: never", within(hour, true), given(60), asks(Expiry::Never), Ok(Expiry::Never)),
        ("asked: never, forbidden", within(hour, false), given(60), asks(Expiry::Never), never_refused(hour)),
        (
            "asked: now",
            within(None, true),
            given(60),
            asks(Expiry::At(noon())),
            Err(ChangeRefused::ExpiryInPast { expiry: noon() }),
        ),
    ];
    for (what, policy, old, successor, expected) in table {
        let answer = rotate(successor, policy, &[old]);
        let new = answer.map(|plan| plan.insert.unwrap());
        assert_eq!(new.clone().map(|new| new.expiry), expected, "{what}");
        if let Ok(new) = new {
            assert_eq!((new.created, new.expiry_set), (noon(), noon()), "{what}");
        }
    }
}

/// Also where it names no longest life that the successor's could be cut to.
#[test]
fn a_policy_that_forbids_never_binds_rotation_too() {
    let finite = || policy(|policy| (policy.max_lifetime, policy.allow_never) = (None, false));
    let refused = ChangeRefused::NeverNotAllowed { max: None };
    assert_eq!(rotate(successor(Duration::ZERO), finite(), &[record(1)]), Err(refused));
    let told = Successor { expiry: Some(Expiry::At(after(60))), ..successor(Duration::ZERO) };
    assert!(rotate(told, finite(), &[record(1)]).is_ok());
}

/// Failures 16: nothing wraps where the span leads beyond the last instant.
#[test]
fn at_the_end_of_time_the_successor_lives_until_the_last_instant() {
    let at = Timestamp::MAX.checked_add(Duration::seconds(-10)).unwrap();
    let old = with(expiring_at(1, Timestamp::MAX), |old| old.expiry_set = Timestamp::MIN);
    let plan = decide(&rotate_at(at, successor(WEEK), any()), &[old]).unwrap();
    assert_eq!(plan.insert.unwrap().expiry, Expiry::At(Timestamp::MAX));
    assert_eq!(plan.update[0].rotated.unwrap().grace_ends, Timestamp::MAX);
}

#[test]
fn rotating_an_active_token_needs_no_room_and_an_expired_one_does() {
    let limit = |max| policy(|policy| policy.max_active = max);
    let reached = |max| Err(ChangeRefused::LimitReached { max });
    let table = [
        ("active, full", limit(Some(2)), record(1), Ok(())),
        ("active, over a lowered limit", limit(Some(1)), record(1), Ok(())),
        ("active, none allowed", limit(Some(0)), record(1), Ok(())),
        ("active for a microsecond more", limit(Some(1)), expiring_at(1, after_micros(1)), Ok(())),
        ("expired, room", limit(Some(2)), expiring_at(1, noon()), Ok(())),
        ("expired now, full", limit(Some(1)), expiring_at(1, noon()), reached(1)),
        ("expired, none allowed", limit(Some(0)), expiring_at(1, after(-9)), reached(0)),
        ("expired, no limit", limit(None), expiring_at(1, after(-9)), Ok(())),
    ];
    for (what, policy, old, expected) in table {
        let old = with(old, |old| old.expiry_set = after(-60));
        let answer = rotate(successor(Duration::ZERO), policy, &[old, record(2)]);
        assert_eq!(answer.map(|_| ()), expected, "{what}");
    }
}

#[test]
fn a_lineage_has_one_predecessor_in_grace_at_most() {
    let with_predecessor = || with(record(1), |record| record.predecessor = Some(token_id(5)));
    let table = [
        ("in its grace", rotated_to(5, 1, after(60)), Some(noon())),
        ("its grace over this instant", rotated_to(5, 1, noon()), None),
        ("its grace over", rotated_to(5, 1, after(-60)), None),
        ("revoked", with(rotated_to(5, 1, after(60)), |record| record.revoked = Some(after(-1))), None),
        // A clock that goes back opens neither of these again.
        ("expired", with(rotated_to(5, 1, after(60)), |record| record.expiry = Expiry::At(noon())), Some(noon())),
        ("its grace run out", rotated_before(5, 1, after(-60)), Some(after(-3_600))),
        ("another lineage's", rotated_to(5, 2, after(60)), None),
        ("another owner's", with(rotated_to(5, 1, after(60)), |record| record.owner = other_owner()), None),
    ];
    for (what, older, ends) in table {
        let change = rotate_at(noon(), successor(Duration::HOUR), any());
        // Handed over whole: a store may hand over too much, another owner's row too.
        let view = View { records: vec![older.clone(), with_predecessor(), record(2)], active: 3 };
        let plan = change.decide(view).unwrap();
        let expected: Vec<_> = ends
            .map(|ends| with(older, |older| older.rotated.as_mut().unwrap().grace_ends = ends))
            .into_iter()
            .collect();
        assert_eq!(plan.update[0].id, token_id(1), "{what}");
        assert_eq!(plan.update[1..], expected, "{what}");
        let written: Vec<_> = plan.update.iter().map(|record| record.id).chain([token_id(9)]).collect();
        assert_eq!(plan.changed.written, written, "{what}");
    }
}

#[test]
fn what_ended_for_good_is_not_rotated() {
    let table = [
        ("revoked", vec![revoked_at(1, noon())], ChangeRefused::Ended(TokenState::Revoked)),
        ("rotated, in its grace", vec![rotated_to(1, 3, after(60))], ChangeRefused::Ended(TokenState::Rotated)),
        ("rotated, after it", vec![rotated_to(1, 3, after(-60))], ChangeRefused::Ended(TokenState::Rotated)),
        ("unknown", vec![record(2)], ChangeRefused::NotFound),
    ];
    for (what, records, refused) in table {
        assert_eq!(rotate(successor(Duration::MAX), any(), &records), Err(refused), "{what}");
    }
    let foreign = with(record(1), |record| record.owner = other_owner());
    let view = View { records: vec![foreign], active: 0 };
    let change = rotate_at(noon(), successor(Duration::ZERO), any());
    assert_eq!(change.decide(view), Err(ChangeRefused::NotFound), "another owner's");
}

/// A scope that the host took off its list does not live on in a fresh token.
#[test]
fn a_scope_no_longer_offered_is_not_passed_on() {
    let old = with(record(1), |old| old.scopes = Scopes::new(["gone"]).unwrap());
    let scope = Scope::new("gone").unwrap();
    let refused = ChangeRefused::UnknownScope { scope, allowed: Scopes::none() };
    assert_eq!(rotate(successor(Duration::ZERO), any(), &[old]), Err(refused));
}

#[test]
fn of_several_reasons_the_first_in_order_is_given() {
    let strict = policy(|policy| (policy.max_active, policy.max_lifetime) = (Some(1), Some(Duration::HOUR)));
    let mut old = with(expiring_at(1, noon()), |old| {
        (old.scopes, old.expiry_set) = (Scopes::new(["gone"]).unwrap(), after(-60));
    });
    let mut wrong = Successor { expiry: Some(Expiry::At(after(7_200))), ..successor(Duration::MAX) };
    let reason = |wrong: &Successor, old: &TokenRecord| {
        rotate(wrong.clone(), Arc::clone(&strict), &[old.clone(), record(2)]).unwrap_err()
    };
    assert!(matches!(reason(&wrong, &old), ChangeRefused::GraceOutOfRange { .. }));
    wrong.grace = Duration::ZERO;
    assert!(matches!(reason(&wrong, &old), ChangeRefused::UnknownScope { .. }));
    old.scopes = Scopes::none();
    assert!(matches!(reason(&wrong, &old), ChangeRefused::LifetimeTooLong { .. }));
    wrong.expiry = None;
    assert_eq!(reason(&wrong, &old), ChangeRefused::LimitReached { max: 1 });
}
