//! One API for two kinds of clients: people, who sign in and have a session, and their scripts, which send a token.
//!
//! `cargo run --package personal-tokens-hosts --example session_or_token`; `SHOP_ADDR` says where it listens,
//! 127.0.0.1:3000 unless set.

use axum::extract::{FromRequestParts, Request, State};
use axum::http::{StatusCode, header::CACHE_CONTROL, request::Parts};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use axum::{Form, RequestPartsExt as _, Router};
use personal_tokens::http::{BearerAuthLayer, RequireScopeLayer};
use personal_tokens::store::{ListQuery, MemoryStore};
use personal_tokens::{ChangeError, Duration, NewToken, OwnerId, PersonalTokens, VerifiedToken};
use personal_tokens_hosts::stopped;
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tower::{Layer as _, ServiceExt as _};
use tower_sessions::cookie::SameSite;
use tower_sessions::{Expiry, Session, SessionManagerLayer};

type Failure = Box<dyn std::error::Error + Send + Sync>;

const READ: &str = "products:read";
const USER: &str = "user";

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let tokens = PersonalTokens::builder(MemoryStore::new()).prefix("shop").scopes([READ]).build()?;
    let address = std::env::var("SHOP_ADDR").unwrap_or_else(|_| "127.0.0.1:3000".to_owned());
    let listener = TcpListener::bind(&address).await.map_err(|error| format!("cannot listen on {address}: {error}"))?;
    let url = format!("http://{}", listener.local_addr()?);
    println!("listening; as a person:\n  curl -i -c cookies -d 'user=ada&password=tea' {url}/sign-in");
    println!("  curl -i -b cookies -d 'name=First script' {url}/setup/tokens\n  curl -i -b cookies {url}/api/products");
    println!("as a script:\n  curl -i -H 'Authorization: Bearer …' {url}/api/products");
    run(listener, tokens, stopped()).await
}

/// Serves until `stop` ends, then lets the requests that are under way finish.
pub async fn run(
    listener: TcpListener,
    tokens: PersonalTokens,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), Failure> {
    let (serving, over) = oneshot::channel::<()>();
    let maintenance = tokio::spawn(tokens.maintain(async { drop(over.await) }));
    axum::serve(listener, app(tokens)?).with_graceful_shutdown(stop).await?;
    // Only now, so that its last flush has the uses of the last requests too.
    drop(serving);
    Ok(maintenance.await?)
}

fn app(tokens: PersonalTokens) -> Result<Router, Failure> {
    // Optional, as who comes without a token may have a session. A token that is sent must be good all the same, and
    // the guard stands outside: it refuses a bad one whatever cookie comes along.
    let guard = BearerAuthLayer::new(tokens.clone()).realm("the shop")?.optional();
    let api = Router::new()
        .route("/api/products", get(products))
        .layer(from_fn_with_state(tokens.require_scope(READ)?, scripts_need))
        .layer(guard);

    // No guard here, so that a token is nobody: whoever finds one can't make further ones with it.
    let setup = Router::new().route("/setup/tokens", get(list_tokens).post(new_token)).with_state(tokens);

    // `Lax`: from other sites the cookie comes with links that are followed, not with forms that are sent. So no other
    // site can act for a person (CSRF), as long as GET changes nothing; where a sibling domain is not trusted, add a
    // CSRF token. `Secure` and `HttpOnly` are set by default. A real shop keeps sessions where a restart leaves them.
    let sessions = SessionManagerLayer::new(tower_sessions::MemoryStore::default())
        .with_same_site(SameSite::Lax)
        .with_expiry(Expiry::OnInactivity(Duration::hours(8)));
    let sign_in = Router::new().route("/sign-in", get(sign_in_page).post(sign_in));
    Ok(sign_in.merge(setup).merge(api).layer(sessions))
}

/// Who asks. A route that takes it is open to both and to nobody else.
enum Who {
    Person(OwnerId),
    Script(VerifiedToken),
}

