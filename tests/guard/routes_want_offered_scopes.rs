//! A route's scope that no token can have is an error when the service starts, and names what there is.
#![cfg(all(feature = "memory", feature = "testing", feature = "tower"))]

use crate::common;

use common::door::{Counted, bearer, lines};
use common::{issue, shop};
use personal_tokens::http::{BearerAuthLayer, RequireScopeLayer, ScopeNotOffered};
use personal_tokens::store::MemoryStore;
use personal_tokens::{PersonalTokens, Scopes};
use tower::{Layer as _, ServiceExt as _};

const BOTH: [&str; 2] = ["products:read", "products:write"];

fn not_offered(scope: &str) -> Option<ScopeNotOffered> {
    shop().0.require_scope(scope).err()
}

/// Where [`BOTH`] are offered.
fn unknown(scope: &str) -> ScopeNotOffered {
    unknown_among(scope, Scopes::new(BOTH).unwrap())
}

fn unknown_among(scope: &str, offered: Scopes) -> ScopeNotOffered {
    ScopeNotOffered::Unknown { scope: scope.parse().unwrap(), offered }
}

#[test]
fn a_scope_of_the_list_makes_a_layer_and_no_other_text_does() {
    for scope in BOTH {
        assert_eq!(not_offered(scope), None);
    }
    let others = ["product:read", "products", "products:", "PRODUCTS:READ", "orders:read", "*"];
    for other in others {
        assert_eq!(not_offered(other), Some(unknown(other)));
    }
    for other in ["", "a b", "products:read ", "products:read products:write", "a\"b", "é", "a\r\nb"] {
        let why = RequireScopeLayer::new(other).unwrap_err();
        assert_eq!(not_offered(other), Some(ScopeNotOffered::Invalid(why)), "{other:?}");
    }
}

#[test]
fn the_error_names_what_is_wanted_and_what_is_offered() {
    assert_eq!(
        not_offered("product:read").unwrap().to_string(),
        r#"the route wants the scope product:read, which tokens cannot have here; these are offered: {"products:read", "products:write"}"#
    );
    // A control character does not reach the log as it is.
    assert!(not_offered("a\r\nb").unwrap().to_string().ends_with(r"not '\r'"));
}

#[test]
fn a_list_of_scopes_is_offered_if_each_of_them_is() {
    let (tokens, _clock) = shop();
    for layer in [RequireScopeLayer::all, RequireScopeLayer::any] {
        let layer = |scopes: &[&'static str]| layer(scopes.to_vec()).unwrap();
        assert!(layer(&BOTH).offered_by(&tokens).is_ok());
        assert!(layer(&BOTH[1..]).offered_by(&tokens).is_ok());
        // "Any" too: half of such a route can never be meant. It comes first in the order of scopes, between, or last.
        for other in ["orders:read", "products:sell", "returns:read"] {
            let refused = layer(&[BOTH[0], other, BOTH[1]]).offered_by(&tokens).unwrap_err();
            assert_eq!(refused, unknown(other));
        }
    }
}

#[test]
fn without_a_list_nothing_is_offered() {
    let plain = PersonalTokens::builder(MemoryStore::new()).prefix("shop").build().unwrap();
    let refused = plain.require_scope("products:read").unwrap_err();
    assert_eq!(refused, unknown_among("products:read", Scopes::none()));
    assert!(RequireScopeLayer::any(BOTH).unwrap().offered_by(&plain).is_err());
}

#[tokio::test]
async fn the_layer_is_the_one_that_is_made_by_hand() {
    let (tokens, _clock) = shop();
    let reader = issue(&tokens, "reader").await;
    let by_hand = |scope| RequireScopeLayer::new(scope).unwrap();
    let all = || RequireScopeLayer::all(BOTH).unwrap();
    let any = || RequireScopeLayer::any(BOTH).unwrap();
    let table = [
        (tokens.require_scope(BOTH[0]).unwrap(), by_hand(BOTH[0]), 200),
        (tokens.require_scope(BOTH[1]).unwrap(), by_hand(BOTH[1]), 403),
        (all().offered_by(&tokens).unwrap(), all(), 403),
        (any().offered_by(&tokens).unwrap(), any(), 200),
    ];
    for (checked, by_hand, status) in table {
        let mut answers = Vec::new();
        for layer in [checked, by_hand] {
            let guarded = BearerAuthLayer::new(tokens.clone()).layer(layer.layer(Counted::default()));
            let response = guarded.oneshot(bearer(reader.token.expose())).await.unwrap();
            assert_eq!(response.status(), status);
            assert_eq!(lines(response.headers(), "www-authenticate").len(), usize::from(status == 403));
            answers.push((response.headers().clone(), response.into_body()));
        }
        assert_eq!(answers[0], answers[1]);
    }
}
