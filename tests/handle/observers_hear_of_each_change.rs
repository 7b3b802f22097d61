//! Observers hear of each change exactly once, when the store holds it already; of what was refused or failed, never.
#![cfg(all(feature = "memory", feature = "testing"))]

use crate::common;

use std::sync::{Arc, Mutex};

use common::remote_store::{Fault, Method, RemoteStore};
use common::rulebook::after;
use common::{issue, noon, now, other_owner, owner};
use personal_tokens::store::{MemoryStore, TokenStore};
use personal_tokens::{
    Actor, Builder, Duration, EventKind, ManualClock, NewToken, Observer, OwnerId, PersonalTokens, Rotation, Timestamp,
    TokenChange, TokenEvent, TokenId, TokenRecord,
};

/// Each event, with what the store held of its token when the observer was called.
type Heard = Arc<Mutex<Vec<(TokenEvent, Option<Arc<TokenRecord>>)>>>;

struct Shop {
    tokens: PersonalTokens,
    clock: ManualClock,
    heard: Heard,
}

/// Tokens end a day before they are pruned.
fn builder(store: impl TokenStore + 'static, clock: &ManualClock) -> Builder {
    let builder = PersonalTokens::builder(store).prefix("shop").scopes(["products:read"]);
    builder.max_active_per_owner(3).retention(Duration::DAY).clock(clock.clone())
}

impl Shop {
    fn over<S: TokenStore + Clone + 'static>(store: S) -> Self {
        let (clock, heard) = (ManualClock::new(noon()), Heard::default());
        let (log, seen) = (Arc::clone(&heard), store.clone());
        let observer = move |event: &TokenEvent| {
            log.lock().unwrap().push((event.clone(), now(seen.find(event.id)).unwrap()));
        };
        let tokens = builder(store, &clock).observer(observer).build().unwrap();
        Self { tokens, clock, heard }
    }

    fn take(&self) -> Vec<(TokenEvent, Option<Arc<TokenRecord>>)> {
        std::mem::take(&mut self.heard.lock().unwrap())
    }

    /// What was heard since this was asked last, all of it of this owner, by nobody in particular, and in the store.
    #[track_caller]
    fn heard_of(&self, owner: &OwnerId, at: Timestamp) -> Vec<(EventKind, TokenId)> {
        let heard = self.take();
        for (event, stored) in &heard {
            assert_eq!((&event.owner, &event.actor, event.at), (owner, &None, at));
            assert!(is_made(event, stored.as_deref()), "{event:?} is told, and not yet in {stored:?}");
        }
        heard.into_iter().map(|(event, _)| (event.kind, event.id)).collect()
    }
}

/// Whether the store holds what the event tells.
fn is_made(event: &TokenEvent, stored: Option<&TokenRecord>) -> bool {
    let rotated = stored.and_then(|record| record.rotated);
    match event.kind {
        EventKind::Issued => stored.is_some_and(|record| record.created == event.at),
        EventKind::Updated => stored.is_some_and(|record| record.name.as_str() == "renamed"),
        EventKind::Rotated { successor } => rotated.is_some_and(|rotated| rotated.successor == successor),
        EventKind::Revoked => stored.is_some_and(|record| record.revoked == Some(event.at)),
        EventKind::GraceEnded => rotated.is_some_and(|rotated| rotated.grace_ends <= rotated.at),
        EventKind::Pruned => stored.is_none(),
        _ => false,
    }
}

