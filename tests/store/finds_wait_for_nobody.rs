//! A lookup in memory does not wait for a change: while all 100,000 tokens of an owner are being revoked, lookups find
//! some revoked and others not yet.
#![cfg(all(feature = "memory", feature = "testing"))]

use crate::common;

use std::sync::{Arc, Mutex, MutexGuard};

use common::rulebook::{after, policy, record, token_id};
use common::{now, owner};
use personal_tokens::store::{Lookup, MemoryStore, TokenStore as _};
use personal_tokens::{Change, TokenRecord};

const MANY: u32 = 100_000;
/// Hundreds of thousands are seen where nobody waits, and none where all do.
const ENOUGH: usize = 100;

struct Store {
    memory: MemoryStore,
    /// The planted bug: one lock for all.
    one_lock: Option<Mutex<()>>,
}

impl Store {
    fn full(one_lock: Option<Mutex<()>>) -> Self {
        let (memory, unlimited) = (MemoryStore::new(), policy(|policy| policy.max_active = None));
        for number in 0..MANY {
            now(memory.change(&Change::issue(record(number), Arc::clone(&unlimited)))).unwrap();
        }
        Self { memory, one_lock }
    }

    fn lock(&self) -> Option<MutexGuard<'_, ()>> {
        self.one_lock.as_ref().map(|lock| lock.lock().unwrap())
    }

    fn revoke_all(&self) {
        let _lock = self.lock();
        let revoked = now(self.memory.change(&Change::revoke_all(owner(), after(1)))).unwrap();
        assert_eq!(revoked.written.len(), MANY as usize);
    }

    fn find_cached(&self, number: u32) -> Arc<TokenRecord> {
        let _lock = self.lock();
        match self.memory.find_cached(token_id(number)) {
            Lookup::Hit(record) => record,
            other => panic!("{other:?}"),
        }
    }

    fn find(&self, number: u32) -> Arc<TokenRecord> {
        let _lock = self.lock();
        now(self.memory.find(token_id(number))).unwrap().unwrap()
    }
}

/// How many lookups began and ended while the change wrote: those after one that found a revoked token, up to the last
/// that found another not yet revoked.
fn lookups_amid_a_change(store: &Store, find: fn(&Store, u32) -> Arc<TokenRecord>) -> usize {
    let (mut since, mut amid) = (None, 0);
    std::thread::scope(|scope| {
        let change = scope.spawn(|| store.revoke_all());
        // Here and there, not in the order of the writes.
        for (count, number) in (0..MANY).cycle().map(|n| n * 7_919 % MANY).enumerate() {
            if change.is_finished() {
                break;
            }
            let is_revoked = find(store, number).revoked.is_some();
            match since {
                None if is_revoked => since = Some(count),
                Some(since) if !is_revoked => amid = count - since,
                _ => {}
            }
        }
        change.join().unwrap();
    });
    amid
}

const LOOKUPS: [fn(&Store, u32) -> Arc<TokenRecord>; 2] = [Store::find_cached, Store::find];

#[test]
fn lookups_do_not_wait_for_a_change() {
    for find in LOOKUPS {
        let amid = lookups_amid_a_change(&Store::full(None), find);
        assert!(amid >= ENOUGH, "{amid}");
    }
}

#[test]
fn the_same_check_finds_a_store_with_one_lock() {
    for find in LOOKUPS {
        assert_eq!(lookups_amid_a_change(&Store::full(Some(Mutex::new(()))), find), 0);
    }
}
