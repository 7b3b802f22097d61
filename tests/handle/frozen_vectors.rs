//! The token format never changes: tokens of the first release, made by other code (vectors/tokens.py), are
//! read and made the same for ever.
#![cfg(all(feature = "memory", feature = "testing"))]

use crate::common;

use common::random::draws;
use personal_tokens::{Token, TokenId, TokenPrefix};
use serde_json::Value;

struct Vector {
    prefix: TokenPrefix,
    random: Vec<u8>,
    token: String,
    id: String,
    digest: Vec<u8>,
    generated: bool,
}

fn vectors() -> Vec<Vector> {
    let all: Vec<Value> = serde_json::from_str(include_str!("../vectors/tokens.json")).unwrap();
    assert_eq!(all.len(), 11);
    let text = |vector: &Value, key: &str| vector[key].as_str().unwrap().to_owned();
    all.iter()
        .map(|vector| Vector {
            prefix: TokenPrefix::new(&text(vector, "prefix")).unwrap(),
            random: bytes(&text(vector, "random")),
            token: text(vector, "token"),
            id: text(vector, "id"),
            digest: bytes(&text(vector, "digest")),
            generated: vector["generated"].as_bool().unwrap(),
        })
        .collect()
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

#[test]
fn each_string_is_read_as_its_id_and_digest() {
    for vector in vectors() {
        let token = Token::parse(vector.token.as_bytes(), &[vector.prefix]).unwrap();
        assert_eq!(token.expose(), vector.token);
        assert_eq!(token.prefix(), vector.prefix);
        assert_eq!(token.id().as_bytes()[..], vector.random[..TokenId::LEN]);
        assert_eq!(token.id().to_string(), vector.id);
        assert_eq!(vector.id.parse(), Ok(token.id()));
        assert_eq!(token.digest().key(), 0);
        assert_eq!(token.digest().as_bytes()[..], vector.digest);
    }
}

#[test]
fn a_generator_of_these_bytes_makes_the_string() {
    for vector in vectors().iter().filter(|vector| vector.generated) {
        let token = Token::generate(&vector.prefix, &mut draws([&vector.random[..]])).unwrap();
        assert_eq!(token.expose(), vector.token);
        assert_eq!(token.id().to_string(), vector.id);
        assert_eq!(token.digest().as_bytes()[..], vector.digest);
    }
}

/// A `-` in the first draw: the second makes the token, whole, with nothing of the first.
#[test]
fn a_string_with_a_hyphen_is_read_but_never_made() {
    let vectors = vectors();
    let hyphen = vectors.iter().find(|vector| vector.token.contains('-')).unwrap();
    let good = vectors.iter().find(|vector| vector.generated && vector.prefix == hyphen.prefix).unwrap();
    let mut source = draws([&hyphen.random[..], &good.random]);
    let token = Token::generate(&good.prefix, &mut source).unwrap();
    assert_eq!(source.draws, 2);
    assert_eq!(token.expose(), good.token);
    assert_eq!(token.digest().as_bytes()[..], good.digest);
}
