//! The guard without a framework: layers of tower's `ServiceBuilder` around a plain service, by itself and served
//! by hyper.

mod common;

use std::convert::Infallible;
use std::net::SocketAddr;

use common::{Shop, listen, reading};
use http::header::AUTHORIZATION;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use personal_tokens::VerifiedToken;
use tower::{Service, ServiceBuilder, ServiceExt as _, service_fn};

async fn whoami<B>(request: Request<B>) -> Result<Response<Full<Bytes>>, Infallible> {
    let token: &VerifiedToken = request.extensions().get().expect("the guard put it there");
    Ok(Response::new(token.owner().to_string().into()))
}

#[tokio::test]
async fn it_guards_a_plain_tower_service() {
    for shop in Shop::both() {
        let mut service = ServiceBuilder::new().layer(shop.guard()).layer(reading()).service_fn(whoami::<()>);
        for case in shop.cases().await {
            shop.prepare(&case);
            let mut request = Request::new(());
            if let Some(authorization) = &case.authorization {
                request.headers_mut().insert(AUTHORIZATION, authorization.parse().unwrap());
            }
            let response = service.ready().await.unwrap().call(request).await.unwrap();
            assert_eq!(response.status(), case.status, "{case}");
        }
    }
}

#[tokio::test]
async fn it_guards_a_service_that_hyper_serves() {
    for shop in Shop::both() {
        let service = ServiceBuilder::new().layer(shop.guard()).layer(reading()).service(service_fn(whoami));
        let address = serve(service).await;
        shop.check_over_http(&shop.cases().await, address, "/").await;
    }
}

async fn serve<S>(service: S) -> SocketAddr
where
    S: Service<Request<Incoming>, Response = Response<Full<Bytes>>, Error = Infallible, Future: Send>
        + Clone
        + Send
        + 'static,
{
    let (listener, address) = listen().await;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service = TowerToHyperService::new(service.clone());
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    address
}
