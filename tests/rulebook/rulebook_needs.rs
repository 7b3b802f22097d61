//! What each change must see of its owner's records, and that it is gathered from any superset of them.
#![cfg(all(feature = "memory", feature = "testing"))]

use crate::common;

use std::sync::Arc;

use common::rulebook::{after, digest, expiring_at, name, policy, record, revoked_at, rotated_to, token_id, with};
use common::{noon, other_owner, owner};
use personal_tokens::{Change, Duration, Edit, Expiry, Policy, Successor, TokenName, TokenRecord};

fn limited(max: Option<u32>) -> Arc<Policy> {
    policy(|policy| policy.max_active = max)
}

fn update(edit: Edit, max: Option<u32>) -> Change {
    Change::update(owner(), token_id(1), edit, noon(), limited(max))
}

fn rename(to: &str) -> Edit {
    Edit { name: Some(name(to)), ..Edit::default() }
}

fn extend(expiry: Expiry) -> Edit {
    Edit { expiry: Some(expiry), ..Edit::default() }
}

fn rotate(max: Option<u32>) -> Change {
    let successor =
        Successor { id: token_id(2), digest: digest(2), created_by: None, expiry: None, grace: Duration::ZERO };
    Change::rotate(owner(), token_id(1), successor, noon(), limited(max))
}

#[test]
fn each_change_says_what_it_must_see() {
    let (sync, one) = (name("sync"), Some(token_id(1)));
    let named = |number| with(record(number), |record| record.name = name("sync"));
    type Row<'a> = (&'a str, Change, Option<personal_tokens::TokenId>, Option<&'a TokenName>, u32, bool);
    let table: [Row<'_>; 12] = [
        ("issue", Change::issue(named(1), limited(Some(7))), None, Some(&sync), 7, false),
        ("issue without a limit", Change::issue(named(1), limited(None)), None, Some(&sync), 0, false),
        ("issue where none is allowed", Change::issue(named(1), limited(Some(0))), None, Some(&sync), 0, false),
        ("an edit of nothing", update(Edit::default(), Some(7)), one, None, 0, false),
        ("rename", update(rename("sync"), Some(7)), one, Some(&sync), 0, false),
        ("extend", update(extend(Expiry::Never), Some(7)), one, None, 7, false),
        ("extend without a limit", update(extend(Expiry::Never), None), one, None, 0, false),
        ("rotate", rotate(Some(7)), one, None, 7, false),
        ("rotate without a limit", rotate(None), one, None, 0, false),
        ("revoke", Change::revoke(owner(), token_id(1), noon()), one, None, 0, false),
        ("revoke all", Change::revoke_all(owner(), noon()), None, None, 0, true),
        ("the largest limit", Change::issue(named(1), limited(Some(u32::MAX))), None, Some(&sync), u32::MAX, false),
    ];
    for (what, change, target, name, count_to, all) in table {
        let needs = change.needs();
        assert_eq!((needs.owner, needs.at), (&owner(), noon()), "{what}");
        assert_eq!((change.owner(), change.at()), (&owner(), noon()), "{what}");
        assert_eq!((needs.target, needs.name, needs.count_to, needs.all), (target, name, count_to, all), "{what}");
    }
}

/// Every state that a record can be in, each under its own number; 21 to 28 are another owner's.
fn everything() -> Vec<TokenRecord> {
    let ours = [
        rotated_to(1, 2, after(60)),
        with(record(2), |record| record.predecessor = Some(token_id(1))),
        expiring_at(3, after(60)),
        expiring_at(4, noon()),
        revoked_at(5, noon()),
        rotated_to(6, 5, after(60)),
        rotated_to(7, 3, noon()),
        with(rotated_to(8, 3, after(60)), |record| record.revoked = Some(noon())),
    ];
    let theirs = ours.clone().map(|mut record| {
        record.owner = other_owner();
        let mut bytes = *record.id.as_bytes();
        bytes[0] += 20;
        record.id = personal_tokens::TokenId::from_bytes(bytes);
        record
    });
    ours.into_iter().chain(theirs).collect()
}

fn gathered(change: &Change) -> (Vec<u8>, u32) {
    let view = change.needs().gather(everything());
    (view.records.iter().map(|record| record.id.as_bytes()[0]).collect(), view.active)
}

#[test]
fn the_target_comes_with_the_token_that_it_replaced() {
    assert_eq!(gathered(&Change::revoke(owner(), token_id(2), noon())), (vec![1, 2], 0));
    assert_eq!(gathered(&Change::revoke(owner(), token_id(4), noon())), (vec![4], 0));
    assert_eq!(gathered(&Change::revoke(owner(), token_id(21), noon())), (vec![], 0), "another owner's");
}

#[test]
fn a_name_comes_with_its_current_holder_only() {
    let ask = |number: u32| {
        let named = with(record(99), |new| new.name = name(&format!("token {number}")));
        gathered(&Change::issue(named, limited(None))).0
    };
    assert_eq!(ask(3), [3]);
    assert_eq!(ask(4), [4], "expired, so current");
    for ended in [1, 5, 6, 7, 8] {
        assert!(ask(ended).is_empty(), "{ended}");
    }
}

#[test]
fn the_count_stops_at_the_limit() {
    // 2 and 3 are current and unexpired.
    for (limit, counted) in [(None, 0), (Some(0), 0), (Some(1), 1), (Some(2), 2), (Some(3), 2), (Some(u32::MAX), 2)] {
        assert_eq!(gathered(&Change::issue(record(99), limited(limit))).1, counted, "{limit:?}");
    }
}

#[test]
fn revoke_all_sees_what_is_or_could_become_active() {
    assert_eq!(gathered(&Change::revoke_all(owner(), noon())), (vec![1, 2, 3, 4, 6], 0));
}
