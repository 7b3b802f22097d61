//! What the router answers when it refuses: RFC 9457.

use ::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use ::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::shown::State;

const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");
/// RFC 9110 §11.6.1 wants a challenge on each 401. The session is the host's, of no registered scheme.
const CHALLENGE: HeaderValue = HeaderValue::from_static("Session realm=\"personal tokens\"");
/// In seconds, as the guard's.
const RETRY_AFTER_SECONDS: HeaderValue = HeaderValue::from_static("5");

/// Why a request was refused.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    details: Box<Details>,
}

/// Why a request was refused: problem details (RFC 9457).
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(super) struct Details {
    /// What kind of problem it is; never changes its meaning.
    #[serde(rename = "type")]
    #[schema(example = "urn:personal-tokens:problem:name-taken")]
    kind: String,
    /// The kind in words.
    title: String,
    /// The HTTP status.
    status: u16,
    /// What was wrong and what is allowed, for people.
    detail: String,
    /// The field of the body, or the parameter, that is at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) field: Option<String>,
    /// Who holds the name (name-taken).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) holder: Option<Holder>,
    /// The limit that is reached (limit-reached).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) max: Option<u32>,
    /// The longest that is allowed, in whole seconds (lifetime-too-long, expiry-required, grace-out-of-range).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) max_seconds: Option<i64>,
    /// The scope at fault (unknown-scope, not-grantable).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) scope: Option<String>,
    /// Why it cannot be changed any more: revoked, or rotated away (not-changeable).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) reason: Option<State>,
    /// The right that the person lacks (missing-right).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) right: Option<&'static str>,
    /// Where to sign in (unauthenticated).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) sign_in: Option<String>,
    /// Where to confirm (confirmation-required).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) confirm_at: Option<String>,
}

/// The token that holds a name.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Holder {
    /// Its id.
    #[schema(pattern = "^[A-Za-z0-9_-]{16}$")]
    pub(super) id: String,
    /// Active, or expired: an expired token can be extended, so it keeps its name.
    pub(super) state: State,
}

impl Problem {
    pub(super) fn new(status: StatusCode, kind: &str, detail: impl Into<String>) -> Self {
        let details = Details {
            kind: format!("urn:personal-tokens:problem:{kind}"),
            title: title_of(kind),
            status: status.as_u16(),
            detail: detail.into(),
            ..Details::default()
        };
        Self { status, details: Box::new(details) }
    }

    /// A field of the body is wrong.
    pub(super) fn at_field(field: &str, kind: &str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, kind, detail).and(|more| more.field = Some(field.to_owned()))
    }

    pub(super) fn and(mut self, fill: impl FnOnce(&mut Details)) -> Self {
        fill(&mut self.details);
        self
    }
}

/// `name-taken` is "Name taken".
fn title_of(kind: &str) -> String {
    let words = kind.replace('-', " ");
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        // Texts and numbers: it cannot fail.
        let body = serde_json::to_string(&self.details).unwrap_or_default();
        let mut response = (self.status, [(CONTENT_TYPE, PROBLEM_JSON)], body).into_response();
        match self.status {
            StatusCode::UNAUTHORIZED => drop(response.headers_mut().insert(WWW_AUTHENTICATE, CHALLENGE)),
            StatusCode::SERVICE_UNAVAILABLE => drop(response.headers_mut().insert(RETRY_AFTER, RETRY_AFTER_SECONDS)),
            _ => {}
        }
        response
    }
}
