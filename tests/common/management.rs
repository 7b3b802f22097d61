//! A host with the page of personal tokens and its API, and people who ask there. Every answer is held to what all have in common.

use std::fmt;

use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Method, Request};
use http_body_util::BodyExt as _;
use personal_tokens::management::{self, Principal, Rights, Settings};
use personal_tokens::{Builder, ManualClock, OwnerId, PersonalTokens, Scopes, TokenRecord};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::remote_store::RemoteStore;
use super::{noon, other_owner, owner};

/// Where the host has it.
pub const MOUNT: &str = "/setup/personal-tokens";

/// Clones are one host.
#[derive(Clone)]
pub struct Host {
    pub tokens: PersonalTokens,
    pub store: RemoteStore,
    pub clock: ManualClock,
    app: Router,
    who: Option<Principal>,
}

/// A request in order: from a page of the host, with JSON where there is a body.
#[derive(Clone, Debug)]
pub struct Ask {
    pub method: Method,
    pub path: String,
    pub body: Option<Value>,
}

pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

/// Somebody of [`owner`] who may do all, and grant all.
pub fn person() -> Principal {
    person_of(owner())
}

pub fn person_of(owner: OwnerId) -> Principal {
    Principal::new(owner, Rights::all()).grantable(scopes(&["products:read", "products:write"]))
}

pub fn scopes(names: &[&str]) -> Scopes {
    Scopes::new(names).unwrap()
}

/// A host with the scopes `products:read` and `products:write`, at noon, where [`person`] asks.
pub fn host() -> Host {
    host_with(|builder| builder, Settings::new())
}

/// The same with a token of [`person`], of the scope `products:read`; its id.
pub async fn host_with_token() -> (Host, String) {
    let host = host();
    let id = host.issue("sync", &["products:read"]).await["record"]["id"].as_str().unwrap().to_owned();
    (host, id)
}

pub fn host_with(configure: impl FnOnce(Builder) -> Builder, settings: Settings) -> Host {
    let (store, clock) = (RemoteStore::default(), ManualClock::new(noon()));
    let builder = PersonalTokens::builder(store.clone()).prefix("shop").scopes(["products:read", "products:write"]);
    let tokens = configure(builder.clock(clock.clone())).build().unwrap();
    let setup = management::router(tokens.clone(), settings).unwrap();
    let app = Router::new().nest_service(MOUNT, setup);
    Host { tokens, store, clock, app, who: Some(person()) }
}

impl Host {
    /// The same host, where somebody else asks.
    pub fn seen_by(&self, who: Principal) -> Self {
        Self { who: Some(who), ..self.clone() }
    }

    /// The same host, where nobody is signed in.
    pub fn without_session(&self) -> Self {
        Self { who: None, ..self.clone() }
    }

    pub async fn ask(&self, ask: &Ask) -> Answer {
        self.send(ask.request()).await
    }