#[tokio::test]
async fn each_change_is_told_once_when_it_is_made() {
    let shop = Shop::over(Arc::new(MemoryStore::new()));
    let (tokens, owner) = (&shop.tokens, owner());
    let heard = |seconds| shop.heard_of(&owner, after(seconds));
    let grace = || Rotation::new().grace(Duration::DAY);

    let first = issue(tokens, "sync").await.record.id;
    assert_eq!(heard(0), [(EventKind::Issued, first)]);

    shop.clock.set(after(1));
    tokens.update(&owner, first, TokenChange::new().name("renamed")).await.unwrap();
    assert_eq!(heard(1), [(EventKind::Updated, first)]);
    tokens.update(&owner, first, TokenChange::new().name("renamed")).await.unwrap();
    tokens.update(&owner, first, TokenChange::new()).await.unwrap();
    assert_eq!(heard(1), [], "all was as asked");

    shop.clock.set(after(2));
    let second = tokens.rotate(&owner, first, grace()).await.unwrap().record.id;
    assert_eq!(heard(2), [(EventKind::Rotated { successor: second }, first)]);
    let third = tokens.rotate(&owner, second, grace()).await.unwrap().record.id;
    assert_eq!(heard(2), [(EventKind::Rotated { successor: third }, second), (EventKind::GraceEnded, first)]);

    shop.clock.set(after(3));
    tokens.revoke(&owner, third).await.unwrap();
    assert_eq!(heard(3), [(EventKind::Revoked, third), (EventKind::GraceEnded, second)]);
    tokens.revoke(&owner, third).await.unwrap();
    tokens.revoke(&owner, second).await.unwrap();
    assert_eq!(heard(3), [(EventKind::Revoked, second)], "the first was revoked already");

    // Of a lineage, both who is in grace and who took its place.
    let old = issue(tokens, "till").await.record.id;
    let new = tokens.rotate(&owner, old, grace()).await.unwrap().record.id;
    let theirs = tokens.issue(NewToken::new(other_owner(), "sync")).await.unwrap().record.id;
    shop.take();
    assert_eq!(tokens.revoke_all(&owner).await.unwrap(), 2);
    let mut revoked = heard(3);
    revoked.sort_by_key(|(_, id)| *id != old);
    assert_eq!(revoked, [(EventKind::Revoked, old), (EventKind::Revoked, new)]);
    assert_eq!(tokens.revoke_all(&owner).await.unwrap(), 0);
    assert_eq!(heard(3), []);

    shop.clock.set(after(3 + 86_400));
    for (seconds, gone) in [(3, vec![first, second]), (4, vec![third, old, new])] {
        shop.clock.set(after(seconds + 86_400));
        assert_eq!(tokens.prune().await.unwrap(), gone.len() as u64);
        let mut pruned = heard(seconds + 86_400);
        pruned.sort_by_key(|(_, id)| gone.iter().position(|one| one == id));
        assert_eq!(pruned, gone.into_iter().map(|id| (EventKind::Pruned, id)).collect::<Vec<_>>());
    }
    assert_eq!(tokens.prune().await.unwrap(), 0);
    assert_eq!(heard(4 + 86_400), []);
    assert!(tokens.get(&other_owner(), theirs).await.unwrap().is_some());
}

#[tokio::test]
async fn a_refused_change_is_not_told() {
    let shop = Shop::over(Arc::new(MemoryStore::new()));
    let (tokens, owner) = (&shop.tokens, owner());
    let [active, revoked, rotated] = [issue(tokens, "a").await, issue(tokens, "b").await, issue(tokens, "c").await];
    tokens.revoke(&owner, revoked.record.id).await.unwrap();
    tokens.rotate(&owner, rotated.record.id, Rotation::new()).await.unwrap();
    issue(tokens, "d").await;
    shop.take();

    let (active, rename) = (active.record.id, || TokenChange::new().name("renamed"));
    tokens.issue(NewToken::new(&owner, "a")).await.unwrap_err();
    tokens.issue(NewToken::new(&owner, "beyond the limit")).await.unwrap_err();
    tokens.issue(NewToken::new("", "no owner")).await.unwrap_err();
    tokens.update(&owner, active, TokenChange::new().scopes(["sell"])).await.unwrap_err();
    tokens.update(&other_owner(), active, rename()).await.unwrap_err();
    tokens.rotate(&owner, active, Rotation::new().grace(Duration::days(8))).await.unwrap_err();
    tokens.rotate(&other_owner(), active, Rotation::new()).await.unwrap_err();
    tokens.revoke(&other_owner(), active).await.unwrap_err();
    for ended in [revoked, rotated] {
        tokens.update(&owner, ended.record.id, rename()).await.unwrap_err();
        tokens.rotate(&owner, ended.record.id, Rotation::new()).await.unwrap_err();
    }
    assert_eq!(shop.heard_of(&owner, noon()), []);
}

