//! What the guard refuses and how it says so, exactly: status, challenge, headers and body.
#![cfg(all(feature = "memory", feature = "testing", feature = "tower"))]

use crate::common;

use common::challenges::{Challenge, parse};
use common::door::{Counted, bearer, knock, lines, with_lines};
use common::forge::{RANDOM_LEN, forge, random_of};
use common::remote_store::{Fault, Method, RemoteStore};
use common::{block_on, issue, owner, shop};
use http::header::WWW_AUTHENTICATE;
use http::{Request, Response, StatusCode};
use personal_tokens::http::{BearerAuthLayer, RequireScopeLayer};
use personal_tokens::{Duration, Issued, ManualClock, NewToken, PersonalTokens, Rotation};
use proptest::collection::vec;
use proptest::prelude::*;
use tower::util::MapResponseLayer;
use tower::{Layer as _, ServiceExt as _};

const EXPIRED: &str = r#"Bearer realm="api", error="invalid_token", error_description="the token expired""#;
const REVOKED: &str = r#"Bearer realm="api", error="invalid_token", error_description="the token was revoked""#;
const ROTATED: &str = r#"Bearer realm="api", error="invalid_token", error_description="the token was rotated""#;
const UNKNOWN: &str = r#"Bearer realm="api", error="invalid_token""#;
const NO_CREDENTIALS: &str = r#"Bearer realm="api""#;

/// The guard, `products:write` below it, and the request; the answer, and how often the service was called.
async fn post(guard: &BearerAuthLayer, request: Request<()>) -> (Response<String>, usize) {
    let (shop, write) = (Counted::default(), RequireScopeLayer::new("products:write").unwrap());
    let response = guard.layer(write.layer(shop.clone())).oneshot(request).await.unwrap();
    (response, shop.calls())
}

/// The whole answer, and nothing in it besides.
#[track_caller]
fn assert_refused((response, inner_calls): &(Response<String>, usize), status: u16, challenge: &str) {
    assert_eq!((response.status().as_u16(), *inner_calls), (status, 0));
    assert_eq!(lines(response.headers(), "www-authenticate"), [challenge]);
    assert_eq!(lines(response.headers(), "cache-control"), ["no-store"]);
    assert_eq!(response.headers().len(), 2, "{:?}", response.headers());
    assert_eq!(response.body(), "");
    parse(challenge.as_bytes()).unwrap();
}

/// An hour long, with the scope `products:write`.
async fn writer(tokens: &PersonalTokens, name: &str) -> Issued {
    let new = NewToken::new(owner(), name).scopes(["products:write"]).expires_in(Duration::hours(1));
    tokens.issue(new).await.unwrap()
}

