//! tower-http's `TraceLayer`, told to print headers: above the guard it prints the token, unless a layer above both marks
//! the header as sensitive; below the guard it never does, and never sees what is refused.

mod common;

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use common::{Shop, reading};
use http::Request;
use http::header::AUTHORIZATION;
use tower::ServiceExt as _;
use tower_http::classify::{ServerErrorsAsFailures, SharedClassifier};
use tower_http::sensitive_headers::SetSensitiveRequestHeadersLayer;
use tower_http::trace::{DefaultMakeSpan, DefaultOnResponse, TraceLayer};
use tracing::Level;
use tracing_subscriber::fmt::MakeWriter;

/// What was printed.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

fn trace(headers: bool) -> TraceLayer<SharedClassifier<ServerErrorsAsFailures>> {
    TraceLayer::new_for_http()
        .make_span_with(DefaultMakeSpan::new().level(Level::TRACE).include_headers(headers))
        .on_response(DefaultOnResponse::new().include_headers(headers))
}

/// All that is printed at TRACE for one request, by the guard too.
async fn printed(app: Router, authorization: Option<&str>) -> String {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_max_level(Level::TRACE).with_ansi(false).with_writer(log.clone());
    // For this thread, on which all of it runs.
    let subscribed = tracing::subscriber::set_default(subscriber.finish());
    let mut request = Request::get("/products");
    if let Some(authorization) = authorization {
        request = request.header(AUTHORIZATION, authorization);
    }
    app.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    drop(subscribed);
    let bytes = log.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

fn routes() -> Router {
    Router::new().route("/products", get(|| async { "tea" }).layer(reading()))
}

fn marked() -> SetSensitiveRequestHeadersLayer {
    SetSensitiveRequestHeadersLayer::new([AUTHORIZATION])
}

/// How a request's `Authorization` comes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Printed {
    Bare,
    /// The header's name, and `Sensitive` for its value.
    Redacted,
    Not,
}

impl Printed {
    fn of(log: &str, authorization: &str) -> Self {
        match log.split_once(r#""authorization": "#) {
            _ if log.contains(authorization.trim_start_matches("Bearer ")) => Self::Bare,
            Some((_, value)) if value.starts_with("Sensitive") => Self::Redacted,
            Some((_, value)) => panic!("neither it nor its mark: {value}"),
            None => Self::Not,
        }
    }
}

struct Mount {
    how: &'static str,
    app: Router,
    header: Printed,
    sees_refusals: bool,
}

fn mounts(shop: &Shop) -> Vec<Mount> {
    let mount = |how, app, header, sees_refusals| Mount { how, app, header, sees_refusals };
    let guarded = || routes().layer(shop.guard());
    vec![
        mount("above, without headers", guarded().layer(trace(false)), Printed::Not, true),
        mount("above", guarded().layer(trace(true)), Printed::Bare, true),
        mount("above, below a mark", guarded().layer(trace(true)).layer(marked()), Printed::Redacted, true),
        mount("above, above a mark", guarded().layer(marked()).layer(trace(true)), Printed::Bare, true),
        mount("below", routes().layer(trace(true)).layer(shop.guard()), Printed::Redacted, false),
        mount(
            "below a guard that strips the header",
            routes().layer(trace(true)).layer(shop.guard().strip_authorization()),
            Printed::Not,
            false,
        ),
    ]
}

#[tokio::test]
async fn what_a_trace_prints_depends_on_where_its_layer_stands() {
    for shop in Shop::both() {
        let cases = shop.cases().await;
        for Mount { how, app, header, sees_refusals } in mounts(&shop) {
            for case in &cases {
                shop.prepare(case);
                let log = printed(app.clone(), case.authorization.as_deref()).await;
                let status = format!("status={}", case.status);
                let answered =
                    log.lines().any(|line| line.contains("finished processing request") && line.contains(&status));
                // A scope layer refuses below the guard, and below a trace that stands there.
                let seen = sees_refusals || matches!(case.status, 200 | 403);
                assert_eq!(answered, seen, "{how}: {case}: {log}");
                if let Some(authorization) = &case.authorization {
                    let expected = if seen { header } else { Printed::Not };
                    assert_eq!(Printed::of(&log, authorization), expected, "{how}: {case}: {log}");
                }
            }
        }
    }
}
