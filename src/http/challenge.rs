//! `WWW-Authenticate`, by RFC 6750 §3.

use std::sync::Arc;

use ::http::HeaderValue;

use crate::verify::Rejection;

use super::{BadRequest, Refusal};

/// The `realm` parameter of a guard's challenges, quoted.
#[derive(Clone, Debug)]
pub(super) struct Realm(Arc<str>);

/// A text is no realm: 1 to 255 printable ASCII characters and spaces are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a realm has 1 to 255 printable ASCII characters or spaces")]
#[non_exhaustive]
pub struct InvalidRealm;

const MAX_REALM: usize = 255;

impl Realm {
    pub(super) fn new(text: &str) -> Result<Self, InvalidRealm> {
        if text.is_empty() || text.len() > MAX_REALM || !text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            return Err(InvalidRealm);
        }
        // A quoted-string (RFC 9110 §5.6.4).
        let escaped = text.replace('\\', r"\\").replace('"', r#"\""#);
        Ok(Self(format!(r#"realm="{escaped}""#).into()))
    }
}

impl Default for Realm {
    fn default() -> Self {
        Self(r#"realm="api""#.into())
    }
}

/// The challenge to append for a refusal; none where no credentials would help. `realm` is none where no guard
/// is known: RFC 6750 §3 wants one parameter at least, and an error is one.
pub(super) fn challenge(realm: Option<&Realm>, refusal: &Refusal) -> Option<HeaderValue> {
    let mut params: Vec<&str> = realm.map(|realm| &*realm.0).into_iter().collect();
    let scope;
    match refusal {
        Refusal::Unavailable(_) => return None,
        Refusal::NoCredentials => {}
        Refusal::BadRequest(BadRequest::RepeatedHeader) => {
            params.extend([INVALID_REQUEST, r#"error_description="the credentials are given more than once""#]);
        }
        Refusal::BadRequest(BadRequest::Grammar) => {
            params.extend([INVALID_REQUEST, r#"error_description="the credentials are not Bearer and one token""#]);
        }
        // These two look the same: who does not hold the secret learns nothing.
        Refusal::Rejected(Rejection::Malformed | Rejection::Unknown) => params.push(INVALID_TOKEN),
        Refusal::Rejected(Rejection::Expired) => {
            params.extend([INVALID_TOKEN, r#"error_description="the token expired""#]);
        }
        Refusal::Rejected(Rejection::Revoked) => {
            params.extend([INVALID_TOKEN, r#"error_description="the token was revoked""#]);
        }
        Refusal::Rejected(Rejection::Rotated) => {
            params.extend([INVALID_TOKEN, r#"error_description="the token was rotated""#]);
        }
        Refusal::MissingScope(required) => {
            scope = format!(r#"scope="{}""#, required.scopes());
            params.extend([r#"error="insufficient_scope""#, &scope]);
        }
    }
    // Realm and scopes were validated when their layers were built, so the text is a header value.
    HeaderValue::try_from(format!("Bearer {}", params.join(", "))).ok()
}

const INVALID_REQUEST: &str = r#"error="invalid_request""#;
const INVALID_TOKEN: &str = r#"error="invalid_token""#;
