//! The first screen, which leads to the others.

use axum::Extension;
use axum::http::StatusCode;
use axum::response::Response;

use crate::people::Person;
use crate::screens::screen;

pub async fn home(person: Option<Extension<Person>>) -> Response {
    let who = if person.is_some() {
        ""
    } else {
        "<p><a href=/sign-in>Sign in</a> as <b>owner</b>, as <b>clerk</b> of the same shop, or as <b>other</b>, \
         who has another; the password is in what the shop said at its start.</p>"
    };
    let content = format!(
        "<p>A shop for trying personal tokens.</p>{who}\
         <ul><li><a href=/sell>Sell</a>: the till. It opens to people who are signed in, never to a token.</li>\
         <li><a href=/setup/personal-tokens>Setup: personal tokens</a>: make one for each script, and end it.</li>\
         <li><code>/api/products</code>, <code>/api/whoami</code>: the API. It opens to tokens only.</li></ul>"
    );
    screen(StatusCode::OK, "Welcome", person.as_deref(), &content)
}
