//! Services behind the guard that count their calls or tell what they see, and requests to them.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue, Request, Response};
use personal_tokens::http::{Anonymous, BearerAuthLayer};
use personal_tokens::{ManualClock, PersonalTokens, VerifiedToken};
use tower::{Layer as _, Service, ServiceExt as _};

use super::{remote_shop, shop};

/// A shop over each path of the guard: memory that answers at once, a store that must be asked.
pub fn both_shops() -> [(PersonalTokens, ManualClock); 2] {
    let (remote, _, clock) = remote_shop();
    [shop(), (remote, clock)]
}

/// What [`see`] saw, as the body of its answer. The default is the body of a refusal.
#[derive(Debug, Default, PartialEq)]
pub struct Seen {
    pub who: Who,
    pub authorization: Vec<HeaderValue>,
}

#[derive(Debug, Default, PartialEq)]
pub enum Who {
    /// The service was not called.
    #[default]
    NotAsked,
    /// Neither a token nor the mark of an anonymous request.
    Nobody,
    Anonymous,
    /// The token of this name.
    Token(String),
    /// A token, and the mark too.
    Both,
}

/// A handler that tells what it sees.
pub async fn see<B>(request: Request<B>) -> Result<Response<Seen>, Infallible> {
    let extensions = request.extensions();
    let who = match (extensions.get::<VerifiedToken>(), extensions.get::<Anonymous>()) {
        (None, None) => Who::Nobody,
        (None, Some(_)) => Who::Anonymous,
        (Some(token), None) => Who::Token(token.name().to_string()),
        (Some(_), Some(_)) => Who::Both,
    };
    Ok(Response::new(Seen { who, authorization: authorization(request.headers()) }))
}

pub fn authorization(headers: &HeaderMap) -> Vec<HeaderValue> {
    headers.get_all(AUTHORIZATION).iter().cloned().collect()
}

/// Clones count together.
#[derive(Clone, Default)]
pub struct Counted(Arc<AtomicUsize>);

impl Counted {
    pub fn calls(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl<B> Service<Request<B>> for Counted {
    type Response = Response<String>;
    type Error = Infallible;
    type Future = Ready<Result<Response<String>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<B>) -> Self::Future {
        self.0.fetch_add(1, Ordering::SeqCst);
        ready(Ok(Response::new("welcome".to_owned())))
    }
}

pub fn bearer(token: &str) -> Request<()> {
    with_lines(&[format!("Bearer {token}").as_bytes()])
}

/// A request with these `Authorization` lines.
pub fn with_lines(lines: &[&[u8]]) -> Request<()> {
    let request = lines.iter().fold(Request::builder(), |request, line| request.header(AUTHORIZATION, *line));
    request.body(()).unwrap()
}

/// The lines of this header, as text.
pub fn lines<'a>(headers: &'a HeaderMap, name: &str) -> Vec<&'a str> {
    headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect()
}

/// The guard's answer, and how often the service behind it was called.
pub async fn knock(tokens: &PersonalTokens, request: Request<()>) -> (Response<String>, usize) {
    let shop = Counted::default();
    let guarded = BearerAuthLayer::new(tokens.clone()).layer(shop.clone());
    (guarded.oneshot(request).await.unwrap(), shop.calls())
}
