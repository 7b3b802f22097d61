//! Whatever is asked in whatever order, the events that observers hear tell which tokens a store holds, and what became of
//! them.
#![cfg(all(feature = "memory", feature = "testing"))]

use crate::common;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use common::{block_on, cases, noon, other_owner, owner};
use personal_tokens::store::{ListQuery, MemoryStore};
use personal_tokens::{
    Duration, EventKind, ManualClock, NewToken, OwnerId, PersonalTokens, Rotation, Timestamp, TokenChange, TokenEvent,
    TokenId, TokenRecord,
};
use proptest::prelude::*;

#[derive(Clone, Copy, Debug)]
enum Ask {
    Issue { owner: usize, name: u8, hours: Option<u8> },
    Rename { token: usize, name: u8 },
    Rotate { token: usize, grace: u8 },
    Revoke { token: usize },
    RevokeAll { owner: usize },
    Prune,
    Wait { hours: u8 },
}

fn ask() -> impl Strategy<Value = Ask> {
    let (owner, token, name) = (|| 0..2_usize, || any::<usize>(), || 0..5_u8);
    prop_oneof![
        4 => (owner(), name(), proptest::option::of(1..30_u8)).prop_map(|(owner, name, hours)| Ask::Issue { owner, name, hours }),
        2 => (token(), name()).prop_map(|(token, name)| Ask::Rename { token, name }),
        4 => (token(), 0..30_u8).prop_map(|(token, grace)| Ask::Rotate { token, grace }),
        3 => token().prop_map(|token| Ask::Revoke { token }),
        1 => owner().prop_map(|owner| Ask::RevokeAll { owner }),
        1 => Just(Ask::Prune),
        2 => (1..30_u8).prop_map(|hours| Ask::Wait { hours }),
    ]
}

/// What an audit log tells of a token.
#[derive(Debug, PartialEq)]
struct Told {
    owner: OwnerId,
    revoked: Option<Timestamp>,
    successor: Option<TokenId>,
    grace_cut: bool,
}

/// All tokens that there are by the events, in which no token is issued twice or changes hands.
fn replay(events: &[TokenEvent]) -> BTreeMap<TokenId, Told> {
    let mut tokens = BTreeMap::new();
    let told = |owner: &OwnerId| Told { owner: owner.clone(), revoked: None, successor: None, grace_cut: false };
    for TokenEvent { kind, owner, id, at, .. } in events {
        match kind {
            EventKind::Issued => assert_eq!(tokens.insert(*id, told(owner)), None),
            EventKind::Pruned => assert_eq!(tokens.remove(id).map(|old| old.owner).as_ref(), Some(owner)),
            _ => {
                let Some(old) = tokens.get_mut(id) else { panic!("{kind:?} of no such token") };
                assert_eq!(old.owner, *owner);
                match kind {
                    EventKind::Revoked => assert_eq!(old.revoked.replace(*at), None),
                    EventKind::GraceEnded => assert!(!std::mem::replace(&mut old.grace_cut, true)),
                    EventKind::Rotated { successor } => {
                        assert_eq!(old.successor.replace(*successor), None);
                        assert_eq!(tokens.insert(*successor, told(owner)), None);
                    }
                    _ => {}
                }
            }
        }
    }
    tokens
}

/// The same, from the record. A grace that was none from the start was not cut.
fn held(record: &TokenRecord, graces: &BTreeMap<TokenId, bool>) -> Told {
    let over = record.rotated.is_some_and(|rotated| rotated.grace_ends == rotated.at);
    Told {
        owner: record.owner.clone(),
        revoked: record.revoked,
        successor: record.rotated.map(|rotated| rotated.successor),
        grace_cut: over && graces.get(&record.id).is_some_and(|granted| *granted),
    }
}

async fn check(history: &[Ask]) {
    let (clock, heard) = (ManualClock::new(noon()), Arc::<Mutex<Vec<TokenEvent>>>::default());
    let log = Arc::clone(&heard);
    let tokens = PersonalTokens::builder(MemoryStore::new())
        .prefix("shop")
        .max_active_per_owner(4)
        .retention(Duration::hours(20))
        .observer(move |event: &TokenEvent| log.lock().unwrap().push(event.clone()))
        .clock(clock.clone())
        .build()
        .unwrap();
    let owners = [owner(), other_owner()];
    let (mut known, mut graces) = (Vec::<TokenRecord>::new(), BTreeMap::new());
    for ask in history {
        let pick = |token: usize| known.get(token % known.len().max(1)).cloned();
        match *ask {
            Ask::Issue { owner, name, hours } => {
                let new = NewToken::new(&owners[owner], format!("name {name}"));
                let new = hours.map_or(new.clone(), |hours| new.expires_in(Duration::hours(hours.into())));
                known.extend(tokens.issue(new).await.map(|issued| issued.record));
            }
            Ask::Rename { token, name } => {
                if let Some(old) = pick(token) {
                    drop(tokens.update(&old.owner, old.id, TokenChange::new().name(format!("name {name}"))).await);
                }
            }
            Ask::Rotate { token, grace } => {
                if let Some(old) = pick(token) {
                    let rotation = Rotation::new().grace(Duration::hours(grace.into()));
                    if let Ok(issued) = tokens.rotate(&old.owner, old.id, rotation).await {
                        let rotated = tokens.get(&old.owner, old.id).await.unwrap().and_then(|old| old.rotated);
                        graces.extend(rotated.map(|rotated| (old.id, rotated.grace_ends > rotated.at)));
                        known.push(issued.record);
                    }
                }
            }
            Ask::Revoke { token } => {
                if let Some(old) = pick(token) {
                    drop(tokens.revoke(&old.owner, old.id).await);
                }
            }
            Ask::RevokeAll { owner } => drop(tokens.revoke_all(&owners[owner]).await.unwrap()),
            Ask::Prune => drop(tokens.prune().await.unwrap()),
            Ask::Wait { hours } => clock.advance(Duration::hours(hours.into())),
        }
        let mut kept = BTreeMap::new();
        for owner in &owners {
            let page = tokens.list(owner, ListQuery::all().limit(1_000)).await.unwrap();
            kept.extend(page.tokens.iter().map(|record| (record.id, held(record, &graces))));
        }
        assert_eq!(replay(&heard.lock().unwrap()), kept, "after {ask:?}");
    }
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn the_events_replayed_give_what_the_store_holds(history in proptest::collection::vec(ask(), 1..40)) {
        block_on(check(&history));
    }
}
