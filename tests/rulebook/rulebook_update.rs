//! The rulebook on edits: rename, other scopes, another expiry; what they leave alone, and each refusal.
#![cfg(all(feature = "memory", feature = "testing"))]

use crate::common;

use std::sync::Arc;

use common::rulebook::{
    after, after_micros, decide, expiring_at, name, policy, record, revoked_at, rotated_to, token_id, with,
};
use common::{noon, other_owner, owner};
use personal_tokens::{
    Actor, Change, ChangeRefused, Duration, Edit, Expiry, Policy, Scope, Scopes, Timestamp, TokenRecord, TokenState,
    View,
};

type Answer = Result<Box<dyn Fn(&mut TokenRecord)>, ChangeRefused>;
/// What it is about, the policy, the token, the owner's others, the edit at noon, and what becomes of it.
type Row = (&'static str, Arc<Policy>, TokenRecord, Vec<TokenRecord>, Edit, Answer);

fn becomes(differ: impl Fn(&mut TokenRecord) + 'static) -> Answer {
    Ok(Box::new(differ))
}

fn stays() -> Answer {
    becomes(|_| ())
}

fn lives_until(expiry: Expiry) -> Answer {
    becomes(move |record| (record.expiry, record.expiry_set) = (expiry, noon()))
}

fn rename(to: &str) -> Edit {
    Edit { name: Some(name(to)), ..Edit::default() }
}

fn rescope(scopes: &[&str]) -> Edit {
    Edit { scopes: Some(Scopes::new(scopes).unwrap()), ..Edit::default() }
}

fn expire(expiry: impl Into<Expiry>) -> Edit {
    Edit { expiry: Some(expiry.into()), ..Edit::default() }
}

fn any() -> Arc<Policy> {
    policy(|policy| policy.scopes = Scopes::new(["products:read", "products:write"]).unwrap())
}

/// A token with every field set, issued a day ago for two days.
fn full() -> TokenRecord {
    with(expiring_at(1, after(86_400)), |record| {
        record.created = after(-86_400);
        record.expiry_set = after(-86_400);
        record.scopes = Scopes::new(["products:read"]).unwrap();
        record.created_by = Some(Actor::new("ann").unwrap());
        record.last_used = Some(after(-60));
        record.noticed = Some(after(-30));
        record.predecessor = Some(token_id(77));
    })
}

fn expired() -> TokenRecord {
    with(full(), |record| record.expiry = Expiry::At(after(-1)))
}

fn check(table: impl IntoIterator<Item = Row>) {
    for (what, policy, old, others, edit, expected) in table {
        let change = Change::update(owner(), old.id, edit, noon(), policy);
        let records: Vec<_> = others.into_iter().chain([old.clone()]).collect();
        let answer = decide(&change, &records);
        match expected {
            Err(refused) => assert_eq!(answer, Err(refused), "{what}"),
            Ok(differ) => {
                let new = with(old.clone(), differ);
                let plan = answer.unwrap_or_else(|refused| panic!("{what}: {refused}"));
                // An edit that changes nothing writes nothing.
                let update = if new == old { vec![] } else { vec![new.clone()] };
                assert_eq!(plan.changed.written, update.iter().map(|record| record.id).collect::<Vec<_>>(), "{what}");
                assert_eq!(plan.update, update, "{what}");
                assert_eq!(plan.insert, None, "{what}");
                assert_eq!(plan.changed.record, Some(new), "{what}");
            }
        }
    }
}

#[test]
fn an_edit_sets_what_it_names_and_leaves_the_rest() {
    let write = Scopes::new(["products:write"]).unwrap();
    let all = Edit { name: Some(name("till")), scopes: Some(write.clone()), expiry: Some(Expiry::Never) };
    check([
        ("nothing", any(), full(), vec![], Edit::default(), stays()),
        ("a name", any(), full(), vec![], rename("till"), becomes(|record| record.name = name("till"))),
        ("scopes", any(), full(), vec![], rescope(&["products:write"]), {
            let write = write.clone();
            becomes(move |record| record.scopes = write.clone())
        }),
        ("no scopes", any(), full(), vec![], rescope(&[]), becomes(|record| record.scopes = Scopes::none())),
        ("later", any(), full(), vec![], expire(after(172_800)), lives_until(Expiry::At(after(172_800)))),
        ("earlier", any(), full(), vec![], expire(after(1)), lives_until(Expiry::At(after(1)))),
        ("never", any(), full(), vec![], expire(Expiry::Never), lives_until(Expiry::Never)),
        ("all at once", any(), full(), vec![], all, {
            becomes(move |record| {
                (record.name, record.scopes) = (name("till"), write.clone());
                (record.expiry, record.expiry_set) = (Expiry::Never, noon());
            })
        }),
        (
            "a rename of an expired one",
            any(),
            expired(),
            vec![],
            rename("till"),
            becomes(|record| record.name = name("till")),
        ),
    ]);
}

/// A page that sends all fields back gives the token no new span to be inherited by a rotation.
#[test]
fn saving_what_stands_there_already_writes_nothing() {
    let same = Edit { name: Some(full().name), scopes: Some(full().scopes), expiry: Some(full().expiry) };
    check([
        ("everything", any(), full(), vec![], same, stays()),
        ("never again", any(), record(1), vec![], expire(Expiry::Never), stays()),
    ]);
}

#[test]
fn a_name_of_another_current_token_is_refused() {
    let taken = |state| Err(ChangeRefused::NameTaken { holder: token_id(2), state });
    let renamed = || becomes(|record| record.name = name("token 2"));
    let foreign = with(record(2), |record| record.owner = other_owner());
    check([
        ("its own", any(), full(), vec![record(2)], rename("token 1"), stays()),
        ("an active one's", any(), full(), vec![record(2)], rename("token 2"), taken(TokenState::Active)),
        (
            "an expired one's",
            any(),
            full(),
            vec![expiring_at(2, noon())],
            rename("token 2"),
            taken(TokenState::Expired),
        ),
        ("a revoked one's", any(), full(), vec![revoked_at(2, noon())], rename("token 2"), renamed()),
        ("one's in its grace", any(), full(), vec![rotated_to(2, 3, after(9))], rename("token 2"), renamed()),
        ("another owner's", any(), full(), vec![foreign], rename("token 2"), renamed()),
    ]);
}

/// Failures 14: at its very instant a token has expired, and an expiry is past.
#[test]
fn the_expiry_obeys_the_policy_of_the_moment() {
    let day = Duration::DAY;
    let longest = || policy(|policy| (policy.max_lifetime, policy.allow_never) = (Some(day), false));
    let past = |expiry| Err(ChangeRefused::ExpiryInPast { expiry });
    let long = || Err(ChangeRefused::LifetimeTooLong { max: day });
    let bare = || with(full(), |record| record.scopes = Scopes::none());
    check([
        ("now", any(), full(), vec![], expire(noon()), past(noon())),
        ("a microsecond ago", any(), full(), vec![], expire(after_micros(-1)), past(after_micros(-1))),
        ("the first instant", any(), full(), vec![], expire(Timestamp::MIN), past(Timestamp::MIN)),
        (
            "a microsecond ahead",
            any(),
            full(),
            vec![],
            expire(after_micros(1)),
            lives_until(Expiry::At(after_micros(1))),
        ),
        ("the last instant", any(), full(), vec![], expire(Timestamp::MAX), lives_until(Expiry::At(Timestamp::MAX))),
        ("its own, passed", any(), expired(), vec![], expire(expired().expiry), past(after(-1))),
        ("the longest, from now and not from issue", longest(), bare(), vec![], expire(after(86_400)), stays()),
        ("a second less", longest(), bare(), vec![], expire(after(86_399)), lives_until(Expiry::At(after(86_399)))),
        ("a microsecond over", longest(), bare(), vec![], expire(after_micros(86_400_000_001)), long()),
        (
            "never, forbidden",
            longest(),
            bare(),
            vec![],
            expire(Expiry::Never),
            Err(ChangeRefused::NeverNotAllowed { max: Some(day) }),
        ),
        (
            "a rename of a token older than the policy",
            longest(),
            record(1),
            vec![],
            rename("till"),
            becomes(|record| record.name = name("till")),
        ),
    ]);
}

#[test]
fn reviving_an_expired_token_counts_and_other_edits_do_not() {
    let limit = |max| policy(|policy| policy.max_active = max);
    let bare = |token: TokenRecord| with(token, |record| record.scopes = Scopes::none());
    let reached = |max| Err(ChangeRefused::LimitReached { max });
    let revived = || lives_until(Expiry::At(after(60)));
    let now = || with(bare(full()), |record| record.expiry = Expiry::At(noon()));
    check([
        ("room", limit(Some(2)), bare(expired()), vec![record(2)], expire(after(60)), revived()),
        ("full", limit(Some(1)), bare(expired()), vec![record(2)], expire(after(60)), reached(1)),
        ("full, without end", limit(Some(1)), bare(expired()), vec![record(2)], expire(Expiry::Never), reached(1)),
        ("expired just now", limit(Some(1)), now(), vec![record(2)], expire(after(60)), reached(1)),
        ("none allowed", limit(Some(0)), bare(expired()), vec![], expire(after(60)), reached(0)),
        ("no limit", limit(None), bare(expired()), vec![record(2)], expire(after(60)), revived()),
        (
            "an active one at a lowered limit",
            limit(Some(1)),
            bare(full()),
            vec![record(2)],
            expire(after(60)),
            revived(),
        ),
        (
            "a rename of an expired one",
            limit(Some(0)),
            bare(expired()),
            vec![],
            rename("till"),
            becomes(|record| record.name = name("till")),
        ),
    ]);
}

#[test]
fn scopes_come_from_the_hosts_list_of_today() {
    let unknown =
        Err(ChangeRefused::UnknownScope { scope: Scope::new("sell").unwrap(), allowed: any().scopes.clone() });
    let older = || with(full(), |record| record.scopes = Scopes::new(["gone"]).unwrap());
    check([
        ("unknown", any(), full(), vec![], rescope(&["products:read", "sell"]), unknown),
        (
            "a rename keeps a scope no longer offered",
            any(),
            older(),
            vec![],
            rename("till"),
            becomes(|record| record.name = name("till")),
        ),
    ]);
}

/// Failures 33: revoked stays revoked, whatever is edited.
#[test]
fn what_ended_for_good_cannot_be_changed() {
    let ended = |state| Err(ChangeRefused::Ended(state));
    let both = with(rotated_to(1, 3, after(60)), |record| record.revoked = Some(noon()));
    for edit in [Edit::default(), rename("till"), rescope(&[]), expire(Expiry::Never), expire(noon())] {
        check([
            ("revoked", any(), revoked_at(1, after(-60)), vec![], edit.clone(), ended(TokenState::Revoked)),
            (
                "revoked later, by another clock",
                any(),
                revoked_at(1, after(60)),
                vec![],
                edit.clone(),
                ended(TokenState::Revoked),
            ),
            (
                "rotated, in its grace",
                any(),
                rotated_to(1, 3, after(60)),
                vec![],
                edit.clone(),
                ended(TokenState::Rotated),
            ),
            ("rotated, after it", any(), rotated_to(1, 3, noon()), vec![], edit.clone(), ended(TokenState::Rotated)),
            ("rotated and revoked", any(), both.clone(), vec![], edit, ended(TokenState::Revoked)),
        ]);
    }
}

#[test]
fn no_token_and_another_owners_token_are_the_same_answer() {
    let change = Change::update(owner(), token_id(1), rename("till"), noon(), any());
    let foreign = with(record(1), |record| record.owner = other_owner());
    assert_eq!(decide(&change, &[]), Err(ChangeRefused::NotFound));
    assert_eq!(decide(&change, &[record(2)]), Err(ChangeRefused::NotFound));
    // Also where a store hands the row over by mistake.
    assert_eq!(change.decide(View { records: vec![foreign], active: 0 }), Err(ChangeRefused::NotFound));
}

#[test]
fn of_several_reasons_the_first_in_order_is_given() {
    let strict = policy(|policy| (policy.max_active, policy.max_lifetime) = (Some(1), Some(Duration::HOUR)));
    let wrong = Edit {
        name: Some(name("token 2")),
        scopes: Some(Scopes::new(["sell"]).unwrap()),
        expiry: Some(Expiry::At(after(7_200))),
    };
    let records = |old: TokenRecord| [old, record(2)];
    let reason = |edit: &Edit, old| {
        decide(&Change::update(owner(), token_id(1), edit.clone(), noon(), Arc::clone(&strict)), &records(old))
            .unwrap_err()
    };
    assert_eq!(reason(&wrong, revoked_at(1, noon())), ChangeRefused::Ended(TokenState::Revoked));
    assert!(matches!(reason(&wrong, expired()), ChangeRefused::UnknownScope { .. }));
    let wrong = Edit { scopes: None, ..wrong };
    assert!(matches!(reason(&wrong, expired()), ChangeRefused::LifetimeTooLong { .. }));
    let wrong = Edit { expiry: Some(Expiry::At(after(60))), ..wrong };
    assert!(matches!(reason(&wrong, expired()), ChangeRefused::NameTaken { .. }));
    assert_eq!(reason(&expire(after(60)), expired()), ChangeRefused::LimitReached { max: 1 });
}
