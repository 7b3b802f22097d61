//! No `Debug` and no error shows a secret or a digest, whatever the form (failures 28; peer mistake: the secret
//! in a derived `Debug`, modo-rs, headers).
#![cfg(all(feature = "memory", feature = "testing", feature = "tower"))]

mod common;

use std::convert::Infallible;
use std::error::Error;
use std::fmt::Debug;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use common::forge::random_of;
use common::random::draws;
use common::{builder, issue, owner};
use personal_tokens::http::{BearerAuthLayer, Refusal};
use personal_tokens::store::{ListQuery, MemoryStore, TokenStore as _};
use personal_tokens::{
    Change, Issued, NewToken, PersonalTokens, Policy, Rotation, Successor, Token, TokenChange, TokenPrefix,
};

/// What part of `kept_back` the text shows, in any usual form; so much of it as 8 bytes is a leak.
fn leak(text: &str, kept_back: &[u8]) -> Option<String> {
    const PART: usize = 8;
    let joined: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let lower = joined.to_lowercase();
    let list = |bytes: &[u8], form: fn(&u8) -> String| bytes.iter().map(form).collect::<Vec<_>>().join(",");
    kept_back
        .windows(PART)
        .flat_map(|part| {
            [
                part.iter().map(|byte| format!("{byte:02x}")).collect(),
                list(part, |byte| format!("{byte}")),
                list(part, |byte| format!("{byte:x}")),
                list(part, |byte| format!("{byte:02x}")),
                list(part, |byte| format!("0x{byte:02x}")),
            ]
        })
        .find(|form| lower.contains(form))
        .or_else(|| base64_parts(kept_back).into_iter().find(|part| joined.contains(part)))
}

/// In both alphabets, whatever stands before it.
fn base64_parts(bytes: &[u8]) -> Vec<String> {
    const PART: usize = 10;
    let mut parts = Vec::new();
    for (engine, skipped) in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD].into_iter().flat_map(|e| (0..3).map(move |n| (e, n)))
    {
        let mut text = vec![0; bytes.len() * 2];
        let len = engine.encode_slice(&bytes[skipped..], &mut text).unwrap();
        parts.extend(text[..len].windows(PART).map(|part| String::from_utf8(part.to_vec()).unwrap()));
    }
    parts
}

/// The secret of a token, and its digest.
fn kept_back(token: &Token) -> [Vec<u8>; 2] {
    [random_of(token.expose())[12..].to_vec(), token.digest().as_bytes().to_vec()]
}

#[track_caller]
fn assert_silent(value: &impl Debug, tokens: &[&Token]) {
    for text in [format!("{value:?}"), format!("{value:#?}"), format!("{value:x?}")] {
        assert_silent_text(&text, tokens);
    }
}

