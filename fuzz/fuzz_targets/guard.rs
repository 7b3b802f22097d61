//! Whatever stands in `Authorization`, the guard refuses it: nothing was ever issued. Lines of the input are lines of
//! the header.
#![no_main]

use std::convert::Infallible;
use std::pin::pin;
use std::sync::LazyLock;
use std::task::{Context, Poll, Waker};

use http::{HeaderValue, Request, Response};
use libfuzzer_sys::fuzz_target;
use personal_tokens::PersonalTokens;
use personal_tokens::http::BearerAuthLayer;
use personal_tokens::store::MemoryStore;
use tower::{Layer, Service, service_fn};

static TOKENS: LazyLock<PersonalTokens> =
    LazyLock::new(|| PersonalTokens::builder(MemoryStore::new()).prefix("shop").build().unwrap());

fuzz_target!(|input: &[u8]| {
    let inner = service_fn(|_: Request<()>| async { Ok::<Response<()>, Infallible>(unreachable!("let in")) });
    let mut guard = BearerAuthLayer::new(TOKENS.clone()).layer(inner);
    let mut request = Request::new(());
    for line in input.split(|&byte| byte == b'\n').take(4) {
        let Ok(value) = HeaderValue::from_bytes(line) else { return };
        request.headers_mut().append("authorization", value);
    }
    let mut answer = pin!(guard.call(request));
    match answer.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(response)) => assert!(matches!(response.status().as_u16(), 400 | 401)),
        Poll::Pending => unreachable!("memory answers at once"),
    }
});
