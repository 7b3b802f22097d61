//! tower-http's bearer guard: one fixed token for all. Its `AsyncRequireAuthorization` is a frame that judges nothing
//! by itself; the JWT guard of the HTTP comparison stands in it.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use http::{HeaderValue, Request, Response, StatusCode, header::AUTHORIZATION};
use tower::Service;
#[expect(deprecated, reason = "it is what tower-http offers")]
use tower_http::auth::require_authorization::Bearer;
use tower_http::validate_request::ValidateRequestHeader;

use crate::peer::Limits;

/// `ValidateRequestHeader::bearer` over a service that only gives the request back. A layer judges requests and no
/// strings, so a service's call is measured; and it wants the service to itself, so nothing is shared by threads.
pub struct FixedBearer {
    #[expect(deprecated, reason = "it is what tower-http offers")]
    service: ValidateRequestHeader<Echo, Bearer<Option<Request<()>>>>,
    request: Option<Request<()>>,
}

impl FixedBearer {
    pub const NAME: &'static str = "tower-http bearer, one fixed token";
    pub const LIMITS: Limits =
        Limits { revocation: "none: restart with another", expiry: "none", comparison: "`==`, of the token itself" };

    /// A guard that knows `token`, and a client that presents `presented`, again and again.
    pub fn new(token: &str, presented: &str) -> Self {
        let mut request = Request::new(());
        let value = HeaderValue::try_from(format!("Bearer {presented}")).unwrap();
        request.headers_mut().insert(AUTHORIZATION, value);
        #[expect(deprecated, reason = "it is what tower-http offers")]
        let service = ValidateRequestHeader::bearer(Echo, token);
        Self { service, request: Some(request) }
    }

    /// Whose it is, and what it may do, it does not know.
    pub fn accept(&mut self) -> bool {
        let future = pin!(self.service.call(self.request.take().unwrap()));
        let Poll::Ready(Ok(response)) = future.poll(&mut Context::from_waker(Waker::noop())) else { return false };
        let accepted = response.status() == StatusCode::OK;
        self.request = response.into_body();
        accepted
    }
}

#[derive(Clone)]
struct Echo;

impl Service<Request<()>> for Echo {
    type Response = Response<Option<Request<()>>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<()>) -> Self::Future {
        ready(Ok(Response::new(Some(request))))
    }
}
