//! A shop with tokens of each kind, and what each client must get, whatever the host.
#![allow(dead_code)]

#[path = "../../../tests/common/remote_store.rs"]
pub mod remote_store;

use std::fmt;
use std::net::SocketAddr;

use http::Request;
use http::header::AUTHORIZATION;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use personal_tokens::http::{BearerAuthLayer, RequireScopeLayer};
use personal_tokens::store::MemoryStore;
use personal_tokens::{Duration, ManualClock, NewToken, PersonalTokens, Timestamp};
use remote_store::{Fault, Method, RemoteStore};
use tokio::net::TcpListener;

pub const OWNER: &str = "store-42";

pub struct Shop {
    pub tokens: PersonalTokens,
    /// None where the store answers from memory, and so never fails.
    pub remote: Option<RemoteStore>,
    clock: ManualClock,
}

pub struct Case {
    what: &'static str,
    pub authorization: Option<String>,
    store_fails: bool,
    pub status: u16,
    /// What a client is told beside the code.
    pub error: Option<&'static str>,
}

impl Shop {
    /// One over each path of the guard: a store that answers at once, and one that must be waited for.
    pub fn both() -> [Self; 2] {
        let (remote, clock) = (RemoteStore::default(), ManualClock::new(Timestamp::UNIX_EPOCH));
        let tokens = |builder: personal_tokens::Builder| {
            builder.prefix("shop").scopes(["products:read", "products:write"]).clock(clock.clone()).build().unwrap()
        };
        let local = tokens(PersonalTokens::builder(MemoryStore::new()));
        let far = tokens(PersonalTokens::builder(remote.clone()));
        [Self { tokens: local, remote: None, clock: clock.clone() }, Self { tokens: far, remote: Some(remote), clock }]
    }

    pub fn guard(&self) -> BearerAuthLayer {
        BearerAuthLayer::new(self.tokens.clone()).realm("the shop").unwrap()
    }

    /// To be called once: it issues the tokens.
    pub async fn cases(&self) -> Vec<Case> {
        let reader = self.issue("reader", &["products:read"]).await;
        let idle = self.issue("idle", &[]).await;
        let [elsewhere, _] = Self::both();
        let unknown = elsewhere.issue("reader", &["products:read"]).await;
        let short = NewToken::new(OWNER, "short").scopes(["products:read"]).expires_in(Duration::SECOND);
        let expired = self.tokens.issue(short).await.unwrap().token.expose().to_owned();
        self.clock.advance(Duration::SECOND);
        let mut cases = vec![
            Case::new("a good token", Some(&reader), 200),
            Case::new("no token", None, 401),
            Case::new("an unknown token", Some(&unknown), 401),
            Case::new("a malformed token", Some("shop_nonsense"), 401),
            Case { error: Some("the token expired"), ..Case::new("an expired token", Some(&expired), 401) },
            Case::new("a token without the scope", Some(&idle), 403),
        ];
        if self.remote.is_some() {
            cases.push(Case { store_fails: true, ..Case::new("a store that fails", Some(&reader), 503) });
        }
        cases
    }

    pub fn prepare(&self, case: &Case) {
        if let Some(remote) = &self.remote {
            remote.work();
            if case.store_fails {
                remote.fail(Method::Find, Fault::Unavailable);
            }
        }
    }

    pub async fn issue(&self, name: &str, scopes: &[&str]) -> String {
        let issued = self.tokens.issue(NewToken::new(OWNER, name).scopes(scopes)).await.unwrap();
        issued.token.expose().to_owned()
    }

    /// Sends each case to a server of plain HTTP, and looks at the whole of its answer; `good` is the body for a good token.
    pub async fn check_over_http(&self, cases: &[Case], address: SocketAddr, path: &str, good: &str) {
        for case in cases {
            self.prepare(case);
            let answer = get(address, path, case.authorization.as_deref()).await;
            assert_eq!(answer.status, case.status, "{case} at {path}");
            assert_eq!(answer.header("www-authenticate"), case.challenge(), "{case} at {path}");
            assert_eq!(answer.header("retry-after").is_some(), case.status == 503, "{case} at {path}");
            assert_eq!(answer.body, if case.status == 200 { good } else { "" }, "{case} at {path}");
        }
    }
}

pub fn reading() -> RequireScopeLayer {
    RequireScopeLayer::new("products:read").unwrap()
}

/// A listener on a free port of the loopback interface.
pub async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

pub struct Answer {
    pub status: u16,
    headers: http::HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<String> {
        self.headers.get(name).map(|value| value.to_str().unwrap().to_owned())
    }
}

pub async fn get(address: SocketAddr, path: &str, authorization: Option<&str>) -> Answer {
    let request = Request::get(path);
    let request = match authorization {
        Some(authorization) => request.header(AUTHORIZATION, authorization),
        None => request,
    };
    send(address, request, "").await
}

/// The request's URI is a path.
pub async fn send(address: SocketAddr, request: http::request::Builder, body: &str) -> Answer {
    let path = request.uri_ref().unwrap().clone();
    let request = request.uri(format!("http://{address}{path}")).body(Full::<Bytes>::from(body.to_owned())).unwrap();
    let client = Client::builder(TokioExecutor::new()).build_http();
    let response = client.request(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Answer { status: parts.status.as_u16(), headers: parts.headers, body: String::from_utf8(body.to_vec()).unwrap() }
}

impl Case {
    fn new(what: &'static str, token: Option<&str>, status: u16) -> Self {
        let authorization = token.map(|token| format!("Bearer {token}"));
        Self { what, authorization, store_fails: false, status, error: None }
    }

    pub fn challenge(&self) -> Option<String> {
        let rest = match (self.status, &self.authorization, self.error) {
            (401, None, _) => "",
            (401, _, None) => r#", error="invalid_token""#,
            (401, _, Some(error)) => &format!(r#", error="invalid_token", error_description="{error}""#),
            (403, ..) => r#", error="insufficient_scope", scope="products:read""#,
            _ => return None,
        };
        Some(format!(r#"Bearer realm="the shop"{rest}"#))
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.what)
    }
}
