//! `Authorization`: bytes in, a token or a refusal out. Bytes all the way: never `to_str` (failures 26).

use ::http::header::AUTHORIZATION;
use ::http::{HeaderMap, HeaderValue};

use crate::verify::Rejection;

use super::{BadRequest, Refusal};

/// Far above any token of ours. What is longer is refused unread, never cut (failures 12, 27).
const MAX_TOKEN68: usize = 256;

/// The bearer token of a request, by RFC 6750 §2.1: `"Bearer" 1*SP b64token`, the scheme in any case
/// (RFC 9110 §11.1). Whether it is a [b64token](is_b64token) is left to be asked of what is no token of ours.
pub(super) fn bearer_token(headers: &mut HeaderMap) -> Result<&[u8], Refusal> {
    let mut lines = marked_sensitive(headers);
    let Some(value) = lines.next() else {
        return Err(Refusal::NoCredentials);
    };
    // A singleton field (RFC 9110 §5.3): which of two would be meant is anybody's guess.
    let more = lines.fold(false, |_, _| true);
    if more {
        return Err(Refusal::BadRequest(BadRequest::RepeatedHeader));
    }
    parse(value.as_bytes())
}

/// Whether a line of `Authorization` has credentials of the scheme `Bearer`, however wrong the rest may be. Behind commas too:
/// something in between may have joined several lines.
#[cfg(feature = "management")]
pub(crate) fn names_bearer(line: &[u8]) -> bool {
    line.split(|&byte| byte == b',').any(|credentials| {
        let (scheme, _) = split_where(trim(credentials), |byte| !is_tchar(byte));
        scheme.eq_ignore_ascii_case(b"bearer")
    })
}

/// The lines of `Authorization`, marked so that nothing further in prints them: HTTP/2 does not index them and their
/// `Debug` is redacted.
pub(super) fn marked_sensitive(headers: &mut HeaderMap) -> impl Iterator<Item = &HeaderValue> {
    // Not by `entry`, which may grow the map even where it finds the name.
    let lines = headers.iter_mut().filter(|(name, _)| *name == AUTHORIZATION);
    lines.map(|(_, value)| {
        value.set_sensitive(true);
        &*value
    })
}

fn parse(value: &[u8]) -> Result<&[u8], Refusal> {
    // As nearly every client writes it.
    if let Some(token @ [first, .., last]) = value.strip_prefix(b"Bearer ")
        && token.len() <= MAX_TOKEN68
        && ![first, last].into_iter().any(|end| matches!(end, b' ' | b'\t'))
    {
        return Ok(token);
    }
    let malformed = Refusal::BadRequest(BadRequest::Grammar);
    let value = trim(value);
    if value.is_empty() {
        return Err(Refusal::NoCredentials);
    }
    let (scheme, rest) = split_where(value, |byte| !is_tchar(byte));
    if scheme.is_empty() || !matches!(rest.first(), None | Some(b' ')) {
        return Err(malformed);
    }
    if !scheme.eq_ignore_ascii_case(b"bearer") {
        return Err(Refusal::NoCredentials);
    }
    let (_, token) = split_where(rest, |byte| byte != b' ');
    if token.len() > MAX_TOKEN68 {
        return Err(Refusal::Rejected(Rejection::Malformed));
    }
    Ok(token)
}

/// SP and HTAB around a value are not part of it (RFC 9110 §5.5). Nothing else is white space here: not NBSP.
fn trim(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}

fn split_where(bytes: &[u8], boundary: impl Fn(u8) -> bool) -> (&[u8], &[u8]) {
    let at = bytes.iter().position(|&byte| boundary(byte)).unwrap_or(bytes.len());
    bytes.split_at_checked(at).unwrap_or((bytes, &[]))
}

/// RFC 9110 §5.6.2.
fn is_tchar(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// RFC 6750 §2.1: characters, then padding. All are looked at, so that the compiler makes vectors of it.
pub(super) fn is_b64token(mut text: &[u8]) -> bool {
    while let [rest @ .., b'='] = text {
        text = rest;
    }
    let unknown = text.iter().fold(0, |unknown, &byte| unknown | u8::from(!is_b64token_char(byte)));
    !text.is_empty() && unknown == 0
}

fn is_b64token_char(byte: u8) -> bool {
    let between_hyphen_and_nine = byte.wrapping_sub(b'-') < 13;
    let (upper, lower) = (byte.wrapping_sub(b'A') < 26, byte.wrapping_sub(b'a') < 26);
    upper | lower | between_hyphen_and_nine | (byte == b'_') | (byte == b'~') | (byte == b'+')
}
