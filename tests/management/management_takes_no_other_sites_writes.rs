//! A change is taken from a page of the host's own origin, or of one that the host lists, and from no other: the
//! browser tells which it is by `Sec-Fetch-Site` and `Origin`, and what it does not tell is refused.
#![cfg(all(feature = "memory", feature = "testing", feature = "management"))]

use crate::common;

use axum::body::Body;
use common::management::{Ask, Host, host_with};
use http::Request;
use personal_tokens::management::Settings;

const LISTED: [&str; 2] = ["https://shop.example", "http://127.0.0.1:8080"];

type Lines = (&'static str, &'static str);

/// What no page of the host's own sends.
const REFUSED: [&[Lines]; 21] = [
    &[],
    &[("sec-fetch-site", "same-site")],
    &[("sec-fetch-site", "cross-site")],
    &[("sec-fetch-site", "none")],
    &[("sec-fetch-site", "")],
    &[("sec-fetch-site", "null")],
    &[("sec-fetch-site", "Same-Origin")],
    &[("sec-fetch-site", "same-origin, same-origin")],
    &[("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")],
    &[("sec-fetch-site", "same-origin"), ("sec-fetch-site", "same-origin")],
    &[("origin", "null")],
    &[("origin", "")],
    &[("origin", "https://evil.example")],
    &[("origin", "http://shop.example")],
    &[("origin", "https://shop.example:444")],
    &[("origin", "https://shop.example/")],
    &[("origin", "https://shop.example.evil.example")],
    &[("origin", "https://a.shop.example")],
    &[("origin", "https://SHOP.example")],
    &[("origin", "https://shop.example"), ("origin", "https://evil.example")],
    &[("sec-fetch-site", "cross-site"), ("origin", "https://evil.example"), ("referer", "https://shop.example/")],
];

const TAKEN: [&[Lines]; 6] = [
    &[("sec-fetch-site", "same-origin")],
    &[("sec-fetch-site", "same-origin"), ("origin", "https://behind.a.proxy.example")],
    &[("sec-fetch-site", "same-origin"), ("origin", "null")],
    &[("origin", "https://shop.example")],
    &[("origin", "http://127.0.0.1:8080")],
    &[("sec-fetch-site", "same-site"), ("origin", "https://shop.example")],
];

fn with(ask: &Ask, lines: &[Lines]) -> Request<Body> {
    let mut request = ask.request();
    let headers = request.headers_mut();
    headers.remove("sec-fetch-site");
    for (name, value) in lines {
        headers.append(*name, value.parse().unwrap());
    }
    request
}

async fn shop() -> (Host, String) {
    let settings = LISTED.iter().fold(Settings::new(), |settings, origin| settings.origin(origin));
    let host = host_with(|builder| builder, settings);
    let id = host.issue("sync", &["products:read"]).await["record"]["id"].as_str().unwrap().to_owned();
    (host, id)
}

#[tokio::test]
async fn a_write_of_another_page_is_refused_and_does_nothing() {
    let (host, id) = shop().await;
    let rows = host.rows().await;
    host.store.take_calls();
    for lines in REFUSED {
        for ask in Ask::writes(&id) {
            let answer = host.send(with(&ask, lines)).await;
            assert_eq!(answer.refused(403), "cross-site", "{lines:?} {ask:?}");
        }
        // Not even what no route takes is looked at.
        for path in ["tokens", "nothing"] {
            let answer = host.send(with(&Ask::delete(path), lines)).await;
            assert_eq!(answer.refused(403), "cross-site", "{lines:?} DELETE {path}");
        }
    }
    assert_eq!(host.store.take_calls(), []);
    assert_eq!(host.rows().await, rows);
}

#[tokio::test]
async fn a_write_of_the_hosts_own_pages_is_taken() {
    for lines in TAKEN {
        let (host, id) = shop().await;
        for ask in Ask::writes(&id) {
            let answer = host.send(with(&ask, lines)).await;
            assert!(matches!(answer.status, 200 | 201), "{lines:?} {ask:?}: {answer}");
        }
    }
}

/// A link in a mail leads to the page; what it reads, no other page can see.
#[tokio::test]
async fn to_read_takes_no_page_at_all() {
    let (host, id) = shop().await;
    for lines in REFUSED {
        for ask in Ask::reads(&id) {
            let answer = host.send(with(&ask, lines)).await;
            assert_eq!(answer.status, 200, "{lines:?} {ask:?}");
            // And no answer says that another origin may read it.
            assert_eq!(answer.lines("access-control-allow-origin"), [""; 0]);
        }
    }
}

/// Without a list, `Origin` opens nothing.
#[tokio::test]
async fn no_origin_is_listed_by_itself() {
    let host = host_with(|builder| builder, Settings::new());
    for origin in ["https://shop.example", "null", ""] {
        let answer = host.send(with(&Ask::writes("x")[0], &[("origin", origin)])).await;
        assert_eq!(answer.refused(403), "cross-site");
    }
}
