//! The guard without a framework: hyper, and layers of tower's `ServiceBuilder`.
//!
//! `cargo run --package personal-tokens-hosts --example hyper`; `SHOP_ADDR` says where it listens, 127.0.0.1:3000
//! unless set.

use std::convert::Infallible;
use std::pin::pin;
use std::time::Duration;

use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use personal_tokens::http::BearerAuthLayer;
use personal_tokens::store::MemoryStore;
use personal_tokens::{NewToken, PersonalTokens, VerifiedToken};
use personal_tokens_hosts::stopped;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::time::sleep;
use tower::ServiceBuilder;

type Failure = Box<dyn std::error::Error + Send + Sync>;

const READ: &str = "products:read";

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let tokens = PersonalTokens::builder(MemoryStore::new()).prefix("shop").scopes([READ]).build()?;
    let issued = tokens.issue(NewToken::new("store-42", "First script").scopes([READ])).await?;

    let address = std::env::var("SHOP_ADDR").unwrap_or_else(|_| "127.0.0.1:3000".to_owned());
    let listener = TcpListener::bind(&address).await.map_err(|error| format!("cannot listen on {address}: {error}"))?;
    let address = listener.local_addr()?;
    println!("listening; try it:\n  curl -i -H 'Authorization: Bearer {}' http://{address}/", issued.token.expose());
    run(listener, tokens, stopped()).await
}

/// Serves until `stop` ends, then lets the requests that are under way finish.
pub async fn run(
    listener: TcpListener,
    tokens: PersonalTokens,
    stop: impl Future<Output = ()> + Send,
) -> Result<(), Failure> {
    let (serving, over) = oneshot::channel::<()>();
    let maintenance = tokio::spawn(tokens.maintain(async { drop(over.await) }));
    serve(listener, tokens, stop).await?;
    // Only now, so that its last flush has the uses of the last requests too.
    drop(serving);
    Ok(maintenance.await?)
}

async fn serve(listener: TcpListener, tokens: PersonalTokens, stop: impl Future<Output = ()>) -> Result<(), Failure> {
    // A request goes through them from top to bottom: first who asks, then whether they may, then the answer.
    let service = ServiceBuilder::new()
        .layer(BearerAuthLayer::new(tokens.clone()).realm("the shop")?)
        .layer(tokens.require_scope(READ)?)
        .service_fn(products);

    let open = GracefulShutdown::new();
    let mut stop = pin!(stop);
    loop {
        let stream = tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    eprintln!("no connection could be accepted: {error}");
                    // Where the cause stays (no free file descriptor), the next try would fail at once.
                    sleep(Duration::from_millis(100)).await;
                    continue;
                }
            },
        };
        let connection = http1::Builder::new()
            // Without a timer, hyper waits for a request's head for ever.
            .timer(TokioTimer::new())
            .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service.clone()));
        let connection = open.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                eprintln!("a connection broke: {error}");
            }
        });
    }
    drop(listener);
    tokio::select! {
        () = open.shutdown() => {}
        // A client that never finishes does not keep the shop open.
        () = sleep(Duration::from_secs(5)) => {}
    }
    Ok(())
}

async fn products(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    // The guard put it there. If it is missing, the layers are mounted wrongly: our fault, so 500, and nothing is told.
    let Some(token) = request.extensions().get::<VerifiedToken>() else {
        let mut response = Response::default();
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        return Ok(response);
    };
    Ok(Response::new(format!("the products of {}", token.owner()).into()))
}
