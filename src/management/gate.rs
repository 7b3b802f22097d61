//! What every request to the router passes: a person, no token, and for a write a page of this origin.

use std::sync::Arc;

use ::http::header::{
    AUTHORIZATION, CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, ORIGIN, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use ::http::{HeaderMap, HeaderValue, Method};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::http::names_bearer;
use crate::verify::VerifiedToken;

use super::Principal;
use super::problem::Problem;
use super::setup::Setup;

/// What `policy` answered as `principal` when the page was loaded.
const PERSONAL_TOKENS_PRINCIPAL: HeaderName = HeaderName::from_static("personal-tokens-principal");
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
const NO_CONTENT: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");

/// What every answer carries: it is for this person, this page and this moment.
const HEADERS: [(HeaderName, HeaderValue); 5] = [
    (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (CROSS_ORIGIN_RESOURCE_POLICY, HeaderValue::from_static("same-origin")),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
];

pub(super) async fn gate(State(setup): State<Arc<Setup>>, request: Request, next: Next) -> Response {
    let mut response = match judge(&setup, &request) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    };
    let headers = response.headers_mut();
    headers.extend(HEADERS);
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(NO_CONTENT);
    response
}

fn judge(setup: &Setup, request: &Request) -> Result<(), Problem> {
    let Some(principal) = request.extensions().get::<Principal>() else {
        return Err(Problem::unauthenticated(setup.sign_in()));
    };
    let token = request.extensions().get::<VerifiedToken>().is_some();
    if token || request.headers().get_all(AUTHORIZATION).iter().any(|line| names_bearer(line.as_bytes())) {
        return Err(Problem::bearer_token());
    }
    if request.headers().get_all(PERSONAL_TOKENS_PRINCIPAL).iter().any(|mark| *mark != principal.mark()) {
        return Err(Problem::principal_changed());
    }
    let reads = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if reads || is_own_page(request.headers(), setup.origins()) { Ok(()) } else { Err(Problem::cross_site()) }
}

/// A cookie goes along with what any page sends. The browser tells which page it was, and no page can forge that.
fn is_own_page(headers: &HeaderMap, origins: &[String]) -> bool {
    let is = |name: HeaderName, wanted: &dyn Fn(&[u8]) -> bool| {
        let mut lines = headers.get_all(name).iter();
        let first = lines.next().is_some_and(|line| wanted(line.as_bytes()));
        first && lines.next().is_none()
    };
    is(SEC_FETCH_SITE, &|site| site == b"same-origin")
        || is(ORIGIN, &|origin| origins.iter().any(|own| own.as_bytes() == origin))
}
