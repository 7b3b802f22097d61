//! `MemoryStore` answers as the simplest store there can be, whether an owner has few tokens, which it looks through,
//! or many, which it keeps indexes of.
#![cfg(all(feature = "memory", feature = "testing"))]

use crate::common;

use std::sync::Arc;

use common::model::{Model, Planted};
use common::random::split_mix;
use common::rulebook::{after, digest, name, policy, record, token_id, with};
use common::{now, owner};
use personal_tokens::store::{Cursor, ListQuery, MemoryStore, TokenStore};
use personal_tokens::{Change, ChangeError, ChangeRefused, Changed, Duration, Edit, Expiry, Policy, Successor};

/// More than an owner may have for the store to look through them.
const MANY: u64 = 150;

/// Two of three begin and end alike, and four bytes are the shortest.
fn a_name(random: u64) -> String {
    let number = random % MANY;
    match number % 3 {
        0 => format!("sync {number:03} sync"),
        1 => format!("sync {number:03}: the same end"),
        _ => format!("{number}"),
    }
}

fn a_change(number: u32, random: &mut impl FnMut() -> u64, seconds: i64, limit: &Arc<Policy>) -> Change {
    let at = after(seconds);
    let id = token_id((random() % u64::from(number + 1)) as u32);
    let expiry = if random().is_multiple_of(2) {
        Expiry::Never
    } else {
        Expiry::At(after(seconds + 1 + (random() % 600) as i64))
    };
    match random() % 20 {
        0 => Change::revoke(owner(), id, at),
        1 => {
            let (id, digest) = (token_id(number), digest(number));
            let successor = Successor { id, digest, created_by: None, expiry: None, grace: Duration::MINUTE };
            Change::rotate(
                owner(),
                token_id((random() % u64::from(number + 1)) as u32),
                successor,
                at,
                Arc::clone(limit),
            )
        }
        2 | 3 => {
            let edit = Edit { name: Some(name(&a_name(random()))), ..Edit::default() };
            Change::update(owner(), id, edit, at, Arc::clone(limit))
        }
        4 | 5 => {
            let edit = Edit { expiry: Some(expiry), ..Edit::default() };
            Change::update(owner(), id, edit, at, Arc::clone(limit))
        }
        _ => {
            let token = with(record(number), |token| {
                token.name = name(&a_name(random()));
                (token.created, token.expiry_set, token.expiry) = (at, at, expiry);
            });
            Change::issue(token, Arc::clone(limit))
        }
    }
}

fn outcome(answer: Result<Changed, ChangeError>) -> Result<Changed, ChangeRefused> {
    match answer {
        Ok(changed) => Ok(changed),
        Err(ChangeError::Refused(refused)) => Err(refused),
        Err(error) => panic!("{error:?}"),
    }
}

fn compare(store: &MemoryStore, model: &Model, query: &ListQuery, seconds: i64) -> usize {
    let listed = now(store.list(&owner(), query, after(seconds))).unwrap();
    assert_eq!(listed, model.list(&owner(), query, after(seconds)), "{query:?}");
    listed.len()
}

#[test]
fn few_or_many_it_does_as_a_list_does() {
    let mut most = 0;
    for (seed, max_active) in (0..12).zip([30, 90, 140].into_iter().cycle()) {
        let mut random = split_mix(seed);
        let limit = policy(|policy| policy.max_active = Some(max_active));
        let (store, mut model) = (MemoryStore::new(), Model::new(Planted::Nothing));
        let mut seconds = 1_000;
        for number in 0..500 {
            // Now and then the clock goes back.
            seconds += if random().is_multiple_of(50) { -200 } else { (random() % 3) as i64 };
            let change = a_change(number, &mut random, seconds, &limit);
            assert_eq!(outcome(now(store.change(&change))), model.change(&change), "{seed}, {number}: {change:?}");
            if random().is_multiple_of(60) {
                let at = (random() % 600) as i64;
                let mut gone = now(store.prune(after(seconds - at), u32::MAX)).unwrap();
                let mut expected = model.prune(after(seconds - at));
                gone.sort_by_key(|gone| gone.id);
                expected.sort_by_key(|gone| gone.id);
                assert_eq!(gone, expected, "{seed}, {number}");
            }
            assert_eq!(store.len(), model.records.len());
            let cursor = Cursor::new(after(seconds - (random() % 300) as i64), token_id(number / 2));
            compare(&store, &model, &ListQuery::active().after(cursor).limit(7), seconds);
            most = most.max(compare(&store, &model, &ListQuery::all().limit(1_000), seconds));
        }
        let (all, mut revoked) = (Change::revoke_all(owner(), after(seconds)), 0);
        let written = [now(store.change(&all)).unwrap(), model.change(&all).unwrap()].map(|mut changed| {
            changed.written.sort();
            revoked = changed.written.len();
            changed
        });
        assert_eq!(written[0], written[1]);
        assert!(revoked > 0 && compare(&store, &model, &ListQuery::active(), seconds) == 0);
    }
    assert!(most > 100, "an owner had {most} at most");
}
