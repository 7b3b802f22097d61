//! A reverse proxy in this process. It takes a prefix off the path: the host behind it does not know by which path
//! people came.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;

pub struct Proxy {
    origin: String,
}

#[derive(Clone)]
struct Way {
    prefix: &'static str,
    upstream: String,
    client: reqwest::Client,
}

impl Proxy {
    /// What comes under the prefix goes to the upstream without it.
    pub async fn start(prefix: &'static str, upstream: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let origin = format!("http://{}", listener.local_addr().expect("an address"));
        let no_redirects = reqwest::redirect::Policy::none();
        let client = reqwest::Client::builder().no_proxy().redirect(no_redirects).build().expect("a client");
        let app = Router::new().fallback(pass).with_state(Way { prefix, upstream, client });
        tokio::spawn(async { axum::serve(listener, app).await });
        Self { origin }
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }
}

async fn pass(State(way): State<Way>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let Some(rest) = path.strip_prefix(way.prefix) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let slash = if rest.starts_with('/') { "" } else { "/" };
    let body = to_bytes(body, 1 << 20).await.expect("a body");
    let request = way.client.request(parts.method, format!("{}{slash}{rest}", way.upstream));
    let answer = request.headers(without_hops(parts.headers)).body(body).send().await.expect("an answer");
    let (status, headers) = (answer.status(), without_hops(answer.headers().clone()));
    (status, headers, Body::from(answer.bytes().await.expect("a body"))).into_response()
}

/// What is between two neighbours only.
fn without_hops(mut headers: HeaderMap) -> HeaderMap {
    for name in [CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING] {
        headers.remove(name);
    }
    headers
}
