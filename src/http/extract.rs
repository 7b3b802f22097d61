//! Extractors for axum: a handler takes a [`VerifiedToken`], or an `Option` of one.

use std::convert::Infallible;
use std::fmt;

use ::http::request::Parts;
use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use axum_core::response::{IntoResponse, Response};

use crate::verify::VerifiedToken;

use super::Refusal;
use super::door::{refuse_below, unguarded};
use super::unverified::is_unverified;

/// A handler wants a [`VerifiedToken`], and there is none.
///
/// As an answer it is the guard's 401 where a guard in [optional mode](super::BearerAuthLayer::optional) let the
/// request in without a token, and the guard's hook is told so then. Where no guard has seen the request, the host has
/// mounted its layers wrongly: 500, so the route stays shut.
pub struct NoVerifiedToken {
    /// The request that a guard let in.
    let_in: Option<Box<Parts>>,
}

impl NoVerifiedToken {
    /// Whether a guard let the request in without a token; else none has seen it.
    #[must_use]
    pub fn is_anonymous(&self) -> bool {
        self.let_in.is_some()
    }
}

impl std::error::Error for NoVerifiedToken {}

impl fmt::Display for NoVerifiedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.let_in {
            Some(_) => "this handler wants a token, and the request came without one",
            None => "this handler wants a verified token: mount a BearerAuthLayer above it",
        })
    }
}

/// Without the request, whose cookies are nobody's to read.
impl fmt::Debug for NoVerifiedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NoVerifiedToken").field("is_anonymous", &self.is_anonymous()).finish_non_exhaustive()
    }
}

impl IntoResponse for NoVerifiedToken {
    fn into_response(self) -> Response {
        match self.let_in {
            Some(parts) => refuse_below(Refusal::NoCredentials, *parts),
            None => unguarded(),
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
        token.ok_or_else(|| {
            let let_in = is_unverified(&parts.extensions).then(|| Box::new(parts.clone()));
            NoVerifiedToken { let_in }
        })
    }
}

/// The token that a guard above verified, or none, also where no guard is mounted: for a handler that serves others too.
impl<S: Send + Sync> OptionalFromRequestParts<S> for VerifiedToken {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Infallible> {
        Ok(parts.extensions.get().cloned())
    }
}
