//! A store that fails is our fault and no verdict: 503 with Retry-After, never 401, never a pass, and nothing
//! half-written (failures 30, 31).
#![cfg(all(feature = "memory", feature = "testing", feature = "tower"))]

use crate::common;

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration as StdDuration;

use common::door::{Counted, bearer, knock};
use common::remote_store::{Fault, Method, RemoteStore};
use common::{issue, noon, other_owner, owner, remote_shop};
use http::StatusCode;
use http::header::{CACHE_CONTROL, RETRY_AFTER, WWW_AUTHENTICATE};
use personal_tokens::http::BearerAuthLayer;
use personal_tokens::store::{ExpiringQuery, LastUse, ListQuery, MemoryStore, TokenStore};
use personal_tokens::{
    Change, ChangeError, Clock, Duration, Expiry, Issued, ManualClock, NewToken, PersonalTokens, Rejection, Rotation,
    StoreError, Timestamp, TimestampOutOfRange, TokenChange, TokenId, TokenRecord, VerifyError,
};
use tower::{Layer as _, ServiceExt as _};

async fn rows(store: &RemoteStore) -> Vec<TokenRecord> {
    store.rows(&[owner(), other_owner()]).await
}

/// What a host can ask of the handle.
#[derive(Clone, Copy, Debug)]
enum Ask {
    Verify,
    Inspect,
    Issue,
    Get,
    List,
    Update,
    Rotate,
    Revoke,
    RevokeAll,
    Flush,
}

impl Ask {
    const ALL: [Self; 10] = [
        Self::Verify,
        Self::Inspect,
        Self::Issue,
        Self::Get,
        Self::List,
        Self::Update,
        Self::Rotate,
        Self::Revoke,
        Self::RevokeAll,
        Self::Flush,
    ];

    /// The one call of the store that it makes.
    fn needs(self) -> Method {
        match self {
            Self::Verify | Self::Inspect => Method::Find,
            Self::Issue | Self::Update | Self::Rotate | Self::Revoke | Self::RevokeAll => Method::Change,
            Self::Get => Method::Get,
            Self::List => Method::List,
            Self::Flush => Method::Touch,
        }
    }

    /// What the store's failure became; none if it answered.
    async fn of(self, tokens: &PersonalTokens, held: &Issued) -> Result<(), StoreError> {
        let (owner, id, text) = (owner(), held.record.id, held.token.expose());
        match self {
            Self::Verify => tokens.verify(text).await.map(drop).map_err(of_verify),
            Self::Inspect => tokens.inspect(text).await.map(drop).map_err(of_verify),
            Self::Issue => tokens.issue(NewToken::new(&owner, "another")).await.map(drop).map_err(of_change),
            Self::Get => tokens.get(&owner, id).await.map(drop),
            Self::List => tokens.list(&owner, ListQuery::all()).await.map(drop),
            Self::Update => {
                let change = TokenChange::new().name("renamed").expires_in(Duration::days(1));
                tokens.update(&owner, id, change).await.map(drop).map_err(of_change)
            }
            Self::Rotate => {
                let rotation = Rotation::new().grace(Duration::hours(1));
                tokens.rotate(&owner, id, rotation).await.map(drop).map_err(of_change)
            }
            Self::Revoke => tokens.revoke(&owner, id).await.map(drop).map_err(of_change),
            Self::RevokeAll => tokens.revoke_all(&owner).await.map(drop).map_err(of_change),
            Self::Flush => tokens.flush().await,
        }
    }
}

fn of_verify(error: VerifyError) -> StoreError {
    match error {
        VerifyError::Store(error) => error,
        other => panic!("a verdict about the token: {other:?}"),
    }
}

fn of_change(error: ChangeError) -> StoreError {
    match error {
        ChangeError::Store(error) => error,
        other => panic!("a verdict about the change: {other:?}"),
    }
}

#[tokio::test]
async fn each_method_that_fails_gives_the_typed_error_and_nothing_is_half_written() {
    for ask in Ask::ALL {
        for method in Method::ALL {
            for fault in Fault::BEFORE {
                let (tokens, store, _) = remote_shop();
                let held = issue(&tokens, "sync").await;
                tokens.verify(held.token.expose()).await.unwrap();
                let before = rows(&store).await;
                store.take_calls();

                store.fail(method, fault);
                let answer = ask.of(&tokens, &held).await;

                assert_eq!(store.take_calls(), [ask.needs()], "{ask:?}");
                if method == ask.needs() {
                    let error = answer.unwrap_err();
                    assert!(fault.made(&error), "{ask:?} made {error:?} of {fault:?}");
                    assert_eq!(rows(&store).await, before, "{ask:?} left something behind");
                } else {
                    answer.unwrap_or_else(|error| panic!("{ask:?} failed with {method:?}: {error:?}"));
                }

                store.work();
                if method == ask.needs() {
                    tokens.verify(held.token.expose()).await.unwrap();
                    ask.of(&tokens, &held).await.unwrap();
                }
            }
        }
    }
}

