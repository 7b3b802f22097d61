use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use ::http::{Request, Response};
use pin_project_lite::pin_project;
use tower::Service;

use crate::http::door::{Door, DoorPlate, drop_untold};
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
        pub(super) state: State<S, ReqBody, R>,
        // None where the door has nothing to see to in answers.
        pub(super) sees_out: Option<Arc<Door<R>>>,
    }
}

/// What waits for a verdict from the store. Apart, so that the future is small where memory gives it.
pub(super) struct Waiting<S, ReqBody, R> {
    pub(super) service: S,
    pub(super) request: Request<ReqBody>,
    pub(super) door: Arc<Door<R>>,
    pub(super) plate: Arc<DoorPlate>,
}

type Verdict = Pin<Box<dyn Future<Output = Result<VerifiedToken, Failed>> + Send>>;

pin_project! {
    #[project = StateProjection]
    pub(super) enum State<S, ReqBody, R>
    where
        S: Service<Request<ReqBody>>,
    {
        Verifying { verdict: Verdict, waiting: Option<Box<Waiting<S, ReqBody, R>>> },
        Inside { #[pin] future: S::Future, ends: Option<Timestamp> },
        Refused { response: Option<S::Response> },
    }
}

impl<S, ReqBody, ResBody, R> State<S, ReqBody, R>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    R: RenderRefusal<ResBody>,
    ResBody: 'static,
{
    pub(super) fn failed(door: &Door<R>, failed: Failed, request: Request<ReqBody>) -> Self {
        let (refusal, record) = match failed {
            Failed::Rejected(Rejected { rejection, record }) => (Refusal::Rejected(rejection), record),
            Failed::Store(error) => (Refusal::Unavailable(Arc::new(error)), None),
        };
        Self::refused(door, &refusal, record.as_deref(), request)
    }

    pub(super) fn refused(
        door: &Door<R>,
        refusal: &Refusal,
        token: Option<&TokenRecord>,
        request: Request<ReqBody>,
    ) -> Self {
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
                    let Waiting { mut service, mut request, door, plate } = *ready!(taken(waiting));
                    match verdict {
                        Ok(verified) => {
                            let ends = door.admit::<ResBody, _>(&plate, verified, &mut request);
                            State::Inside { future: service.call(request), ends }
                        }
                        Err(failed) => State::failed(&door, failed, request),
                    }
                }
                StateProjection::Inside { future, ends } => {
                    let mut polled = future.poll(cx);
                    // Where it lies: an answer is large to move.
                    if let Poll::Ready(Ok(response)) = &mut polled {
                        see_out(this.sees_out.as_deref(), response, *ends);
                    }
                    return polled;
                }
                StateProjection::Refused { response } => {
                    let mut response = ready!(taken(response));
                    see_out(this.sees_out.as_deref(), &mut response, None);
                    return Poll::Ready(Ok(response));
                }
            };
            this.state.set(next);
        }
    }
}

fn see_out<R, B>(door: Option<&Door<R>>, response: &mut Response<B>, ends: Option<Timestamp>) {
    match door {
        Some(door) => door.see_out(response, ends),
        None => drop_untold(response),
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
