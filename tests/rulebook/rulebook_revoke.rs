//! The rulebook on revoking: final, idempotent, in any state, and with the end of the predecessor's grace.
#![cfg(all(feature = "memory", feature = "testing"))]

use crate::common;

use common::rulebook::{after, decide, expiring_at, record, revoked_at, rotated_before, rotated_to, token_id, with};
use common::{noon, other_owner, owner};
use personal_tokens::{Change, ChangeRefused, Expiry, Rotated, TokenRecord, View};

fn revoke() -> Change {
    Change::revoke(owner(), token_id(1), noon())
}

#[test]
fn a_token_in_any_state_is_revoked_now() {
    let states = [
        ("active", record(1)),
        ("active, with an end", expiring_at(1, after(60))),
        ("expired", expiring_at(1, after(-60))),
        ("rotated, in its grace", rotated_to(1, 3, after(60))),
        ("rotated, after it", rotated_to(1, 3, after(-60))),
    ];
    for (what, old) in states {
        let plan = decide(&revoke(), &[record(2), old.clone()]).unwrap();
        let new = with(old, |record| record.revoked = Some(noon()));
        assert_eq!(plan.update, std::slice::from_ref(&new), "{what}");
        assert_eq!(plan.insert, None, "{what}");
        assert_eq!(plan.changed.written, [new.id], "{what}");
        assert_eq!(plan.changed.record, Some(new), "{what}");
    }
}

/// RFC 7009 §2.2; failures 33.
#[test]
fn revoking_again_is_no_error_and_keeps_the_first_instant() {
    for first in [after(-60), noon(), after(60)] {
        let plan = decide(&revoke(), &[revoked_at(1, first)]).unwrap();
        assert_eq!(plan.update, []);
        assert_eq!(plan.changed.written, []);
        assert_eq!(plan.changed.record, Some(revoked_at(1, first)));
    }
}

#[test]
fn the_predecessors_grace_ends_in_the_same_step() {
    let ended = |older: &TokenRecord| {
        let cut = |older: &mut TokenRecord| older.rotated = older.rotated.map(|r| Rotated { grace_ends: r.at, ..r });
        with(older.clone(), cut)
    };
    let in_grace = rotated_to(5, 1, after(60));
    let expired = with(in_grace.clone(), |record| record.expiry = Expiry::At(noon()));
    let run_out = rotated_before(5, 1, after(-60));
    let table = [
        ("in its grace", in_grace.clone(), vec![ended(&in_grace)]),
        ("its grace over this instant", rotated_to(5, 1, noon()), vec![]),
        ("its grace over", rotated_to(5, 1, after(-60)), vec![]),
        ("revoked", with(in_grace.clone(), |record| record.revoked = Some(noon())), vec![]),
        // A clock that goes back opens neither of these again.
        ("expired", expired.clone(), vec![ended(&expired)]),
        ("its grace run out", run_out.clone(), vec![ended(&run_out)]),
        ("another lineage's", rotated_to(5, 2, after(60)), vec![]),
        ("another owner's", with(in_grace.clone(), |record| record.owner = other_owner()), vec![]),
    ];
    for (what, older, expected) in table {
        let view = || View { records: vec![older.clone(), record(1)], active: 0 };
        let plan = revoke().decide(view()).unwrap();
        assert_eq!(plan.update[0], revoked_at(1, noon()), "{what}");
        assert_eq!(plan.update[1..], expected, "{what}");
        assert_eq!(plan.changed.record, Some(revoked_at(1, noon())), "{what}");
        assert_eq!(plan.changed.written.len(), plan.update.len(), "{what}");
    }
    // Also where the token itself was revoked before.
    let plan = decide(&revoke(), &[in_grace.clone(), revoked_at(1, after(-9))]).unwrap();
    assert_eq!(plan.update, [ended(&in_grace)]);
    assert_eq!(plan.changed.written, [in_grace.id]);
}

/// Whoever revokes the token in its grace keeps the one that replaced it.
#[test]
fn the_successor_lives_on() {
    let successor = with(record(3), |record| record.predecessor = Some(token_id(1)));
    let plan = decide(&revoke(), &[rotated_to(1, 3, after(60)), successor]).unwrap();
    assert_eq!(plan.changed.written, [token_id(1)]);
}

#[test]
fn no_token_and_another_owners_token_are_the_same_answer() {
    let foreign = with(record(1), |record| record.owner = other_owner());
    assert_eq!(decide(&revoke(), &[]), Err(ChangeRefused::NotFound));
    assert_eq!(decide(&revoke(), &[record(2)]), Err(ChangeRefused::NotFound));
    assert_eq!(revoke().decide(View { records: vec![foreign], active: 0 }), Err(ChangeRefused::NotFound));
}
