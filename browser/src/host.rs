//! A host in this process: people by a cookie, the page where it is mounted, and an API that opens to tokens. Its clock
//! stands still, and browsers believe it, for it says so in the `Date` of its answers.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use axum::extract::{Path, Request, State};
use axum::http::HeaderValue;
use axum::http::header::{COOKIE, DATE, SET_COOKIE};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use axum::{Json, Router};
use personal_tokens::http::BearerAuthLayer;
use personal_tokens::management::{self, Settings};
use personal_tokens::store::ListQuery;
use personal_tokens::{
    Builder, Clock as _, Issued, ManualClock, NewToken, OwnerId, PersonalTokens, Timestamp, TokenId, TokenRecord,
    VerifiedToken,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::people::{Person, READ, WRITE};
use crate::remote_store::RemoteStore;

/// A running host; it ends with the test's runtime.
pub struct Host {
    pub tokens: PersonalTokens,
    pub store: RemoteStore,
    pub clock: ManualClock,
    address: SocketAddr,
    mount: String,
    seen: Arc<Seen>,
}

/// What a host is made of, where it is not the usual.
pub struct Plan {
    mount: &'static str,
    builder: Box<dyn FnOnce(Builder) -> Builder>,
    settings: Box<dyn FnOnce(Settings) -> Settings>,
    scopes: bool,
}

#[derive(Default)]
struct Seen {
    requests: Mutex<Vec<String>>,
    sessions_are_over: AtomicBool,
}

#[derive(Clone)]
struct Watch {
    seen: Arc<Seen>,
    clock: ManualClock,
    scopes: bool,
}

impl Plan {
    /// Mounted here; empty: at the root.
    pub fn mount(mut self, path: &'static str) -> Self {
        self.mount = path;
        self
    }

    /// With a policy of its own.
    pub fn tokens(mut self, with: impl FnOnce(Builder) -> Builder + 'static) -> Self {
        self.builder = Box::new(with);
        self
    }

    pub fn settings(mut self, with: impl FnOnce(Settings) -> Settings + 'static) -> Self {
        self.settings = Box::new(with);
        self
    }

    /// Its tokens have no scopes: a name and an expiry only.
    pub fn without_scopes(mut self) -> Self {
        self.scopes = false;
        self
    }

    pub async fn start(self) -> Host {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (store, clock) = (RemoteStore::default(), ManualClock::new(noon()));
        let builder = PersonalTokens::builder(store.clone()).prefix("shop").clock(clock.clone());
        let mut settings = Settings::new().product("The shop").home("/").sign_in("/sign-in/ada");
        // As a host has to that is reached by plain http from elsewhere.
        settings = settings.origin(&format!("http://{PLAIN}:{}", address.port()));
        let builder = if self.scopes {
            settings = settings.describe(READ, "See all products and their prices");
            settings = settings.describe(WRITE, "Add, change and delete products");
            builder.scopes([READ, WRITE])
        } else {
            builder
        };
        let tokens = (self.builder)(builder).build().expect("a handle");
        let setup = management::router(tokens.clone(), (self.settings)(settings)).expect("a router");

        let seen = Arc::new(Seen::default());
        let watch = Watch { seen: Arc::clone(&seen), clock: clock.clone(), scopes: self.scopes };
        let api = Router::new().route("/whoami", get(whoami)).layer(BearerAuthLayer::new(tokens.clone()));
        let setup = setup.layer(from_fn_with_state(watch.clone(), with_principal));
        let rest = Router::new().nest("/api", api).route("/sign-in/{person}", get(sign_in)).with_state(self.mount);
        let app = match self.mount {
            "" => rest.fallback_service(setup),
            mount => rest.nest_service(mount, setup),
        };
        let app = app.layer(from_fn_with_state(watch, noted));
        tokio::spawn(async { axum::serve(listener, app).await });
        Host { tokens, store, clock, address, mount: self.mount.to_owned(), seen }
    }
}

/// Not a trustworthy origin, as far as browsers know: by plain http, and no loopback address. Browsers of
/// [`Browser`](crate::Browser) find this machine by it.
const PLAIN: &str = "shop.test";

impl Host {
    /// The usual one: two scopes, mounted at `/setup/personal-tokens`.
    pub async fn start() -> Self {
        Self::plan().start().await
    }

    pub fn plan() -> Plan {
        Plan {
            mount: "/setup/personal-tokens",
            builder: Box::new(|builder| builder),
            settings: Box::new(|settings| settings),
            scopes: true,
        }
    }

    /// Whose tokens the people of the shop manage.
    pub fn owner() -> OwnerId {
        OwnerId::new("store-42").expect("an owner")
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The same host under a name that browsers do not trust.
    pub fn plain_url(&self, path: &str) -> String {
        format!("http://{PLAIN}:{}{path}", self.address.port())
    }

    /// Where the page stands.
    pub fn page(&self) -> String {
        self.url(&self.mount)
    }

    /// Sets the person's cookie and leads to the page.
    pub fn sign_in(&self, person: Person) -> String {
        self.url(&sign_in_path(person))
    }

    pub fn plain_sign_in(&self, person: Person) -> String {
        self.plain_url(&sign_in_path(person))
    }

    /// From now on nobody is signed in.
    pub fn end_sessions(&self) {
        self.seen.sessions_are_over.store(true, Ordering::SeqCst);
    }

    /// And again they are who their cookies say.
    pub fn begin_sessions(&self) {
        self.seen.sessions_are_over.store(false, Ordering::SeqCst);
    }

    /// Method and path of each request since this was asked last.
    pub fn take_requests(&self) -> Vec<String> {
        std::mem::take(&mut self.seen.requests.lock().expect("no panic"))
    }

    /// What its clock says.
    pub fn now(&self) -> Timestamp {
        self.clock.now().expect("an instant")
    }

    /// A token of the shop's with these scopes, which never expires.
    pub async fn issue(&self, name: &str, scopes: &[&str]) -> Issued {
        self.tokens.issue(NewToken::new(Self::owner(), name).scopes(scopes)).await.expect("a token")
    }

    /// The record of that id, as it is now.
    pub async fn record(&self, id: TokenId) -> TokenRecord {
        self.tokens.get(&Self::owner(), id).await.expect("a store").expect("a record")
    }

    /// All tokens of the shop, the newest first.
    pub async fn records(&self) -> Vec<TokenRecord> {
        self.tokens.list(&Self::owner(), ListQuery::all().limit(1_000)).await.expect("a store").tokens
    }

    /// What the API answers to a bearer of this token: its name, or the status.
    pub async fn whoami(&self, token: impl AsRef<str>) -> Result<String, u16> {
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        let request = client.get(self.url("/api/whoami")).bearer_auth(token.as_ref());
        let answer = request.send().await.expect("an answer");
        match answer.status().as_u16() {
            200 => Ok(answer.json::<Value>().await.expect("a body")["name"].as_str().expect("a name").to_owned()),
            status => Err(status),
        }
    }
}

fn sign_in_path(person: Person) -> String {
    format!("/sign-in/{}", person.name())
}

async fn sign_in(State(mount): State<&'static str>, Path(person): Path<String>) -> Response {
    let cookie = format!("person={person}; Path=/; HttpOnly; SameSite=Strict");
    let to = if mount.is_empty() { "/" } else { mount };
    ([(SET_COOKIE, cookie)], Redirect::to(to)).into_response()
}

async fn whoami(token: VerifiedToken) -> Json<Value> {
    Json(json!({ "name": token.name().as_str(), "owner": token.owner().as_str() }))
}

async fn with_principal(State(watch): State<Watch>, mut request: Request, next: Next) -> Response {
    if !watch.seen.sessions_are_over.load(Ordering::SeqCst) {
        let cookies = request.headers().get(COOKIE).and_then(|cookies| cookies.to_str().ok());
        if let Some(person) = cookies.and_then(Person::of) {
            request.extensions_mut().insert(person.principal(watch.scopes));
        }
    }
    next.run(request).await
}

/// What comes in, what goes out, and when.
async fn noted(State(watch): State<Watch>, request: Request, next: Next) -> Response {
    watch.seen.requests.lock().expect("no panic").push(format!("{} {}", request.method(), request.uri()));
    let mut answer = next.run(request).await;
    let now = SystemTime::try_from(watch.clock.now().expect("an instant")).expect("an instant");
    let date = HeaderValue::from_str(&httpdate::fmt_http_date(now)).expect("a date");
    answer.headers_mut().insert(DATE, date);
    answer
}

/// 2026-11-02T12:00:00Z, a Monday.
fn noon() -> Timestamp {
    Timestamp::from_micros(1_793_620_800_000_000).expect("an instant")
}