impl<S: Send + Sync> FromRequestParts<S> for Who {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Response> {
        if let Ok(Some(token)) = parts.extract::<Option<VerifiedToken>>().await {
            return Ok(Self::Script(token));
        }
        if let Some(user) = signed_in(parts).await? {
            return Ok(Self::Person(user));
        }
        // Neither: this extractor refuses as the guard does, challenge and all.
        parts.extract().await.map(Self::Script).map_err(IntoResponse::into_response)
    }
}

/// A person, and never a token.
struct Person(OwnerId);

impl<S: Send + Sync> FromRequestParts<S> for Person {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Response> {
        signed_in(parts).await?.map(Self).ok_or_else(|| Redirect::to("/sign-in").into_response())
    }
}

async fn signed_in(parts: &mut Parts) -> Result<Option<OwnerId>, Response> {
    let session: Session = parts.extract().await.map_err(IntoResponse::into_response)?;
    let user: Option<String> = session.get(USER).await.map_err(|_| unavailable())?;
    Ok(user.and_then(|user| OwnerId::new(&user).ok()))
}

/// A scope layer for scripts alone: a person has no scopes, and may what the shop's own rules say. It lets in who has no
/// token, so each handler below takes a [`Who`].
async fn scripts_need(State(scope): State<RequireScopeLayer>, request: Request, next: Next) -> Response {
    if request.extensions().get::<VerifiedToken>().is_none() {
        return next.run(request).await;
    }
    scope.layer(next).oneshot(request).await.into_response()
}

async fn products(who: Who) -> impl IntoResponse {
    let products = match who {
        Who::Person(user) => format!("the products of {user}"),
        Who::Script(token) => format!("the products of {}, for the script {}", token.owner(), token.name()),
    };
    // For no shared cache: the guard says that the answer varies by Authorization, but it varies by the cookie too.
    ([(CACHE_CONTROL, "private")], products)
}

async fn list_tokens(Person(user): Person, State(tokens): State<PersonalTokens>) -> Result<String, Response> {
    // The first page; `page.next` leads to more.
    let page = tokens.list(&user, ListQuery::active()).await.map_err(|_| unavailable())?;
    Ok(page.tokens.iter().map(|record| format!("{} {:?}\n", record.id, record.name)).collect())
}

#[derive(Deserialize)]
struct NewTokenForm {
    name: String,
}

async fn new_token(
    Person(user): Person,
    State(tokens): State<PersonalTokens>,
    Form(form): Form<NewTokenForm>,
) -> Result<impl IntoResponse, Response> {
    let new = NewToken::new(user, form.name).scopes([READ]).expires_in(Duration::days(90));
    let issued = tokens.issue(new).await.map_err(|error| match error {
        ChangeError::Refused(refused) => (StatusCode::UNPROCESSABLE_ENTITY, refused.to_string()).into_response(),
        _ => unavailable(),
    })?;
    // Shown once, so no cache and no history may keep it.
    Ok(([(CACHE_CONTROL, "no-store")], format!("copy it now: {}\n", issued.token.expose())))
}

async fn sign_in_page() -> Html<&'static str> {
    Html("<form method=post><input name=user><input name=password type=password><button>Sign in</button></form>")
}

#[derive(Deserialize)]
struct SignIn {
    user: String,
    password: String,
}

async fn sign_in(session: Session, Form(form): Form<SignIn>) -> Result<Redirect, Response> {
    // A toy: a real shop asks its users' table, for a hash.
    if (&*form.user, &*form.password) != ("ada", "tea") {
        return Err((StatusCode::FORBIDDEN, "no such user and password\n").into_response());
    }
    // A new id, so that one that somebody planted in this browser is not signed in.
    session.cycle_id().await.map_err(|_| unavailable())?;
    session.insert(USER, form.user).await.map_err(|_| unavailable())?;
    Ok(Redirect::to("/setup/tokens"))
}

fn unavailable() -> Response {
    StatusCode::SERVICE_UNAVAILABLE.into_response()
}
