//! The JSON of a write: its type and size first, then its fields, each refused by its name.

use ::http::HeaderMap;
use ::http::header::CONTENT_TYPE;
use axum::body::{Body, to_bytes};
use serde::de::{DeserializeOwned, IgnoredAny};

use super::problem::Problem;

/// In bytes.
const MAX_BODY: usize = 16 * 1_024;

/// A body of known fields: each with what is wanted in it, for people.
pub(super) trait Fields: DeserializeOwned {
    const FIELDS: &'static [(&'static str, &'static str)];
}

pub(super) async fn json<T: Fields>(headers: &HeaderMap, body: Body) -> Result<T, Problem> {
    if !is_json(headers) {
        return Err(Problem::content_type());
    }
    let bytes = to_bytes(body, MAX_BODY).await.map_err(|error| match is_too_large(&error) {
        true => Problem::body_too_large(MAX_BODY),
        false => Problem::malformed_body("the body did not arrive whole"),
    })?;
    parse(&bytes)
}

/// `application/json`, with whatever parameters; once.
fn is_json(headers: &HeaderMap) -> bool {
    let mut lines = headers.get_all(CONTENT_TYPE).iter();
    let (Some(line), None) = (lines.next(), lines.next()) else {
        return false;
    };
    let essence = line.as_bytes().split(|&byte| byte == b';').next().unwrap_or_default();
    essence.trim_ascii().eq_ignore_ascii_case(b"application/json")
}

fn is_too_large(error: &axum::Error) -> bool {
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        if error.is::<http_body_util::LengthLimitError>() {
            return true;
        }
        source = error.source();
    }
    false
}

/// What was sent is not repeated in the answer, but for the name of a field: it may hold what was pasted by mistake.
fn parse<T: Fields>(bytes: &[u8]) -> Result<T, Problem> {
    // serde would take a list for the fields in their order.
    if matches!(bytes.trim_ascii_start().first(), Some(first) if *first != b'{')
        && serde_json::from_slice::<IgnoredAny>(bytes).is_ok()
    {
        return Err(fault::<T>(None, ""));
    }
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let parsed = serde_path_to_error::deserialize(&mut json);
    let value = parsed.map_err(|error| {
        if !error.inner().is_data() {
            return Problem::malformed_body("the body is not valid JSON");
        }
        fault::<T>(error.path().iter().next(), &error.inner().to_string())
    })?;
    json.end().map_err(|_| Problem::malformed_body("there is more in the body than one JSON value"))?;
    Ok(value)
}

fn fault<T: Fields>(at: Option<&serde_path_to_error::Segment>, message: &str) -> Problem {
    let names = || T::FIELDS.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    if let Some((name, wanted)) =
        T::FIELDS.iter().find(|(name, _)| message.starts_with(&format!("missing field `{name}`")))
    {
        return Problem::invalid_field(Some(name), format!("{name} is required: {wanted}"));
    }
    if let Some((name, _)) =
        T::FIELDS.iter().find(|(name, _)| message.starts_with(&format!("duplicate field `{name}`")))
    {
        return Problem::invalid_field(Some(name), format!("{name} is given twice"));
    }
    let Some(serde_path_to_error::Segment::Map { key }) = at else {
        return Problem::invalid_field(None, format!("the body is to be a JSON object with the fields {}", names()));
    };
    match T::FIELDS.iter().find(|(name, _)| name == key) {
        Some((name, wanted)) => Problem::invalid_field(Some(name), format!("{name} is to be {wanted}")),
        None => Problem::invalid_field(is_plain(key).then_some(key), format!("unknown field; known are {}", names())),
    }
}

/// Too short for a token.
fn is_plain(key: &str) -> bool {
    key.len() <= 32 && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
}
