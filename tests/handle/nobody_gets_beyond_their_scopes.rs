//! Whatever a clerk asks for, in whatever order, between whatever an administrator does: no token beyond the clerk's
//! scopes is made, rotated, widened or prolonged by it, and only such a change is refused for that.
#![cfg(all(feature = "memory", feature = "testing"))]

use crate::common;

use std::sync::Arc;

use common::model::{Model, Planted};
use common::rulebook::{after, digest, name, policy, token_id};
use common::{cases, owner};
use personal_tokens::{
    Change, ChangeRefused, Duration, Edit, Expiry, Policy, Scopes, Successor, Timestamp, TokenRecord,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Ask {
    Issue { id: u32, scopes: u8, expiry: Option<i64> },
    Update { id: u32, renamed: bool, scopes: Option<u8>, expiry: Option<Option<i64>> },
    Rotate { id: u32, to: u32, expiry: Option<Option<i64>>, grace: i64 },
    Revoke { id: u32 },
    RevokeAll,
}

#[derive(Clone, Debug)]
struct Step {
    by_clerk: bool,
    passed: i64,
    ask: Ask,
}

const ALL: [&str; 3] = ["read", "write", "admin"];

/// Those whose bit is set.
fn set(bits: u8) -> Scopes {
    let chosen = ALL.iter().enumerate().filter(|(place, _)| bits & (1 << place) != 0);
    Scopes::new(chosen.map(|(_, scope)| scope)).unwrap()
}

/// Few ids and spans, so that they meet.
fn step() -> impl Strategy<Value = Step> {
    let (id, scopes, span) = (0..6_u32, 0..8_u8, 1..9_i64);
    let expiry = option::of(span);
    let ask = prop_oneof![
        4 => (id.clone(), scopes.clone(), expiry.clone()).prop_map(|(id, scopes, expiry)| Ask::Issue { id, scopes, expiry }),
        6 => (id.clone(), any::<bool>(), option::of(scopes), option::of(expiry.clone()))
            .prop_map(|(id, renamed, scopes, expiry)| Ask::Update { id, renamed, scopes, expiry }),
        4 => (id.clone(), 0..12_u32, option::of(expiry), 0..9_i64)
            .prop_map(|(id, to, expiry, grace)| Ask::Rotate { id, to, expiry, grace }),
        1 => id.prop_map(|id| Ask::Revoke { id }),
        1 => Just(Ask::RevokeAll),
    ];
    (any::<bool>(), 0..3_i64, ask).prop_map(|(by_clerk, passed, ask)| Step { by_clerk, passed, ask })
}

fn to_change(ask: &Ask, number: usize, at: Timestamp, policy: Arc<Policy>) -> Change {
    let expiry =
        |span: Option<i64>| span.map_or(Expiry::Never, |span| Expiry::At(at.saturating_add(Duration::seconds(span))));
    // Names never meet: they are not what this is about.
    let fresh = || name(&format!("name {number}"));
    match *ask {
        Ask::Issue { id, scopes, expiry: end } => {
            let mut new = TokenRecord::new(token_id(id), owner(), fresh(), digest(id), at);
            (new.scopes, new.expiry) = (set(scopes), expiry(end));
            Change::issue(new, policy)
        }
        Ask::Update { id, renamed, scopes, expiry: end } => {
            let edit = Edit { name: renamed.then(fresh), scopes: scopes.map(set), expiry: end.map(expiry) };
            Change::update(owner(), token_id(id), edit, at, policy)
        }
        Ask::Rotate { id, to, expiry: end, grace } => {
            let (expiry, grace) = (end.map(expiry), Duration::seconds(grace));
            let successor = Successor { id: token_id(to), digest: digest(to), created_by: None, expiry, grace };
            Change::rotate(owner(), token_id(id), successor, at, policy)
        }
        Ask::Revoke { id } => Change::revoke(owner(), token_id(id), at),
        Ask::RevokeAll => Change::revoke_all(owner(), at),
    }
}

/// Whether it gives something away beyond these scopes, told from what it did.
fn gives_beyond(grantable: &Scopes, before: &[TokenRecord], after: &[TokenRecord]) -> Option<String> {
    let beyond = |record: &&TokenRecord| !record.scopes.is_subset_of(grantable);
    after.iter().filter(beyond).find_map(|new| {
        let Some(old) = before.iter().find(|old| old.id == new.id) else {
            return Some(format!("{new:?} was made"));
        };
        let added = !new.scopes.is_subset_of(&old.scopes);
        let prolonged = new.expiry > old.expiry || new.revoked.is_none() && old.revoked.is_some();
        let rotated = match (old.rotated, new.rotated) {
            (None, None) => false,
            // A grace may be cut, and no more.
            (Some(old), Some(new)) => old.successor != new.successor || new.grace_ends > old.grace_ends,
            _ => true,
        };
        (added || prolonged || rotated).then(|| format!("{new:?} was {old:?}"))
    })
}

proptest! {
    #![proptest_config(cases(2_000))]

    #[test]
    fn a_clerk_gets_nothing_beyond_their_scopes(grantable in 0..8_u8, history in vec(step(), 1..24)) {
        let grantable = set(grantable);
        let offers = policy(|policy| {
            policy.scopes = set(7);
            policy.max_active = None;
        });
        let (mut model, mut now) = (Model::new(Planted::Nothing), 0);
        for (number, step) in history.iter().enumerate() {
            now += step.passed;
            let before = model.records.clone();
            let change = to_change(&step.ask, number, after(now), Arc::clone(&offers));
            if !step.by_clerk {
                let _ = model.change(&change);
                continue;
            }
            let answer = model.change(&change.clone().granting(grantable.clone()));
            prop_assert_eq!(gives_beyond(&grantable, &before, &model.records), None, "{:?}", step);
            if matches!(answer, Err(ChangeRefused::NotGrantable { .. })) {
                prop_assert_eq!(&model.records, &before);
                // Somebody without limits would have given something away by it.
                let mut free = Model { records: before.clone(), planted: Planted::Nothing };
                // The id of the new one may be taken, which is seen later.
                if free.change(&change).is_ok() {
                    prop_assert!(gives_beyond(&grantable, &before, &free.records).is_some(), "{:?}", step);
                }
            }
        }
    }
}
