//! Every vector of tests/vectors through the guard in process, over a store in memory and over one that must be
//! asked; planted guards show that the harness sees what it should.
#![cfg(all(feature = "memory", feature = "testing", feature = "tower"))]

use crate::common;

use std::collections::BTreeSet;
use std::convert::Infallible;

use common::door::Counted;
use common::remote_store::{Fault, Method, RemoteStore};
use common::vectors::{Answer, Bench, Vector, scope_layer};
use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderName, HeaderValue, Request, Response};
use personal_tokens::http::{BearerAuthLayer, Refusal, RenderRefusal};
use personal_tokens::store::MemoryStore;
use tower::{Layer as _, Service, ServiceExt as _, service_fn};

/// `None` where `http` refuses to hold the request, as a transport would refuse to read it.
fn request(vector: &Vector) -> Option<Request<String>> {
    let mut request = Request::builder().method(vector.method.as_str()).uri(vector.target());
    for (name, value) in &vector.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        request = request.header(name, HeaderValue::from_bytes(value).ok()?);
    }
    Some(request.body(vector.body.clone()).unwrap())
}

/// What is wrong with the answers of this guard around this service.
async fn failures<S>(bench: &Bench, guarded: S, shop: &Counted) -> Vec<(String, String)>
where
    S: Service<Request<String>, Response = Response<String>, Error = Infallible> + Clone,
{
    let answer = async |vector: &Vector| {
        let before = shop.calls();
        let (parts, body) = guarded.clone().oneshot(request(vector)?).await.unwrap().into_parts();
        let headers = parts.headers.iter().map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()));
        Some(Answer {
            status: parts.status.as_u16(),
            headers: headers.collect(),
            body: body.into_bytes(),
            inner_calls: shop.calls() - before,
        })
    };
    bench.failures(answer).await
}

async fn failures_with_renderer(
    bench: &Bench,
    renderer: impl RenderRefusal<String> + Clone + 'static,
) -> Vec<(String, String)> {
    let shop = Counted::default();
    let guard = BearerAuthLayer::new(bench.tokens.clone()).renderer(renderer);
    failures(bench, guard.layer(scope_layer().layer(shop.clone())), &shop).await
}

#[tokio::test]
async fn every_vector_holds_where_the_store_answers_from_memory() {
    let bench = Bench::over(MemoryStore::new()).await;
    assert_eq!(failures_with_renderer(&bench, personal_tokens::http::EmptyBody).await, []);
}

#[tokio::test]
async fn every_vector_holds_where_the_store_must_be_asked() {
    let bench = Bench::over(RemoteStore::default()).await;
    assert_eq!(failures_with_renderer(&bench, personal_tokens::http::EmptyBody).await, []);
}

/// The mistake of `headers` and most others (failures 25).
#[tokio::test]
async fn a_guard_that_takes_the_first_of_two_headers_is_caught() {
    let bench = Bench::over(MemoryStore::new()).await;
    let shop = Counted::default();
    let guarded = BearerAuthLayer::new(bench.tokens.clone()).layer(scope_layer().layer(shop.clone()));
    let first_wins = service_fn(move |mut request: Request<String>| {
        if let Some(first) = request.headers().get(AUTHORIZATION).cloned() {
            request.headers_mut().insert(AUTHORIZATION, first);
        }
        guarded.clone().oneshot(request)
    });
    let found = failures(&bench, first_wins, &shop).await;

    let caught: BTreeSet<_> = found.iter().map(|(id, _)| id.as_str()).collect();
    let repeated = bench.vectors.iter().filter(|vector| vector.authorization_lines() > 1);
    assert_eq!(caught, repeated.map(|vector| vector.id.as_str()).collect());
    assert!(caught.contains("dup-valid-first"), "{caught:?}");
}

#[tokio::test]
async fn a_guard_that_shows_the_credential_is_caught() {
    let bench = Bench::over(MemoryStore::new()).await;
    let echo = |_: &Refusal, request: &Parts| {
        let presented = request.headers.get(AUTHORIZATION).map(|value| value.as_bytes().to_vec());
        Response::new(String::from_utf8_lossy(&presented.unwrap_or_default()).into_owned())
    };
    let complaint = "a part of the credential is in the answer (status 401)".to_owned();
    let found = failures_with_renderer(&bench, echo).await;
    assert!(found.contains(&("state-unknown".to_owned(), complaint)), "{found:?}");
}

#[tokio::test]
async fn a_guard_that_tells_bad_tokens_apart_is_caught() {
    let bench = Bench::over(MemoryStore::new()).await;
    let talker = |refusal: &Refusal, _: &Parts| Response::new(format!("{refusal:?}"));
    let complaint = "the body differs from that of the first 401".to_owned();
    let found = failures_with_renderer(&bench, talker).await;
    assert!(found.contains(&("state-unknown".to_owned(), complaint)), "{found:?}");
}

#[tokio::test]
async fn a_server_error_is_caught() {
    let store = RemoteStore::default();
    let bench = Bench::over(store.clone()).await;
    store.fail(Method::Find, Fault::Unavailable);
    let found = failures_with_renderer(&bench, personal_tokens::http::EmptyBody).await;
    let complaint = "that is a server's error (status 503)".to_owned();
    assert!(found.contains(&("state-unknown".to_owned(), complaint)), "{found:?}");
}
