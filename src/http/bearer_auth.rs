//! [`BearerAuthLayer`]: no request comes in without a good token.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use ::http::{Request, Response};
use pin_project_lite::pin_project;
use tower::{Layer, Service};

use crate::personal_tokens::{Begun, PersonalTokens, VerifyError};
use crate::verify::VerifiedToken;

use super::challenge::{InvalidRealm, Realm};
use super::credentials::{bearer_token, mark_sensitive};
use super::door::{Door, GuardedBy};
use super::{EmptyBody, Refusal, RenderRefusal};

/// Lets in only requests with a good token in `Authorization: Bearer …`, with a [`VerifiedToken`] in their
/// extensions; answers the others itself (see the [table](super)). The inner service is never called before
/// the verdict.
///
/// It fits every service from `http::Request` to `http::Response`: axum, tonic, hyper, plain tower. Where the
/// store answers from memory, the accepted path boxes nothing; it adds two entries to the request's extensions.
///
/// The guard is ready when the inner service is. A refused request leaves the inner service ready for the next, with
/// what readiness holds (a permit of `ConcurrencyLimit`, say): mount limits above the guard to count refusals too.
///
/// ```
/// use personal_tokens::{PersonalTokens, http::BearerAuthLayer, store::MemoryStore};
///
/// let tokens = PersonalTokens::builder(MemoryStore::new()).prefix("shop").build()?;
/// let guard = BearerAuthLayer::new(tokens).realm("The shop's API")?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct BearerAuthLayer<R = EmptyBody> {
    tokens: PersonalTokens,
    realm: Realm,
    renderer: R,
}

/// The service that [`BearerAuthLayer`] makes.
pub struct BearerAuth<S, R = EmptyBody> {
    inner: S,
    tokens: PersonalTokens,
    door: Arc<Door<R>>,
}

impl BearerAuthLayer {
    /// A guard of the realm `api` that refuses with an empty body.
    pub fn new(tokens: PersonalTokens) -> Self {
        Self { tokens, realm: Realm::default(), renderer: EmptyBody }
    }
}

impl<R> BearerAuthLayer<R> {
    /// Names the protected space in challenges (RFC 9110 §11.5).
    ///
    /// # Errors
    /// [`InvalidRealm`] unless it has 1 to 255 printable ASCII characters or spaces.
    pub fn realm(mut self, realm: &str) -> Result<Self, InvalidRealm> {
        self.realm = Realm::new(realm)?;
        Ok(self)
    }

    /// Makes the bodies of refusals, those of the [`RequireScopeLayer`](super::RequireScopeLayer)s below too.
    pub fn renderer<New>(self, renderer: New) -> BearerAuthLayer<New> {
        BearerAuthLayer { tokens: self.tokens, realm: self.realm, renderer }
    }
}

impl<S, R: Clone> Layer<S> for BearerAuthLayer<R> {
    type Service = BearerAuth<S, R>;

    fn layer(&self, inner: S) -> Self::Service {
        let door = Door { realm: self.realm.clone(), renderer: self.renderer.clone() };
        BearerAuth { inner, tokens: self.tokens.clone(), door: Arc::new(door) }
    }
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
        let begun = bearer_token(request.headers()).map(|token| self.tokens.begin(token));
        let state = match begun {
            Err(refusal) => refused(&self.door, &refusal, request),
            Ok(Begun::Done(Err(error))) => refused(&self.door, &error.into(), request),
            Ok(Begun::Done(Ok(verified))) => {
                let request = admitted(&self.door, verified, request);
                State::Inside { future: self.inner.call(request) }
            }
            Ok(Begun::Pending(pending)) => {
                // The service that was polled ready is the one to be called; its clone takes its place
                // (tower-http#561).
                let clone = self.inner.clone();
                let tokens = self.tokens.clone();
                State::Verifying {
                    verdict: Box::pin(async move { tokens.finish(pending).await }),
                    service: std::mem::replace(&mut self.inner, clone),
                    request: Some(request),
                    door: Arc::clone(&self.door),
                }
            }
        };
        ResponseFuture { state }
    }
}

pin_project! {
    /// The answer of [`BearerAuth`]: the inner service's, or the guard's own.
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<S, ReqBody, R>
    where
        S: Service<Request<ReqBody>>,
    {
        #[pin]
        state: State<S, ReqBody, R>,
    }
}

type Verdict = Pin<Box<dyn Future<Output = Result<VerifiedToken, VerifyError>> + Send>>;

pin_project! {
    #[project = StateProjection]
    enum State<S, ReqBody, R>
    where
        S: Service<Request<ReqBody>>,
    {
        Verifying { verdict: Verdict, service: S, request: Option<Request<ReqBody>>, door: Arc<Door<R>> },
        Inside { #[pin] future: S::Future },
        Refused { response: Option<S::Response> },
    }
}

impl<S, R, ReqBody, ResBody> Future for ResponseFuture<S, ReqBody, R>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    R: RenderRefusal<ResBody> + 'static,
    ResBody: 'static,
{
    type Output = Result<Response<ResBody>, S::Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            let mut state = self.as_mut().project().state;
            let next = match state.as_mut().project() {
                StateProjection::Inside { future } => return future.poll(cx),
                StateProjection::Refused { response } => return taken(response).map(Ok),
                StateProjection::Verifying { verdict, service, request, door } => {
                    let verdict = ready!(verdict.as_mut().poll(cx));
                    let request = ready!(taken(request));
                    match verdict {
                        Ok(verified) => State::Inside { future: service.call(admitted(door, verified, request)) },
                        Err(error) => refused(door, &error.into(), request),
                    }
                }
            };
            state.set(next);
        }
    }
}

fn refused<S, R, ReqBody, ResBody>(door: &Door<R>, refusal: &Refusal, request: Request<ReqBody>) -> State<S, ReqBody, R>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    R: RenderRefusal<ResBody>,
{
    let (parts, _) = request.into_parts();
    State::Refused { response: Some(door.refuse(refusal, &parts)) }
}

fn admitted<R, ReqBody, ResBody: 'static>(
    door: &Arc<Door<R>>,
    verified: VerifiedToken,
    mut request: Request<ReqBody>,
) -> Request<ReqBody>
where
    R: RenderRefusal<ResBody> + 'static,
{
    let door: Arc<Door<dyn RenderRefusal<ResBody>>> = Arc::clone(door) as _;
    request.extensions_mut().insert(GuardedBy(door));
    request.extensions_mut().insert(verified);
    request
}

/// A future polled after its end stays pending; it does not panic.
fn taken<T>(value: &mut Option<T>) -> Poll<T> {
    value.take().map_or(Poll::Pending, Poll::Ready)
}

impl<S: Clone, R> Clone for BearerAuth<S, R> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), tokens: self.tokens.clone(), door: Arc::clone(&self.door) }
    }
}

impl<R> fmt::Debug for BearerAuthLayer<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BearerAuthLayer")
            .field("tokens", &self.tokens)
            .field("realm", &self.realm)
            .finish_non_exhaustive()
    }
}

impl<S: fmt::Debug, R> fmt::Debug for BearerAuth<S, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BearerAuth").field("inner", &self.inner).field("tokens", &self.tokens).finish_non_exhaustive()
    }
}

impl<S: Service<Request<ReqBody>>, ReqBody, R> fmt::Debug for ResponseFuture<S, ReqBody, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
