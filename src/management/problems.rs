//! Each kind of problem, and which one an error of the crate becomes.

use ::http::StatusCode;
use time::Duration;

use crate::record::{ChangeRefused, Scope};
use crate::store::{ChangeError, StoreError};

use super::problem::{Holder, Problem};

impl Problem {
    pub(super) fn unauthenticated(sign_in: Option<String>) -> Self {
        let detail = "sign in first: personal tokens are managed by people in a session";
        Self::new(StatusCode::UNAUTHORIZED, "unauthenticated", detail).and(|more| more.sign_in = sign_in)
    }

    pub(super) fn bearer_token() -> Self {
        Self::forbidden("bearer-token", "a token never manages tokens: a person in a session does")
    }

    pub(super) fn cross_site() -> Self {
        let detail = "changes are taken from pages of this origin only: Sec-Fetch-Site is to be same-origin, or Origin \
                      one of those that the host lists";
        Self::forbidden("cross-site", detail)
    }

    pub(super) fn principal_changed() -> Self {
        let detail = "somebody else is signed in now than when the page was loaded: nothing was changed";
        Self::new(StatusCode::PRECONDITION_FAILED, "principal-changed", detail)
    }

    /// Of an edit that gives no scopes: what it lacks is the right to let the token live on.
    pub(super) fn not_prolongable(scope: &Scope) -> Self {
        let detail = format!("a token with the scope {scope} is not yours to prolong");
        Self::forbidden("not-grantable", detail).and(|more| {
            more.field = Some("expires_at".to_owned());
            more.scope = Some(scope.to_string());
        })
    }

    pub(super) fn right_missing(right: &'static str) -> Self {
        let detail = format!("you may not {right} personal tokens here");
        Self::forbidden("missing-right", detail).and(|more| more.right = Some(right))
    }

    pub(super) fn confirmation_required(confirm_at: Option<String>) -> Self {
        let detail = "confirm first that it is you, then ask again: a token would be shown";
        Self::forbidden("confirmation-required", detail).and(|more| more.confirm_at = confirm_at)
    }

    pub(super) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", detail)
    }

    pub(super) fn method_not_allowed() -> Self {
        let detail = "this path does not take that method; Allow says which it takes";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", detail)
    }

    pub(super) fn malformed_body(detail: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "malformed-body", detail)
    }

    pub(super) fn body_too_large(limit: usize) -> Self {
        let detail = format!("the body is too large: at most {limit} bytes are taken");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "body-too-large", detail)
    }

    pub(super) fn content_type() -> Self {
        let detail = "the body is to be JSON: Content-Type: application/json";
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "content-type", detail)
    }

    pub(super) fn invalid_query(field: Option<&str>, detail: &str) -> Self {
        let field = field.map(str::to_owned);
        Self::new(StatusCode::BAD_REQUEST, "invalid-query", detail).and(|more| more.field = field)
    }

    pub(super) fn invalid_field(field: Option<&str>, detail: impl Into<String>) -> Self {
        let field = field.map(str::to_owned);
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid-field", detail).and(|more| more.field = field)
    }

    pub(super) fn invalid_expiry(detail: impl Into<String>) -> Self {
        Self::at_field("expires_at", "invalid-expiry", detail)
    }

    pub(super) fn unavailable(detail: &str) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail)
    }

    pub(super) fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "something went wrong on our side")
    }

    fn forbidden(kind: &str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, kind, detail)
    }

    fn conflict(kind: &str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, kind, detail)
    }

    fn at_most(self, max: Option<Duration>) -> Self {
        self.and(|more| more.max_seconds = max.map(Duration::whole_seconds))
    }
}

/// Of a read: nothing was to change.
impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        super::trace::failure(&error);
        Self::unavailable("the tokens cannot be read at the moment")
    }
}

impl From<ChangeError> for Problem {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::Refused(refused) => refused.into(),
            ChangeError::Store(error) => {
                super::trace::failure(&error);
                Self::unavailable(
                    "the tokens cannot be reached at the moment, and the change may have been made: look at the list before \
                     you ask again",
                )
            }
        }
    }
}

impl From<ChangeRefused> for Problem {
    fn from(refused: ChangeRefused) -> Self {
        let detail = refused.to_string();
        match refused {
            ChangeRefused::NotFound => Self::not_found(detail),
            ChangeRefused::Ended(state) => {
                Self::conflict("not-changeable", detail).and(|more| more.reason = Some(state.into()))
            }
            ChangeRefused::NameTaken { holder, state } => Self::conflict("name-taken", detail).and(|more| {
                more.field = Some("name".to_owned());
                more.holder = Some(Holder { id: holder.to_string(), state: state.into() });
            }),
            ChangeRefused::LimitReached { max } => {
                Self::conflict("limit-reached", detail).and(|more| more.max = Some(max))
            }
            ChangeRefused::IdTaken => Self::internal(),
            ChangeRefused::ExpiryInPast { .. } => Self::at_field("expires_at", "expiry-in-past", detail),
            ChangeRefused::LifetimeTooLong { max } => {
                Self::at_field("expires_at", "lifetime-too-long", detail).at_most(Some(max))
            }
            ChangeRefused::NeverNotAllowed { max } => {
                Self::at_field("expires_at", "expiry-required", detail).at_most(max)
            }
            ChangeRefused::GraceOutOfRange { max } => {
                Self::at_field("grace_seconds", "grace-out-of-range", detail).at_most(Some(max))
            }
            ChangeRefused::UnknownScope { scope, .. } => {
                Self::at_field("scopes", "unknown-scope", detail).and(|more| more.scope = Some(scope.to_string()))
            }
            ChangeRefused::NotGrantable { scope, .. } => Self::forbidden("not-grantable", detail).and(|more| {
                more.field = Some("scopes".to_owned());
                more.scope = Some(scope.to_string());
            }),
            // Owner and actor are the host's, and valid: what is left is the name.
            ChangeRefused::Text(_) => Self::at_field("name", "invalid-name", detail),
            ChangeRefused::Scope(_) => Self::at_field("scopes", "invalid-scopes", detail),
            ChangeRefused::Expiry(_) => Self::invalid_expiry(detail),
        }
    }
}
