use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use ::http::{Request, Response};
use pin_project_lite::pin_project;
use tower::Service;

use crate::http::door::Door;
use crate::http::{Refusal, RenderRefusal};
use crate::personal_tokens::Failed;
use crate::record::TokenRecord;
use crate::timestamp::Timestamp;
use crate::verify::{Rejected, VerifiedToken};

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

/// Apart, so that the future is small where memory gives the verdict.
type Waiting<S, ReqBody> = Box<(S, Request<ReqBody>)>;
type Verdict = Pin<Box<dyn Future<Output = Result<VerifiedToken, Failed>> + Send>>;

pin_project! {
    #[project = StateProjection]
    pub(super) enum State<S, ReqBody>
    where
        S: Service<Request<ReqBody>>,
    {
        Verifying { verdict: Verdict, waiting: Option<Waiting<S, ReqBody>> },
        Inside { #[pin] future: S::Future, ends: Option<Timestamp> },
        Refused { response: Option<S::Response> },
    }
}

impl<S, ReqBody, ResBody> State<S, ReqBody>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    ResBody: 'static,
{
    pub(super) fn failed<R>(door: &Door<R>, failed: Failed, request: Request<ReqBody>) -> Self
    where
        R: RenderRefusal<ResBody>,
    {
        let (refusal, record) = match failed {
            Failed::Rejected(Rejected { rejection, record }) => (Refusal::Rejected(rejection), record),
            Failed::Store(error) => (Refusal::Unavailable(Arc::new(error)), None),
        };
        Self::refused(door, &refusal, record.as_deref(), request)
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
                StateProjection::Verifying { verdict, waiting } => {
                    let verdict = ready!(verdict.as_mut().poll(cx));
                    let (mut service, mut request) = *ready!(taken(waiting));
                    match verdict {
                        Ok(verified) => {
                            let ends = this.door.admit::<ResBody, _>(verified, &mut request);
                            State::Inside { future: service.call(request), ends }
                        }
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
