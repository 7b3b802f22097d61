//! The guard on a gRPC server of tonic: what it refuses reaches the client as the right code, for a single answer
//! and for a stream.

mod common;

#[allow(dead_code)]
#[path = "../examples/tonic.rs"]
mod example;

use std::net::SocketAddr;

use common::{OWNER, Shop, listen, reading};
use personal_tokens::VerifiedToken;
use tokio_stream::StreamExt as _;
use tonic::codegen::BoxStream;
use tonic::service::LayerExt as _;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Endpoint, Server};
use tonic::{Code, Request, Response, Status, async_trait};

use example::pb::products_client::ProductsClient;
use example::pb::products_server::{Products, ProductsServer};
use example::pb::{CountReply, CountRequest, ListRequest, Product};

/// Answers with the owner of the token, in the metadata.
struct Whoami;

#[async_trait]
impl Products for Whoami {
    async fn count(&self, request: Request<CountRequest>) -> Result<Response<CountReply>, Status> {
        to_owner(&request, CountReply { products: 1 })
    }

    type ListStream = BoxStream<Product>;

    async fn list(&self, request: Request<ListRequest>) -> Result<Response<Self::ListStream>, Status> {
        to_owner(&request, Box::pin(tokio_stream::iter([Ok(tea()), Ok(tea())])))
    }

    async fn add(&self, _: Request<Product>) -> Result<Response<CountReply>, Status> {
        Err(Status::unimplemented(""))
    }
}

fn tea() -> Product {
    Product { name: "Tea".to_owned() }
}

fn to_owner<T, A>(request: &Request<T>, answer: A) -> Result<Response<A>, Status> {
    let token: &VerifiedToken = request.extensions().get().ok_or_else(|| Status::internal("no verified token"))?;
    let mut response = Response::new(answer);
    response.metadata_mut().insert("owner", token.owner().as_str().parse().unwrap());
    Ok(response)
}

async fn serve(shop: &Shop) -> SocketAddr {
    let (listener, address) = listen().await;
    let service = reading().named_layer(ProductsServer::new(Whoami));
    let server = Server::builder().layer(shop.guard()).add_service(service);
    tokio::spawn(server.serve_with_incoming(TcpIncoming::from(listener)));
    address
}

async fn serve_example(shop: &Shop) -> SocketAddr {
    let (listener, address) = listen().await;
    tokio::spawn(example::run(listener, shop.tokens.clone(), std::future::pending()));
    address
}

async fn connect(address: SocketAddr) -> ProductsClient<Channel> {
    ProductsClient::new(Endpoint::try_from(format!("http://{address}")).unwrap().connect().await.unwrap())
}

fn ask<T>(message: T, authorization: Option<&str>) -> Request<T> {
    let mut request = Request::new(message);
    if let Some(authorization) = authorization {
        request.metadata_mut().insert("authorization", authorization.parse().unwrap());
    }
    request
}

fn code(status: u16) -> Code {
    match status {
        200 => Code::Ok,
        401 => Code::Unauthenticated,
        403 => Code::PermissionDenied,
        503 => Code::Unavailable,
        other => panic!("no case is {other}"),
    }
}

#[tokio::test]
async fn a_call_with_one_answer_gets_it_or_the_code_of_the_refusal() {
    for shop in Shop::both() {
        let mut client = connect(serve(&shop).await).await;
        for case in shop.cases().await {
            shop.prepare(&case);
            let answer = client.count(ask(CountRequest {}, case.authorization.as_deref())).await;
            let got = answer.as_ref().map_or_else(Status::code, |_| Code::Ok);
            assert_eq!(got, code(case.status), "{case}: {answer:?}");
            if let Ok(answer) = answer {
                assert_eq!(answer.metadata().get("owner").unwrap(), OWNER);
                assert_eq!(answer.get_ref(), &CountReply { products: 1 });
            }
        }
    }
}

