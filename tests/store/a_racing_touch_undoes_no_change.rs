//! A flush that writes uses while people revoke, edit and rotate undoes nothing of it (failures 33).
#![cfg(all(feature = "memory", feature = "testing"))]

use crate::common;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration as StdDuration;

use async_trait::async_trait;
use common::noon;
use common::rulebook::after;
use personal_tokens::store::{ExpiringQuery, LastUse, ListQuery, MemoryStore, Pruned, TokenStore};
use personal_tokens::{
    Change, ChangeError, Changed, Duration, ManualClock, NewToken, OwnerId, PersonalTokens, Rotation, StoreError,
    Timestamp, TokenChange, TokenId, TokenRecord,
};
use tokio::sync::Barrier;
use tokio::time::timeout;

type Store = Arc<dyn TokenStore>;

#[derive(Clone, Copy, Debug)]
enum Race {
    Revoke,
    RevokeAll,
    Rename,
    Extend,
    Rotate,
}

impl Race {
    const ALL: [Self; 5] = [Self::Revoke, Self::RevokeAll, Self::Rename, Self::Extend, Self::Rotate];

    async fn ask(self, tokens: &PersonalTokens, owner: &OwnerId, id: TokenId) {
        match self {
            Self::Revoke => drop(tokens.revoke(owner, id).await.unwrap()),
            Self::RevokeAll => assert_eq!(tokens.revoke_all(owner).await.unwrap(), 1),
            Self::Rename => drop(tokens.update(owner, id, TokenChange::new().name("till")).await.unwrap()),
            Self::Extend => drop(tokens.update(owner, id, TokenChange::new().expires_in(Duration::DAY)).await.unwrap()),
            Self::Rotate => drop(tokens.rotate(owner, id, Rotation::new().grace(Duration::HOUR)).await.unwrap()),
        }
    }

    fn is_done_to(self, record: &TokenRecord) -> bool {
        match self {
            Self::Revoke | Self::RevokeAll => record.revoked == Some(noon()),
            Self::Rename => record.name.as_str() == "till",
            Self::Extend => record.expiry.instant() == Some(after(86_400)),
            Self::Rotate => record.rotated.is_some_and(|rotated| rotated.grace_ends == after(3_600)),
        }
    }
}

/// What is undone when a token is changed while uses of it are written, one after another.
async fn undone_by(race: Race, store: Store, number: usize) -> Option<&'static str> {
    let builder = PersonalTokens::builder(Arc::clone(&store)).prefix("shop").clock(ManualClock::new(noon()));
    let tokens = builder.build().unwrap();
    let owner = OwnerId::new(&format!("owner {number}")).unwrap();
    let id = tokens.issue(NewToken::new(&owner, "sync")).await.unwrap().record.id;

    let change = tokio::spawn(async move { race.ask(&tokens, &owner, id).await });
    let mut touched = 0;
    while touched == 0 || !change.is_finished() {
        touched += 1;
        store.touch(&[LastUse::new(id, after(touched))], Duration::ZERO).await.unwrap();
    }
    change.await.unwrap();

    let record = store.find(id).await.unwrap().unwrap();
    let undone = [("the change", !race.is_done_to(&record)), ("a use", record.last_used != Some(after(touched)))];
    undone.into_iter().find(|(_, undone)| *undone).map(|(what, _)| what)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_memory_store_keeps_the_change_and_the_use() {
    let store: Store = Arc::new(MemoryStore::new());
    for number in 0..500 {
        for race in Race::ALL {
            let owner = number * Race::ALL.len() + race as usize;
            assert_eq!(undone_by(race, Arc::clone(&store), owner).await, None, "{race:?}");
        }
    }
}

/// The control: between its reading a row and its writing it back, a change is made.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_check_finds_a_touch_that_writes_the_whole_row() {
    for race in Race::ALL {
        let check = undone_by(race, Arc::new(WholeRows::default()), 0);
        let undone = timeout(StdDuration::from_secs(60), check).await.expect("nobody waits for ever");
        assert_eq!(undone, Some("the change"), "{race:?}");
    }
}

/// The planted bug.
struct WholeRows {
    rows: Mutex<HashMap<TokenId, TokenRecord>>,
    /// The first touch has read; the change behind it is written.
    has_read: Barrier,
    is_written: Barrier,
    touched: AtomicBool,
}

impl Default for WholeRows {
    fn default() -> Self {
        let (has_read, is_written) = (Barrier::new(2), Barrier::new(2));
        Self { rows: Mutex::default(), has_read, is_written, touched: AtomicBool::new(false) }
    }
}

impl WholeRows {
    fn row(&self, id: TokenId) -> Option<TokenRecord> {
        self.rows.lock().unwrap().get(&id).cloned()
    }
}

#[async_trait]
impl TokenStore for WholeRows {
    async fn find(&self, id: TokenId) -> Result<Option<Arc<TokenRecord>>, StoreError> {
        Ok(self.row(id).map(Arc::new))
    }

    async fn change(&self, change: &Change) -> Result<Changed, ChangeError> {
        let known: Vec<TokenRecord> = self.rows.lock().unwrap().values().cloned().collect();
        let plan = change.decide(change.needs().gather(known))?;
        let races = !plan.update.is_empty();
        if races {
            self.has_read.wait().await;
        }
        for new in plan.update.into_iter().chain(plan.insert) {
            self.rows.lock().unwrap().insert(new.id, new);
        }
        if races {
            self.is_written.wait().await;
        }
        Ok(plan.changed)
    }

    async fn touch(&self, uses: &[LastUse], resolution: Duration) -> Result<(), StoreError> {
        let first = !self.touched.swap(true, SeqCst);
        for used in uses {
            let mut row = self.row(used.id).unwrap();
            if first {
                self.has_read.wait().await;
                self.is_written.wait().await;
            }
            row.last_used = used.applied(row.last_used, resolution).or(row.last_used);
            self.rows.lock().unwrap().insert(row.id, row);
        }
        Ok(())
    }

    async fn list(&self, _: &OwnerId, _: &ListQuery, _: Timestamp) -> Result<Vec<TokenRecord>, StoreError> {
        Ok(Vec::new())
    }

    async fn expiring(&self, _: &ExpiringQuery) -> Result<Vec<TokenRecord>, StoreError> {
        Ok(Vec::new())
    }

    async fn claim_notice(&self, _: TokenId, _: Option<Timestamp>, _: Timestamp) -> Result<bool, StoreError> {
        Ok(false)
    }

    async fn prune(&self, _: Timestamp, _: u32) -> Result<Vec<Pruned>, StoreError> {
        Ok(Vec::new())
    }
}
