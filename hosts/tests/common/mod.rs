//! A shop with tokens of each kind, and what each client must get, whatever the host.
#![allow(dead_code)]

#[path = "../../../tests/common/remote_store.rs"]
pub mod remote_store;

use std::fmt;
use std::net::SocketAddr;

use http::Request;
use http::header::AUTHORIZATION;
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use personal_tokens::http::{BearerAuthLayer, RequireScopeLayer};
use personal_tokens::store::MemoryStore;
use personal_tokens::{NewToken, PersonalTokens};
use remote_store::{Fault, Method, RemoteStore};
use tokio::net::TcpListener;

pub const OWNER: &str = "store-42";

pub struct Shop {
    pub tokens: PersonalTokens,
    /// None where the store answers from memory, and so never fails.
    remote: Option<RemoteStore>,
}

pub struct Case {
    what: &'static str,
    pub authorization: Option<String>,
    store_fails: bool,
    pub status: u16,
}

impl Shop {
    /// One over each path of the guard: a store that answers at once, and one that must be waited for.
    pub fn both() -> [Self; 2] {
        let remote = RemoteStore::default();
        let tokens = |builder: personal_tokens::Builder| builder.prefix("shop").scopes(["products:read"]).build();
        [
            Self { tokens: tokens(PersonalTokens::builder(MemoryStore::new())).unwrap(), remote: None },
            Self { tokens: tokens(PersonalTokens::builder(remote.clone())).unwrap(), remote: Some(remote) },
        ]
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
        let mut cases = vec![
            Case::new("a good token", Some(&reader), 200),
            Case::new("no token", None, 401),
            Case::new("an unknown token", Some(&unknown), 401),
            Case::new("a malformed token", Some("shop_nonsense"), 401),
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

    async fn issue(&self, name: &str, scopes: &[&str]) -> String {
        let issued = self.tokens.issue(NewToken::new(OWNER, name).scopes(scopes)).await.unwrap();
        issued.token.expose().to_owned()
    }

    /// Sends each case to a server of plain HTTP, and looks at the whole of its answer.
    pub async fn check_over_http(&self, cases: &[Case], address: SocketAddr, path: &str) {
        for case in cases {
            self.prepare(case);
            let answer = get(address, path, case.authorization.as_deref()).await;
            assert_eq!(answer.status, case.status, "{case} at {path}");
            let expected = match case.status {
                200 => None,
                401 if case.authorization.is_none() => Some(r#"Bearer realm="the shop""#),
                401 => Some(r#"Bearer realm="the shop", error="invalid_token""#),
                403 => Some(r#"Bearer realm="the shop", error="insufficient_scope", scope="products:read""#),
                _ => None,
            };
            assert_eq!(answer.header("www-authenticate").as_deref(), expected, "{case} at {path}");
            assert_eq!(answer.header("retry-after").is_some(), case.status == 503, "{case} at {path}");
            assert_eq!(answer.body, if case.status == 200 { OWNER } else { "" }, "{case} at {path}");
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
    let mut request = Request::get(format!("http://{address}{path}"));
    if let Some(authorization) = authorization {
        request = request.header(AUTHORIZATION, authorization);
    }
    let client = Client::builder(TokioExecutor::new()).build_http();
    let response = client.request(request.body(Empty::<Bytes>::new()).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Answer { status: parts.status.as_u16(), headers: parts.headers, body: String::from_utf8(body.to_vec()).unwrap() }
}

impl Case {
    fn new(what: &'static str, token: Option<&str>, status: u16) -> Self {
        let authorization = token.map(|token| format!("Bearer {token}"));
        Self { what, authorization, store_fails: false, status }
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.what)
    }
}
