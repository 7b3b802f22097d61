//! A write takes what is said to be JSON, once, and at most 16 KiB of it, with and without a length; what breaks off
//! changes nothing.
#![cfg(all(feature = "memory", feature = "testing", feature = "management"))]

use crate::common;

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use common::management::{Ask, host_with_token};
use hyper::body::Frame;

const LIMIT: usize = 16 * 1_024;

#[tokio::test]
async fn it_must_be_said_to_be_json_once() {
    let (host, id) = host_with_token().await;
    let rows = host.rows().await;
    let refused: [&[&str]; 13] = [
        &[],
        &[""],
        &["text/plain"],
        &["application/x-www-form-urlencoded"],
        &["multipart/form-data; boundary=x"],
        &["text/json"],
        &["application/jsonp"],
        &["application/ld+json"],
        &["application/json, text/plain"],
        &["text/plain; application/json"],
        &["json"],
        &["application/json", "application/json"],
        &["text/plain", "application/json"],
    ];
    let typed = |ask: &Ask, lines: &[&str]| {
        let mut request = ask.request();
        request.headers_mut().remove("content-type");
        for line in lines {
            request.headers_mut().append("content-type", line.parse().unwrap());
        }
        request
    };
    for ask in Ask::with_bodies(&id) {
        for lines in refused {
            assert_eq!(host.send(typed(&ask, lines)).await.refused(415), "content-type", "{lines:?} {ask:?}");
        }
    }
    assert_eq!(host.rows().await, rows);
    for line in [
        "application/json",
        "Application/JSON",
        "application/json; charset=utf-8",
        "application/json;charset=\"UTF-8\"",
    ] {
        let (host, id) = host_with_token().await;
        for ask in Ask::with_bodies(&id) {
            assert!(matches!(host.send(typed(&ask, &[line])).await.status, 200 | 201), "{line}");
        }
    }
}

/// A body without a length: its pieces, the last first, or what breaks it off.
struct Pieces(Vec<Result<Bytes, &'static str>>);

impl Pieces {
    fn of(text: &str) -> Self {
        Self(text.as_bytes().chunks(1_024).rev().map(|piece| Ok(Bytes::copy_from_slice(piece))).collect())
    }
}

impl hyper::body::Body for Pieces {
    type Data = Bytes;
    type Error = &'static str;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, &'static str>>> {
        Poll::Ready(self.0.pop().map(|piece| piece.map(Frame::data)))
    }
}

#[tokio::test]
async fn sixteen_kibibytes_are_taken_and_no_more() {
    let padded = |ask: &Ask, len: usize| {
        let body = ask.body.as_ref().unwrap().to_string();
        [" ".repeat(len - body.len()), body].concat()
    };
    let (host, id) = host_with_token().await;
    let rows = host.rows().await;
    for ask in Ask::with_bodies(&id) {
        for len in [LIMIT + 1, 1_000_000] {
            for body in [Body::from(padded(&ask, len)), Body::new(Pieces::of(&padded(&ask, len)))] {
                assert_eq!(host.ask_with(&ask, body).await.refused(413), "body-too-large", "{len} {ask:?}");
            }
        }
    }
    assert_eq!(host.rows().await, rows);
    for ask in Ask::with_bodies(&id) {
        assert!(matches!(host.ask_with(&ask, padded(&ask, LIMIT)).await.status, 200 | 201), "{ask:?}");
    }
    let (host, id) = host_with_token().await;
    for ask in Ask::with_bodies(&id) {
        assert!(
            matches!(host.ask_with(&ask, Body::new(Pieces::of(&padded(&ask, LIMIT)))).await.status, 200 | 201),
            "{ask:?}"
        );
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_is_refused() {
    let (host, id) = host_with_token().await;
    let rows = host.rows().await;
    for ask in Ask::with_bodies(&id) {
        let text = ask.body.as_ref().unwrap().to_string();
        let body = Pieces(vec![Err("the connection was reset"), Ok(Bytes::from(text))]);
        assert_eq!(
            host.ask_with(&ask, Body::new(body)).await.problem(),
            (400, "malformed-body".into(), None),
            "{ask:?}"
        );
    }
    assert_eq!(host.rows().await, rows);
}
