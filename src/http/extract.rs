//! Extractors for axum: a handler takes a [`VerifiedToken`], or an `Option` of one.

use std::convert::Infallible;

use ::http::StatusCode;
use ::http::request::Parts;
use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use axum_core::response::{IntoResponse, Response};

use crate::verify::VerifiedToken;

/// A handler wants a [`VerifiedToken`] and no [`BearerAuthLayer`](super::BearerAuthLayer) verified one: the host
/// has mounted its layers wrongly. Answered with 500, so the route stays shut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this handler wants a verified token: mount a BearerAuthLayer above it")]
#[non_exhaustive]
pub struct NoVerifiedToken;

impl IntoResponse for NoVerifiedToken {
    fn into_response(self) -> Response {
        (StatusCode::INTERNAL_SERVER_ERROR, "the server's routes are not set up rightly").into_response()
    }
}

/// The token that the guard above verified.
///
/// ```
/// use personal_tokens::VerifiedToken;
///
/// async fn products(token: VerifiedToken) -> String {
///     format!("the products of {}", token.owner())
/// }
/// ```
impl<S: Send + Sync> FromRequestParts<S> for VerifiedToken {
    type Rejection = NoVerifiedToken;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, NoVerifiedToken> {
        parts.extensions.get().cloned().ok_or(NoVerifiedToken)
    }
}

/// The token that a guard above verified, or none: for a handler that serves others too.
impl<S: Send + Sync> OptionalFromRequestParts<S> for VerifiedToken {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Infallible> {
        Ok(parts.extensions.get().cloned())
    }
}
