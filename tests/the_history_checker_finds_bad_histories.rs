//! The checker behind `fleet_keeps_one_truth.rs` passes what a truth explains, and finds each kind of what none does.

#![cfg(all(feature = "memory", feature = "testing"))]

mod common;

use common::history::{Deed, Event, Outcome, State, Wrong, check};
use common::truthful::{
    Ask, BOUND, OWNER, Verb, ask, at, issue, kept, named, rename, revoke, revoke_all, rotate, rotate_and, see, truthful,
};
use proptest::prelude::*;

use Outcome::{Acknowledged, Ended, NotFound, Unknown};
use State::{Absent, Active, Revoked, Rotated};

/// After a token `a` was issued between 10 and 20 by node 0.
fn judged(events: Vec<Event>) -> Vec<Wrong> {
    let events: Vec<_> = std::iter::once(at(0, 10, 20, issue("a"))).chain(events).collect();
    check(&events, BOUND).into_iter().map(|(wrong, _)| wrong).collect()
}

#[test]
fn each_kind_of_bad_history_is_found() {
    let revoked = || at(0, 30, 40, revoke("a", Acknowledged));
    let rotated = || at(0, 30, 40, rotate("a", "a-0", "b", 500));
    let renamed = |node, start, name| at(node, start, start + 10, rename("a", name, Acknowledged));
    let table: Vec<(&str, Wrong, Vec<Event>)> = vec![
        ("accepted on the revoking node", Wrong::AcceptedAfterItsEnd, vec![revoked(), at(0, 41, 42, see("a", Active))]),
        ("beyond the bound elsewhere", Wrong::AcceptedAfterItsEnd, vec![revoked(), at(1, 141, 142, see("a", Active))]),
        ("kept as active", Wrong::AcceptedAfterItsEnd, vec![revoked(), at(1, 41, 42, kept("a", Active, "a-0"))]),
        (
            "accepted after all were revoked",
            Wrong::AcceptedAfterItsEnd,
            vec![at(0, 30, 40, revoke_all(Acknowledged)), at(1, 141, 142, see("a", Active))],
        ),
        (
            "accepted long after it was seen revoked",
            Wrong::AcceptedAfterItsEnd,
            vec![
                at(0, 30, None, revoke("a", Unknown)),
                at(1, 50, 60, see("a", Revoked)),
                at(2, 161, 162, see("a", Active)),
            ],
        ),
        ("accepted after its grace", Wrong::AcceptedAfterItsEnd, vec![rotated(), at(1, 501, 502, see("a", Active))]),
        (
            "accepted though its successor was revoked",
            Wrong::AcceptedAfterItsEnd,
            vec![rotated(), at(0, 50, 60, revoke("b", Acknowledged)), at(0, 61, 62, see("a", Active))],
        ),
        (
            "a second grace in one lineage",
            Wrong::AcceptedAfterItsEnd,
            vec![rotated(), at(0, 50, 60, rotate("b", "a-0", "c", 900)), at(0, 61, 62, see("a", Active))],
        ),
        (
            "a successor outlives revoke all",
            Wrong::AcceptedAfterItsEnd,
            vec![rotated(), at(0, 50, 60, revoke_all(Acknowledged)), at(0, 61, 62, see("b", Active))],
        ),
        ("unknown to another node", Wrong::Lost, vec![at(1, 21, 22, see("a", Absent))]),
        ("gone from the database", Wrong::Lost, vec![at(1, 21, 22, kept("a", Absent, "a-0"))]),
        ("not found by a change", Wrong::Lost, vec![at(1, 21, 22, rename("a", "a-1", NotFound))]),
        ("not found by a revoke", Wrong::Lost, vec![at(1, 21, 22, revoke("a", NotFound))]),
        ("a successor lost", Wrong::Lost, vec![rotated(), at(1, 41, 42, see("b", Absent))]),
        ("renamed back", Wrong::WentBack, vec![renamed(0, 30, "a-1"), at(0, 41, 42, named("a", "a-0"))]),
        ("renamed back elsewhere", Wrong::WentBack, vec![renamed(0, 30, "a-1"), at(1, 141, 142, named("a", "a-0"))]),
        (
            "of two names the older",
            Wrong::WentBack,
            vec![renamed(0, 30, "a-1"), renamed(1, 50, "a-2"), at(2, 161, 162, named("a", "a-1"))],
        ),
        ("an edit lost", Wrong::WentBack, vec![renamed(0, 30, "a-1"), at(1, 41, 42, kept("a", Active, "a-0"))]),
        (
            "an edit of unknown outcome that was seen, and lost",
            Wrong::WentBack,
            vec![
                at(0, 30, None, rename("a", "a-1", Unknown)),
                at(1, 50, 60, named("a", "a-1")),
                at(1, 61, 62, kept("a", Active, "a-0")),
            ],
        ),
        (
            "rotated from a name that it has no more",
            Wrong::WentBack,
            vec![renamed(0, 30, "a-1"), at(1, 50, 60, rotate("a", "a-0", "b", 500))],
        ),
        ("a name from nowhere", Wrong::FromNowhere, vec![at(1, 21, 22, named("a", "a-9"))]),
        (
            "a name before it was given",
            Wrong::FromNowhere,
            vec![at(1, 21, 22, named("a", "a-1")), renamed(0, 30, "a-1")],
        ),
        ("accepted before it was made", Wrong::FromNowhere, vec![at(1, 1, 2, see("a", Active))]),
        ("a token from nowhere", Wrong::FromNowhere, vec![at(1, 21, 22, kept("z", Active, "z-0"))]),
        ("revoked by nobody", Wrong::EndedByNobody, vec![at(1, 21, 22, see("a", Revoked))]),
        ("revoked too soon", Wrong::EndedByNobody, vec![at(1, 21, 22, see("a", Revoked)), revoked()]),
        ("its grace cut by nobody", Wrong::EndedByNobody, vec![rotated(), at(0, 50, 60, see("a", Rotated))]),
        ("refused as ended by nobody", Wrong::EndedByNobody, vec![at(1, 21, 22, rename("a", "a-1", Ended))]),
        ("renamed though revoked", Wrong::ChangedAfterItsEnd, vec![revoked(), renamed(1, 41, "a-1")]),
        ("renamed in its grace", Wrong::ChangedAfterItsEnd, vec![rotated(), renamed(1, 41, "a-1")]),
        (
            "rotated though revoked",
            Wrong::ChangedAfterItsEnd,
            vec![revoked(), at(1, 41, 50, rotate("a", "a-0", "b", 500))],
        ),
        ("rotated by two at once", Wrong::RotatedTwice, vec![rotated(), at(1, 30, 40, rotate("a", "a-0", "c", 500))]),
    ];
    for (case, wrong, events) in table {
        let found = judged(events);
        assert!(found.contains(&wrong), "{case}: {found:?}");
    }
}

