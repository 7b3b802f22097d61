//! What a guard reaches in axum depends on when and to what it is added: routes, routes that come later, methods that a
//! route lacks, paths that nobody knows.

mod common;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use axum::routing::get;
use common::{Shop, reading};
use http::header::{ALLOW, AUTHORIZATION};
use http::{Method, Request};
use personal_tokens::http::BearerAuthLayer;
use tower::{ServiceBuilder, ServiceExt as _};

async fn say() -> &'static str {
    "a secret"
}

async fn send(app: &Router, method: Method, path: &str, token: Option<&str>) -> Response {
    let mut request = Request::builder().method(method).uri(path);
    if let Some(token) = token {
        request = request.header(AUTHORIZATION, format!("Bearer {token}"));
    }
    app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
}

fn first() -> Router {
    Router::new().route("/first", get(say))
}

fn second() -> Router {
    Router::new().route("/second", get(say))
}

/// What a stranger gets, and then who has a token.
type Gets = (u16, u16);

const GUARDED: Gets = (401, 200);
const OPEN: Gets = (200, 200);

struct Mount {
    how: &'static str,
    app: Router,
    /// For a method that `/first` lacks.
    lacking: Gets,
    second: Gets,
    unknown: Gets,
}

/// `/first` is guarded in all of them.
fn mounts(guard: impl Fn() -> BearerAuthLayer) -> Vec<Mount> {
    let mount = |how, app, lacking, second, unknown| Mount { how, app, lacking, second, unknown };
    vec![
        mount("layer", first().merge(second()).layer(guard()), (401, 405), GUARDED, (401, 404)),
        mount("route_layer", first().merge(second()).route_layer(guard()), (401, 405), GUARDED, (404, 404)),
        mount("layer of one route", second().route("/first", get(say).layer(guard())), (401, 405), OPEN, (404, 404)),
        mount(
            "route_layer of one route",
            second().route("/first", get(say).route_layer(guard())),
            (405, 405),
            OPEN,
            (404, 404),
        ),
        mount("layer, then route", first().layer(guard()).route("/second", get(say)), (401, 405), OPEN, (401, 404)),
        mount("layer, then merge", first().layer(guard()).merge(second()), (401, 405), OPEN, (404, 404)),
        mount("layer, then merged", second().merge(first().layer(guard())), (401, 405), OPEN, (401, 404)),
        mount(
            "fallback, then layer",
            second().merge(first()).fallback(say).layer(guard()),
            (401, 405),
            GUARDED,
            GUARDED,
        ),
        mount("layer, then fallback", second().merge(first()).layer(guard()).fallback(say), (401, 405), GUARDED, OPEN),
        mount(
            "fallback, then route_layer",
            second().merge(first()).fallback(say).route_layer(guard()),
            (401, 405),
            GUARDED,
            OPEN,
        ),
    ]
}

/// The same, with `/first` and `/unknown` under `/api`.
fn nests(guard: impl Fn() -> BearerAuthLayer) -> Vec<Mount> {
    let mount = |how, app, second, unknown| Mount { how, app, lacking: (401, 405), second, unknown };
    vec![
        mount("nest, then layer", second().nest("/api", first()).layer(guard()), GUARDED, (401, 404)),
        // The nested router gives its paths to the outer one, and its default fallback is lost.
        mount("layer, then nested", second().nest("/api", first().layer(guard())), OPEN, (404, 404)),
        mount(
            "layer, then nested under a fallback",
            second().nest("/api", first().layer(guard())).fallback(say),
            OPEN,
            OPEN,
        ),
        mount(
            "a fallback of its own, layer, then nested",
            second().nest("/api", first().fallback(say).layer(guard())),
            OPEN,
            GUARDED,
        ),
        mount(
            "layer, then nested as a service",
            second().nest_service("/api", first().layer(guard())),
            OPEN,
            (401, 404),
        ),
    ]
}

#[tokio::test]
async fn a_guard_reaches_what_was_there_when_it_was_added() {
    for shop in Shop::both() {
        let token = shop.issue("reader", &["products:read"]).await;
        let flat = mounts(|| shop.guard()).into_iter().map(|mount| ("", mount));
        let nested = nests(|| shop.guard()).into_iter().map(|mount| ("/api", mount));
        for (prefix, Mount { how, app, lacking, second, unknown }) in flat.chain(nested) {
            let expected = [
                (Method::GET, format!("{prefix}/first"), GUARDED),
                (Method::POST, format!("{prefix}/first"), lacking),
                (Method::GET, "/second".to_owned(), second),
                (Method::GET, format!("{prefix}/unknown"), unknown),
            ];
            for (method, path, gets) in expected {
                let stranger = send(&app, method.clone(), &path, None).await.status().as_u16();
                let holder = send(&app, method.clone(), &path, Some(&token)).await.status().as_u16();
                assert_eq!((stranger, holder), gets, "{how}: {method} {path}");
            }
        }
    }
}

/// So a stranger can tell a path that is there from one that is not, by a method that it lacks.
#[tokio::test]
async fn axum_says_beside_a_refusal_which_methods_a_path_has() {
    for shop in Shop::both() {
        let app = first().layer(shop.guard());
        for (method, path, allowed) in [
            (Method::POST, "/first", Some("GET,HEAD")),
            (Method::GET, "/first", None),
            (Method::POST, "/unknown", None),
        ] {
            let refused = send(&app, method.clone(), path, None).await;
            assert_eq!(refused.status(), 401, "{method} {path}");
            assert_eq!(refused.headers().get(ALLOW).map(|value| value.to_str().unwrap()), allowed, "{method} {path}");
        }
    }
}

/// Layers of a router run from the last to the first, those of a `ServiceBuilder` from the first to the last.
#[tokio::test]
async fn a_scope_layer_finds_the_verdict_of_a_guard_that_ran_before_it() {
    for shop in Shop::both() {
        let token = shop.issue("reader", &["products:read"]).await;
        let idle = shop.issue("idle", &[]).await;
        let (right, wrong) = ([401, 403, 200], [500, 500, 500]);
        for (how, app, statuses) in [
            ("scope, then guard", first().layer(reading()).layer(shop.guard()), right),
            ("guard, then scope", first().layer(shop.guard()).layer(reading()), wrong),
            (
                "a builder of guard, scope",
                first().layer(ServiceBuilder::new().layer(shop.guard()).layer(reading())),
                right,
            ),
            (
                "a builder of scope, guard",
                first().layer(ServiceBuilder::new().layer(reading()).layer(shop.guard())),
                wrong,
            ),
        ] {
            for (token, status) in [None, Some(&*idle), Some(&*token)].into_iter().zip(statuses) {
                assert_eq!(send(&app, Method::GET, "/first", token).await.status(), status, "{how}");
            }
        }
    }
}
