//! Of nodes that would announce the same expiry at the same time exactly one does; one whose store or clock fails does not.
#![cfg(all(feature = "memory", feature = "testing"))]

use crate::common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use async_trait::async_trait;
use common::remote_store::{Fault, Method, RemoteStore};
use common::{noon, owner, remote_shop};
use personal_tokens::store::{ExpiringQuery, LastUse, ListQuery, MemoryStore, Pruned, TokenStore};
use personal_tokens::{
    Change, ChangeError, Changed, Clock, Duration, Expiry, ManualClock, NewToken, Notice, OwnerId, PersonalTokens,
    StoreError, Timestamp, TimestampOutOfRange, TokenChange, TokenId, TokenRecord,
};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

const NODES: usize = 16;
const WEEK: [Duration; 1] = [Duration::WEEK];

fn node(store: impl TokenStore + 'static) -> PersonalTokens {
    PersonalTokens::builder(store).prefix("shop").clock(ManualClock::new(noon())).build().unwrap()
}

async fn expiring(tokens: &PersonalTokens) -> TokenRecord {
    tokens.issue(NewToken::new(owner(), "sync").expires_in(Duration::DAY)).await.unwrap().record
}

/// What each of the nodes claims of one token, all at once.
async fn claims(store: Arc<dyn TokenStore>) -> Vec<Notice> {
    let record = expiring(&node(Arc::clone(&store))).await;
    let start = Arc::new(Barrier::new(NODES));
    let mut nodes = JoinSet::new();
    for _ in 0..NODES {
        let (tokens, start, record) = (node(Arc::clone(&store)), Arc::clone(&start), record.clone());
        nodes.spawn(async move {
            start.wait().await;
            tokens.claim_notice(&record, &WEEK).await.unwrap()
        });
    }
    nodes.join_all().await.into_iter().flatten().collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn of_nodes_that_run_at_once_one_announces() {
    for _ in 0..50 {
        assert_eq!(claims(Arc::new(MemoryStore::new())).await.len(), 1);
    }
}

#[tokio::test]
async fn one_does_even_if_all_have_seen_that_none_did() {
    assert_eq!(claims(Arc::new(Gated::new(false))).await.len(), 1);
}

/// The control: a store that claims whatever stands there.
#[tokio::test]
async fn the_same_check_finds_a_store_that_does_not_compare() {
    assert_eq!(claims(Arc::new(Gated::new(true))).await.len(), NODES);
}

#[tokio::test]
async fn a_store_that_fails_claims_nothing() {
    let (tokens, store, _) = remote_shop();
    let record = expiring(&tokens).await;
    for method in [Method::Get, Method::ClaimNotice] {
        for fault in Fault::BEFORE {
            store.fail(method, fault);
            let error = tokens.claim_notice(&record, &WEEK).await.unwrap_err();
            assert!(fault.made(&error), "{method:?}: {error:?}");
            assert_eq!(store.rows(&[owner()]).await, std::slice::from_ref(&record));
        }
    }
    store.work();
    assert!(tokens.claim_notice(&record, &WEEK).await.unwrap().is_some());
}

/// It is claimed before it is sent, so an answer that is lost loses the notice, and never sends it twice.
#[tokio::test]
async fn a_lost_answer_announces_nothing_twice() {
    let (tokens, store, _) = remote_shop();
    let record = expiring(&tokens).await;
    store.fail(Method::ClaimNotice, Fault::AnswerLost);
    assert!(matches!(tokens.claim_notice(&record, &WEEK).await, Err(StoreError::TimedOut(_))));
    store.work();
    assert_eq!(tokens.claim_notice(&record, &WEEK).await.unwrap(), None);
}

/// Most of the tokens that a job looks at were announced already: those cost the store nothing.
#[tokio::test]
async fn what_is_not_due_asks_no_store_and_what_is_due_no_more_writes_nothing() {
    let (tokens, store, _) = remote_shop();
    let record = expiring(&tokens).await;
    store.take_calls();
    assert_eq!(tokens.claim_notice(&record, &[Duration::HOUR]).await.unwrap(), None);
    assert_eq!(store.take_calls(), []);

    tokens.update(&owner(), record.id, TokenChange::new().expiry(Expiry::Never)).await.unwrap();
    store.take_calls();
    assert_eq!(tokens.claim_notice(&record, &WEEK).await.unwrap(), None);
    assert_eq!(store.take_calls(), [Method::Get]);
}

#[tokio::test]
async fn a_clock_out_of_range_is_no_instant_to_judge_by() {
    #[derive(Clone, Debug, Default)]
    struct Broken(Arc<AtomicBool>);

    impl Clock for Broken {
        fn now(&self) -> Result<Timestamp, TimestampOutOfRange> {
            if self.0.load(SeqCst) { Err(Timestamp::from_micros(i64::MAX).unwrap_err()) } else { Ok(noon()) }
        }

        fn monotonic(&self) -> std::time::Duration {
            std::time::Duration::ZERO
        }
    }

    let (clock, store) = (Broken::default(), RemoteStore::default());
    let tokens = PersonalTokens::builder(store.clone()).prefix("shop").clock(clock.clone()).build().unwrap();
    let record = expiring(&tokens).await;
    clock.0.store(true, SeqCst);
    assert!(matches!(tokens.claim_notice(&record, &WEEK).await, Err(StoreError::Unavailable(_))));
    assert!(matches!(tokens.expiring(Duration::WEEK, None).await, Err(StoreError::Unavailable(_))));
    assert_eq!(store.rows(&[owner()]).await, [record]);
}

/// Answers `get` when all nodes have asked.
struct Gated {
    memory: MemoryStore,
    all: Barrier,
    /// The planted bug: it sets `noticed` wherever it stands.
    overwrites: bool,
}

impl Gated {
    fn new(overwrites: bool) -> Self {
        Self { memory: MemoryStore::new(), all: Barrier::new(NODES), overwrites }
    }
}

#[async_trait]
impl TokenStore for Gated {
    async fn find(&self, id: TokenId) -> Result<Option<Arc<TokenRecord>>, StoreError> {
        self.memory.find(id).await
    }

    async fn change(&self, change: &Change) -> Result<Changed, ChangeError> {
        self.memory.change(change).await
    }

    async fn get(&self, owner: &OwnerId, id: TokenId) -> Result<Option<TokenRecord>, StoreError> {
        let found = self.memory.get(owner, id).await;
        self.all.wait().await;
        found
    }

    async fn list(&self, owner: &OwnerId, query: &ListQuery, at: Timestamp) -> Result<Vec<TokenRecord>, StoreError> {
        self.memory.list(owner, query, at).await
    }

    async fn touch(&self, uses: &[LastUse], resolution: Duration) -> Result<(), StoreError> {
        self.memory.touch(uses, resolution).await
    }

    async fn expiring(&self, query: &ExpiringQuery) -> Result<Vec<TokenRecord>, StoreError> {
        self.memory.expiring(query).await
    }

    async fn claim_notice(&self, id: TokenId, was: Option<Timestamp>, at: Timestamp) -> Result<bool, StoreError> {
        Ok(self.memory.claim_notice(id, was, at).await? || self.overwrites)
    }

    async fn prune(&self, ended_before: Timestamp, at_most: u32) -> Result<Vec<Pruned>, StoreError> {
        self.memory.prune(ended_before, at_most).await
    }
}
