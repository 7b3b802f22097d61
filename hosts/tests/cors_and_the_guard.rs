//! A CORS layer above the guard answers preflights and marks refusals, so that a page of another origin can read them;
//! below it neither, unless the guard lets preflights in, and then only those.

mod common;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use axum::routing::any;
use common::{OWNER, Shop, reading};
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS,
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, AUTHORIZATION, HeaderName, ORIGIN, VARY,
    WWW_AUTHENTICATE,
};
use http::{Method, Request};
use personal_tokens::VerifiedToken;
use tower::ServiceExt as _;
use tower_http::cors::CorsLayer;

const PAGE: &str = "https://page.example";

/// `Authorization` by its name: by the Fetch standard `*` does not cover it.
fn cors() -> CorsLayer {
    CorsLayer::new()
        .allow_origin([PAGE.parse().unwrap()])
        .allow_methods([Method::GET])
        .allow_headers([AUTHORIZATION])
        .expose_headers([WWW_AUTHENTICATE])
}

/// With a scope layer on the route.
fn routes() -> Router {
    let whoami =
        |token: Option<VerifiedToken>| async move { token.map_or_else(String::new, |t| t.owner().to_string()) };
    Router::new().route("/products", any(whoami).layer(reading()))
}

async fn send(app: &Router, method: Method, headers: &[(HeaderName, &str)]) -> Response {
    let request = Request::builder().method(method).uri("/products");
    let request = headers.iter().fold(request, |request, (name, value)| request.header(name, *value));
    app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
}

/// The request that a browser sends first, and those that only look like it.
async fn preflights(app: &Router) -> [Response; 5] {
    let origin = (ORIGIN, PAGE);
    let method = (ACCESS_CONTROL_REQUEST_METHOD, "GET");
    let headers = (ACCESS_CONTROL_REQUEST_HEADERS, "authorization");
    [
        send(app, Method::OPTIONS, &[origin.clone(), method.clone(), headers.clone()]).await,
        send(app, Method::GET, &[origin.clone(), method.clone(), headers.clone()]).await,
        send(app, Method::OPTIONS, &[origin, headers]).await,
        send(app, Method::OPTIONS, &[method]).await,
        send(app, Method::OPTIONS, &[]).await,
    ]
}

/// Whether the browser gives a page this answer.
fn readable(response: &Response) -> bool {
    response.headers().get(ACCESS_CONTROL_ALLOW_ORIGIN).is_some_and(|origin| origin == PAGE)
}

struct Mount {
    how: &'static str,
    app: Router,
    preflights: [u16; 5],
    /// Which refusals of real requests a page can read.
    refusals: fn(u16) -> bool,
}

#[tokio::test]
async fn what_a_page_gets_depends_on_where_the_cors_layer_stands() {
    for shop in Shop::both() {
        // tower-http's layer answers every OPTIONS itself.
        let (outside, refused, let_in) = ([200, 401, 200, 200, 200], [401; 5], [200, 401, 401, 401, 401]);
        let mounts = [
            Mount {
                how: "above",
                app: routes().layer(shop.guard()).layer(cors()),
                preflights: outside,
                refusals: |_| true,
            },
            Mount {
                how: "below",
                app: routes().layer(cors()).layer(shop.guard()),
                preflights: refused,
                // A scope layer stands below the CORS layer here.
                refusals: |status| status == 403,
            },
            Mount {
                how: "below a guard that lets preflights in",
                app: routes().layer(cors()).layer(shop.guard().allow_preflights()),
                preflights: let_in,
                refusals: |status| status == 403,
            },
            Mount {
                how: "below the scope layer and a guard that lets preflights in",
                app: Router::new()
                    .route("/products", any(|token: VerifiedToken| async move { token.owner().to_string() }))
                    .layer(cors())
                    .layer(reading())
                    .layer(shop.guard().allow_preflights()),
                preflights: let_in,
                refusals: |_| false,
            },
        ];
        let cases = shop.cases().await;
        for Mount { how, app, preflights: expected, refusals } in mounts {
            for (number, (answer, status)) in preflights(&app).await.into_iter().zip(expected).enumerate() {
                assert_eq!(answer.status(), status, "{how}: preflight {number}");
                let names = answer.headers().get(ACCESS_CONTROL_ALLOW_HEADERS);
                assert_eq!(names.is_some_and(|names| names == "authorization"), status == 200, "{how}: {number}");
            }
            for case in &cases {
                shop.prepare(case);
                let mut headers = vec![(ORIGIN, PAGE)];
                headers.extend(case.authorization.as_deref().map(|authorization| (AUTHORIZATION, authorization)));
                let answer = send(&app, Method::GET, &headers).await;
                assert_eq!(answer.status(), case.status, "{how}: {case}");
                let may_read = case.status == 200 || refusals(case.status);
                assert_eq!(readable(&answer), may_read, "{how}: {case}");
                let exposed = answer.headers().get(ACCESS_CONTROL_EXPOSE_HEADERS);
                assert_eq!(exposed.is_some_and(|names| names == "www-authenticate"), may_read, "{how}: {case}");
            }
        }
    }
}

/// Without a CORS layer below, what a guard lets in as a preflight comes to the handler, and as nobody.
#[tokio::test]
async fn a_preflight_that_no_layer_answers_has_no_token() {
    for shop in Shop::both() {
        let token = format!("Bearer {}", shop.issue("reader", &["products:read"]).await);
        let app = routes().layer(shop.guard().allow_preflights());
        let preflight = [(ORIGIN, PAGE), (ACCESS_CONTROL_REQUEST_METHOD, "GET"), (AUTHORIZATION, &*token)];
        let answer = send(&app, Method::OPTIONS, &preflight).await;
        assert_eq!(answer.status(), 200);
        let body = axum::body::to_bytes(answer.into_body(), 100).await.unwrap();
        assert_ne!(body, OWNER, "no guard looked at its token");
    }
}

#[tokio::test]
async fn an_optional_guard_and_a_cors_layer_each_say_what_an_answer_varies_by() {
    for shop in Shop::both() {
        for app in [
            routes().layer(shop.guard().optional()).layer(cors()),
            routes().layer(cors()).layer(shop.guard().optional()),
        ] {
            let answer = send(&app, Method::GET, &[(ORIGIN, PAGE)]).await;
            let mut vary: Vec<&str> =
                answer.headers().get_all(VARY).iter().map(|value| value.to_str().unwrap()).collect();
            vary.sort_unstable();
            assert_eq!(vary, ["authorization", "origin"]);
        }
    }
}
