//! Once a change has returned, no verification by that handle is judged by what the store read before it, however
//! slow the store was; nor when the change was cancelled or failed after it was written (failures 20).
#![cfg(all(feature = "memory", feature = "testing"))]

use crate::common;

use std::sync::Arc;

use common::remote_store::{Fault, Method, RemoteStore};
use common::{issue, other_owner, owner, remote_shop, verdict};
use personal_tokens::{Issued, NewToken, PersonalTokens, Rejection, Rotation, TokenChange, VerifiedToken, VerifyError};
use tokio::sync::{OwnedRwLockWriteGuard, RwLock};
use tokio::task::JoinHandle;

struct Held {
    store: RemoteStore,
    tokens: PersonalTokens,
    issued: Issued,
    verification: JoinHandle<Result<VerifiedToken, VerifyError>>,
    gate: OwnedRwLockWriteGuard<()>,
}

/// A verification whose lookup has read an active record and is not yet answered.
async fn held() -> Held {
    let (tokens, store, _) = remote_shop();
    let issued = issue(&tokens, "in flight").await;
    let gate = store.hold().await;
    store.take_calls();
    let verification = tokio::spawn({
        let (tokens, presented) = (tokens.clone(), issued.token.expose().to_owned());
        async move { tokens.verify(presented).await }
    });
    while store.take_calls().is_empty() {
        tokio::task::yield_now().await;
    }
    Held { store, tokens, issued, verification, gate }
}

impl Held {
    async fn verdict(self) -> Rejection {
        drop(self.gate);
        verdict(self.verification.await.unwrap()).expect("it is refused")
    }
}

#[tokio::test]
async fn a_revoke_that_has_returned() {
    let held = held().await;
    held.tokens.revoke(&owner(), held.issued.record.id).await.unwrap();
    assert_eq!(held.verdict().await, Rejection::Revoked);
}

#[tokio::test]
async fn a_revoke_of_all() {
    let held = held().await;
    held.tokens.revoke_all(&owner()).await.unwrap();
    assert_eq!(held.verdict().await, Rejection::Revoked);
}

#[tokio::test]
async fn a_rotation_without_grace() {
    let held = held().await;
    held.tokens.rotate(&owner(), held.issued.record.id, Rotation::new()).await.unwrap();
    assert_eq!(held.verdict().await, Rejection::Rotated);
}

#[tokio::test]
async fn the_revoke_of_its_successor() {
    let held = held().await;
    let grace = Rotation::new().grace(personal_tokens::Duration::HOUR);
    let successor = held.tokens.rotate(&owner(), held.issued.record.id, grace).await.unwrap();
    held.tokens.revoke(&owner(), successor.record.id).await.unwrap();
    assert_eq!(held.verdict().await, Rejection::Rotated);
}

#[tokio::test]
async fn a_change_of_scopes() {
    let held = held().await;
    held.tokens.update(&owner(), held.issued.record.id, TokenChange::new().scopes([""; 0])).await.unwrap();
    drop(held.gate);
    assert!(!held.verification.await.unwrap().unwrap().allows("products:read"));
}

#[tokio::test]
async fn a_revoke_whose_answer_was_lost() {
    let held = held().await;
    held.store.fail(Method::Change, Fault::AnswerLost);
    held.tokens.revoke(&owner(), held.issued.record.id).await.unwrap_err();
    assert_eq!(held.verdict().await, Rejection::Revoked);
}

#[tokio::test]
async fn a_revoke_that_was_cancelled_after_it_was_written() {
    let held = held().await;
    let unanswered = held.store.hold_changes().await;
    let owner = owner();
    let mut revoke = Box::pin(held.tokens.revoke(&owner, held.issued.record.id));
    assert!(std::future::poll_fn(|cx| std::task::Poll::Ready(revoke.as_mut().poll(cx))).await.is_pending());
    drop(revoke);
    drop(unanswered);
    assert_eq!(held.verdict().await, Rejection::Revoked);
}

#[tokio::test]
async fn the_answer_is_as_before_where_nothing_changed() {
    let held = held().await;
    drop(held.gate);
    assert!(held.verification.await.unwrap().is_ok());
    assert!(held.store.take_calls().is_empty(), "one lookup is enough");
}

/// Owners who share a place by chance disturb each other, one pair in 4,096 in each handle: so three may try.
#[tokio::test]
async fn another_owners_changes_disturb_nobody() {
    for _ in 0..3 {
        let held = held().await;
        held.tokens.issue(NewToken::new(other_owner(), "other")).await.unwrap();
        held.store.take_calls();
        drop(held.gate);
        assert!(held.verification.await.unwrap().is_ok());
        if held.store.take_calls().is_empty() {
            return;
        }
    }
    panic!("each time a second lookup");
}

/// Each of its lookups meets a change: no verdict is possible, and none is made up.
#[tokio::test]
async fn a_token_that_never_stands_still_is_not_judged() {
    let mut held = held().await;
    for lookup in 1..=8 {
        let rename = TokenChange::new().name(format!("name {lookup}"));
        held.tokens.update(&owner(), held.issued.record.id, rename).await.unwrap();
        // In line before the next lookup, behind the present one.
        let mut next = Box::pin(held.store.hold());
        assert!(std::future::poll_fn(|cx| std::task::Poll::Ready(next.as_mut().poll(cx))).await.is_pending());
        held.store.take_calls();
        drop(std::mem::replace(&mut held.gate, Arc::<RwLock<()>>::default().try_write_owned().unwrap()));
        held.gate = next.await;
        while lookup < 8 && held.store.take_calls().is_empty() {
            assert!(!held.verification.is_finished(), "it gave up after {lookup}");
            tokio::task::yield_now().await;
        }
    }
    let error = held.verification.await.unwrap().unwrap_err();
    assert!(matches!(error, VerifyError::Store(_)), "{error}");
}

/// Another node has revoked it already, or an earlier call that was cancelled: this one writes nothing.
#[tokio::test]
async fn a_revoke_that_found_it_done() {
    let held = held().await;
    let elsewhere = PersonalTokens::builder(held.store.clone()).prefix("shop").build().unwrap();
    elsewhere.revoke(&owner(), held.issued.record.id).await.unwrap();
    held.tokens.revoke(&owner(), held.issued.record.id).await.unwrap();
    assert_eq!(held.verdict().await, Rejection::Revoked);
}

#[tokio::test]
async fn a_revoke_of_all_that_found_it_done() {
    let held = held().await;
    let elsewhere = PersonalTokens::builder(held.store.clone()).prefix("shop").build().unwrap();
    elsewhere.revoke_all(&owner()).await.unwrap();
    assert_eq!(held.tokens.revoke_all(&owner()).await.unwrap(), 0);
    assert_eq!(held.verdict().await, Rejection::Revoked);
}

/// Whoever may ask for changes must not be able to make everybody's verifications look twice, or fail.
#[tokio::test]
async fn changes_that_are_refused_disturb_nobody() {
    let held = held().await;
    for _ in 0..100 {
        held.tokens.issue(NewToken::new(owner(), "in flight")).await.unwrap_err();
        held.tokens.revoke(&other_owner(), held.issued.record.id).await.unwrap_err();
    }
    held.store.take_calls();
    drop(held.gate);
    assert!(held.verification.await.unwrap().is_ok());
    assert!(held.store.take_calls().is_empty(), "one lookup is enough");
}
