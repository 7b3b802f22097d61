//! What all screens of the shop have in common. They work without JavaScript, and run none.

use axum::http::StatusCode;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::response::{Html, IntoResponse, Response};

use crate::people::Person;

const POLICY: &str = "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; \
                      frame-ancestors 'none'";
const ICON: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Crect \
                    width='16' height='16' rx='3' fill='%230a6b4f'/%3E%3C/svg%3E";

/// `content` is HTML: what people or scripts have named goes through [`text`] first.
pub fn screen(status: StatusCode, title: &str, person: Option<&Person>, content: &str) -> Response {
    let who = match person {
        Some(person) => format!(
            "<form method=post action=/sign-out><span>{}, {}</span><button>Sign out</button></form>",
            person.user.name, person.user.shop
        ),
        None => "<a href=/sign-in>Sign in</a>".to_owned(),
    };
    let html = format!(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>\
         <title>{title} - The shop</title><link rel=icon href=\"{ICON}\"><link rel=stylesheet href=/style.css>\
         <header><a href=/><b>The shop</b></a><nav><a href=/sell>Sell</a>\
         <a href=/setup/personal-tokens>Personal tokens</a></nav>{who}</header>\
         <main><h1>{title}</h1>{content}</main></html>"
    );
    let headers = [
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // Not `no-referrer`: browsers would then send `Origin: null` with the forms.
        (REFERRER_POLICY, "same-origin"),
        (CACHE_CONTROL, "no-store"),
    ];
    (status, headers, Html(html)).into_response()
}

pub async fn style() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/css"), (X_CONTENT_TYPE_OPTIONS, "nosniff")], include_str!("style.css"))
}

/// Text as HTML, between tags or in a quoted attribute.
pub fn text(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            other => html.push(other),
        }
    }
    html
}
