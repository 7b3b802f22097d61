//! The rulebook on revoking all: whatever is or could become active, and nothing else.
#![cfg(all(feature = "memory", feature = "testing"))]

use crate::common;

use common::rulebook::{after, decide, expiring_at, record, revoked_at, rotated_to, with};
use common::{noon, other_owner, owner};
use personal_tokens::{Change, Expiry, TokenRecord, View};

#[test]
fn it_reaches_every_token_that_is_or_could_become_active() {
    let table = [
        ("active", record(1), true),
        ("active, with an end", expiring_at(1, after(60)), true),
        ("expired: it could be extended", expiring_at(1, after(-60)), true),
        ("rotated, in its grace", rotated_to(1, 3, after(60)), true),
        ("rotated, its grace over this instant", rotated_to(1, 3, noon()), false),
        ("rotated, expired", with(rotated_to(1, 3, after(60)), |record| record.expiry = Expiry::At(noon())), false),
        ("revoked", revoked_at(1, after(-60)), false),
        ("revoked later, by another clock", revoked_at(1, after(60)), false),
        ("revoked in its grace", with(rotated_to(1, 3, after(60)), |record| record.revoked = Some(after(-9))), false),
        ("another owner's", with(record(1), |record| record.owner = other_owner()), false),
    ];
    for (what, old, reached) in table {
        // Handed over by a store that hands over too much.
        let plan = Change::revoke_all(owner(), noon()).decide(View { records: vec![old.clone()], active: 0 }).unwrap();
        let expected: Vec<TokenRecord> =
            reached.then(|| with(old, |record| record.revoked = Some(noon()))).into_iter().collect();
        assert_eq!(plan.changed.written, expected.iter().map(|record| record.id).collect::<Vec<_>>(), "{what}");
        assert_eq!(plan.update, expected, "{what}");
        assert_eq!((plan.insert, plan.changed.record), (None, None), "{what}");
    }
}

#[test]
fn it_reaches_all_of_them_at_once_and_none_a_second_time() {
    let records: Vec<_> = (1..=150).map(record).collect();
    let first = decide(&Change::revoke_all(owner(), noon()), &records).unwrap();
    assert_eq!(first.update.len(), 150);
    let second = decide(&Change::revoke_all(owner(), after(1)), &first.update).unwrap();
    assert_eq!(second.update, []);
}

#[test]
fn an_owner_without_tokens_has_none_to_revoke() {
    let plan = decide(&Change::revoke_all(owner(), noon()), &[]).unwrap();
    assert_eq!(plan.changed.written, []);
}
