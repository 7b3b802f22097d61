use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use ::http::{Request, Response};
use tower::Service;

use crate::http::credentials::{bearer_token, mark_sensitive};
use crate::http::door::Door;
use crate::http::rules::is_preflight;
use crate::http::unverified::Preflight;
use crate::http::{Anonymous, EmptyBody, Refusal, RenderRefusal};
use crate::personal_tokens::{Begun, PersonalTokens};

use super::future::{ResponseFuture, State};

/// The service that [`BearerAuthLayer`](super::BearerAuthLayer) makes.
pub struct BearerAuth<S, R = EmptyBody> {
    pub(super) inner: S,
    pub(super) tokens: PersonalTokens,
    pub(super) door: Arc<Door<R>>,
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
        mark_sensitive(request.headers_mut());
        let door = &self.door;
        let state = if door.rules.preflights && is_preflight(&request) {
            State::unverified(&mut self.inner, door, Preflight, request)
        } else {
            match bearer_token(request.headers()).map(|token| self.tokens.begin(token)) {
                Err(Refusal::NoCredentials) if door.rules.optional => {
                    State::unverified(&mut self.inner, door, Anonymous, request)
                }
                Err(refusal) => State::refused(door, &refusal, None, request),
                Ok(Begun::Done(Err(failed))) => State::failed(door, failed, request),
                Ok(Begun::Done(Ok(verified))) => State::verified(&mut self.inner, door, verified, request),
                Ok(Begun::Pending(pending)) => {
                    // The service that was polled ready is the one to be called; its clone takes its place
                    // (tower-http#561).
                    let clone = self.inner.clone();
                    let (tokens, limit) = (self.tokens.clone(), door.rules.lookup_timeout);
                    State::Verifying {
                        verdict: Box::pin(async move { tokens.finish(pending, limit).await }),
                        service: std::mem::replace(&mut self.inner, clone),
                        request: Some(request),
                    }
                }
            }
        };
        ResponseFuture { state, door: Arc::clone(&self.door) }
    }
}

impl<S: Clone, R> Clone for BearerAuth<S, R> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), tokens: self.tokens.clone(), door: Arc::clone(&self.door) }
    }
}

impl<S: fmt::Debug, R> fmt::Debug for BearerAuth<S, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BearerAuth").field("inner", &self.inner).field("tokens", &self.tokens).finish_non_exhaustive()
    }
}
