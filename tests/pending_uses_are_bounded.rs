//! Uses wait for a flush in bounded memory; what finds no room is counted, and its verification passes all the same.
#![cfg(all(feature = "memory", feature = "testing"))]

mod common;

use std::sync::Arc;

use common::rulebook::{Timestamp, after};
use common::{issue, noon, now};
use personal_tokens::store::{MemoryStore, TokenStore as _};
use personal_tokens::{Duration, Issued, ManualClock, PersonalTokens};

const ROOM: usize = 65_536;

struct Shop {
    tokens: PersonalTokens,
    clock: ManualClock,
    store: Arc<MemoryStore>,
    issued: Vec<Issued>,
}

fn shop(tokens: usize) -> Shop {
    let (store, clock) = (Arc::new(MemoryStore::new()), ManualClock::new(noon()));
    let builder = PersonalTokens::builder(Arc::clone(&store)).prefix("shop").scopes(["products:read"]);
    let handle = builder.max_active_per_owner(None).clock(clock.clone()).build().unwrap();
    let issued = (0..tokens).map(|number| now(issue(&handle, &format!("token {number}")))).collect();
    Shop { tokens: handle, clock, store, issued }
}

impl Shop {
    /// Each in one poll, room or none.
    fn use_all(&self, issued: &[Issued]) {
        issued.iter().for_each(|one| drop(now(self.tokens.verify(one.token.expose())).unwrap()));
    }

    fn written(&self, issued: &[Issued]) -> Vec<Option<Timestamp>> {
        issued.iter().map(|one| now(self.store.find(one.record.id)).unwrap().unwrap().last_used).collect()
    }
}

/// Failures 22 and 32: a full queue neither grows nor blocks, and a flush makes room.
#[test]
fn a_full_queue_drops_and_counts() {
    let shop = shop(ROOM + 2);
    let (kept, late) = shop.issued.split_at(ROOM);
    shop.use_all(kept);
    shop.clock.advance(Duration::MINUTE);
    shop.use_all(kept);
    assert_eq!(shop.tokens.dropped_uses(), 0, "a later use takes the place of an earlier one");
    shop.use_all(late);
    assert_eq!(shop.tokens.dropped_uses(), 2);

    now(shop.tokens.flush()).unwrap();
    assert!(shop.written(kept).iter().all(|used| *used == Some(after(60))));
    assert_eq!(shop.written(late), [None, None]);

    // Room is made by what was written, never by what waits.
    shop.clock.advance(Duration::MINUTE);
    let waiting = &kept[..ROOM / 4];
    shop.use_all(waiting);
    shop.use_all(late);
    now(shop.tokens.flush()).unwrap();
    assert!(shop.written(waiting).iter().chain(&shop.written(late)).all(|used| *used == Some(after(120))));
    assert_eq!(shop.tokens.dropped_uses(), 2);
}
