//! Signing in and out.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use axum::{Extension, Form, Router};
use serde::Deserialize;
use tower_sessions::Session;

use crate::people::{Password, Person, User};
use crate::screens::{screen, text};
use crate::sessions;

pub const PATH: &str = "/sign-in";

pub fn routes(password: Password) -> Router {
    let routes = Router::new().route(PATH, get(form).post(sign_in)).route("/sign-out", post(sign_out));
    routes.with_state(Arc::new(password))
}

/// To the form and, once signed in, to `next`: a path of the shop.
pub fn back_to(next: &str) -> String {
    format!("{PATH}?next={next}")
}

#[derive(Deserialize)]
struct Asked {
    next: Option<String>,
    again: Option<String>,
}

async fn form(person: Option<Extension<Person>>, Form(asked): Form<Asked>) -> Response {
    let person = person.as_deref();
    let hint = if asked.again.is_some() { "<p>Please type your password again to go on.</p>" } else { "" };
    let user = person.map_or("", |person| person.user.name);
    filled(StatusCode::OK, person, user, asked.next.as_deref(), hint)
}

#[derive(Deserialize)]
struct Typed {
    user: String,
    password: String,
    next: Option<String>,
}

async fn sign_in(
    State(password): State<Arc<Password>>,
    person: Option<Extension<Person>>,
    session: Session,
    Form(typed): Form<Typed>,
) -> Response {
    // One answer, and the same work, whichever of the two is wrong.
    let right = password.is(&typed.password);
    let Some(user) = User::named(&typed.user).filter(|_| right) else {
        let why = "<p role=alert>The user or the password is wrong.</p>";
        return filled(StatusCode::FORBIDDEN, person.as_deref(), &typed.user, typed.next.as_deref(), why);
    };
    match sessions::begin(&session, user).await {
        Ok(()) => Redirect::to(local(typed.next.as_deref())).into_response(),
        Err(_) => sessions::unavailable(),
    }
}

async fn sign_out(session: Session) -> Response {
    match sessions::end(&session).await {
        Ok(()) => Redirect::to("/").into_response(),
        Err(_) => sessions::unavailable(),
    }
}

fn filled(status: StatusCode, person: Option<&Person>, user: &str, next: Option<&str>, hint: &str) -> Response {
    let (user, next) = (text(user), text(local(next)));
    let content = format!(
        "{hint}<form method=post action={PATH} class=fields><input type=hidden name=next value=\"{next}\">\
         <label for=user>User</label>\
         <input id=user name=user value=\"{user}\" autocomplete=username autocapitalize=none required>\
         <label for=password>Password</label>\
         <input id=password name=password type=password autocomplete=current-password required>\
         <button>Sign in</button></form>"
    );
    screen(status, "Sign in", person, &content)
}

/// Where to go then: within the shop, wherever a link from outside would lead. Browsers read `//` and `/\` as the
/// beginning of another host, and skip tabs and line breaks.
fn local(next: Option<&str>) -> &str {
    let within = |next: &&str| {
        let graphic = next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        graphic && next.starts_with('/') && !next.starts_with("//")
    };
    next.filter(within).unwrap_or("/")
}
