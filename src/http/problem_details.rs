use ::http::header::CONTENT_TYPE;
use ::http::request::Parts;
use ::http::{HeaderValue, Response};
use serde_json::Value;

use super::{Refusal, RenderRefusal};

/// Renders refusals as `application/problem+json` (RFC 9457): `type`, `title`, `status`, `detail`, the error code of
/// RFC 6750 as `error` where there is one, and the scopes that are wanted as `scope`. It tells no more than the
/// challenge does.
///
/// ```
/// use personal_tokens::http::{BearerAuthLayer, ProblemDetails};
/// use personal_tokens::{PersonalTokens, store::MemoryStore};
///
/// let tokens = PersonalTokens::builder(MemoryStore::new()).prefix("shop").build()?;
/// let guard = BearerAuthLayer::new(tokens).renderer(ProblemDetails::new());
/// # Ok::<(), personal_tokens::BuildError>(())
/// ```
///
/// With a [type base](Self::type_base), a client that lacks a scope reads, in some order:
///
/// ```json
/// {
///   "type": "https://shop.example/problems/insufficient-scope",
///   "title": "Forbidden",
///   "status": 403,
///   "detail": "this needs the scope products:write",
///   "error": "insufficient_scope",
///   "scope": "products:write"
/// }
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct ProblemDetails {
    type_base: Option<Box<str>>,
}

const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");

impl ProblemDetails {
    /// With the type `about:blank`: the status says it all.
    pub fn new() -> Self {
        Self::default()
    }

    /// With types of the host's own: this URI with `missing-token`, `bad-authorization`, `invalid-token`,
    /// `insufficient-scope` or `unavailable` after it. There a person may read what to do. It is taken as it is.
    pub fn type_base(mut self, uri: &str) -> Self {
        self.type_base = Some(uri.into());
        self
    }

    fn body(&self, refusal: &Refusal) -> Value {
        let status = refusal.status();
        let kind = match &self.type_base {
            Some(base) => format!("{base}{}", slug(refusal)),
            None => "about:blank".to_owned(),
        };
        let scope = match refusal {
            Refusal::MissingScope(required) => Some(required.scopes().as_str()),
            _ => None,
        };
        let members: [(&str, Option<Value>); 6] = [
            ("type", Some(kind.into())),
            ("title", status.canonical_reason().map(Into::into)),
            ("status", Some(status.as_u16().into())),
            ("detail", Some(refusal.detail().into())),
            ("error", refusal.error_code().map(Into::into)),
            ("scope", scope.map(Into::into)),
        ];
        let given = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
        Value::Object(given.collect())
    }
}

impl<B: From<String>> RenderRefusal<B> for ProblemDetails {
    fn render(&self, refusal: &Refusal, _: &Parts) -> Response<B> {
        let mut response = Response::new(self.body(refusal).to_string().into());
        response.headers_mut().insert(CONTENT_TYPE, PROBLEM_JSON);
        response
    }
}

fn slug(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::NoCredentials => "missing-token",
        Refusal::BadRequest(_) => "bad-authorization",
        Refusal::Rejected(_) => "invalid-token",
        Refusal::MissingScope(_) => "insufficient-scope",
        Refusal::Unavailable(_) => "unavailable",
    }
}
