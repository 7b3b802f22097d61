use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use ::http::header::AUTHORIZATION;
use ::http::{Request, Response};
use pin_project_lite::pin_project;
use tower::Service;

use crate::http::door::Door;
use crate::http::{Refusal, RenderRefusal};
use crate::personal_tokens::Failed;
use crate::record::TokenRecord;
use crate::timestamp::Timestamp;
use crate::verify::VerifiedToken;

pin_project! {
    /// The answer of [`BearerAuth`](super::BearerAuth): the inner service's, or the guard's own.
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<S, ReqBody, R>
    where
        S: Service<Request<ReqBody>>,
    {
        #[pin]
        pub(super) state: State<S, ReqBody>,
        pub(super) door: Arc<Door<R>>,
    }
}

type Verdict = Pin<Box<dyn Future<Output = Result<VerifiedToken, Failed>> + Send>>;

pin_project! {
    #[project = StateProjection]
    pub(super) enum State<S, ReqBody>
    where
        S: Service<Request<ReqBody>>,
    {
        Verifying { verdict: Verdict, service: S, request: Option<Request<ReqBody>> },
        Inside { #[pin] future: S::Future, ends: Option<Timestamp> },
        Refused { response: Option<S::Response> },
    }
}

impl<S, ReqBody, ResBody> State<S, ReqBody>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    ResBody: 'static,
{
    pub(super) fn verified<R>(
        service: &mut S,
        door: &Arc<Door<R>>,
        verified: VerifiedToken,
        mut request: Request<ReqBody>,
    ) -> Self
    where
        R: RenderRefusal<ResBody> + 'static,
    {
        if door.rules.strip {
            request.headers_mut().remove(AUTHORIZATION);
        }
        let ends = verified.ends();
        door.let_in::<_, ResBody>(verified, request.extensions_mut());
        Self::Inside { future: service.call(request), ends }
    }

    pub(super) fn unverified<R, M>(service: &mut S, door: &Arc<Door<R>>, mark: M, mut request: Request<ReqBody>) -> Self
    where
        R: RenderRefusal<ResBody> + 'static,
        M: Clone + Send + Sync + 'static,
    {
        door.let_in::<_, ResBody>(mark, request.extensions_mut());
        Self::Inside { future: service.call(request), ends: None }
    }

    pub(super) fn failed<R>(door: &Door<R>, Failed { error, record }: Failed, request: Request<ReqBody>) -> Self
    where
        R: RenderRefusal<ResBody>,
    {
        Self::refused(door, &error.into(), record.as_deref(), request)
    }

    pub(super) fn refused<R>(
        door: &Door<R>,
        refusal: &Refusal,
        token: Option<&TokenRecord>,
        request: Request<ReqBody>,
    ) -> Self
    where
        R: RenderRefusal<ResBody>,
    {
        let (parts, _) = request.into_parts();
        Self::Refused { response: Some(door.refuse(refusal, token, &parts)) }
    }
}

impl<S, R, ReqBody, ResBody> Future for ResponseFuture<S, ReqBody, R>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    R: RenderRefusal<ResBody> + 'static,
    ResBody: 'static,
{
    type Output = Result<Response<ResBody>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            let next = match this.state.as_mut().project() {
                StateProjection::Verifying { verdict, service, request } => {
                    let verdict = ready!(verdict.as_mut().poll(cx));
                    let request = ready!(taken(request));
                    match verdict {
                        Ok(verified) => State::verified(service, this.door, verified, request),
                        Err(failed) => State::failed(this.door, failed, request),
                    }
                }
                StateProjection::Inside { future, ends } => {
                    let mut response = ready!(future.poll(cx))?;
                    this.door.see_out(&mut response, *ends);
                    return Poll::Ready(Ok(response));
                }
                StateProjection::Refused { response } => {
                    let mut response = ready!(taken(response));
                    this.door.see_out(&mut response, None);
                    return Poll::Ready(Ok(response));
                }
            };
            this.state.set(next);
        }
    }
}

/// A future polled after its end stays pending; it does not panic.
fn taken<T>(value: &mut Option<T>) -> Poll<T> {
    value.take().map_or(Poll::Pending, Poll::Ready)
}

impl<S: Service<Request<ReqBody>>, ReqBody, R> fmt::Debug for ResponseFuture<S, ReqBody, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
