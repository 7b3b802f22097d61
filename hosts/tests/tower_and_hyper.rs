//! The guard without a framework: layers of tower's `ServiceBuilder` around a plain service, by itself and served
//! by hyper.

mod common;

#[allow(dead_code)]
#[path = "../examples/hyper.rs"]
mod example;

use std::convert::Infallible;

use common::{OWNER, Shop, listen, reading};
use http::header::AUTHORIZATION;
use http::{Request, Response};
use personal_tokens::VerifiedToken;
use tower::{Service, ServiceBuilder, ServiceExt as _};

async fn whoami(request: Request<()>) -> Result<Response<String>, Infallible> {
    let token: &VerifiedToken = request.extensions().get().expect("the guard put it there");
    Ok(Response::new(token.owner().to_string()))
}

async fn status(
    service: &mut impl Service<Request<()>, Response = Response<String>, Error = Infallible>,
    authorization: Option<&str>,
) -> u16 {
    let mut request = Request::new(());
    if let Some(authorization) = authorization {
        request.headers_mut().insert(AUTHORIZATION, authorization.parse().unwrap());
    }
    service.ready().await.unwrap().call(request).await.unwrap().status().as_u16()
}

#[tokio::test]
async fn it_guards_a_plain_tower_service() {
    for shop in Shop::both() {
        let mut service = ServiceBuilder::new().layer(shop.guard()).layer(reading()).service_fn(whoami);
        for case in shop.cases().await {
            shop.prepare(&case);
            assert_eq!(status(&mut service, case.authorization.as_deref()).await, case.status, "{case}");
        }
    }
}

/// The first layer of a `ServiceBuilder` is the outermost.
#[tokio::test]
async fn a_scope_layer_above_the_guard_keeps_its_service_shut() {
    for shop in Shop::both() {
        let mut service = ServiceBuilder::new().layer(reading()).layer(shop.guard()).service_fn(whoami);
        for case in shop.cases().await {
            shop.prepare(&case);
            assert_eq!(status(&mut service, case.authorization.as_deref()).await, 500, "{case}");
        }
    }
}

#[tokio::test]
async fn it_guards_a_service_that_hyper_serves() {
    for shop in Shop::both() {
        let (listener, address) = listen().await;
        tokio::spawn(example::run(listener, shop.tokens.clone(), std::future::pending()));
        shop.check_over_http(&shop.cases().await, address, "/", &format!("the products of {OWNER}")).await;
    }
}
