//! No other site's page sends the shop's forms (cross-site request forgery).

use axum::extract::Request;
use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::Response;

use crate::screens::screen;

pub async fn wanted_for_writes(request: Request, next: Next) -> Response {
    if request.method().is_safe() || is_given(request.headers()) {
        return next.run(request).await;
    }
    let why = "<p>This form was not sent from the shop's own page.</p>";
    screen(StatusCode::FORBIDDEN, "Refused", None, why)
}

/// Browsers set both headers, and no page can. The first is left out on plain http but for the own machine.
fn is_given(headers: &HeaderMap) -> bool {
    match (headers.get("sec-fetch-site"), headers.get(ORIGIN), headers.get(HOST)) {
        (Some(site), _, _) => site == "same-origin",
        (None, Some(origin), Some(host)) => origin.as_bytes().strip_prefix(b"http://") == Some(host.as_bytes()),
        _ => false,
    }
}
