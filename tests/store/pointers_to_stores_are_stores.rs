//! `Arc`, `Box` and `&` of a store are stores: every method reaches the inner one, those with a default too.
#![cfg(all(feature = "memory", feature = "testing"))]

use crate::common;

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use common::rulebook::{after, expiring_at, policy, record, token_id, with};
use common::{issue, noon, other_owner, owner};
use personal_tokens::store::{
    ChangeError, ExpiringQuery, LastUse, ListQuery, Lookup, MemoryStore, Pruned, StoreError, TokenStore,
};
use personal_tokens::{
    Change, ChangeRefused, Changed, Duration, OwnerId, PersonalTokens, Timestamp, TokenId, TokenRecord,
};

/// Answers each method in a way that no default does, and writes down who was called.
#[derive(Default)]
struct Spy(Mutex<Vec<&'static str>>);

impl Spy {
    fn called(&self, method: &'static str) {
        self.0.lock().unwrap().push(method);
    }
}

#[async_trait]
impl TokenStore for Spy {
    fn find_cached(&self, _: TokenId) -> Lookup {
        self.called("find_cached");
        Lookup::Absent
    }

    async fn find(&self, _: TokenId) -> Result<Option<Arc<TokenRecord>>, StoreError> {
        self.called("find");
        Ok(Some(Arc::new(record(1))))
    }

    async fn change(&self, _: &Change) -> Result<Changed, ChangeError> {
        self.called("change");
        Err(ChangeRefused::LimitReached { max: 77 }.into())
    }

    async fn get(&self, _: &OwnerId, _: TokenId) -> Result<Option<TokenRecord>, StoreError> {
        self.called("get");
        Ok(Some(record(2)))
    }

    async fn list(&self, _: &OwnerId, _: &ListQuery, _: Timestamp) -> Result<Vec<TokenRecord>, StoreError> {
        self.called("list");
        Ok(vec![record(3)])
    }

    async fn touch(&self, _: &[LastUse], _: Duration) -> Result<(), StoreError> {
        self.called("touch");
        Err(StoreError::timed_out("spy"))
    }

    async fn expiring(&self, _: &ExpiringQuery) -> Result<Vec<TokenRecord>, StoreError> {
        self.called("expiring");
        Ok(vec![record(4)])
    }

    async fn claim_notice(&self, _: TokenId, _: Option<Timestamp>, _: Timestamp) -> Result<bool, StoreError> {
        self.called("claim_notice");
        Ok(true)
    }

    async fn prune(&self, _: Timestamp, _: u32) -> Result<Vec<Pruned>, StoreError> {
        self.called("prune");
        Ok(vec![Pruned::new(token_id(9), other_owner())])
    }
}

/// Each method once, by the trait alone: a pointer's own implementation is called, not the inner one's by deref.
async fn call_each<S: TokenStore>(store: S) {
    let id = token_id(1);
    assert!(matches!(store.find_cached(id), Lookup::Absent));
    assert_eq!(store.find(id).await.unwrap().as_deref(), Some(&record(1)));
    let change = Change::revoke_all(owner(), noon());
    let refused = store.change(&change).await;
    assert!(matches!(refused, Err(ChangeError::Refused(ChangeRefused::LimitReached { max: 77 }))));
    assert_eq!(store.get(&owner(), id).await.unwrap(), Some(record(2)));
    assert_eq!(store.list(&owner(), &ListQuery::all(), noon()).await.unwrap(), [record(3)]);
    let touched = store.touch(&[LastUse::new(id, noon())], Duration::MINUTE).await;
    assert!(matches!(touched, Err(StoreError::TimedOut(_))));
    assert_eq!(store.expiring(&ExpiringQuery::between(noon(), after(1))).await.unwrap(), [record(4)]);
    assert!(store.claim_notice(id, None, noon()).await.unwrap());
    assert_eq!(store.prune(noon(), 1).await.unwrap(), [Pruned::new(token_id(9), other_owner())]);
}

fn all_called(spy: &Spy) {
    let called = std::mem::take(&mut *spy.0.lock().unwrap());
    let each = ["find_cached", "find", "change", "get", "list", "touch", "expiring", "claim_notice", "prune"];
    assert_eq!(called, each);
}

#[tokio::test]
async fn every_method_reaches_the_inner_store_once() {
    let spy = Arc::new(Spy::default());
    let shared: Arc<dyn TokenStore> = spy.clone();
    let boxed: Box<dyn TokenStore> = Box::new(Arc::clone(&spy));

    call_each(&*spy).await;
    all_called(&spy);
    call_each(Arc::clone(&spy)).await;
    all_called(&spy);
    call_each(Arc::clone(&shared)).await;
    all_called(&spy);
    call_each(&shared).await;
    all_called(&spy);
    call_each(boxed).await;
    all_called(&spy);
    let nested: Box<Arc<dyn TokenStore>> = Box::new(shared);
    call_each(&nested).await;
    all_called(&spy);
}

/// A memory behind any pointer is the same memory.
#[tokio::test]
async fn a_memory_store_behind_a_pointer_is_the_same_store() {
    async fn live(store: impl TokenStore, id: u32) {
        let change = Change::issue(expiring_at(id, after(60)), policy(|_| ()));
        store.change(&change).await.unwrap();
        assert!(matches!(store.find_cached(token_id(id)), Lookup::Hit(found) if *found == expiring_at(id, after(60))));
        store.touch(&[LastUse::new(token_id(id), after(1))], Duration::MINUTE).await.unwrap();
        assert!(store.claim_notice(token_id(id), None, after(2)).await.unwrap());
        let expected =
            with(expiring_at(id, after(60)), |it| (it.last_used, it.noticed) = (Some(after(1)), Some(after(2))));
        assert_eq!(store.get(&owner(), token_id(id)).await.unwrap(), Some(expected.clone()));
        assert_eq!(store.get(&other_owner(), token_id(id)).await.unwrap(), None);
        assert_eq!(
            store.expiring(&ExpiringQuery::between(noon(), after(60))).await.unwrap(),
            std::slice::from_ref(&expected)
        );
        assert_eq!(store.list(&owner(), &ListQuery::active(), noon()).await.unwrap(), [expected]);
        store.change(&Change::revoke(owner(), token_id(id), after(3))).await.unwrap();
        assert_eq!(store.prune(after(4), 10).await.unwrap(), [Pruned::new(token_id(id), owner())]);
    }
    let memory = Arc::new(MemoryStore::new());
    live(&*memory, 1).await;
    live(Arc::clone(&memory) as Arc<dyn TokenStore>, 2).await;
    live(Box::new(Arc::clone(&memory)) as Box<dyn TokenStore>, 3).await;
    assert!(memory.is_empty());
}

#[tokio::test]
async fn a_handle_is_built_on_any_of_them() {
    let memory = Arc::new(MemoryStore::new());
    let shop = |store: Box<dyn TokenStore>| {
        PersonalTokens::builder(store).prefix("shop").scopes(["products:read"]).build().unwrap()
    };
    let (one, other) = (shop(Box::new(Arc::clone(&memory))), shop(Box::new(Arc::clone(&memory))));
    let issued = issue(&one, "sync").await;
    assert_eq!(other.verify(issued.token.expose()).await.unwrap().id(), issued.record.id);
    let leaked: &'static MemoryStore = Box::leak(Box::new(MemoryStore::new()));
    let tokens = PersonalTokens::builder(leaked).prefix("shop").scopes(["products:read"]).build().unwrap();
    issue(&tokens, "sync").await;
    assert_eq!(leaked.len(), 1);
}

/// The least that an integrator writes: the defaults fill in for the rest.
struct Least(MemoryStore);

#[async_trait]
impl TokenStore for Least {
    async fn find(&self, id: TokenId) -> Result<Option<Arc<TokenRecord>>, StoreError> {
        self.0.find(id).await
    }

    async fn change(&self, change: &Change) -> Result<Changed, ChangeError> {
        self.0.change(change).await
    }

    async fn list(&self, owner: &OwnerId, query: &ListQuery, at: Timestamp) -> Result<Vec<TokenRecord>, StoreError> {
        self.0.list(owner, query, at).await
    }

    async fn touch(&self, uses: &[LastUse], resolution: Duration) -> Result<(), StoreError> {
        self.0.touch(uses, resolution).await
    }

    async fn expiring(&self, query: &ExpiringQuery) -> Result<Vec<TokenRecord>, StoreError> {
        self.0.expiring(query).await
    }

    async fn claim_notice(&self, id: TokenId, was: Option<Timestamp>, at: Timestamp) -> Result<bool, StoreError> {
        self.0.claim_notice(id, was, at).await
    }

    async fn prune(&self, ended_before: Timestamp, at_most: u32) -> Result<Vec<Pruned>, StoreError> {
        self.0.prune(ended_before, at_most).await
    }
}

#[tokio::test]
async fn the_defaults_ask_find_and_keep_owners_apart() {
    let store = Least(MemoryStore::new());
    store.change(&Change::issue(record(1), policy(|_| ()))).await.unwrap();
    assert!(matches!(store.find_cached(token_id(1)), Lookup::Ask));
    assert_eq!(store.get(&owner(), token_id(1)).await.unwrap(), Some(record(1)));
    assert_eq!(store.get(&other_owner(), token_id(1)).await.unwrap(), None);
    assert_eq!(store.get(&owner(), token_id(2)).await.unwrap(), None);
}
