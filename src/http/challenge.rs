//! `WWW-Authenticate`, by RFC 6750 §3.

use std::sync::Arc;

use ::http::HeaderValue;

use super::Refusal;

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
/// is known. RFC 6750 §3 wants one parameter at least: an error is one, and else the default realm stands there.
pub(super) fn challenge(realm: Option<&Realm>, refusal: &Refusal) -> Option<HeaderValue> {
    let scopes = match refusal {
        Refusal::Unavailable(_) => return None,
        Refusal::MissingScope(required) => Some(required.scopes()),
        _ => None,
    };
    let params = [
        realm.map(|realm| realm.0.to_string()),
        refusal.error_code().map(|code| format!(r#"error="{code}""#)),
        refusal.description().map(|text| format!(r#"error_description="{text}""#)),
        scopes.map(|scopes| format!(r#"scope="{scopes}""#)),
    ];
    let mut params: Vec<String> = params.into_iter().flatten().collect();
    if params.is_empty() {
        params.push(Realm::default().0.to_string());
    }
    // Realm and scopes were validated when their layers were built, so the text is a header value.
    HeaderValue::try_from(format!("Bearer {}", params.join(", "))).ok()
}
