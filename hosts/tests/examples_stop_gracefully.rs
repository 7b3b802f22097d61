//! Each example, asked to stop, answers what is under way, takes no further connections, and writes the last uses
//! before it ends.

mod common;

#[allow(dead_code)]
#[path = "../examples/session_or_token.rs"]
mod over_axum;
#[allow(dead_code)]
#[path = "../examples/hyper.rs"]
mod over_hyper;
#[allow(dead_code)]
#[path = "../examples/tonic.rs"]
mod over_tonic;

use std::net::SocketAddr;
use std::time::Duration;

use common::remote_store::{Method, RemoteStore};
use common::{Shop, get, listen};
use personal_tokens::PersonalTokens;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::yield_now;
use tokio::time::timeout;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// For what comes at once unless the host hangs.
const PATIENCE: Duration = Duration::from_secs(60);

async fn check<R, A>(
    run: impl FnOnce(TcpListener, PersonalTokens, oneshot::Receiver<()>) -> R,
    ask: impl FnOnce(SocketAddr, String) -> A,
) where
    R: Future<Output = Result<(), Failure>> + Send + 'static,
    A: Future<Output = bool> + Send + 'static,
{
    let [_, shop] = Shop::both();
    let remote = shop.remote.clone().unwrap();
    let token = shop.issue("reader", &["products:read"]).await;
    let (listener, address) = listen().await;
    let (stop, stopped) = oneshot::channel();
    let running = run(listener, shop.tokens.clone(), stopped);
    let at_end = remote.clone();
    let host = tokio::spawn(async move {
        running.await.unwrap();
        // In the same poll: nothing that the host left behind has run since.
        at_end.take_calls()
    });

    remote.take_calls();
    let look_up = remote.hold().await;
    let asked = tokio::spawn(ask(address, token));
    timeout(PATIENCE, called(&remote, Method::Find)).await.expect("the request is under way");
    drop(stop);
    timeout(PATIENCE, refused(address)).await.expect("no further connection is taken");
    assert!(!host.is_finished(), "a request is under way");
    drop(look_up);
    assert!(timeout(PATIENCE, asked).await.expect("an answer").unwrap(), "what was under way is answered");
    let calls = timeout(PATIENCE, host).await.expect("the host ends").unwrap();
    assert!(calls.contains(&Method::Touch), "the use is written");
}

async fn called(remote: &RemoteStore, method: Method) {
    while !remote.take_calls().contains(&method) {
        yield_now().await;
    }
}

async fn refused(address: SocketAddr) {
    while TcpStream::connect(address).await.is_ok() {
        yield_now().await;
    }
}

async fn until(stopped: oneshot::Receiver<()>) {
    drop(stopped.await);
}

#[tokio::test]
async fn the_one_over_hyper() {
    let ask = |address, token| async move { get(address, "/", Some(&format!("Bearer {token}"))).await.status == 200 };
    check(|listener, tokens, stopped| over_hyper::run(listener, tokens, until(stopped)), ask).await;
}

#[tokio::test]
async fn the_one_over_axum() {
    let ask = |address, token| async move {
        get(address, "/api/products", Some(&format!("Bearer {token}"))).await.status == 200
    };
    check(|listener, tokens, stopped| over_axum::run(listener, tokens, until(stopped)), ask).await;
}

#[tokio::test]
async fn the_one_over_tonic() {
    // The first of its calls is under way; by its answer the shop does not let it in.
    let ask = |address: SocketAddr, token: String| async move {
        let report = over_tonic::visit(&address.to_string(), Some(&token)).await.unwrap();
        report.starts_with("add: PermissionDenied, this needs the scope products:write")
    };
    check(|listener, tokens, stopped| over_tonic::run(listener, tokens, until(stopped)), ask).await;
}
