//! A service behind the guard that counts its calls, and requests to it.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use http::header::AUTHORIZATION;
use http::{HeaderMap, Request, Response};
use personal_tokens::PersonalTokens;
use personal_tokens::http::BearerAuthLayer;
use tower::{Layer as _, Service, ServiceExt as _};

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
