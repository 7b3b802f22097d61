use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use ::http::{Request, Response};
use pin_project_lite::pin_project;
use tower::Service;

use crate::http::Refusal;
use crate::http::door::{refuse_below, unguarded};
use crate::http::rules::is_preflight;
use crate::http::unverified::{Preflight, is_unverified};
use crate::verify::VerifiedToken;

use super::RequiredScopes;

/// The service that [`RequireScopeLayer`](super::RequireScopeLayer) makes.
#[derive(Clone, Debug)]
pub struct RequireScope<S> {
    pub(super) inner: S,
    pub(super) required: RequiredScopes,
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for RequireScope<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    ResBody: Default + 'static,
{
    type Response = Response<ResBody>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, ResBody>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let state = match self.judge(&request) {
            Ok(()) => State::Inside { future: self.inner.call(request) },
            Err(refusal) => {
                let (parts, _) = request.into_parts();
                let response = refusal.map_or_else(unguarded, |refusal| refuse_below(refusal, parts));
                State::Refused { response: Some(response) }
            }
        };
        ResponseFuture { state }
    }
}

impl<S> RequireScope<S> {
    /// No refusal, but an error, where no guard has seen the request.
    fn judge<ReqBody>(&self, request: &Request<ReqBody>) -> Result<(), Option<Refusal>> {
        let extensions = request.extensions();
        match extensions.get::<VerifiedToken>() {
            Some(token) if self.required.allow(token) => Ok(()),
            Some(_) => Err(Some(Refusal::MissingScope(self.required.clone()))),
            // Still one: a layer between may have given the request another method.
            None if extensions.get::<Preflight>().is_some() && is_preflight(request) => Ok(()),
            None => Err(is_unverified(extensions).then_some(Refusal::NoCredentials)),
        }
    }
}

pin_project! {
    /// The answer of [`RequireScope`]: the inner service's, or a refusal.
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F, ResBody> {
        #[pin]
        state: State<F, ResBody>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<F, ResBody> {
        Inside { #[pin] future: F },
        Refused { response: Option<Response<ResBody>> },
    }
}

impl<F, ResBody, E> Future for ResponseFuture<F, ResBody>
where
    F: Future<Output = Result<Response<ResBody>, E>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProjection::Inside { future } => future.poll(cx),
            // Polled after its end it stays pending; it does not panic.
            StateProjection::Refused { response } => response.take().map_or(Poll::Pending, |own| Poll::Ready(Ok(own))),
        }
    }
}

impl<F, ResBody> fmt::Debug for ResponseFuture<F, ResBody> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
