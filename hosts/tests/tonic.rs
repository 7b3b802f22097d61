//! The guard on a gRPC server of tonic: what it refuses reaches the client as the right code, for a single answer
//! and for a stream.

mod common;

use std::net::SocketAddr;
use std::pin::Pin;

use common::{OWNER, Shop, listen, reading};
use personal_tokens::VerifiedToken;
use tokio_stream::{Stream, StreamExt as _};
use tonic::service::LayerExt as _;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Endpoint, Server};
use tonic::{Code, Request, Response, Status, async_trait};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_health::pb::health_server::{Health, HealthServer};
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

/// Answers with the owner of the token, in the metadata.
struct Whoami;

#[async_trait]
impl Health for Whoami {
    type WatchStream = Pin<Box<dyn Stream<Item = Result<HealthCheckResponse, Status>> + Send>>;

    async fn check(&self, request: Request<HealthCheckRequest>) -> Result<Response<HealthCheckResponse>, Status> {
        to_owner(&request, serving())
    }

    async fn watch(&self, request: Request<HealthCheckRequest>) -> Result<Response<Self::WatchStream>, Status> {
        to_owner(&request, Box::pin(tokio_stream::iter([Ok(serving()), Ok(serving())])))
    }
}

fn serving() -> HealthCheckResponse {
    HealthCheckResponse { status: ServingStatus::Serving.into() }
}

fn to_owner<T>(request: &Request<HealthCheckRequest>, answer: T) -> Result<Response<T>, Status> {
    let token: &VerifiedToken = request.extensions().get().ok_or_else(|| Status::internal("no verified token"))?;
    let mut response = Response::new(answer);
    response.metadata_mut().insert("owner", token.owner().as_str().parse().unwrap());
    Ok(response)
}

async fn serve(shop: &Shop) -> SocketAddr {
    let (listener, address) = listen().await;
    let service = reading().named_layer(HealthServer::new(Whoami));
    let server = Server::builder().layer(shop.guard()).add_service(service);
    tokio::spawn(server.serve_with_incoming(TcpIncoming::from(listener)));
    address
}

async fn connect(address: SocketAddr) -> HealthClient<Channel> {
    HealthClient::new(Endpoint::try_from(format!("http://{address}")).unwrap().connect().await.unwrap())
}

fn ask(authorization: Option<&str>) -> Request<HealthCheckRequest> {
    let mut request = Request::new(HealthCheckRequest::default());
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
            let answer = client.check(ask(case.authorization.as_deref())).await;
            let got = answer.as_ref().map_or_else(Status::code, |_| Code::Ok);
            assert_eq!(got, code(case.status), "{case}: {answer:?}");
            if let Ok(answer) = answer {
                assert_eq!(answer.metadata().get("owner").unwrap(), OWNER);
                assert_eq!(answer.get_ref(), &serving());
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
            let (got, answers) = match client.watch(ask(case.authorization.as_deref())).await {
                Err(status) => (status.code(), Vec::new()),
                Ok(stream) => drain(stream.into_inner()).await,
            };
            assert_eq!(got, code(case.status), "{case}");
            let expected = if case.status == 200 { vec![serving(); 2] } else { Vec::new() };
            assert_eq!(answers, expected, "{case}");
        }
    }
}

async fn drain(mut stream: tonic::Streaming<HealthCheckResponse>) -> (Code, Vec<HealthCheckResponse>) {
    let mut answers = Vec::new();
    while let Some(answer) = stream.next().await {
        match answer {
            Ok(answer) => answers.push(answer),
            Err(status) => return (status.code(), answers),
        }
    }
    (Code::Ok, answers)
}
