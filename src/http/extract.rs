//! Extractors for axum: a handler takes a [`VerifiedToken`], or an `Option` of one.

use std::convert::Infallible;

use ::http::StatusCode;
use ::http::request::Parts;
use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use axum_core::response::{IntoResponse, Response};

use crate::verify::VerifiedToken;

use super::door::refuse_below;
use super::{Anonymous, Refusal};

/// A handler wants a [`VerifiedToken`], and there is none.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NoVerifiedToken {
    /// No [`BearerAuthLayer`](super::BearerAuthLayer) has seen the request: the host has mounted its layers wrongly. Answered
    /// with 500, so the route stays shut.
    #[error("this handler wants a verified token: mount a BearerAuthLayer above it")]
    Unguarded,
    /// A guard in [optional mode](super::BearerAuthLayer::optional) let the request in without a token. Answered with this,
    /// the guard's 401.
    #[error("this handler wants a token, and the request came without one")]
    Anonymous(Box<Response>),
}

impl IntoResponse for NoVerifiedToken {
    fn into_response(self) -> Response {
        match self {
            Self::Unguarded => {
                (StatusCode::INTERNAL_SERVER_ERROR, "the server's routes are not set up rightly").into_response()
            }
            Self::Anonymous(answer) => *answer,
        }
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
        let token = parts.extensions.get().cloned();
        token.ok_or_else(|| match parts.extensions.get::<Anonymous>() {
            Some(_) => NoVerifiedToken::Anonymous(Box::new(refuse_below(Refusal::NoCredentials, parts.clone()))),
            None => NoVerifiedToken::Unguarded,
        })
    }
}

/// The token that a guard above verified, or none: for a handler that serves others too.
impl<S: Send + Sync> OptionalFromRequestParts<S> for VerifiedToken {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Infallible> {
        Ok(parts.extensions.get().cloned())
    }
}