#[tokio::test]
async fn a_change_that_failed_is_not_told() {
    let store = RemoteStore::default();
    let shop = Shop::over(store.clone());
    let (tokens, owner) = (&shop.tokens, owner());
    let id = issue(tokens, "sync").await.record.id;
    shop.clock.advance(Duration::days(2));
    shop.take();
    for fault in Fault::BEFORE.into_iter().chain([Fault::AnswerLost]) {
        store.fail(Method::Change, fault);
        tokens.issue(NewToken::new(&owner, format!("{fault:?}"))).await.unwrap_err();
        tokens.update(&owner, id, TokenChange::new().name(format!("{fault:?}"))).await.unwrap_err();
        tokens.revoke_all(&owner).await.unwrap_err();
        store.fail(Method::Prune, fault);
        tokens.prune().await.unwrap_err();
    }
    assert!(shop.take().is_empty());
}

#[tokio::test]
async fn actors_are_told_and_kept_each_by_its_own_handle() {
    let shop = Shop::over(Arc::new(MemoryStore::new()));
    let (actor, owner) = (|name: &str| Actor::new(name).unwrap(), owner());
    let ann = shop.tokens.by(actor("ann"));
    let (clone, ben) = (ann.clone(), ann.by(actor("ben")));
    let new = |name| NewToken::new(&owner, name);

    let handles = [(&shop.tokens, None), (&ann, Some("ann")), (&clone, Some("ann")), (&ben, Some("ben"))];
    for (tokens, by) in handles {
        let by = by.map(actor);
        let record = tokens.issue(new("plain")).await.unwrap().record;
        assert_eq!(record.created_by, by);
        tokens.update(&owner, record.id, TokenChange::new().name("renamed")).await.unwrap();
        let rotated = tokens.rotate(&owner, record.id, Rotation::new().grace(Duration::DAY)).await.unwrap().record;
        assert_eq!(rotated.created_by, by);
        tokens.revoke(&owner, rotated.id).await.unwrap();
        tokens.issue(new("plain")).await.unwrap();
        tokens.revoke_all(&owner).await.unwrap();
        shop.clock.advance(Duration::days(3));
        assert_eq!(tokens.prune().await.unwrap(), 3);
        let heard = shop.take();
        assert!(heard.len() == 10 && heard.iter().all(|(event, _)| event.actor == by), "{by:?}: {heard:?}");

        // Who is named in the request comes first.
        let record = tokens.issue(new("named").created_by("cem")).await.unwrap().record;
        let rotated = tokens.rotate(&owner, record.id, Rotation::new().created_by("dana")).await.unwrap().record;
        assert_eq!((record.created_by, rotated.created_by), (Some(actor("cem")), Some(actor("dana"))));
        let heard: Vec<_> = shop.take().into_iter().map(|(event, _)| event.actor).collect();
        assert_eq!(heard, [Some(actor("cem")), Some(actor("dana"))]);
        tokens.revoke_all(&owner).await.unwrap();
        shop.clock.advance(Duration::days(3));
        tokens.prune().await.unwrap();
        shop.take();
    }
}

#[tokio::test]
async fn all_observers_are_told_in_the_order_they_were_given() {
    #[derive(Clone, Default)]
    struct Named(&'static str, Arc<Mutex<Vec<(&'static str, EventKind)>>>);

    impl Observer for Named {
        fn changed(&self, event: &TokenEvent) {
            self.1.lock().unwrap().push((self.0, event.kind));
        }
    }

    let first = Named("first", Arc::default());
    let (second, third) = (Named("second", Arc::clone(&first.1)), Named("third", Arc::clone(&first.1)));
    let closure = move |event: &TokenEvent| third.changed(event);
    let builder = builder(MemoryStore::new(), &ManualClock::new(noon())).observer(first.clone());
    let tokens = builder.observer(second).observer(closure).build().unwrap();
    let id = issue(&tokens, "sync").await.record.id;
    tokens.clone().revoke(&owner(), id).await.unwrap();
    let told = |kind| ["first", "second", "third"].map(|name| (name, kind));
    assert_eq!(*first.1.lock().unwrap(), [told(EventKind::Issued), told(EventKind::Revoked)].concat());
}
