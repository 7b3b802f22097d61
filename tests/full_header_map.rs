//! A request with as many headers as a map can hold is answered, not a panic (failures 26).
#![cfg(all(feature = "memory", feature = "testing", feature = "tower"))]

mod common;

use common::door::{knock, with_lines};
use http::{HeaderName, HeaderValue, Request, StatusCode};

/// `http::HeaderMap` holds so many names; one more place is refused, or panics.
const FULL: usize = 24_576;

fn filled(mut request: Request<()>) -> Request<()> {
    for n in request.headers().len()..FULL {
        let name = HeaderName::try_from(format!("x-{n}")).unwrap();
        request.headers_mut().insert(name, HeaderValue::from_static("7"));
    }
    assert!(request.headers_mut().try_insert("x-one-more", HeaderValue::from_static("7")).is_err());
    request
}

#[tokio::test]
async fn a_good_token_in_a_full_map_comes_in() {
    let (tokens, _) = common::shop();
    let issued = common::issue(&tokens, "sync").await;
    let bearer = format!("Bearer {}", issued.token.expose());
    let (answer, calls) = knock(&tokens, filled(with_lines(&[bearer.as_bytes()]))).await;
    assert_eq!((answer.status(), calls), (StatusCode::OK, 1));
}

#[tokio::test]
async fn a_full_map_without_a_token_is_401() {
    let (tokens, _) = common::shop();
    let (answer, calls) = knock(&tokens, filled(with_lines(&[]))).await;
    assert_eq!((answer.status(), calls), (StatusCode::UNAUTHORIZED, 0));
}
