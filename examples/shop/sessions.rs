//! Who is signed in, by a cookie. A token never signs anybody in.

use std::time::{SystemTime, UNIX_EPOCH};

use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use personal_tokens::Duration;
use tower_sessions::cookie::SameSite;
use tower_sessions::{Expiry, MemoryStore, Session, SessionManagerLayer, session};

use crate::people::{Person, User};

const USER: &str = "user";
const SIGNED_IN: &str = "signed_in";

/// `Secure` is off since the shop speaks plain http, on its own machine; behind TLS leave it on. `Lax`: links of other
/// sites find people signed in, their forms do not. Only signing in writes to a session, so it ends eight hours later.
/// A real shop keeps sessions where a restart leaves them.
pub fn layer() -> SessionManagerLayer<MemoryStore> {
    SessionManagerLayer::new(MemoryStore::default())
        .with_name("shop_session")
        .with_secure(false)
        .with_same_site(SameSite::Lax)
        .with_expiry(Expiry::OnInactivity(Duration::hours(8)))
}

/// Puts a [`Person`] into the request's extensions, for all that stands behind it.
pub async fn recognise(session: Session, mut request: Request, next: Next) -> Response {
    match person(&session).await {
        Ok(Some(person)) => drop(request.extensions_mut().insert(person)),
        Ok(None) => {}
        Err(_) => return unavailable(),
    }
    next.run(request).await
}

pub async fn begin(session: &Session, user: &User) -> Result<(), session::Error> {
    session.clear().await;
    // A new id, so that one that somebody planted in this browser is not signed in.
    session.cycle_id().await?;
    session.insert(USER, user.name).await?;
    session.insert(SIGNED_IN, now()).await
}

pub async fn end(session: &Session) -> Result<(), session::Error> {
    session.flush().await
}

pub fn unavailable() -> Response {
    StatusCode::SERVICE_UNAVAILABLE.into_response()
}

async fn person(session: &Session) -> Result<Option<Person>, session::Error> {
    let user = session.get::<String>(USER).await?.and_then(|name| User::named(&name));
    let since = session.get::<i64>(SIGNED_IN).await?;
    let person = |(user, since)| Person { user, signed_in: Duration::seconds(now().saturating_sub(since)) };
    Ok(user.zip(since).map(person))
}

/// In seconds since 1970.
fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |span| span.as_secs().cast_signed())
}
