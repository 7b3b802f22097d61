//! The page: one HTML document with its style and its script inside, so that no URL of an asset depends on where the
//! router is mounted. The Content-Security-Policy allows these by their hashes, and nothing else.

use ::http::HeaderValue;
use ::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::body::Bytes;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::Settings;

const HTML: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
/// One module, in this order: what a file calls as it is read stands above it.
const SCRIPT: &str = concat!(
    include_str!("script/state.js"),
    include_str!("script/words.js"),
    include_str!("script/clock.js"),
    include_str!("script/api.js"),
    include_str!("script/elements.js"),
    include_str!("script/list.js"),
    include_str!("script/row.js"),
    include_str!("script/dialogs.js"),
    include_str!("script/form.js"),
    include_str!("script/tasks.js"),
    include_str!("script/secret.js"),
    include_str!("script/start.js"),
);

pub(super) struct Page {
    html: Bytes,
    policy: HeaderValue,
}

impl Page {
    pub(super) fn new(settings: &Settings) -> Self {
        let (product, home, sign_in) =
            (escaped(&settings.product), escaped(&settings.home), escaped(&settings.sign_in));
        let html = filled(HTML, |place| match place {
            "product" => &product,
            "home" => &home,
            "sign_in" => &sign_in,
            "style" => STYLE,
            "host_style" => &settings.css,
            "script" => SCRIPT,
            _ => "",
        });
        let policy = format!(
            "default-src 'none'; script-src {}; style-src {} {}; connect-src 'self'; img-src data:; base-uri 'none'; \
             form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
            hash(SCRIPT),
            hash(STYLE),
            hash(&settings.css),
        );
        // Letters, digits and the signs of base64. Were it none, nothing would be allowed.
        let policy = HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"));
        Self { html: html.into(), policy }
    }

    pub(super) fn respond(&self) -> Response {
        let html = HeaderValue::from_static("text/html; charset=utf-8");
        ([(CONTENT_TYPE, html), (CONTENT_SECURITY_POLICY, self.policy.clone())], self.html.clone()).into_response()
    }
}

/// The template with its `{{places}}` filled, in one pass: what is filled in is not searched for places.
fn filled<'a>(template: &'a str, fill: impl Fn(&str) -> &'a str) -> String {
    let mut parts = template.split("{{");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (place, rest) = part.split_once("}}").unwrap_or((part, ""));
        text.push_str(fill(place));
        text.push_str(rest);
    }
    text
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// As a source of a Content-Security-Policy.
fn hash(text: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)))
}
