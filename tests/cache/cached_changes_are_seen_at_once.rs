//! What is changed through a cache, or what it is told to forget, it answers as it is from then on (failures 19); what is not
//! on a request's path it never answers from memory; and of what concerns others it forgets nothing.
#![cfg(all(feature = "cache", feature = "memory", feature = "testing"))]

use crate::common;

use std::sync::Arc;

use common::cached::{Cached, cached};
use common::forge::forged_with_id;
use common::remote_store::Method;
use common::rulebook::after;
use common::{issue, noon, other_owner, owner, rejection};
use personal_tokens::store::{ExpiringQuery, Invalidate, LastUse, ListQuery, TokenStore};
use personal_tokens::{
    Change, ChangeError, Duration, Expiry, Issued, NewToken, Rejection, Rotation, TokenChange, VerifiedToken,
};

/// A node that keeps a token of [`owner`], asked for long ago by the store's count.
async fn warm() -> (Cached, Issued) {
    let node = cached(|builder| builder);
    let issued = issue(&node.tokens, "sync").await;
    assert_eq!(node.verdict(&issued).await, None);
    assert_eq!((node.finds(), node.verdict(&issued).await, node.finds()), (1, None, 0));
    (node, issued)
}

async fn verified(node: &Cached, issued: &Issued) -> VerifiedToken {
    node.tokens.verify(issued.token.expose()).await.unwrap()
}

#[tokio::test]
async fn an_edit() {
    let (node, issued) = warm().await;
    let edit = TokenChange::new().name("till").scopes([""; 0]).expires_in(Duration::HOUR);
    node.tokens.update(&owner(), issued.record.id, edit).await.unwrap();
    let verified = verified(&node, &issued).await;
    assert_eq!((verified.name().as_str(), verified.allows("products:read")), ("till", false));
    assert_eq!(verified.expiry(), Expiry::At(after(3_600)));
    assert_eq!((node.finds(), node.verdict(&issued).await, node.finds()), (1, None, 0), "it is kept again");
}

#[tokio::test]
async fn an_extension_of_an_expired_token() {
    let (node, _) = warm().await;
    let short = NewToken::new(owner(), "short").expires_in(Duration::SECOND);
    let issued = node.tokens.issue(short).await.unwrap();
    node.clock.advance(Duration::SECOND);
    assert_eq!(node.verdict(&issued).await, Some(Rejection::Expired));
    let later = TokenChange::new().expires_in(Duration::HOUR);
    node.tokens.update(&owner(), issued.record.id, later).await.unwrap();
    assert_eq!(node.verdict(&issued).await, None);
}

#[tokio::test]
async fn a_rotation() {
    let (node, issued) = warm().await;
    let grace = Rotation::new().grace(Duration::SECOND);
    let successor = node.tokens.rotate(&owner(), issued.record.id, grace).await.unwrap();
    assert_eq!((node.verdict(&issued).await, node.verdict(&successor).await), (None, None));
    let third = node.tokens.rotate(&owner(), successor.record.id, Rotation::new()).await.unwrap();
    assert_eq!(node.verdict(&issued).await, Some(Rejection::Rotated), "the older grace is over");
    assert_eq!(node.verdict(&successor).await, Some(Rejection::Rotated));
    assert_eq!(node.verdict(&third).await, None);
}

#[tokio::test]
async fn a_revocation() {
    let (node, issued) = warm().await;
    let grace = Rotation::new().grace(Duration::HOUR);
    let successor = node.tokens.rotate(&owner(), issued.record.id, grace).await.unwrap();
    assert_eq!((node.verdict(&issued).await, node.verdict(&successor).await), (None, None));
    node.tokens.revoke(&owner(), successor.record.id).await.unwrap();
    assert_eq!(node.verdict(&successor).await, Some(Rejection::Revoked));
    assert_eq!(node.verdict(&issued).await, Some(Rejection::Rotated), "and its predecessor's grace");
}

#[tokio::test]
async fn a_revocation_of_all() {
    let (node, issued) = warm().await;
    let second = issue(&node.tokens, "second").await;
    assert_eq!(node.verdict(&second).await, None);
    assert_eq!(node.tokens.revoke_all(&owner()).await.unwrap(), 2);
    for issued in [issued, second] {
        assert_eq!(node.verdict(&issued).await, Some(Rejection::Revoked));
    }
}

#[tokio::test]
async fn a_pruning() {
    let (node, _) = warm().await;
    let short = NewToken::new(owner(), "short").expires_in(Duration::SECOND);
    let issued = node.tokens.issue(short).await.unwrap();
    node.clock.advance(Duration::SECOND);
    assert_eq!(node.verdict(&issued).await, Some(Rejection::Expired));
    let pruned = node.cache.prune(after(2), 10).await.unwrap();
    assert_eq!(pruned.iter().map(|pruned| pruned.id).collect::<Vec<_>>(), [issued.record.id]);
    assert_eq!(node.verdict(&issued).await, Some(Rejection::Unknown));
}

/// What another node changed, and what this one finds when it is asked to change the same.
#[tokio::test]
async fn a_change_that_was_refused_or_found_all_done() {
    let (node, issued) = warm().await;
    node.elsewhere.revoke(&owner(), issued.record.id).await.unwrap();
    assert_eq!(node.verdict(&issued).await, None, "from memory");
    let refused = node.tokens.update(&owner(), issued.record.id, TokenChange::new().name("till")).await;
    assert!(matches!(refused, Err(ChangeError::Refused(_))));
    assert_eq!(node.verdict(&issued).await, Some(Rejection::Revoked));

    let (node, issued) = warm().await;
    node.elsewhere.revoke(&owner(), issued.record.id).await.unwrap();
    node.tokens.revoke(&owner(), issued.record.id).await.unwrap();
    assert_eq!(node.verdict(&issued).await, Some(Rejection::Revoked));

    // It wrote nothing, and that is known: what is found is kept.
    assert_eq!((node.finds(), node.verdict(&issued).await, node.finds()), (1, Some(Rejection::Revoked), 0));
}