#[tokio::test]
async fn the_guard_answers_503_with_retry_after_and_no_challenge_until_the_store_works_again() {
    for fault in Fault::BEFORE.into_iter().chain([Fault::AnswerLost]) {
        let (tokens, store, _) = remote_shop();
        let held = issue(&tokens, "sync").await;
        let unknown = issue(&remote_shop().0, "elsewhere").await;
        store.fail(Method::Find, fault);

        for token in [&held.token, &unknown.token] {
            let (response, calls) = knock(&tokens, bearer(token.expose())).await;
            assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
            let seconds: u32 = response.headers()[RETRY_AFTER].to_str().unwrap().parse().unwrap();
            assert!(seconds > 0);
            assert_eq!(response.headers().get(WWW_AUTHENTICATE), None);
            assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
            assert_eq!(response.body(), "");
            assert_eq!(calls, 0);
        }

        store.work();
        let (response, calls) = knock(&tokens, bearer(held.token.expose())).await;
        assert_eq!((response.status(), calls), (StatusCode::OK, 1));
        let (response, calls) = knock(&tokens, bearer(unknown.token.expose())).await;
        assert_eq!((response.status(), calls), (StatusCode::UNAUTHORIZED, 0));
    }
}

#[tokio::test]
async fn a_failure_of_any_other_method_lets_the_request_in() {
    for method in Method::ALL.into_iter().filter(|method| *method != Method::Find) {
        let (tokens, store, _) = remote_shop();
        let held = issue(&tokens, "sync").await;
        store.fail(method, Fault::Unavailable);
        let (response, calls) = knock(&tokens, bearer(held.token.expose())).await;
        assert_eq!((response.status(), calls), (StatusCode::OK, 1), "{method:?}");
    }
}

#[tokio::test]
async fn a_malformed_token_is_refused_without_the_store_and_so_while_it_fails() {
    let (tokens, store, _) = remote_shop();
    store.fail(Method::Find, Fault::Unavailable);
    let (response, calls) = knock(&tokens, bearer("shop_nonsense")).await;
    assert_eq!((response.status(), calls), (StatusCode::UNAUTHORIZED, 0));
    assert_eq!(store.take_calls(), []);
}

