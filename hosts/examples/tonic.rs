//! A gRPC server whose calls want a token, and a client that sends one.
//!
//! `cargo run --package personal-tokens-hosts --example tonic` serves and says how to run the client. `SHOP_ADDR` is
//! where, 127.0.0.1:3000 unless set.

use std::fmt::Display;
use std::sync::{Mutex, PoisonError};

use http::request::Parts;
use personal_tokens::http::{BearerAuthLayer, Refusal};
use personal_tokens::store::MemoryStore;
use personal_tokens::{NewToken, PersonalTokens, VerifiedToken};
use personal_tokens_hosts::stopped;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio_stream::StreamExt as _;
use tonic::body::Body;
use tonic::codegen::BoxStream;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::LayerExt as _;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Endpoint, Server};
use tonic::{Code, Request, Response, Status, async_trait};

use pb::products_client::ProductsClient;
use pb::products_server::{Products, ProductsServer};
use pb::{CountReply, CountRequest, ListRequest, Product};

/// From `proto/shop.proto`, by `build.rs`.
pub mod pb {
    tonic::include_proto!("shop");
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

const READ: &str = "products:read";
const WRITE: &str = "products:write";

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let address = std::env::var("SHOP_ADDR").unwrap_or_else(|_| "127.0.0.1:3000".to_owned());
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [command, token @ ..] = &*args
        && command == "client"
    {
        print!("{}", visit(&address, token.first().map(String::as_str)).await?);
        return Ok(());
    }
    let tokens = PersonalTokens::builder(MemoryStore::new()).prefix("shop").scopes([READ, WRITE]).build()?;
    let issued = tokens.issue(NewToken::new("store-42", "First script").scopes([READ])).await?;
    let listener = TcpListener::bind(&address).await.map_err(|error| format!("cannot listen on {address}: {error}"))?;
    let client = "cargo run --package personal-tokens-hosts --example tonic -- client";
    println!("listening; try it:\n  SHOP_ADDR={} {client} {}", listener.local_addr()?, issued.token.expose());
    run(listener, tokens, stopped()).await
}

/// Serves until `stop` ends, then lets the calls that are under way finish.
pub async fn run(
    listener: TcpListener,
    tokens: PersonalTokens,
    stop: impl Future<Output = ()> + Send,
) -> Result<(), Failure> {
    let guard = BearerAuthLayer::new(tokens.clone()).realm("the shop")?.renderer(status_of);
    let products = tokens.require_scope(READ)?.named_layer(ProductsServer::new(Shop::open()));

    let (serving, over) = oneshot::channel::<()>();
    let maintenance = tokio::spawn(tokens.maintain(async { drop(over.await) }));
    let server = Server::builder().layer(guard).add_service(products);
    server.serve_with_incoming_shutdown(TcpIncoming::from(listener), stop).await?;
    // Only now, so that its last flush has the uses of the last calls too.
    drop(serving);
    Ok(maintenance.await?)
}

/// A refusal in gRPC's words. The guard sets the HTTP status besides (401, 403, 503), as gRPC allows: a client goes by
/// `grpc-status` where it is given. Without this renderer it guesses the code from the HTTP status and has no message.
fn status_of(refusal: &Refusal, _: &Parts) -> http::Response<Body> {
    let code = match refusal {
        Refusal::MissingScope(_) => Code::PermissionDenied,
        Refusal::Unavailable(_) => Code::Unavailable,
        _ => Code::Unauthenticated,
    };
    Status::new(code, refusal.detail()).into_http()
}

struct Shop(Mutex<Vec<Product>>);

impl Shop {
    fn open() -> Self {
        Self(Mutex::new(vec![Product { name: "Tea".to_owned() }]))
    }

    fn count(&self) -> Response<CountReply> {
        Response::new(CountReply { products: self.products().len().try_into().unwrap_or(u32::MAX) })
    }

    fn products(&self) -> std::sync::MutexGuard<'_, Vec<Product>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Products for Shop {
    async fn count(&self, _: Request<CountRequest>) -> Result<Response<CountReply>, Status> {
        Ok(self.count())
    }

    type ListStream = BoxStream<Product>;

    /// The token was judged as the call began. A stream that stays open for long shall look again (keep
    /// `token.id()`, ask `PersonalTokens::get`), or end in time.
    async fn list(&self, _: Request<ListRequest>) -> Result<Response<Self::ListStream>, Status> {
        let products: Vec<_> = self.products().iter().cloned().map(Ok).collect();
        Ok(Response::new(Box::pin(tokio_stream::iter(products))))
    }

    /// A layer guards a service of tonic, not one method of it: what a single method wants, it asks itself.
    async fn add(&self, request: Request<Product>) -> Result<Response<CountReply>, Status> {
        let token =
            request.extensions().get::<VerifiedToken>().ok_or_else(|| Status::internal("no guard stands here"))?;
        if !token.allows(WRITE) {
            return Err(Status::permission_denied(format!("this needs the scope {WRITE}")));
        }
        self.products().push(request.into_inner());
        Ok(self.count())
    }
}

/// The client: adds a product, counts them, lists them, and reports what it got.
pub async fn visit(address: &str, token: Option<&str>) -> Result<String, Failure> {
    let mut bearer: Option<MetadataValue<Ascii>> = token.map(|token| format!("Bearer {token}").parse()).transpose()?;
    // So that no log prints it.
    bearer.iter_mut().for_each(|bearer| bearer.set_sensitive(true));
    let send_token = move |mut request: Request<()>| {
        if let Some(bearer) = &bearer {
            request.metadata_mut().insert("authorization", bearer.clone());
        }
        Ok(request)
    };
    // Over the internet by TLS only: whoever reads a token has it.
    let channel = Endpoint::try_from(format!("http://{address}"))?.connect().await?;
    let mut client = ProductsClient::with_interceptor(channel, send_token);

    let added = client.add(Product { name: "Coffee".to_owned() }).await;
    let counted = client.count(CountRequest {}).await;
    let mut report = told("add", added.map(|reply| reply.into_inner().products));
    report += &told("count", counted.map(|reply| reply.into_inner().products));
    match client.list(ListRequest {}).await {
        Err(status) => report += &told::<u32>("list", Err(status)),
        Ok(stream) => {
            let mut products = stream.into_inner();
            while let Some(product) = products.next().await {
                report += &told("list", product.map(|product| product.name));
            }
        }
    }
    Ok(report)
}

fn told<T: Display>(call: &str, answer: Result<T, Status>) -> String {
    match answer {
        Ok(value) => format!("{call}: {value}\n"),
        Err(status) => format!("{call}: {:?}, {}\n", status.code(), status.message()),
    }
}
