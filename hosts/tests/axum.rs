//! The guard and its scope layers in axum: on a whole router, on nested ones, on single routes.

mod common;

use axum::Router;
use axum::routing::get as on_get;
use common::{OWNER, Shop, get, listen, reading};
use personal_tokens::VerifiedToken;

async fn serve(app: Router) -> std::net::SocketAddr {
    let (listener, address) = listen().await;
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

async fn whoami(token: VerifiedToken) -> String {
    token.owner().to_string()
}

async fn perhaps(token: Option<VerifiedToken>) -> String {
    token.map_or_else(|| "nobody".to_owned(), |token| token.owner().to_string())
}

#[tokio::test]
async fn it_guards_a_router_its_nested_routers_and_single_routes() {
    for shop in Shop::both() {
        let nested = Router::new().route("/products", on_get(whoami)).layer(reading());
        let merged = Router::new().route("/merged", on_get(whoami).layer(reading()));
        let guarded = Router::new()
            .route("/route", on_get(whoami).layer(reading()))
            .route("/perhaps", on_get(perhaps).route_layer(reading()))
            .nest("/nested", Router::new().nest("/twice", nested))
            .merge(merged)
            .layer(shop.guard());
        let address = serve(Router::new().nest("/api", guarded).route("/sell", on_get(perhaps))).await;

        let cases = shop.cases().await;
        for path in ["/api/route", "/api/perhaps", "/api/merged", "/api/nested/twice/products"] {
            shop.check_over_http(&cases, address, path, OWNER).await;
        }
        for case in &cases {
            shop.prepare(case);
            let open = get(address, "/sell", case.authorization.as_deref()).await;
            assert_eq!((open.status, &*open.body), (200, "nobody"), "{case}: no guard stands there");
        }
    }
}

#[tokio::test]
async fn a_stranger_does_not_learn_which_paths_a_guarded_router_has() {
    for shop in Shop::both() {
        let address = serve(Router::new().route("/there", on_get(whoami)).layer(shop.guard())).await;
        for case in shop.cases().await {
            shop.prepare(&case);
            let answer = get(address, "/not-there", case.authorization.as_deref()).await;
            // Without a scope layer a token without scopes is a good one.
            let expected = if matches!(case.status, 200 | 403) { 404 } else { case.status };
            assert_eq!(answer.status, expected, "{case}");
        }
    }
}

#[tokio::test]
async fn without_a_guard_above_a_handler_that_wants_a_token_or_a_scope_stays_shut() {
    let app = Router::new()
        .route("/wants-token", on_get(whoami))
        .route("/wants-scope", on_get(|| async { OWNER }).layer(reading()))
        // A scope layer outside the guard sees no verdict yet.
        .merge(Router::new().route("/wrong-way-round", on_get(whoami)).layer(Shop::both()[0].guard()).layer(reading()));
    let address = serve(app).await;
    for path in ["/wants-token", "/wants-scope", "/wrong-way-round"] {
        let answer = get(address, path, Some("Bearer shop_nonsense")).await;
        assert_eq!(answer.status, 500, "{path}");
        assert!(!answer.body.contains(OWNER), "{path}");
    }
}
