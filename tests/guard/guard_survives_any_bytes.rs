//! Whatever bytes stand in `Authorization`, on no line or up to three: the guard refuses them by the grammar of
//! its challenges, without a panic, a server's error or a call of the service (failures 26; a byte-index split
//! of non-ASCII text has panicked elsewhere).
#![cfg(all(feature = "memory", feature = "testing", feature = "tower"))]

use crate::common;

use common::door::{knock, with_lines};
use common::{block_on, cases, challenges, issue, shop};
use http::HeaderValue;
use http::header::WWW_AUTHENTICATE;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// All the bytes that a header value can hold, and more often those that the guard's grammar speaks of.
fn byte() -> impl Strategy<Value = u8> {
    prop_oneof![any::<u8>(), select(b"Aa0-._~+/= \t,:\"\\%\x80\xff".to_vec())]
}

fn value() -> impl Strategy<Value = Vec<u8>> {
    let scheme = select(vec![&b""[..], b"Bearer", b"bearer ", b" BEARER  ", b"Bearer\t", b"Bearer shop_", b"Basic "]);
    let rest =
        prop_oneof![vec(byte(), 0..12), vec(byte(), 60..80), vec(byte(), 250..262), vec(select(b"Aa9-_".to_vec()), 64)];
    let value = (scheme, rest).prop_map(|(scheme, rest)| [scheme, &rest].concat());
    value.prop_filter("no header value", |value| HeaderValue::from_bytes(value).is_ok())
}

#[test]
fn no_bytes_open_the_door_or_break_it() {
    let (tokens, _clock) = shop();
    block_on(issue(&tokens, "the one that is not presented"));
    proptest!(cases(1024), |(lines in vec(value(), 0..=3))| {
        let lines: Vec<&[u8]> = lines.iter().map(Vec::as_slice).collect();
        let (response, inner_calls) = block_on(knock(&tokens, with_lines(&lines)));
        prop_assert_eq!(inner_calls, 0);
        let status = response.status().as_u16();
        let expected: &[u16] = match lines.len() { 0 => &[401], 1 => &[400, 401], _ => &[400] };
        prop_assert!(expected.contains(&status), "{} lines: {}", lines.len(), status);
        let challenges = challenges::parse(response.headers()[WWW_AUTHENTICATE].as_bytes()).unwrap();
        prop_assert_eq!(challenges.len(), 1);
        prop_assert!(challenges[0].param("realm").is_some());
        prop_assert_eq!(response.body(), "");
    });
}
