//! A JWT guard as one writes it with tower-http and jsonwebtoken: no box, no lock, keys and rules made once, and the
//! claims in the request's extensions.

use std::future::{Ready, ready};
use std::sync::Arc;

use axum::body::Body;
use axum::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, Request, Response, StatusCode};
use personal_tokens_peers::{Claims, Holder, Hs256, Peer as _};
use tower_http::auth::{AsyncAuthorizeRequest, AsyncRequireAuthorizationLayer};

/// The guard, and a token for each holder.
pub fn layer(holders: &[Holder]) -> (AsyncRequireAuthorizationLayer<JwtGuard>, Vec<String>) {
    let (jwt, credentials) = Hs256::issue(holders);
    (AsyncRequireAuthorizationLayer::new(JwtGuard(Arc::new(jwt))), credentials)
}

#[derive(Clone)]
pub struct JwtGuard(Arc<Hs256>);

impl AsyncAuthorizeRequest<Body> for JwtGuard {
    type RequestBody = Body;
    type ResponseBody = Body;
    type Future = Ready<Result<Request<Body>, Response<Body>>>;

    fn authorize(&mut self, mut request: Request<Body>) -> Self::Future {
        ready(match self.claims(&request) {
            Some(claims) => {
                request.extensions_mut().insert(claims);
                Ok(request)
            }
            None => Err(unauthorized()),
        })
    }
}

impl JwtGuard {
    fn claims(&self, request: &Request<Body>) -> Option<Claims> {
        let header = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
        let (scheme, token) = header.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("Bearer") {
            return None;
        }
        self.0.accept(token)
    }
}

fn unauthorized() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::UNAUTHORIZED;
    response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(r#"Bearer error="invalid_token""#));
    response
}
