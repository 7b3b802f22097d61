//! The guard calls the very service that was polled ready, never a clone of it (tower-http#561, failures 36).
#![cfg(all(feature = "memory", feature = "testing", feature = "tower"))]

use crate::common;

use std::future::{Future, Ready, poll_fn, ready};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use common::door::{bearer, with_lines};
use common::issue;
use common::remote_store::RemoteStore;
use http::header::{ACCESS_CONTROL_REQUEST_METHOD, ORIGIN};
use http::{Request, Response, StatusCode};
use personal_tokens::PersonalTokens;
use personal_tokens::http::{BearerAuthLayer, RequireScopeLayer, acting_as};
use personal_tokens::store::{MemoryStore, TokenStore};
use tokio::sync::Semaphore;
use tower::limit::ConcurrencyLimit;
use tower::{Layer as _, Service, ServiceExt as _, service_fn};

/// A handle and a good token over each path of the guard: memory that answers at once, a store that is asked.
async fn both_paths() -> [(PersonalTokens, String); 2] {
    [over(MemoryStore::new()).await, over(RemoteStore::default()).await]
}

async fn over(store: impl TokenStore + 'static) -> (PersonalTokens, String) {
    let tokens = PersonalTokens::builder(store).prefix("shop").scopes(["products:read"]).build().unwrap();
    let token = issue(&tokens, "sync").await.token.expose().to_owned();
    (tokens, token)
}

/// Counts the calls that come without a `poll_ready` of their own. A clone is not ready.
#[derive(Default)]
struct Strict {
    is_ready: bool,
    calls: Arc<AtomicUsize>,
    unready_calls: Arc<AtomicUsize>,
}

impl Clone for Strict {
    fn clone(&self) -> Self {
        Self { is_ready: false, calls: Arc::clone(&self.calls), unready_calls: Arc::clone(&self.unready_calls) }
    }
}

impl Service<Request<()>> for Strict {
    type Response = Response<String>;
    type Error = String;
    type Future = Ready<Result<Response<String>, String>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), String>> {
        self.is_ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        self.calls.fetch_add(1, Ordering::SeqCst);
        if !std::mem::take(&mut self.is_ready) {
            self.unready_calls.fetch_add(1, Ordering::SeqCst);
        }
        ready(Ok(Response::default()))
    }
}

/// How many of three good requests in a row, with a bad one between them, came to a service that was not ready.
async fn unready_calls<S>(guard: impl FnOnce(Strict) -> S, good: impl Fn() -> Request<()>) -> usize
where
    S: Service<Request<()>, Response = Response<String>, Error = String>,
{
    let inner = Strict::default();
    let (calls, unready_calls) = (Arc::clone(&inner.calls), Arc::clone(&inner.unready_calls));
    let mut service = guard(inner);
    for request in [good(), bearer("shop_nonsense"), good(), good()] {
        poll_fn(|cx| service.poll_ready(cx)).await.unwrap();
        service.call(request).await.unwrap();
    }
    assert_eq!(calls.load(Ordering::SeqCst), 3);
    unready_calls.load(Ordering::SeqCst)
}

#[tokio::test]
async fn every_call_comes_to_the_service_that_was_polled_ready() {
    for (tokens, token) in both_paths().await {
        let scope = RequireScopeLayer::new("products:read").unwrap();
        let guard = |inner| BearerAuthLayer::new(tokens.clone()).layer(scope.layer(inner));
        assert_eq!(unready_calls(guard, || bearer(&token)).await, 0);
    }
}

#[tokio::test]
async fn so_does_every_call_without_a_token() {
    for (tokens, _) in both_paths().await {
        let guard = BearerAuthLayer::new(tokens).optional().allow_preflights();
        assert_eq!(unready_calls(|inner| guard.layer(inner), || with_lines(&[])).await, 0);
        let preflight = || {
            let options = Request::options("/").header(ORIGIN, "https://admin.example");
            options.header(ACCESS_CONTROL_REQUEST_METHOD, "PUT").body(()).unwrap()
        };
        let scope = RequireScopeLayer::new("products:read").unwrap();
        assert_eq!(unready_calls(|inner| guard.layer(scope.layer(inner)), preflight).await, 0);
    }
}

