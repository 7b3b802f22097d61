//! [`RequireScopeLayer`]: a route for tokens that may do a certain thing.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use ::http::header::CACHE_CONTROL;
use ::http::{Extensions, Request, Response, StatusCode};
use pin_project_lite::pin_project;
use tower::{Layer, Service};

use crate::personal_tokens::PersonalTokens;
use crate::record::{InvalidScope, Scopes};
use crate::verify::VerifiedToken;

use super::door::{NO_STORE, refuse_below};
use super::unverified::Preflight;
use super::{Anonymous, Refusal};

/// Lets in only requests whose token has the scopes; stands below a
/// [`BearerAuthLayer`](super::BearerAuthLayer). Others get 403 with a challenge that names the scopes
/// (RFC 6750 §3.1), in the guard's realm and rendered by its renderer; a request that an optional guard let in without a
/// token gets 401. Where no guard has seen the request, the host has mounted its layers wrongly: 500, and the route stays
/// shut. For that answer, and where a layer between the two changes the body's type, the body must have a `Default`, the
/// empty one.
///
/// [`PersonalTokens::require_scope`] makes the same layer and checks the scope against the handle's list: prefer it.
///
/// ```
/// use personal_tokens::http::RequireScopeLayer;
///
/// let one = RequireScopeLayer::new("products:read")?;
/// let both = RequireScopeLayer::all(["products:read", "products:write"])?;
/// let either = RequireScopeLayer::any(["products:read", "products:write"])?;
/// # Ok::<(), personal_tokens::InvalidScope>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct RequireScopeLayer {
    required: RequiredScopes,
}

/// The service that [`RequireScopeLayer`] makes.
#[derive(Clone, Debug)]
pub struct RequireScope<S> {
    inner: S,
    required: RequiredScopes,
}

/// Which scopes a route wants: all of them, or any one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequiredScopes {
    scopes: Scopes,
    one_suffices: bool,
}

/// A route wants a scope that no token of the handle can have: a typing error, or one that the builder was not given.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the route wants the scope {scope:?}, which tokens do not have here; these are offered: {offered:?}")]
#[non_exhaustive]
pub struct ScopeNotOffered {
    /// What the route wants.
    pub scope: String,
    /// What the builder was given.
    pub offered: Scopes,
}

impl PersonalTokens {
    /// A layer for routes that want this scope, one of the handle's list; see [`RequireScopeLayer`]. For more than one:
    /// [`RequireScopeLayer::any`] or [`all`](RequireScopeLayer::all), then [`offered_by`](RequireScopeLayer::offered_by).
    ///
    /// ```
    /// use personal_tokens::{PersonalTokens, store::MemoryStore};
    ///
    /// let tokens = PersonalTokens::builder(MemoryStore::new()).prefix("shop").scopes(["products:read"]).build()?;
    /// assert!(tokens.require_scope("products:read").is_ok());
    /// assert!(tokens.require_scope("product:read").is_err());
    /// # Ok::<(), personal_tokens::BuildError>(())
    /// ```
    ///
    /// # Errors
    /// [`ScopeNotOffered`] if it is not on the list.
    pub fn require_scope(&self, scope: &str) -> Result<RequireScopeLayer, ScopeNotOffered> {
        let offered = &self.policy().scopes;
        let not_offered = |_| ScopeNotOffered { scope: scope.into(), offered: offered.clone() };
        RequireScopeLayer::new(scope).map_err(not_offered)?.offered_by(self)
    }
}

impl RequireScopeLayer {
    /// Wants this scope.
    ///
    /// # Errors
    /// [`InvalidScope`] if it is none.
    pub fn new(scope: &str) -> Result<Self, InvalidScope> {
        Self::all([scope])
    }

    /// Wants all of these scopes.
    ///
    /// # Errors
    /// [`InvalidScope`] if one is none, or there is none at all.
    pub fn all<I>(scopes: I) -> Result<Self, InvalidScope>
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        Self::of(Scopes::new(scopes)?, false)
    }

    /// Wants one of these scopes at least.
    ///
    /// # Errors
    /// [`InvalidScope`] if one is none, or there is none at all.
    pub fn any<I>(scopes: I) -> Result<Self, InvalidScope>
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        Self::of(Scopes::new(scopes)?, true)
    }

    /// The same layer, if tokens of this handle can have all its scopes; so a typing error shows as the service starts, and
    /// not as a route that no token opens.
    ///
    /// # Errors
    /// [`ScopeNotOffered`] if the handle's list lacks one.
    pub fn offered_by(self, tokens: &PersonalTokens) -> Result<Self, ScopeNotOffered> {
        let offered = &tokens.policy().scopes;
        if let Some(scope) = self.required.scopes.iter().find(|scope| !offered.contains(scope)) {
            return Err(ScopeNotOffered { scope: scope.into(), offered: offered.clone() });
        }
        Ok(self)
    }

    fn of(scopes: Scopes, one_suffices: bool) -> Result<Self, InvalidScope> {
        // "All of none" would let in every token, "any of none" no token: both are mistakes.
        if scopes.is_empty() {
            return Err(InvalidScope::Missing);
        }
        Ok(Self { required: RequiredScopes { scopes, one_suffices } })
    }
}

impl RequiredScopes {
    /// The scopes.
    #[must_use]
    pub fn scopes(&self) -> &Scopes {
        &self.scopes
    }

    /// Whether one of them suffices; else all are wanted.
    #[must_use]
    pub fn one_suffices(&self) -> bool {
        self.one_suffices
    }

    fn allow(&self, token: &VerifiedToken) -> bool {
        if self.one_suffices {
            self.scopes.iter().any(|scope| token.allows(scope))
        } else {
            self.scopes.is_subset_of(token.scopes())
        }
    }
}

impl<S> Layer<S> for RequireScopeLayer {
    type Service = RequireScope<S>;

    fn layer(&self, inner: S) -> Self::Service {
        RequireScope { inner, required: self.required.clone() }
    }
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
        let state = match self.judge(request.extensions()) {
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
    fn judge(&self, extensions: &Extensions) -> Result<(), Option<Refusal>> {
        match extensions.get::<VerifiedToken>() {
            Some(token) if self.required.allow(token) => Ok(()),
            Some(_) => Err(Some(Refusal::MissingScope(self.required.clone()))),
            None if extensions.get::<Preflight>().is_some() => Ok(()),
            None => Err(extensions.get::<Anonymous>().map(|_| Refusal::NoCredentials)),
        }
    }
}

fn unguarded<ResBody: Default>() -> Response<ResBody> {
    let mut response = Response::new(ResBody::default());
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response.headers_mut().insert(CACHE_CONTROL, NO_STORE);
    response
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
