//! The rulebook on issuing: who gets a token, and each reason to refuse one.
#![cfg(all(feature = "memory", feature = "testing"))]

use crate::common;

use std::sync::Arc;

use common::rulebook::{
    after, after_micros, decide, expiring_at, name, policy, record, revoked_at, rotated_to, token_id, with,
};
use common::{noon, other_owner};
use personal_tokens::{
    Change, ChangeRefused, Duration, Expiry, Policy, Scope, Scopes, Timestamp, TokenRecord, TokenState,
};

const MICRO: Duration = Duration::MICROSECOND;

/// What it is about, the policy, the new token, the owner's records, and the answer.
type Row = (&'static str, Arc<Policy>, TokenRecord, Vec<TokenRecord>, Result<(), ChangeRefused>);

/// A new token of number 9 either is inserted exactly as asked for, alone, or refused.
fn check(table: impl IntoIterator<Item = Row>) {
    for (what, policy, new, records, expected) in table {
        let answer = decide(&Change::issue(new.clone(), policy), &records);
        match expected {
            Err(refused) => assert_eq!(answer, Err(refused), "{what}"),
            Ok(()) => {
                let plan = answer.unwrap_or_else(|refused| panic!("{what}: {refused}"));
                assert_eq!(plan.insert.as_ref(), Some(&new), "{what}");
                assert_eq!(plan.update, [], "{what}");
                assert_eq!(plan.changed.record.as_ref(), Some(&new), "{what}");
                assert_eq!(plan.changed.written, [new.id], "{what}");
            }
        }
    }
}

#[test]
fn a_name_is_held_by_one_current_token_of_an_owner() {
    let new = || with(record(9), |new| new.name = name("sync"));
    let held = |holder: TokenRecord| vec![record(1), with(holder, |holder| holder.name = name("sync"))];
    let taken = |state| Err(ChangeRefused::NameTaken { holder: token_id(2), state });
    let any = || policy(|_| ());
    check([
        ("nobody holds it", any(), new(), vec![record(1)], Ok(())),
        ("an active token", any(), new(), held(record(2)), taken(TokenState::Active)),
        ("one that expires later", any(), new(), held(expiring_at(2, after(1))), taken(TokenState::Active)),
        ("one that expires now", any(), new(), held(expiring_at(2, noon())), taken(TokenState::Expired)),
        ("one long expired", any(), new(), held(expiring_at(2, after(-9_999))), taken(TokenState::Expired)),
        ("a revoked token", any(), new(), held(revoked_at(2, noon())), Ok(())),
        ("one revoked in a future by another clock", any(), new(), held(revoked_at(2, after(60))), Ok(())),
        ("a rotated token in its grace", any(), new(), held(rotated_to(2, 1, after(60))), Ok(())),
        ("a rotated token after it", any(), new(), held(rotated_to(2, 1, after(-60))), Ok(())),
        ("another owner's token", any(), new(), held(with(record(2), |held| held.owner = other_owner())), Ok(())),
    ]);
}

/// Failures 34: no case folding, no normalisation.
#[test]
fn names_are_compared_byte_by_byte() {
    for (new, held) in [("Sync", "sync"), ("caf\u{e9}", "cafe\u{301}"), ("sync", "\u{ff53}ync"), ("sync", "syn\u{441}")]
    {
        let new = with(record(9), |record| record.name = name(new));
        check([(held, policy(|_| ()), new, vec![with(record(1), |record| record.name = name(held))], Ok(()))]);
    }
}

#[test]
fn the_limit_counts_current_unexpired_tokens() {
    let limit = |max: Option<u32>| policy(|policy| policy.max_active = max);
    let reached = |max| Err(ChangeRefused::LimitReached { max });
    let beside = |other: TokenRecord| vec![record(1), other];
    let foreign = with(record(2), |record| record.owner = other_owner());
    let many = || (1..=150).map(|number| record(number + 100)).collect::<Vec<_>>();
    check([
        ("one below", limit(Some(2)), record(9), vec![record(1)], Ok(())),
        ("full", limit(Some(2)), record(9), beside(record(2)), reached(2)),
        ("over, since the limit was lowered", limit(Some(1)), record(9), beside(record(2)), reached(1)),
        ("expires later", limit(Some(2)), record(9), beside(expiring_at(2, after_micros(1))), reached(2)),
        ("expires now", limit(Some(2)), record(9), beside(expiring_at(2, noon())), Ok(())),
        ("revoked", limit(Some(2)), record(9), beside(revoked_at(2, noon())), Ok(())),
        ("rotated, in its grace", limit(Some(2)), record(9), beside(rotated_to(2, 1, after(60))), Ok(())),
        ("another owner's", limit(Some(2)), record(9), beside(foreign), Ok(())),
        ("no limit", limit(None), record(9), many(), Ok(())),
        ("the default of 100", policy(|_| ()), record(9), many(), reached(100)),
        ("none allowed", limit(Some(0)), record(9), vec![], reached(0)),
        ("the largest limit", limit(Some(u32::MAX)), record(9), many(), Ok(())),
    ]);
}

/// Failures 14 and 16: the boundary itself, and the ends of time.
#[test]
fn the_expiry_lies_ahead_and_within_the_longest_life() {
    let hour = Some(Duration::HOUR);
    let longest = |max: Option<Duration>| policy(|policy| policy.max_lifetime = max);
    let until = |expiry: Timestamp| expiring_at(9, expiry);
    let past = |expiry| Err(ChangeRefused::ExpiryInPast { expiry });
    let long = |max| Err(ChangeRefused::LifetimeTooLong { max });
    let issued =
        |at: Timestamp, expiry: Timestamp| with(until(expiry), |record| (record.created, record.expiry_set) = (at, at));
    let (first, last) = (Timestamp::MIN, Timestamp::MAX);
    check([
        ("now", longest(None), until(noon()), vec![], past(noon())),
        ("now, where a life has a limit", longest(hour), until(noon()), vec![], past(noon())),
        ("before now", longest(None), until(after_micros(-1)), vec![], past(after_micros(-1))),
        ("the first instant", longest(None), until(first), vec![], past(first)),
        ("the next instant", longest(None), until(after_micros(1)), vec![], Ok(())),
        ("the last instant", longest(None), until(last), vec![], Ok(())),
        ("exactly the longest life", longest(hour), until(after(3_600)), vec![], Ok(())),
        ("a microsecond over it", longest(hour), until(after_micros(3_600_000_001)), vec![], long(Duration::HOUR)),
        ("the last instant, limited", longest(hour), until(last), vec![], long(Duration::HOUR)),
        ("the shortest of lives", longest(Some(MICRO)), until(after_micros(1)), vec![], Ok(())),
        ("a microsecond over that", longest(Some(MICRO)), until(after_micros(2)), vec![], long(MICRO)),
        ("a limit beyond time", longest(Some(Duration::MAX)), until(last), vec![], Ok(())),
        ("all of time", longest(Some(Duration::MAX)), issued(first, last), vec![], Ok(())),
        ("all of time, limited", longest(hour), issued(first, last), vec![], long(Duration::HOUR)),
        ("at the end of time", longest(None), issued(last, last), vec![], past(last)),
    ]);
}

/// Failures 17: no expiry is a choice, and the policy's to forbid.
#[test]
fn never_needs_the_policys_leave() {
    let allow =
        |never: bool, max: Option<Duration>| policy(|policy| (policy.allow_never, policy.max_lifetime) = (never, max));
    let hour = Some(Duration::HOUR);
    let last = with(record(9), |record| (record.created, record.expiry_set) = (Timestamp::MAX, Timestamp::MAX));
    check([
        ("allowed", allow(true, None), record(9), vec![], Ok(())),
        ("allowed beside a limit", allow(true, hour), record(9), vec![], Ok(())),
        ("allowed at the end of time", allow(true, None), last, vec![], Ok(())),
        ("forbidden", allow(false, None), record(9), vec![], Err(ChangeRefused::NeverNotAllowed { max: None })),
        (
            "forbidden by a limit",
            allow(false, hour),
            record(9),
            vec![],
            Err(ChangeRefused::NeverNotAllowed { max: hour }),
        ),
    ]);
}

/// No wildcard, no hierarchy, no folding: a scope is on the list, byte for byte, or it is not.
#[test]
fn scopes_come_from_the_hosts_list() {
    let list = ["products:read", "products:write", "a*"];
    let offers = |scopes: &[&str]| policy(|policy| policy.scopes = Scopes::new(scopes).unwrap());
    let asks = |scopes: &[&str]| with(record(9), |record| record.scopes = Scopes::new(scopes).unwrap());
    let unknown = |scope: &str, allowed: &[&str]| {
        let (scope, allowed) = (Scope::new(scope).unwrap(), Scopes::new(allowed).unwrap());
        Err(ChangeRefused::UnknownScope { scope, allowed })
    };
    check([
        ("none asked, none offered", offers(&[]), asks(&[]), vec![], Ok(())),
        ("none asked", offers(&list), asks(&[]), vec![], Ok(())),
        ("some asked", offers(&list), asks(&["products:write", "products:read"]), vec![], Ok(())),
        ("none offered", offers(&[]), asks(&["products:read"]), vec![], unknown("products:read", &[])),
        ("one of two", offers(&list), asks(&["products:read", "sell"]), vec![], unknown("sell", &list)),
    ]);
    for scope in
        ["products", "products:", "products:rea", "products:read2", "Products:read", "*", "a", "ab", "products:*"]
    {
        check([(scope, offers(&list), asks(&[scope]), vec![], unknown(scope, &list))]);
    }
}

/// What the asker can only mend by asking otherwise comes first, what others hold comes last.
#[test]
fn of_several_reasons_the_first_in_order_is_given() {
    let strict = policy(|policy| {
        policy.max_active = Some(1);
        policy.max_lifetime = Some(Duration::HOUR);
    });
    let held = [with(record(1), |record| record.name = name("token 9"))];
    let mut new = expiring_at(9, after(7_200));
    new.scopes = Scopes::new(["sell"]).unwrap();

    let mut reasons = Vec::new();
    let mut ask = |new: &TokenRecord, held: &[TokenRecord]| {
        reasons.push(decide(&Change::issue(new.clone(), Arc::clone(&strict)), held).unwrap_err());
    };
    ask(&new, &held);
    new.scopes = Scopes::none();
    ask(&new, &held);
    new.expiry = Expiry::At(after(60));
    ask(&new, &held);
    new.name = name("free");
    ask(&new, &held);
    assert!(
        matches!(
            reasons[..],
            [
                ChangeRefused::UnknownScope { .. },
                ChangeRefused::LifetimeTooLong { .. },
                ChangeRefused::NameTaken { .. },
                ChangeRefused::LimitReached { max: 1 },
            ]
        ),
        "{reasons:?}"
    );
}

/// A store that hands over too much, other owners' rows among it, changes nothing.
#[test]
fn another_owners_row_in_the_view_holds_no_name() {
    let change = Change::issue(record(9), policy(|_| ()));
    let foreign = with(record(1), |record| {
        record.owner = other_owner();
        record.name = name("token 9");
    });
    let view = personal_tokens::View { records: vec![foreign], active: 0 };
    assert!(change.decide(view).is_ok());
}