#[tokio::test]
async fn a_call_with_a_stream_of_answers_gets_them_or_the_code_of_the_refusal() {
    for shop in Shop::both() {
        let mut client = connect(serve(&shop).await).await;
        for case in shop.cases().await {
            shop.prepare(&case);
            let (answers, end) = drain(client.list(ask(ListRequest {}, case.authorization.as_deref())).await).await;
            assert_eq!(end.code(), code(case.status), "{case}");
            assert_eq!(answers, if case.status == 200 { vec![tea(); 2] } else { Vec::new() }, "{case}");
        }
    }
}

/// With a renderer, as the example has one.
#[tokio::test]
async fn a_refusal_says_in_grpc_words_what_is_wrong() {
    for shop in Shop::both() {
        let mut client = connect(serve_example(&shop).await).await;
        for case in shop.cases().await {
            shop.prepare(&case);
            let message = match (case.status, &case.authorization) {
                (200, _) => "",
                (401, None) => "a token is wanted: Authorization: Bearer, a space, and the token",
                (401, Some(_)) => case.error.unwrap_or("the token is not known here"),
                (403, _) => "this needs the scope products:read",
                _ => "tokens cannot be checked at the moment; try again later",
            };
            let counted = client.count(ask(CountRequest {}, case.authorization.as_deref())).await;
            let (listed, end) = drain(client.list(ask(ListRequest {}, case.authorization.as_deref())).await).await;
            for status in [counted.as_ref().err().unwrap_or(&Status::ok("")), &end] {
                assert_eq!((status.code(), status.message()), (code(case.status), message), "{case}");
                // What the guard adds after rendering is heard here too.
                let challenge =
                    status.metadata().get("www-authenticate").map(|value| value.to_str().unwrap().to_owned());
                assert_eq!(challenge, case.challenge(), "{case}");
            }
            assert_eq!(counted.ok().map(|reply| reply.into_inner().products), (case.status == 200).then_some(1));
            assert_eq!(listed, if case.status == 200 { vec![tea()] } else { Vec::new() }, "{case}");
        }
    }
}

#[tokio::test]
async fn credentials_that_are_no_bearer_token_are_a_matter_of_authentication() {
    let [shop, _] = Shop::both();
    let mut client = connect(serve_example(&shop).await).await;
    let status = client.count(ask(CountRequest {}, Some("Bearer a b"))).await.unwrap_err();
    let expected = (Code::Unauthenticated, "the credentials are not Bearer and one token");
    assert_eq!((status.code(), status.message()), expected);
}

#[tokio::test]
async fn a_method_may_want_more_than_its_service() {
    let [shop, _] = Shop::both();
    let address = serve_example(&shop).await.to_string();
    let reader = shop.issue("reader", &["products:read"]).await;
    let writer = shop.issue("writer", &["products:read", "products:write"]).await;
    let denied = "add: PermissionDenied, this needs the scope products:write\ncount: 1\nlist: Tea\n";
    assert_eq!(example::visit(&address, Some(&reader)).await.unwrap(), denied);
    let added = "add: 2\ncount: 2\nlist: Tea\nlist: Coffee\n";
    assert_eq!(example::visit(&address, Some(&writer)).await.unwrap(), added);
    let nobody = example::visit(&address, None).await.unwrap();
    assert_eq!(nobody.matches("Unauthenticated, a token is wanted").count(), 3, "{nobody}");
}

async fn drain(answer: Result<Response<tonic::Streaming<Product>>, Status>) -> (Vec<Product>, Status) {
    let mut answers = Vec::new();
    let mut stream = match answer {
        Ok(answer) => answer.into_inner(),
        Err(status) => return (answers, status),
    };
    while let Some(answer) = stream.next().await {
        match answer {
            Ok(answer) => answers.push(answer),
            Err(status) => return (answers, status),
        }
    }
    (answers, Status::ok(""))
}
