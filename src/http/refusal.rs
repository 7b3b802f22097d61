use std::borrow::Cow;
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

    /// The error code of RFC 6750 §3.1; none where a client sent no token, and where the fault is ours.
    #[must_use]
    pub fn error_code(&self) -> Option<&'static str> {
        match self {
            Self::NoCredentials | Self::Unavailable(_) => None,
            Self::BadRequest(_) => Some("invalid_request"),
            Self::Rejected(_) => Some("invalid_token"),
            Self::MissingScope(_) => Some("insufficient_scope"),
        }
    }

    /// A sentence for the client, which every refusal has: for the bodies that a renderer makes. It tells no more than
    /// the challenge does.
    #[must_use]
    pub fn detail(&self) -> Cow<'static, str> {
        match self {
            Self::NoCredentials => "a token is wanted: Authorization: Bearer, a space, and the token".into(),
            Self::MissingScope(required) => match required.scopes().iter().count() {
                1 => format!("this needs the scope {}", required.scopes()).into(),
                _ if required.one_suffices() => format!("this needs one of the scopes {}", required.scopes()).into(),
                _ => format!("this needs all of the scopes {}", required.scopes()).into(),
            },
            Self::Unavailable(_) => "tokens cannot be checked at the moment; try again later".into(),
            Self::BadRequest(_) | Self::Rejected(_) => {
                self.description().unwrap_or("the token is not known here").into()
            }
        }
    }

    /// What the challenge says beside the code. A malformed and an unknown token look the same: who does not hold the
    /// secret learns nothing.
    #[must_use]
    pub fn description(&self) -> Option<&'static str> {
        match self {
            Self::BadRequest(BadRequest::RepeatedHeader) => Some("the credentials are given more than once"),
            Self::BadRequest(BadRequest::Grammar) => Some("the credentials are not Bearer and one token"),
            Self::Rejected(Rejection::Expired) => Some("the token expired"),
            Self::Rejected(Rejection::Revoked) => Some("the token was revoked"),
            Self::Rejected(Rejection::Rotated) => Some("the token was rotated"),
            Self::NoCredentials | Self::Rejected(_) | Self::MissingScope(_) | Self::Unavailable(_) => None,
        }
    }
}

#[cfg(feature = "tracing")]
impl Refusal {
    /// One word for logs.
    pub(super) fn reason(&self) -> &'static str {
        match self {
            Self::NoCredentials => "no_credentials",
            Self::BadRequest(_) => "bad_request",
            Self::Rejected(rejection) => rejection.word(),
            Self::MissingScope(_) => "missing_scope",
            Self::Unavailable(_) => "unavailable",
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