#[tokio::test]
async fn what_a_host_says_is_to_be_forgotten() {
    type Bus = Box<dyn Fn(&Cached) -> Box<dyn Invalidate>>;
    let pointers: [Bus; 3] = [
        Box::new(|node| Box::new(Arc::clone(&node.cache))),
        Box::new(|node| Box::new(Arc::clone(&node.cache) as Arc<dyn Invalidate>)),
        Box::new(|node| Box::new(Box::new(Arc::clone(&node.cache)) as Box<dyn Invalidate>)),
    ];
    for bus in pointers {
        // Ids share 4,096 places too, so these are not random.
        let (node, [first, second]) = (cached(|builder| builder), [[1; 12], [2; 12]].map(forged_with_id));
        for (text, record) in [&first, &second] {
            node.store.change(&Change::issue(record.clone(), Arc::default())).await.unwrap();
            assert_eq!(rejection(&node.tokens, text).await, None);
        }
        node.elsewhere.revoke_all(&owner()).await.unwrap();
        node.finds();
        bus(&node).invalidate(first.1.id);
        assert_eq!((rejection(&node.tokens, &first.0).await, node.finds()), (Some(Rejection::Revoked), 1));
        assert_eq!((rejection(&node.tokens, &second.0).await, node.finds()), (None, 0), "nobody spoke of this one");
        bus(&node).invalidate_all();
        for (text, _) in [&first, &second] {
            assert_eq!((rejection(&node.tokens, text).await, node.finds()), (Some(Rejection::Revoked), 1));
            assert_eq!(
                (rejection(&node.tokens, text).await, node.finds()),
                (Some(Rejection::Revoked), 0),
                "kept again"
            );
        }
    }
}

#[tokio::test]
async fn the_cache_itself_forgets_what_it_is_told_to() {
    let (node, issued) = warm().await;
    node.cache.invalidate(issued.record.id);
    assert_eq!((node.verdict(&issued).await, node.finds()), (None, 1));
    node.cache.invalidate_all();
    assert_eq!((node.verdict(&issued).await, node.finds()), (None, 1));
    (&*node.cache as &dyn Invalidate).invalidate(issued.record.id);
    assert_eq!((node.verdict(&issued).await, node.finds()), (None, 1));
}

#[tokio::test]
async fn uses_and_notices_forget_nothing() {
    let (node, issued) = warm().await;
    let id = issued.record.id;
    node.cache.touch(&[LastUse::new(id, after(1))], Duration::ZERO).await.unwrap();
    assert!(node.cache.claim_notice(id, None, noon()).await.unwrap());
    assert_eq!(node.store.take_calls(), [Method::Touch, Method::ClaimNotice]);
    assert_eq!((node.verdict(&issued).await, node.finds()), (None, 0));
    let kept = node.cache.get(&owner(), id).await.unwrap().unwrap();
    assert_eq!((kept.last_used, kept.noticed), (Some(after(1)), Some(noon())));
}

/// Whatever is changed elsewhere, at once.
#[tokio::test]
async fn what_is_not_on_a_requests_path_is_never_from_memory() {
    let (node, issued) = warm().await;
    let id = issued.record.id;
    let edit = TokenChange::new().name("till").expires_in(Duration::HOUR);
    node.elsewhere.update(&owner(), id, edit).await.unwrap();
    let now = node.store.get(&owner(), id).await.unwrap();
    node.finds();
    assert_eq!(node.cache.get(&owner(), id).await.unwrap(), now);
    assert_eq!(node.cache.list(&owner(), &ListQuery::all(), noon()).await.unwrap(), Vec::from_iter(now.clone()));
    let soon = ExpiringQuery::between(noon(), after(7_200));
    assert_eq!(node.cache.expiring(&soon).await.unwrap(), Vec::from_iter(now));
    assert_eq!(node.store.take_calls(), [Method::Get, Method::List, Method::Expiring]);
    assert_eq!(node.cache.get(&other_owner(), id).await.unwrap(), None);
    assert_eq!(verified(&node, &issued).await.name().as_str(), "sync", "this is");
}

/// Owners share 4,096 places by chance: of a hundred some two or three lose theirs with one of theirs who change something.
#[tokio::test]
async fn other_owners_entries_stay() {
    let node = cached(|builder| builder);
    let mut all = Vec::new();
    for number in 0..100 {
        let issued = node.elsewhere.issue(NewToken::new(format!("other {number}"), "sync")).await.unwrap();
        assert_eq!(node.verdict(&issued).await, None);
        all.push(issued);
    }
    let own = issue(&node.tokens, "sync").await;
    let rotated = node.tokens.rotate(&owner(), own.record.id, Rotation::new()).await.unwrap();
    node.tokens.revoke(&owner(), rotated.record.id).await.unwrap();
    node.tokens.revoke_all(&owner()).await.unwrap();
    node.finds();
    for issued in &all {
        assert_eq!(node.verdict(issued).await, None);
    }
    assert!(node.finds() <= 3, "the changes of one owner cost others their entries");
}