/// The usual mistake: the service that was polled ready stays behind, and its clone is called.
#[derive(Clone)]
struct CallsAClone {
    inner: Strict,
    tokens: PersonalTokens,
}

impl Service<Request<()>> for CallsAClone {
    type Response = Response<String>;
    type Error = String;
    type Future = Pin<Box<dyn Future<Output = Result<Response<String>, String>>>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), String>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<()>) -> Self::Future {
        let Self { mut inner, tokens } = self.clone();
        Box::pin(async move {
            let token = request.headers()["authorization"].to_str().unwrap().trim_start_matches("Bearer ").to_owned();
            match tokens.verify(token).await {
                Ok(_) => inner.call(request).await,
                Err(_) => Ok(Response::default()),
            }
        })
    }
}

#[tokio::test]
async fn a_guard_that_calls_a_clone_is_found_out() {
    for (tokens, token) in both_paths().await {
        assert_eq!(unready_calls(|inner| CallsAClone { inner, tokens }, || bearer(&token)).await, 3);
    }
}

/// `ConcurrencyLimit` panics when it is called without the permit that `poll_ready` took.
#[tokio::test]
async fn a_service_with_one_permit_works_and_is_busy_while_it_answers() {
    for (tokens, token) in both_paths().await {
        let gate = Arc::new(Semaphore::new(0));
        let waiting = Arc::clone(&gate);
        let slow = service_fn(move |_: Request<()>| {
            let gate = Arc::clone(&waiting);
            async move {
                gate.acquire().await.unwrap().forget();
                Ok::<_, String>(Response::<String>::default())
            }
        });
        let mut service = BearerAuthLayer::new(tokens).layer(ConcurrencyLimit::new(slow, 1));
        let mut cx = Context::from_waker(Waker::noop());

        for _ in 0..3 {
            let mut first = pin!(service.ready().await.unwrap().call(bearer(&token)));
            assert!(first.as_mut().poll(&mut cx).is_pending());
            assert!(service.poll_ready(&mut cx).is_pending(), "the permit is out");
            gate.add_permits(1);
            assert_eq!(first.await.unwrap().status(), StatusCode::OK);
        }
    }
}

#[tokio::test]
async fn a_request_that_was_refused_or_dropped_gives_its_permit_back() {
    for (tokens, token) in both_paths().await {
        let at_once = service_fn(|_: Request<()>| ready(Ok::<_, String>(Response::<String>::default())));
        let service = BearerAuthLayer::new(tokens).layer(ConcurrencyLimit::new(at_once, 1));
        let unknown = both_paths().await[0].1.clone();
        for bad in ["shop_nonsense", &unknown] {
            let response = service.clone().oneshot(bearer(bad)).await.unwrap();
            assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
        }
        let mut dropped = service.clone();
        drop(dropped.ready().await.unwrap().call(bearer(&token)));
        drop(dropped);
        let response = service.oneshot(bearer(&token)).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
    }
}

#[derive(Clone)]
struct Saying(Poll<Result<(), String>>);

impl Service<Request<()>> for Saying {
    type Response = Response<String>;
    type Error = String;
    type Future = Ready<Result<Response<String>, String>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), String>> {
        cx.waker().wake_by_ref();
        self.0.clone()
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        ready(Err("the call failed".to_owned()))
    }
}

#[tokio::test]
async fn what_the_service_says_to_poll_ready_and_its_error_pass_through() {
    for (tokens, token) in both_paths().await {
        for said in [Poll::Pending, Poll::Ready(Err("closed".to_owned())), Poll::Ready(Ok(()))] {
            let scope = RequireScopeLayer::new("products:read").unwrap();
            let acting = acting_as("store-42", ["products:read"]).unwrap();
            let inner = acting.layer(scope.layer(Saying(said.clone())));
            let mut service = BearerAuthLayer::new(tokens.clone()).layer(inner);
            let woken = Arc::new(Woken::default());
            let waker = Waker::from(Arc::clone(&woken));
            assert_eq!(service.poll_ready(&mut Context::from_waker(&waker)), said);
            assert_eq!(woken.0.load(Ordering::SeqCst), 1, "the service got another waker than the caller's");
            if said.is_ready() {
                assert_eq!(service.call(bearer(&token)).await.unwrap_err(), "the call failed");
            }
        }
    }
}

#[derive(Default)]
struct Woken(AtomicUsize);

impl std::task::Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}
