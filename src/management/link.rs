//! Links and origins that a host names.

use ::http::Uri;

/// A path of the host, or an http(s) URL: nothing that a browser would run.
pub(super) fn is_link(text: &str) -> bool {
    let path = text.starts_with('/') && !text.starts_with("//") && !text.starts_with("/\\");
    (path || is_url(text)) && text.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"'<>\\`".contains(&byte))
}

fn is_url(text: &str) -> bool {
    let Ok(uri) = text.parse::<Uri>() else {
        return false;
    };
    matches!(uri.scheme_str(), Some("https" | "http")) && uri.host().is_some_and(is_host)
}

/// As a browser writes it into `Origin`: scheme, host and a port that is not the scheme's own; lower case; no path.
pub(super) fn is_origin(text: &str) -> bool {
    let Ok(uri) = text.parse::<Uri>() else {
        return false;
    };
    let (Some(scheme), Some(host)) = (uri.scheme_str(), uri.host()) else {
        return false;
    };
    let port = match (scheme, uri.port_u16()) {
        ("http", Some(80)) | ("https", Some(443)) => return false,
        ("http" | "https", Some(port)) => format!(":{port}"),
        ("http" | "https", None) => String::new(),
        _ => return false,
    };
    let lower = !text.bytes().any(|byte| byte.is_ascii_uppercase());
    is_host(host) && lower && text == format!("{scheme}://{host}{port}")
}

/// Letters, digits and what addresses hold: no wildcard.
fn is_host(host: &str) -> bool {
    !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte))
}