    /// The same with another body.
    pub async fn ask_with(&self, ask: &Ask, body: impl Into<Body>) -> Answer {
        let mut request = ask.request();
        *request.body_mut() = body.into();
        self.send(request).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.ask(&Ask::get(path)).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.ask(&Ask::post(path, body)).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.ask(&Ask::patch(path, body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.ask(&Ask::delete(path)).await
    }

    /// Whatever request; the person is put into it.
    pub async fn send(&self, mut request: Request<Body>) -> Answer {
        let what = format!("{} {}", request.method(), request.uri());
        if let Some(who) = &self.who {
            request.extensions_mut().insert(who.clone());
        }
        let (parts, body) = self.app.clone().oneshot(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes().to_vec();
        let answer = Answer { status: parts.status.as_u16(), headers: parts.headers, body };
        answer.is_as_all_are(&what);
        answer
    }

    /// A token that [`person`] made; its answer.
    pub async fn issue(&self, name: &str, scopes: &[&str]) -> Value {
        self.post("tokens", json!({"name": name, "scopes": scopes})).await.is(201)
    }

    /// All that the store keeps.
    pub async fn rows(&self) -> Vec<TokenRecord> {
        self.store.rows(&[owner(), other_owner()]).await
    }

    /// The same as one request would be shown it.
    pub async fn tokens(&self, query: &str) -> Vec<Value> {
        self.get(&format!("tokens{query}")).await.is(200)["tokens"].as_array().unwrap().clone()
    }
}

impl Ask {
    pub fn get(path: &str) -> Self {
        Self { method: Method::GET, path: path.to_owned(), body: None }
    }

    pub fn post(path: &str, body: Value) -> Self {
        Self { method: Method::POST, path: path.to_owned(), body: Some(body) }
    }

    pub fn patch(path: &str, body: Value) -> Self {
        Self { method: Method::PATCH, path: path.to_owned(), body: Some(body) }
    }

    pub fn delete(path: &str) -> Self {
        Self { method: Method::DELETE, path: path.to_owned(), body: None }
    }

    /// One of each route, about the token of this id. Asked for in this order, each is done.
    pub fn each(id: &str) -> Vec<Self> {
        let mut each = Self::reads(id);
        each.extend(Self::writes(id));
        each
    }

    pub fn reads(id: &str) -> Vec<Self> {
        let one = format!("tokens/{id}");
        ["", "/", "tokens", &one, "scopes", "policy", "openapi.json"].map(Self::get).into()
    }

    pub fn writes(id: &str) -> Vec<Self> {
        vec![
            Self::post("tokens", json!({"name": "made by a test"})),
            Self::patch(&format!("tokens/{id}"), json!({"name": "renamed by a test"})),
            Self::post(&format!("tokens/{id}/rotate"), json!({"grace_seconds": 60})),
            Self::delete(&format!("tokens/{id}")),
            Self::post("tokens/revoke-all", json!({"confirm": "all"})),
        ]
    }

    /// Those of the writes that take a body: issue, update, rotate, revoke all.
    pub fn with_bodies(id: &str) -> [Self; 4] {
        let asks: Vec<_> = Self::writes(id).into_iter().filter(|ask| ask.body.is_some()).collect();
        asks.try_into().unwrap()
    }

    pub fn request(&self) -> Request<Body> {
        let slash = if self.path.is_empty() || self.path.starts_with('/') { "" } else { "/" };
        let request = Request::builder().method(&self.method).uri(format!("{MOUNT}{slash}{}", self.path));
        let request = request.header("sec-fetch-site", "same-origin");
        match &self.body {
            Some(body) => request.header("content-type", "application/json").body(body.to_string().into()),
            None => request.body(Body::empty()),
        }
        .unwrap()
    }
}

impl Answer {
    /// Its JSON, if this is its status.
    #[track_caller]
    pub fn is(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self}");
        self.json()
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self}"))
    }

    /// The end of its problem's type, if it has this status.
    #[track_caller]
    pub fn refused(&self, status: u16) -> String {
        let kind = self.is(status)["type"].as_str().map(str::to_owned).unwrap_or_default();
        kind.strip_prefix("urn:personal-tokens:problem:").unwrap_or_else(|| panic!("{self}")).to_owned()
    }

    /// Status, the end of the problem's type, and the field at fault.
    #[track_caller]
    pub fn problem(&self) -> (u16, String, Option<String>) {
        let field = self.json()["field"].as_str().map(str::to_owned);
        (self.status, self.refused(self.status), field)
    }

    /// The lines of this header.
    pub fn lines(&self, name: &str) -> Vec<&str> {
        super::door::lines(&self.headers, name)
    }

    /// Never kept, never sniffed, framed by nobody; and a refusal is problem details.
    #[track_caller]
    fn is_as_all_are(&self, what: &str) {
        let all = [
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-resource-policy", "same-origin"),
        ];
        for (name, value) in all {
            assert_eq!(self.lines(name), [value], "{what}: {self}");
        }
        let policy = self.lines("content-security-policy");
        assert!(matches!(policy[..], [only] if only.contains("frame-ancestors 'none'")), "{what}: {self}");
        if self.status < 400 {
            return;
        }
        assert_eq!(self.lines("content-type"), ["application/problem+json"], "{what}: {self}");
        if what.starts_with("HEAD ") {
            return assert!(self.body.is_empty(), "{what}: {self}");
        }
        let problem = self.json();
        let text = |name: &str| problem[name].as_str().unwrap_or_default();
        assert_eq!(problem["status"], self.status, "{what}: {self}");
        assert!(text("type").starts_with("urn:personal-tokens:problem:"), "{what}: {self}");
        assert!(!text("title").is_empty() && !text("detail").is_empty(), "{what}: {self}");
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?} {}", self.status, self.headers, String::from_utf8_lossy(&self.body))
    }
}
