use std::sync::Arc;

use ::http::request::Parts;
use ::http::{Response, StatusCode};

use crate::personal_tokens::VerifyError;
use crate::store::StoreError;
use crate::verify::Rejection;

use super::require_scope::RequiredScopes;

/// What the guard refuses, and why.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Refusal {
    /// No `Authorization`, an empty one, or another scheme: 401 without an error code (RFC 6750 §3.1).
    NoCredentials,
    /// A header that is no bearer credentials: 400 `invalid_request`.
    BadRequest(BadRequest),
    /// A token that is not accepted: 401 `invalid_token`.
    Rejected(Rejection),
    /// A good token without the scopes that are wanted: 403 `insufficient_scope`.
    MissingScope(RequiredScopes),
    /// No verdict was possible: 503 with `Retry-After`. Why is for the host's log, not for the client.
    Unavailable(Arc<StoreError>),
}

/// What is wrong with a request's `Authorization`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BadRequest {
    /// There is more than one.
    RepeatedHeader,
    /// It is not `Bearer`, spaces, one token.
    Grammar,
}

/// Makes the body of a refusal's answer.
///
/// The guard then sets the status, appends the challenge and sets `Cache-Control: no-store`, so a renderer
/// can't get those wrong. Functions of this form are renderers. Tell a client no more than the guard does:
/// [`Rejection::Malformed`] and [`Rejection::Unknown`] should look the same.
///
/// ```
/// use personal_tokens::http::{BearerAuthLayer, Refusal};
/// use personal_tokens::{PersonalTokens, store::MemoryStore};
///
/// fn plain(refusal: &Refusal, _request: &http::request::Parts) -> http::Response<String> {
///     http::Response::new(format!("{}: see https://shop.example/docs/tokens", refusal.status()))
/// }
///
/// let tokens = PersonalTokens::builder(MemoryStore::new()).prefix("shop").build()?;
/// let guard = BearerAuthLayer::new(tokens).renderer(plain);
/// # Ok::<(), personal_tokens::BuildError>(())
/// ```
pub trait RenderRefusal<B>: Send + Sync {
    /// The answer's body, with the headers that describe it.
    fn render(&self, refusal: &Refusal, request: &Parts) -> Response<B>;
}

/// The default renderer: no body.
#[derive(Clone, Copy, Debug, Default)]
pub struct EmptyBody;

impl<B: Default> RenderRefusal<B> for EmptyBody {
    fn render(&self, _: &Refusal, _: &Parts) -> Response<B> {
        Response::new(B::default())
    }
}

impl<B, F> RenderRefusal<B> for F
where
    F: Fn(&Refusal, &Parts) -> Response<B> + Send + Sync,
{
    fn render(&self, refusal: &Refusal, request: &Parts) -> Response<B> {
        self(refusal, request)
    }
}

impl Refusal {
    /// The status it is answered with.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::NoCredentials | Self::Rejected(_) => StatusCode::UNAUTHORIZED,
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::MissingScope(_) => StatusCode::FORBIDDEN,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl From<VerifyError> for Refusal {
    fn from(error: VerifyError) -> Self {
        match error {
            VerifyError::Rejected(rejection) => Self::Rejected(rejection),
            VerifyError::Store(error) => Self::Unavailable(Arc::new(error)),
        }
    }
}
