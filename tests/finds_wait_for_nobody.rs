//! A lookup in memory does not wait for the owner's other business: while all of 100,000 tokens are revoked, and
//! while a list reads them all, lookups of the same tokens begin and end.
#![cfg(all(feature = "memory", feature = "testing"))]

mod common;

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard};

use common::rulebook::{after, policy, record, token_id};
use common::{now, owner};
use personal_tokens::Change;
use personal_tokens::store::{ListQuery, Lookup, MemoryStore, TokenStore as _};

const MANY: u32 = 100_000;
/// Some fifty times as many are seen where nobody waits, and none where all do.
const ENOUGH: usize = 100;

/// What takes long, in this order.
const NOTHING: usize = 0;
const REVOKE_ALL: usize = 1;
const LIST: usize = 2;

struct Watched {
    store: MemoryStore,
    /// What is under way.
    busy_with: AtomicUsize,
    /// The planted bug: one lock for all.
    one_lock: Option<Mutex<()>>,
}

impl Watched {
    fn new(one_lock: Option<Mutex<()>>) -> Self {
        let (store, unlimited) = (MemoryStore::new(), policy(|policy| policy.max_active = None));
        for number in 0..MANY {
            now(store.change(&Change::issue(record(number), Arc::clone(&unlimited)))).unwrap();
        }
        Self { store, busy_with: AtomicUsize::new(NOTHING), one_lock }
    }

    fn lock(&self) -> Option<MutexGuard<'_, ()>> {
        self.one_lock.as_ref().map(|lock| lock.lock().unwrap())
    }

    fn busy<T>(&self, with: usize, work: impl FnOnce() -> T) -> T {
        let _lock = self.lock();
        self.busy_with.store(with, SeqCst);
        let answer = work();
        self.busy_with.store(NOTHING, SeqCst);
        answer
    }

    fn revoke_all_and_list(&self) {
        let revoke = Change::revoke_all(owner(), after(1));
        let revoked = self.busy(REVOKE_ALL, || now(self.store.change(&revoke))).unwrap();
        assert_eq!(revoked.written.len(), MANY as usize);
        // None is active any more: it reads all of them.
        let query = ListQuery::active();
        assert_eq!(self.busy(LIST, || now(self.store.list(&owner(), &query, after(1)))).unwrap(), []);
    }

    /// The kind of business that was under way before the lookup, and still after it.
    fn meanwhile(&self, find: impl FnOnce(&MemoryStore) -> bool) -> usize {
        let before = self.busy_with.load(SeqCst);
        let lock = self.lock();
        assert!(find(&self.store));
        drop(lock);
        if self.busy_with.load(SeqCst) == before { before } else { NOTHING }
    }
}

/// How often `find_cached` and `find` began and ended while each kind of business was under way.
#[derive(Debug, Default)]
struct Ended {
    find_cached: [usize; 3],
    find: [usize; 3],
}

impl Ended {
    fn waited_for(&self) -> Vec<(&'static str, usize)> {
        let counts = [("find_cached", self.find_cached), ("find", self.find)];
        let each = counts.into_iter().flat_map(|(method, ended)| {
            [REVOKE_ALL, LIST].into_iter().filter(move |with| ended[*with] < ENOUGH).map(move |with| (method, with))
        });
        each.collect()
    }
}

fn lookups_meanwhile(watched: &Watched) -> Ended {
    let mut ended = Ended::default();
    std::thread::scope(|scope| {
        let busy = scope.spawn(|| watched.revoke_all_and_list());
        for id in (0..MANY).cycle().map(token_id) {
            if busy.is_finished() {
                break;
            }
            ended.find_cached[watched.meanwhile(|store| matches!(store.find_cached(id), Lookup::Hit(_)))] += 1;
            ended.find[watched.meanwhile(|store| now(store.find(id)).unwrap().is_some())] += 1;
        }
        busy.join().unwrap();
    });
    ended
}

#[test]
fn lookups_wait_for_neither_a_change_nor_a_list() {
    let ended = lookups_meanwhile(&Watched::new(None));
    assert_eq!(ended.waited_for(), [], "{ended:?}");
}

#[test]
fn the_same_check_finds_a_store_with_one_lock() {
    let ended = lookups_meanwhile(&Watched::new(Some(Mutex::new(()))));
    let all = [("find_cached", REVOKE_ALL), ("find_cached", LIST), ("find", REVOKE_ALL), ("find", LIST)];
    assert_eq!(ended.waited_for(), all, "{ended:?}");
}
