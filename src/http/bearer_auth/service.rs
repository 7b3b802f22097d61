use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use ::http::{HeaderMap, Request, Response};
use tower::Service;

use crate::http::credentials::{bearer_token, is_b64token, marked_sensitive};
use crate::http::door::{Door, DoorPlate};
use crate::http::rules::is_preflight;
use crate::http::unverified::Preflight;
use crate::http::{Anonymous, BadRequest, EmptyBody, Refusal, RenderRefusal};
use crate::personal_tokens::{Begun, Failed, PersonalTokens};
use crate::verify::Rejection;

use super::future::{ResponseFuture, State, Waiting};

/// The service that [`BearerAuthLayer`](super::BearerAuthLayer) makes.
pub struct BearerAuth<S, R = EmptyBody> {
    pub(super) inner: S,
    pub(super) tokens: PersonalTokens,
    pub(super) door: Arc<Door<R>>,
    pub(super) plate: Arc<DoorPlate>,
}

impl<S, R, ReqBody, ResBody> Service<Request<ReqBody>> for BearerAuth<S, R>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone,
    R: RenderRefusal<ResBody> + 'static,
    ResBody: 'static,
{
    type Response = Response<ResBody>;
    type Error = S::Error;
    type Future = ResponseFuture<S, ReqBody, R>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        let door = &self.door;
        let state = if door.rules.preflights && is_preflight(&request) {
            marked_sensitive(request.headers_mut()).for_each(drop);
            door.let_in::<_, ResBody>(Preflight, request.extensions_mut());
            State::Inside { future: self.inner.call(request), ends: None }
        } else {
            match self.begin(request.headers_mut()) {
                Ok(Begun::Done(Ok(verified))) => {
                    let ends = door.admit::<ResBody, _>(&self.plate, verified, &mut request);
                    let sees_out = door.sees_out().then(|| Arc::clone(door));
                    // Right into its place: the inner service's future may be large.
                    return ResponseFuture {
                        state: State::Inside { future: self.inner.call(request), ends },
                        sees_out,
                    };
                }
                Ok(Begun::Done(Err(failed))) => State::failed(door, failed, request),
                Ok(Begun::Pending(pending)) => {
                    // The service that was polled ready is the one to be called; its clone takes its place
                    // (tower-http#561).
                    let clone = self.inner.clone();
                    let service = std::mem::replace(&mut self.inner, clone);
                    let (tokens, limit) = (self.tokens.clone(), door.rules.lookup_timeout);
                    let verdict = Box::pin(async move { tokens.finish(pending, limit).await });
                    let (door, plate) = (Arc::clone(door), Arc::clone(&self.plate));
                    State::Verifying { verdict, waiting: Some(Box::new(Waiting { service, request, door, plate })) }
                }
                Err(Refusal::NoCredentials) if door.rules.optional => {
                    door.let_in::<_, ResBody>(Anonymous, request.extensions_mut());
                    State::Inside { future: self.inner.call(request), ends: None }
                }
                Err(refusal) => State::refused(door, &refusal, None, request),
            }
        };
        ResponseFuture { state, sees_out: self.door.sees_out().then(|| Arc::clone(&self.door)) }
    }
}

impl<S, R> BearerAuth<S, R> {
    fn begin(&self, headers: &mut HeaderMap) -> Result<Begun, Refusal> {
        let token = bearer_token(headers)?;
        match self.tokens.begin(token) {
            Begun::Done(Err(Failed::Rejected(rejected)))
                if rejected.rejection == Rejection::Malformed && !is_b64token(token) =>
            {
                Err(Refusal::BadRequest(BadRequest::Grammar))
            }
            begun => Ok(begun),
        }
    }
}

impl<S: Clone, R> Clone for BearerAuth<S, R> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            tokens: self.tokens.clone(),
            door: Arc::clone(&self.door),
            plate: Arc::clone(&self.plate),
        }
    }
}

impl<S: fmt::Debug, R> fmt::Debug for BearerAuth<S, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BearerAuth").field("inner", &self.inner).field("tokens", &self.tokens).finish_non_exhaustive()
    }
}
