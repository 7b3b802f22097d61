//! Uses wait for a flush in bounded memory; what finds no room is counted, and its verification passes all the same.
#![cfg(all(feature = "memory", feature = "testing"))]

use crate::common;

use std::sync::Arc;
use std::task::{Context, Waker};

use common::flaky_store::{FlakyStore, Mood};
use common::forge::forged_with_id;
use common::random::split_mix;
use common::rulebook::{Timestamp, after, policy};
use common::{noon, now, owner};
use personal_tokens::store::TokenStore as _;
use personal_tokens::{Change, ManualClock, PersonalTokens, TokenId};

const ROOM: usize = 65_536;

type Id = [u8; TokenId::LEN];

struct Shop {
    tokens: PersonalTokens,
    clock: ManualClock,
    store: Arc<FlakyStore>,
    issued: Vec<Issued>,
}

struct Issued {
    id: TokenId,
    text: String,
}

/// With tokens of these ids.
fn shop(ids: impl Iterator<Item = Id>) -> Shop {
    let (store, clock) = (Arc::new(FlakyStore::default()), ManualClock::new(noon()));
    let tokens = PersonalTokens::builder(Arc::clone(&store)).prefix("shop").clock(clock.clone()).build().unwrap();
    let no_limit = policy(|policy| policy.max_active = None);
    let issue = |id| {
        let (text, record) = forged_with_id(id);
        let id = record.id;
        now(store.change(&Change::issue(record, Arc::clone(&no_limit)))).unwrap();
        Issued { id, text }
    };
    let issued = ids.map(issue).collect();
    Shop { tokens, clock, store, issued }
}

/// As issued ones are, but the same in each run.
fn random_ids() -> impl Iterator<Item = Id> {
    let mut random = split_mix(1);
    std::iter::repeat_with(move || {
        *[random().to_le_bytes(), random().to_le_bytes()].as_flattened().first_chunk().unwrap()
    })
}

impl Shop {
    /// Each in one poll, room or none. How many uses were dropped since the handle was built.
    fn use_all<'i>(&self, issued: impl IntoIterator<Item = &'i Issued>) -> usize {
        issued.into_iter().for_each(|one| drop(now(self.tokens.verify(&one.text)).unwrap()));
        self.tokens.dropped_uses() as usize
    }

    fn shown(&self, one: &Issued) -> Option<Timestamp> {
        now(self.tokens.get(&owner(), one.id)).unwrap().unwrap().last_used
    }

    fn written(&self, one: &Issued) -> Option<Timestamp> {
        now(self.store.find(one.id)).unwrap().unwrap().last_used
    }
}

/// Failures 22 and 32: a full queue neither grows nor blocks, also while a flush waits for the store; and a flush makes room.
#[test]
fn a_full_queue_drops_and_counts() {
    let shop = shop(random_ids().take(80_000));
    let (former, others) = shop.issued.split_at(50_000);
    assert_eq!(shop.use_all(former), 0, "so many find room, however they are spread");
    now(shop.tokens.flush()).unwrap();
    assert_eq!(shop.use_all(others), 0, "what was written takes no room");

    shop.clock.set(after(60));
    let dropped = shop.use_all(former);
    let (late, kept): (Vec<&Issued>, Vec<&Issued>) = former.iter().partition(|one| shop.shown(one) == Some(noon()));
    let kept: Vec<&Issued> = others.iter().chain(kept).collect();
    assert_eq!(dropped, late.len());
    assert!((55_000..=ROOM).contains(&kept.len()), "{} kept", kept.len());

    shop.clock.set(after(120));
    assert_eq!(shop.use_all(kept.iter().copied()), dropped, "a later use takes the place of an earlier one");
    shop.store.touch.becomes(Mood::Hangs);
    let mut flushing = Box::pin(shop.tokens.flush());
    assert!(flushing.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    assert_eq!(shop.use_all(late.iter().copied()), 2 * dropped, "each is tried again, and waits for nobody");
    drop(flushing);
    shop.store.touch.becomes(Mood::Works);
    now(shop.tokens.flush()).unwrap();
    assert!(kept.iter().all(|one| shop.written(one) == Some(after(120))));
    assert!(late.iter().all(|one| shop.written(one) == Some(noon())));

    // Room is made by what was written, never by what waits.
    shop.clock.set(after(180));
    let waiting = &kept[..10_000];
    assert_eq!(shop.use_all(waiting.iter().chain(&late).copied()), 2 * dropped);
    now(shop.tokens.flush()).unwrap();
    assert!(waiting.iter().chain(&late).all(|one| shop.written(one) == Some(after(180))));
}

/// A host that imports tokens may have ids that count upwards.
#[test]
fn ids_that_are_alike_in_part_find_as_much_room() {
    let counting = |place: usize| {
        (0..20_000_u32).map(move |number| {
            let mut id = [7; TokenId::LEN];
            id[place..place + 4].copy_from_slice(&number.to_be_bytes());
            id
        })
    };
    for place in [0, 8] {
        let shop = shop(counting(place));
        assert_eq!(shop.use_all(&shop.issued), 0, "bytes from {place}");
    }
}