#[test]
fn what_is_merely_late_or_unknown_passes() {
    let revoked = || at(0, 30, 40, revoke("a", Acknowledged));
    let table: Vec<(&str, Vec<Event>)> = vec![
        ("elsewhere within the bound", vec![revoked(), at(1, 140, 150, see("a", Active))]),
        ("begun before the revoke had returned", vec![revoked(), at(0, 40, 90, see("a", Active))]),
        ("a revoke of unknown outcome", vec![at(0, 30, None, revoke("a", Unknown)), at(0, 900, 901, see("a", Active))]),
        ("and done later", vec![at(0, 30, None, revoke("a", Unknown)), at(0, 900, 901, see("a", Revoked))]),
        (
            "a revoke not done",
            vec![at(0, 30, 40, revoke("a", Unknown)), at(0, 41, 42, rename("a", "a-1", Acknowledged))],
        ),
        (
            "made while all were revoked",
            vec![
                at(1, 15, 30, revoke_all(Acknowledged)),
                at(1, 31, 32, see("a", Active)),
                at(1, 33, 34, see("a", Active)),
            ],
        ),
        (
            "made while all were revoked, and revoked",
            vec![at(1, 15, 30, revoke_all(Acknowledged)), at(1, 31, 32, see("a", Revoked))],
        ),
        (
            "in its grace",
            vec![
                at(0, 30, 40, rotate("a", "a-0", "b", 500)),
                at(0, 499, 510, see("a", Active)),
                at(0, 510, 511, see("a", Rotated)),
            ],
        ),
        (
            "an older name within the bound",
            vec![at(0, 30, 40, rename("a", "a-1", Acknowledged)), at(1, 140, 141, named("a", "a-0"))],
        ),
        (
            "either of two names that were given at once",
            vec![
                at(0, 30, 40, rename("a", "a-1", Acknowledged)),
                at(1, 35, 45, rename("a", "a-2", Acknowledged)),
                at(2, 900, 901, kept("a", Active, "a-1")),
            ],
        ),
        (
            "tokens whose makers heard no answer",
            vec![
                at(0, 30, None, Deed::Issue { owner: OWNER.into(), name: "b-0".into(), id: None }),
                at(0, 30, None, rotate_and("a", Unknown)),
                at(1, 50, 51, kept("b", Active, "b-0")),
                at(1, 52, 53, kept("c", Active, "a-0")),
                at(1, 54, 55, see("a", Rotated)),
            ],
        ),
        ("refused, as it had ended", vec![revoked(), at(1, 50, 51, rotate_and("a", Ended))]),
    ];
    for (case, events) in table {
        assert_eq!(judged(events), [], "{case}");
    }
}

proptest! {
    #[test]
    fn what_a_truthful_fleet_does_passes(asks in prop::collection::vec(ask(), 1..120)) {
        let found = check(&truthful(&asks), BOUND);
        prop_assert!(found.is_empty(), "{}", found[0].1);
    }

    #[test]
    fn one_lie_in_a_truthful_history_is_found(
        asks in prop::collection::vec(ask(), 1..120),
        (first, last) in (ask(), ask()),
        which in any::<prop::sample::Index>(),
        elsewhere in any::<bool>(),
    ) {
        let asked = |verb, mut ask: Ask| {
            (ask.verb, ask.heard) = (verb, true);
            ask
        };
        let asks: Vec<Ask> = [asked(Verb::Issue, first)].into_iter().chain(asks).chain([asked(Verb::Revoke, last)]).collect();
        let mut events = truthful(&asks);
        let revoked = |event: &Event| match &event.deed {
            Deed::Revoke { id, outcome: Acknowledged } => Some((event.node, event.end?, id.clone())),
            _ => None,
        };
        let revoked: Vec<_> = events.iter().filter_map(revoked).collect();
        let (node, end, id) = which.get(&revoked);
        let (node, start) = if elsewhere { (node + 1, end + BOUND + 1) } else { (*node, end + 1) };
        events.push(at(node, start, start + 1, see(id, Active)));
        let found = check(&events, BOUND);
        prop_assert!(found.iter().any(|(wrong, _)| *wrong == Wrong::AcceptedAfterItsEnd));
    }
}