#[tokio::test]
async fn a_lookup_that_waits_and_then_fails_is_503() {
    let (tokens, store, _) = remote_shop();
    let held = issue(&tokens, "sync").await;
    let service = Counted::default();
    let guarded = BearerAuthLayer::new(tokens).layer(service.clone());

    let slow = store.hold().await;
    let mut answer = pin!(guarded.oneshot(bearer(held.token.expose())));
    assert!(answer.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    assert_eq!(service.calls(), 0, "called before the verdict");
    store.fail(Method::Find, Fault::TimedOut);
    drop(slow);

    assert_eq!(answer.await.unwrap().status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(service.calls(), 0);
}

#[tokio::test]
async fn a_request_that_is_cancelled_while_the_store_is_asked_calls_nothing_and_is_no_use() {
    let (tokens, store, _) = remote_shop();
    let held = issue(&tokens, "sync").await;
    let service = Counted::default();
    let guarded = BearerAuthLayer::new(tokens.clone()).layer(service.clone());
    store.take_calls();

    let slow = store.hold().await;
    {
        let mut answer = pin!(guarded.oneshot(bearer(held.token.expose())));
        assert!(answer.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
    drop(slow);
    tokio::task::yield_now().await;

    assert_eq!(service.calls(), 0);
    tokens.flush().await.unwrap();
    assert_eq!(store.take_calls(), [Method::Find], "the use was noted, or the lookup made again");
    assert_eq!(rows(&store).await, [held.record]);
}

#[tokio::test]
async fn a_verification_that_the_store_fails_is_no_use() {
    let (tokens, store, _) = remote_shop();
    let held = issue(&tokens, "sync").await;
    store.fail(Method::Find, Fault::Unavailable);
    tokens.verify(held.token.expose()).await.unwrap_err();
    knock(&tokens, bearer(held.token.expose())).await;
    store.work();

    let shown = tokens.get(&owner(), held.record.id).await.unwrap().unwrap();
    assert_eq!(shown.last_used, None);
    tokens.flush().await.unwrap();
    assert_eq!(rows(&store).await, [held.record]);
}

#[tokio::test]
async fn uses_that_could_not_be_written_are_written_later() {
    let (tokens, store, clock) = remote_shop();
    let held = issue(&tokens, "sync").await;
    tokens.verify(held.token.expose()).await.unwrap();
    for fault in Fault::BEFORE.into_iter().chain([Fault::AnswerLost]) {
        store.fail(Method::Touch, fault);
        tokens.flush().await.unwrap_err();
        let shown = tokens.get(&owner(), held.record.id).await.unwrap().unwrap();
        assert_eq!(shown.last_used, Some(noon()), "forgotten after {fault:?}");
    }
    clock.advance(Duration::hours(1));
    store.work();
    tokens.flush().await.unwrap();
    assert_eq!(rows(&store).await[0].last_used, Some(noon()));
}

#[tokio::test]
async fn a_change_whose_answer_was_lost_stands_and_can_be_asked_for_again() {
    let (tokens, store, _) = remote_shop();
    let held = issue(&tokens, "sync").await;
    store.fail(Method::Change, Fault::AnswerLost);
    let error = tokens.revoke(&owner(), held.record.id).await.unwrap_err();
    assert!(matches!(error, ChangeError::Store(StoreError::TimedOut(_))), "{error:?}");

    let verdict = tokens.verify(held.token.expose()).await.unwrap_err();
    assert!(matches!(verdict, VerifyError::Rejected(Rejection::Revoked)), "{verdict:?}");
    store.work();
    tokens.revoke(&owner(), held.record.id).await.unwrap();
}

#[tokio::test]
async fn a_rotation_that_fails_leaves_the_old_token_as_good_as_before() {
    let (tokens, store, clock) = remote_shop();
    let held = issue(&tokens, "sync").await;
    store.fail(Method::Change, Fault::Unavailable);
    tokens.rotate(&owner(), held.record.id, Rotation::new()).await.unwrap_err();
    store.work();

    clock.advance(Duration::days(365));
    let verified = tokens.verify(held.token.expose()).await.unwrap();
    assert_eq!((verified.expiry(), verified.ends()), (Expiry::Never, None));
}

#[tokio::test]
async fn each_method_fails_through_every_pointer_to_the_store() {
    let store = RemoteStore::default();
    let pointers: [Box<dyn TokenStore>; 3] = [
        Box::new(Arc::new(store.clone())),
        Box::new(Box::new(store.clone())),
        Box::new(&*Box::leak(store.clone().into())),
    ];
    for pointer in &pointers {
        for (method, fault) in Method::ALL.into_iter().zip(Fault::BEFORE.into_iter().cycle()) {
            store.fail(method, fault);
            let error = call(pointer, method).await.unwrap_err();
            assert!(fault.made(&error), "{method:?} made {error:?} of {fault:?}");
            assert_eq!(store.take_calls(), [method]);
        }
    }
}

async fn call(store: &dyn TokenStore, method: Method) -> Result<(), StoreError> {
    let (owner, id, at) = (owner(), TokenId::from_bytes([7; TokenId::LEN]), noon());
    match method {
        Method::Find => store.find(id).await.map(drop),
        Method::Change => store.change(&Change::revoke_all(owner, at)).await.map(drop).map_err(of_change),
        Method::Get => store.get(&owner, id).await.map(drop),
        Method::List => store.list(&owner, &ListQuery::all(), at).await.map(drop),
        Method::Touch => store.touch(&[LastUse::new(id, at)], Duration::MINUTE).await,
        Method::Expiring => store.expiring(&ExpiringQuery::between(at, Timestamp::MAX)).await.map(drop),
        Method::ClaimNotice => store.claim_notice(id, None, at).await.map(drop),
        Method::Prune => store.prune(at, 10).await.map(drop),
    }
}

/// Our side's fault too: there is no instant to judge by, and 1970 is none.
#[derive(Clone, Debug)]
struct BrokenClock;

impl Clock for BrokenClock {
    fn now(&self) -> Result<Timestamp, TimestampOutOfRange> {
        Timestamp::from_micros(i64::MAX)
    }

    fn monotonic(&self) -> StdDuration {
        StdDuration::ZERO
    }
}

#[tokio::test]
async fn a_clock_out_of_range_is_no_verdict_on_either_path() {
    let stores: [Arc<dyn TokenStore>; 2] = [Arc::new(RemoteStore::default()), Arc::new(MemoryStore::new())];
    for store in stores {
        let builder = || PersonalTokens::builder(Arc::clone(&store)).prefix("shop").scopes(["products:read"]);
        let held = issue(&builder().clock(ManualClock::new(noon())).build().unwrap(), "sync").await;
        let tokens = builder().clock(BrokenClock).build().unwrap();

        let (response, calls) = knock(&tokens, bearer(held.token.expose())).await;
        assert_eq!((response.status(), calls), (StatusCode::SERVICE_UNAVAILABLE, 0));
        assert!(response.headers().contains_key(RETRY_AFTER));
        for ask in Ask::ALL.into_iter().filter(|ask| !matches!(ask, Ask::Get | Ask::Flush)) {
            assert!(matches!(ask.of(&tokens, &held).await, Err(StoreError::Unavailable(_))), "{ask:?}");
        }
    }
}