/// The error and all that it stems from.
#[track_caller]
fn assert_silent_error(error: &(dyn Error + 'static), tokens: &[&Token]) {
    let mut next = Some(error);
    while let Some(error) = next {
        assert_silent(&error, tokens);
        assert_silent_text(&error.to_string(), tokens);
        next = error.source();
    }
}

#[track_caller]
fn assert_silent_text(text: &str, tokens: &[&Token]) {
    for bytes in tokens.iter().flat_map(|token| kept_back(token)) {
        assert_eq!(leak(text, &bytes), None, "in {text}");
    }
}

/// A token whose bytes are a canary: every run is the same.
fn canary() -> Token {
    let draw: Vec<u8> = (0..44).map(|n| n * 5 + 1).collect();
    Token::generate(&TokenPrefix::new("shop").unwrap(), &mut draws([&draw[..]])).unwrap()
}

#[test]
fn the_check_finds_a_planted_leak_of_each_form() {
    #[derive(Debug)]
    #[allow(dead_code)]
    struct Leaky<T>(T);

    let token = canary();
    for bytes in kept_back(&token) {
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let leaks = [
            format!("{:?}", Leaky(&bytes)),
            format!("{:#?}", Leaky(&bytes)),
            format!("{:x?}", Leaky(&bytes)),
            format!("{:02X?}", Leaky(&bytes)),
            format!("{:#04x?}", Leaky(&bytes)),
            format!("{:?}", Leaky(&bytes[20..28])),
            format!("{:?}", Leaky(&hex)),
            format!("{:?}", Leaky(hex.to_uppercase())),
            format!("{:?}", Leaky(base64_parts(&bytes))),
        ];
        for text in leaks {
            assert!(leak(&text, &bytes).is_some(), "not found in {text}");
        }
    }
    let [secret, _] = kept_back(&token);
    assert!(leak(&format!("{:?}", Leaky(token.expose())), &secret).is_some());
    assert!(leak(&format!("{:?}", Leaky(&token.expose()[30..50])), &secret).is_some());
}

#[tokio::test]
async fn no_value_shows_it() {
    let (builder, _) = builder();
    assert_silent(&builder, &[&canary()]);
    let tokens = builder.build().unwrap();
    let Issued { token, record, .. } = issue(&tokens, "sync").await;
    let token = &[&token][..];
    assert_silent(&token[0], token);
    assert_silent(&token[0].digest(), token);
    assert_silent(&record, token);
    assert_silent(&tokens.get(&owner(), record.id).await.unwrap(), token);
    assert_silent(&tokens.list(&owner(), ListQuery::all()).await.unwrap(), token);
    assert_silent(&tokens.verify(token[0].expose()).await.unwrap(), token);
    assert_silent(&tokens, token);
    let layer = BearerAuthLayer::new(tokens);
    assert_silent(&layer, token);
    let service = tower::service_fn(async |_: http::Request<()>| Ok::<_, Infallible>(http::Response::new(())));
    assert_silent(&tower::Layer::layer(&layer, tower::util::BoxCloneService::new(service)), token);
}

#[tokio::test]
async fn no_answer_to_an_issue_or_a_rotation_shows_it() {
    let (tokens, _) = common::shop();
    let issued = issue(&tokens, "sync").await;
    assert_silent(&issued, &[&issued.token]);
    let rotated = tokens.rotate(&owner(), issued.record.id, Rotation::new()).await.unwrap();
    assert_silent(&rotated, &[&issued.token, &rotated.token]);
}

#[tokio::test]
async fn nothing_that_goes_to_a_store_shows_it() {
    let token = canary();
    let successor = Successor {
        id: token.id(),
        digest: token.digest(),
        created_by: None,
        expiry: None,
        grace: personal_tokens::Duration::ZERO,
    };
    assert_silent(&successor, &[&token]);
    let (at, policy) = (common::noon(), std::sync::Arc::new(Policy::default()));
    let change = Change::rotate(owner(), token.id(), successor, at, policy);
    assert_silent(&change, &[&token]);

    let store = std::sync::Arc::new(MemoryStore::new());
    let tokens = PersonalTokens::builder(store.clone()).prefix("shop").build().unwrap();
    let issued = tokens.issue(NewToken::new(owner(), "sync")).await.unwrap();
    assert_silent(&store, &[&issued.token]);
    assert_silent(&store.find_cached(issued.token.id()), &[&issued.token]);
}

#[tokio::test]
async fn no_error_shows_it() {
    let (tokens, clock) = common::shop();
    let Issued { token, record, .. } = issue(&tokens, "sync").await;
    let token = &[&token][..];
    let text = token[0].expose().to_owned();

    let shop = [TokenPrefix::new("shop").unwrap()];
    for malformed in [text[1..].to_owned(), text[..60].to_owned(), text.replace('_', "-"), format!("{text}=")] {
        assert_silent_error(&Token::parse(malformed.as_bytes(), &shop).unwrap_err(), token);
        let error = tokens.verify(&malformed).await.unwrap_err();
        assert_silent_error(&error, token);
        assert_silent(&Refusal::from(error), token);
    }
    let expiring = TokenChange::new().expires_in(personal_tokens::Duration::HOUR);
    tokens.update(&owner(), record.id, expiring).await.unwrap();
    clock.advance(personal_tokens::Duration::HOUR);
    assert_silent_error(&tokens.verify(&text).await.unwrap_err(), token);
    assert_silent_error(&tokens.issue(NewToken::new(owner(), "sync")).await.unwrap_err(), token);
    tokens.revoke(&owner(), record.id).await.unwrap();
    assert_silent_error(&tokens.verify(&text).await.unwrap_err(), token);
    assert_silent_error(&tokens.rotate(&owner(), record.id, Rotation::new()).await.unwrap_err(), token);
}

/// A token pasted where another word belongs is not repeated in the error.
#[tokio::test]
async fn no_error_repeats_a_token_pasted_into_the_wrong_field() {
    let (tokens, _) = common::shop();
    let token = canary();
    let pasted = token.expose();
    let in_name = NewToken::new(owner(), format!("{pasted} "));
    assert_silent_error(&tokens.issue(in_name).await.unwrap_err(), &[&token]);
    let in_owner = NewToken::new(format!("{pasted}\n"), "sync");
    assert_silent_error(&tokens.issue(in_owner).await.unwrap_err(), &[&token]);
    assert_silent_error(&TokenPrefix::new(pasted).unwrap_err(), &[&token]);
    assert_silent_error(&pasted.parse::<personal_tokens::TokenId>().unwrap_err(), &[&token]);
}
