//! What a guard does beside refusing, by its host's choice.

use std::time::Duration;

use ::http::header::{ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY};
use ::http::{HeaderMap, HeaderName, HeaderValue, Method, Request};

#[derive(Clone, Debug)]
pub(super) struct Rules {
    /// Requests without a bearer token come in, as anonymous.
    pub(super) optional: bool,
    /// CORS preflights come in unseen.
    pub(super) preflights: bool,
    /// `Authorization` goes no further than the guard.
    pub(super) strip: bool,
    /// Answers say when the token ends.
    pub(super) expiry_header: Option<HeaderName>,
    pub(super) lookup_timeout: Option<Duration>,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            optional: false,
            preflights: false,
            strip: false,
            expiry_header: None,
            lookup_timeout: cfg!(feature = "tokio").then_some(Duration::from_secs(2)),
        }
    }
}

/// The request that a browser sends before one of another origin, by the Fetch standard: `OPTIONS` with both headers. It
/// carries no credentials. Any other `OPTIONS` is a request like all.
pub(super) fn is_preflight<B>(request: &Request<B>) -> bool {
    let headers = request.headers();
    request.method() == Method::OPTIONS
        && headers.contains_key(ORIGIN)
        && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

/// Says that the answer depends on `Authorization`, beside what it says already (RFC 9110 §12.5.5).
pub(super) fn vary_by_authorization(headers: &mut HeaderMap) {
    let varies = |line: &HeaderValue| {
        let mut fields = line.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
        fields.any(|field| field == b"*" || field.eq_ignore_ascii_case(b"authorization"))
    };
    if !headers.get_all(VARY).iter().any(varies) {
        // A map that is full (24,576 fields) goes without; `append` panics there.
        let _ = headers.try_append(VARY, HeaderValue::from_static("authorization"));
    }
}