/// Tokens that ended in each way, one at this very instant (failures 14), and the description that their holders get.
async fn ended(tokens: &PersonalTokens, clock: &ManualClock) -> [(Issued, &'static str); 3] {
    let [expired, revoked, rotated] = [writer(tokens, "a").await, writer(tokens, "b").await, writer(tokens, "c").await];
    tokens.revoke(&owner(), revoked.record.id).await.unwrap();
    tokens.rotate(&owner(), rotated.record.id, Rotation::new().expires_in(Duration::days(1))).await.unwrap();
    clock.advance(Duration::hours(1));
    [(expired, EXPIRED), (revoked, REVOKED), (rotated, ROTATED)]
}

#[tokio::test]
async fn each_situation_has_its_status_and_challenge() {
    let (tokens, clock) = shop();
    let guard = BearerAuthLayer::new(tokens.clone());
    let reader = issue(&tokens, "reader").await;
    let good = tokens.issue(NewToken::new(owner(), "good").scopes(["products:write"])).await.unwrap();
    let unknown = forge("shop", &[7; RANDOM_LEN]);
    let ended = ended(&tokens, &clock).await;

    let (response, inner_calls) = post(&guard, bearer(good.token.expose())).await;
    assert_eq!((response.status(), inner_calls, response.headers().len()), (StatusCode::OK, 1, 0));

    for request in [with_lines(&[]), with_lines(&[b""]), with_lines(&[b" \t"]), with_lines(&[b"Basic eDp5"])] {
        assert_refused(&post(&guard, request).await, 401, NO_CREDENTIALS);
    }
    let repeated =
        r#"Bearer realm="api", error="invalid_request", error_description="the credentials are given more than once""#;
    let line = format!("Bearer {}", good.token.expose());
    assert_refused(&post(&guard, with_lines(&[line.as_bytes(), line.as_bytes()])).await, 400, repeated);
    let grammar = r#"Bearer realm="api", error="invalid_request", error_description="the credentials are not Bearer and one token""#;
    for line in ["Bearer", "Bearer two words", "Bearer:x", "Bearer\tx"] {
        assert_refused(&post(&guard, with_lines(&[line.as_bytes()])).await, 400, grammar);
    }
    for token in ["None", &unknown] {
        assert_refused(&post(&guard, bearer(token)).await, 401, UNKNOWN);
    }
    for (issued, challenge) in &ended {
        assert_refused(&post(&guard, bearer(issued.token.expose())).await, 401, challenge);
    }
    let missing = r#"Bearer realm="api", error="insufficient_scope", scope="products:write""#;
    assert_refused(&post(&guard, bearer(reader.token.expose())).await, 403, missing);
}

#[tokio::test]
async fn a_failing_store_is_answered_with_503_and_no_challenge() {
    let store = RemoteStore::default();
    let tokens = PersonalTokens::builder(store.clone()).prefix("shop").build().unwrap();
    let issued = tokens.issue(NewToken::new(owner(), "sync")).await.unwrap();
    store.fail(Method::Find, Fault::Unavailable);
    let (response, inner_calls) = knock(&tokens, bearer(issued.token.expose())).await;
    assert_eq!((response.status(), inner_calls), (StatusCode::SERVICE_UNAVAILABLE, 0));
    assert_eq!(lines(response.headers(), "retry-after"), ["5"]);
    assert_eq!(lines(response.headers(), "cache-control"), ["no-store"]);
    assert_eq!(response.headers().len(), 2, "{:?}", response.headers());
    assert_eq!(response.body(), "");
}

/// Who knows the id alone learns nothing, not even that the token was issued.
#[tokio::test]
async fn a_wrong_secret_is_answered_as_an_unknown_token_whatever_became_of_the_token() {
    let (tokens, clock) = shop();
    let reader = issue(&tokens, "reader").await;
    let ended = ended(&tokens, &clock).await;
    let guard = BearerAuthLayer::new(tokens.clone());
    for issued in ended.iter().map(|(issued, _)| issued).chain([&reader]) {
        for byte in [12, RANDOM_LEN - 1] {
            let mut random = random_of(issued.token.expose());
            random[byte] ^= 1;
            assert_refused(&post(&guard, bearer(&forge("shop", &random))).await, 401, UNKNOWN);
        }
    }
}

#[tokio::test]
async fn a_token_that_ended_is_refused_as_such_before_its_scopes_are_looked_at() {
    let (tokens, clock) = shop();
    let guard = BearerAuthLayer::new(tokens.clone());
    let revoked = issue(&tokens, "revoked reader").await;
    tokens.revoke(&owner(), revoked.record.id).await.unwrap();
    let expired = NewToken::new(owner(), "expired reader").scopes(["products:read"]).expires_in(Duration::hours(1));
    let expired = tokens.issue(expired).await.unwrap();
    clock.advance(Duration::hours(1));
    assert_refused(&post(&guard, bearer(revoked.token.expose())).await, 401, REVOKED);
    assert_refused(&post(&guard, bearer(expired.token.expose())).await, 401, EXPIRED);
}

#[tokio::test]
async fn a_realm_is_quoted() {
    let (tokens, _clock) = shop();
    let guard = BearerAuthLayer::new(tokens).realm(r#"say "hi" \ bye"#).unwrap();
    assert_refused(&post(&guard, with_lines(&[])).await, 401, r#"Bearer realm="say \"hi\" \\ bye""#);
}

/// A scope layer that does not find the guard knows no realm of it; RFC 6750 §3 wants one parameter at least.
#[tokio::test]
async fn below_a_layer_that_changes_the_bodys_type_challenges_keep_to_the_grammar() {
    let (tokens, _clock) = shop();
    let reader = issue(&tokens, "reader").await;
    let write = RequireScopeLayer::new("products:write").unwrap().layer(Counted::default());
    let changed = MapResponseLayer::new(|response: Response<String>| response.map(String::into_bytes)).layer(write);
    let guarded = BearerAuthLayer::new(tokens).realm("The shop").unwrap().optional().layer(changed);
    for (request, status, params) in [
        (with_lines(&[]), 401, vec![("realm", "api")]),
        (bearer(reader.token.expose()), 403, vec![("error", "insufficient_scope"), ("scope", "products:write")]),
    ] {
        let response = guarded.clone().oneshot(request).await.unwrap();
        let [line] = lines(response.headers(), "www-authenticate")[..] else { panic!("{response:?}") };
        let params = params.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let challenge = Challenge { scheme: "Bearer".to_owned(), token68: None, params };
        assert_eq!((response.status().as_u16(), parse(line.as_bytes())), (status, Ok(vec![challenge])));
        assert_eq!(lines(response.headers(), "cache-control"), ["no-store"]);
    }
}

proptest! {
    /// Failures 29: others' challenges broke off at a quote.
    #[test]
    fn every_realm_is_read_back_as_it_was_given(realm in "[ -~]{1,255}") {
        let (tokens, _clock) = shop();
        let guard = BearerAuthLayer::new(tokens).realm(&realm).unwrap();
        let (response, _) = block_on(post(&guard, with_lines(&[b"Bearer"])));
        let challenges = parse(response.headers()[WWW_AUTHENTICATE].as_bytes()).unwrap();
        prop_assert_eq!(challenges.len(), 1);
        prop_assert_eq!(challenges[0].param("realm"), Some(realm.as_str()));
        prop_assert_eq!(challenges[0].param("error"), Some("invalid_request"));
    }

    /// A line break in a realm would be a header of the caller's making.
    #[test]
    fn what_is_not_printable_ascii_is_no_realm(
        before in "[ -~]{0,9}",
        wrong in any::<char>().prop_filter("printable ASCII", |c| !matches!(c, ' '..='~')),
        after in "[ -~]{0,9}",
    ) {
        let (tokens, _clock) = shop();
        let refused = BearerAuthLayer::new(tokens).realm(&format!("{before}{wrong}{after}")).map(drop);
        prop_assert!(refused.is_err());
    }

    #[test]
    fn every_scope_is_read_back_from_the_challenge(scopes in vec("[!#-\\[\\]-~]{1,30}", 1..5)) {
        prop_assume!((1..scopes.len()).all(|at| !scopes[..at].contains(&scopes[at])));
        let (tokens, _clock) = shop();
        let plain = block_on(tokens.issue(NewToken::new(owner(), "no scopes"))).unwrap();
        let guarded = BearerAuthLayer::new(tokens).layer(RequireScopeLayer::all(&scopes).unwrap().layer(Counted::default()));
        let response = block_on(guarded.oneshot(bearer(plain.token.expose()))).unwrap();
        let challenges = parse(response.headers()[WWW_AUTHENTICATE].as_bytes()).unwrap();
        let mut scopes = scopes;
        scopes.sort();
        let text = scopes.join(" ");
        prop_assert_eq!(challenges[0].param("scope"), Some(text.as_str()));
    }
}

#[test]
fn a_realm_has_1_to_255_characters() {
    let (tokens, _clock) = shop();
    let realm = |length| BearerAuthLayer::new(tokens.clone()).realm(&"r".repeat(length)).map(drop);
    assert_eq!([0, 1, 255, 256].map(|length| realm(length).is_ok()), [false, true, true, false]);
}

/// The parser that every answer above is held to refuses what others have sent (failures 29).
#[test]
fn a_malformed_challenge_is_caught() {
    for wrong in [
        "",
        "Bearer, error=\"invalid_token\"",
        "Bearer ",
        "Bearer realm=\"say \"hi\"\"",
        "Bearer realm=\"api",
        "Bearer realm=\"api\\",
        "Bearer realm=\"a\", realm=\"b\"",
        "Bearer realm=\"a\", REALM=\"b\"",
        "Bearer realm=\"a\" error=\"b\"",
        "Bearer realm=\"a\",, error=\"b\"",
        "Bearer realm=\"a\",",
        "Bearer realm = \"a\"",
        "Bearer realm=two words",
        "Bearer realm=\"caf\u{e9}\"",
        "Bearer realm=\"a\u{1}\"",
        " Bearer realm=\"a\"",
    ] {
        assert!(parse(wrong.as_bytes()).is_err(), "{wrong:?}");
    }
    let two = parse(br#"Basic realm="a, b=\"c\"", charset=UTF-8, Negotiate YII=, Bearer realm="x""#).unwrap();
    let schemes: Vec<_> = two.iter().map(|challenge| challenge.scheme.as_str()).collect();
    assert_eq!(schemes, ["Basic", "Negotiate", "Bearer"]);
    assert_eq!(two[0].param("realm"), Some(r#"a, b="c""#));
    assert_eq!(two[1].token68.as_deref(), Some("YII="));
}
