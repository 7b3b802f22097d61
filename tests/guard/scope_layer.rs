//! `RequireScopeLayer` lets in the tokens that have its scopes, and stays shut where no guard is above it.
#![cfg(all(feature = "memory", feature = "testing", feature = "tower"))]

use crate::common;

use common::door::{Counted, bearer, lines};
use common::{issue, owner, shop};
use http::request::Parts;
use http::{Response, StatusCode};
use personal_tokens::http::{BearerAuthLayer, Refusal, RequireScopeLayer};
use personal_tokens::{InvalidScope, NewToken};
use tower::{Layer as _, ServiceExt as _};

#[tokio::test]
async fn a_scope_layer_answers_with_the_renderer_and_the_realm_of_the_guard_above() {
    let (tokens, _clock) = shop();
    let reader = issue(&tokens, "reader").await;
    let renderer = |refusal: &Refusal, _: &Parts| match refusal {
        Refusal::MissingScope(required) => Response::new(format!("you lack {}", required.scopes())),
        _ => Response::new("no".to_owned()),
    };
    let guard = BearerAuthLayer::new(tokens).renderer(renderer).realm("The shop").unwrap();
    let write = RequireScopeLayer::new("products:write").unwrap();
    let response = guard.layer(write.layer(Counted::default())).oneshot(bearer(reader.token.expose())).await.unwrap();
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    let challenge = r#"Bearer realm="The shop", error="insufficient_scope", scope="products:write""#;
    assert_eq!(lines(response.headers(), "www-authenticate"), [challenge]);
    assert_eq!(lines(response.headers(), "cache-control"), ["no-store"]);
    assert_eq!(response.body(), "you lack products:write");
}

#[tokio::test]
async fn a_route_wants_all_of_its_scopes_or_any_of_them() {
    let (tokens, _clock) = shop();
    let both = ["products:read", "products:write"];
    let all = RequireScopeLayer::all(both).unwrap();
    let any = RequireScopeLayer::any(both).unwrap();
    let status = async |layer: &RequireScopeLayer, scopes: &[&str]| {
        let name = format!("{scopes:?} {layer:?}");
        let issued = tokens.issue(NewToken::new(owner(), name).scopes(scopes)).await.unwrap();
        let shop = Counted::default();
        let guarded = BearerAuthLayer::new(tokens.clone()).layer(layer.layer(shop.clone()));
        let response = guarded.oneshot(bearer(issued.token.expose())).await.unwrap();
        let status = response.status().as_u16();
        assert_eq!(shop.calls(), usize::from(status == 200));
        if status == 403 {
            let challenge = r#"Bearer realm="api", error="insufficient_scope", scope="products:read products:write""#;
            assert_eq!(lines(response.headers(), "www-authenticate"), [challenge]);
        }
        status
    };
    assert_eq!([status(&all, &both).await, status(&any, &both).await], [200, 200]);
    assert_eq!([status(&all, &both[..1]).await, status(&any, &both[..1]).await], [403, 200]);
    assert_eq!([status(&all, &both[1..]).await, status(&any, &both[1..]).await], [403, 200]);
    assert_eq!([status(&all, &[]).await, status(&any, &[]).await], [403, 403]);
}

#[tokio::test]
async fn a_scope_layer_without_a_guard_stays_shut() {
    let (tokens, _clock) = shop();
    let good = issue(&tokens, "good").await;
    let shop = Counted::default();
    let unguarded = RequireScopeLayer::new("products:read").unwrap().layer(shop.clone());
    let response = unguarded.oneshot(bearer(good.token.expose())).await.unwrap();
    assert_eq!((response.status(), shop.calls()), (StatusCode::INTERNAL_SERVER_ERROR, 0));
    assert_eq!(response.headers()["cache-control"], "no-store");
    assert_eq!((response.headers().len(), response.body().as_str()), (1, ""));
}

/// RFC 6750 §3 wants one parameter at least: here the error is one.
#[tokio::test]
async fn a_scope_layer_that_does_not_know_the_guard_refuses_without_a_realm() {
    let (tokens, _clock) = shop();
    let reader = issue(&tokens, "reader").await;
    let mut request = bearer(reader.token.expose());
    request.extensions_mut().insert(tokens.verify(reader.token.expose()).await.unwrap());
    let shop = Counted::default();
    let response =
        RequireScopeLayer::new("products:write").unwrap().layer(shop.clone()).oneshot(request).await.unwrap();
    assert_eq!((response.status(), shop.calls()), (StatusCode::FORBIDDEN, 0));
    let challenge = r#"Bearer error="insufficient_scope", scope="products:write""#;
    assert_eq!(lines(response.headers(), "www-authenticate"), [challenge]);
    assert_eq!(lines(response.headers(), "cache-control"), ["no-store"]);
    assert_eq!((response.headers().len(), response.body().as_str()), (2, ""));
}

#[test]
fn scopes_are_validated_when_their_layer_is_built() {
    for wrong in ["two words", "a\"b", "a\\b", "é", "a\r\nb", "\0", "\x7f"] {
        for refused in
            [RequireScopeLayer::new(wrong), RequireScopeLayer::all(["ok", wrong]), RequireScopeLayer::any([wrong])]
        {
            assert!(matches!(refused.map(drop), Err(InvalidScope::Character { .. })), "{wrong:?}");
        }
    }
    assert!(RequireScopeLayer::new("").is_err());
    // "All of none" would let in every token.
    for none in [RequireScopeLayer::all::<[&str; 0]>([]), RequireScopeLayer::any([""; 0])] {
        assert_eq!(none.map(drop), Err(InvalidScope::Missing));
    }
}
