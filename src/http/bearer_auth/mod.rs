//! [`BearerAuthLayer`]: no request comes in without a good token.

mod future;
mod service;

use std::fmt;
use std::sync::Arc;

use ::http::HeaderName;
use tower::Layer;

use crate::personal_tokens::PersonalTokens;

use super::challenge::{InvalidRealm, Realm};
use super::door::{Door, DoorPlate};
use super::{EmptyBody, RefusedRequest};

pub use future::ResponseFuture;
pub use service::BearerAuth;

/// Lets in only requests with a good token in `Authorization: Bearer …`, with a
/// [`VerifiedToken`](crate::VerifiedToken) in their extensions; answers the others itself (see the [table](super)). The
/// inner service is never called before the verdict.
///
/// It fits every service from `http::Request` to `http::Response`: axum, tonic, hyper, plain tower. Where the
/// store answers from memory, the accepted path boxes nothing; it adds one entry to the request's extensions.
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
    door: Door<R>,
}

impl BearerAuthLayer {
    /// A guard of the realm `api` that refuses with an empty body.
    pub fn new(tokens: PersonalTokens) -> Self {
        Self { tokens, door: Door::new(EmptyBody) }
    }
}

impl<R> BearerAuthLayer<R> {
    /// Names the protected space in challenges (RFC 9110 §11.5).
    ///
    /// # Errors
    /// [`InvalidRealm`] unless it has 1 to 255 printable ASCII characters or spaces.
    pub fn realm(mut self, realm: &str) -> Result<Self, InvalidRealm> {
        self.door.realm = Realm::new(realm)?;
        Ok(self)
    }

    /// Makes the bodies of refusals, those of the [`RequireScopeLayer`](super::RequireScopeLayer)s below too.
    pub fn renderer<New>(self, renderer: New) -> BearerAuthLayer<New> {
        let Door { realm, rules, hooks, renderer: _ } = self.door;
        BearerAuthLayer { tokens: self.tokens, door: Door { realm, rules, hooks, renderer } }
    }

    /// Lets requests without a bearer token in too, marked as [`Anonymous`](super::Anonymous): those with no
    /// `Authorization`, an empty one, or another scheme, whose credentials are the inner service's to judge. A token
    /// that is presented must be good all the same. Since one URL then has two answers, each carries `Vary:
    /// Authorization` (RFC 9111 §4.1).
    ///
    /// Below it, a [`RequireScopeLayer`](super::RequireScopeLayer) and a handler of axum that wants a
    /// [`VerifiedToken`](crate::VerifiedToken) answer an anonymous request with 401.
    pub fn optional(mut self) -> Self {
        self.door.rules.optional = true;
        self
    }

    /// Lets CORS preflights in unseen: `OPTIONS` with both `Origin` and `Access-Control-Request-Method`, which a
    /// browser sends without credentials. For a CORS layer that stands below the guard and answers them; where none
    /// does, they reach the handlers, past scope layers too, without a [`VerifiedToken`](crate::VerifiedToken). Better
    /// is a CORS layer above the guard, which needs no exemption and also marks refusals, so that a page can read them.
    pub fn allow_preflights(mut self) -> Self {
        self.door.rules.preflights = true;
        self
    }

    /// Takes `Authorization` out of requests that it lets in with a token, so that nothing further in can log it or
    /// pass it on. A guard below would then find no token.
    pub fn strip_authorization(mut self) -> Self {
        self.door.rules.strip = true;
        self
    }

    /// Tells clients when their token ends, in this header of every answer to a good token: an instant as RFC 3339, in
    /// UTC and whole seconds, rounded down (`2026-01-01T12:00:00Z`). It is the end of the grace where the token was
    /// rotated away; there is none where the token does not end. A page of another origin reads it only if CORS exposes
    /// it.
    pub fn expiry_header(mut self, name: HeaderName) -> Self {
        self.door.rules.expiry_header = Some(name);
        self
    }

    /// How long a look-up may take before the answer is 503; none: as long as the store takes. Default: 2 seconds. A
    /// negative span counts as zero.
    ///
    /// Tokio counts the time: outside of its runtime there is no limit, and on one whose time is not enabled it panics,
    /// where a store must be asked.
    #[cfg(feature = "tokio")]
    pub fn lookup_timeout(mut self, limit: impl Into<Option<time::Duration>>) -> Self {
        let limit = limit.into().map(|limit| limit.try_into().unwrap_or_default());
        self.door.rules.lookup_timeout = limit;
        self
    }

    /// Calls this for every request that is refused, here or below by a scope layer or an extractor, before it is
    /// answered: to log, count or throttle. It gets the true reason, the token's id where its secret was proven, and
    /// the request's head. It shall be quick and must not panic. Every hook that was given is called.
    ///
    /// ```
    /// use personal_tokens::http::{BearerAuthLayer, Refusal, RefusedRequest};
    /// use personal_tokens::{PersonalTokens, Rejection, store::MemoryStore};
    ///
    /// fn log(refused: &RefusedRequest<'_>) {
    ///     let path = refused.parts().uri.path();
    ///     match (refused.refusal(), refused.token_id()) {
    ///         (Refusal::Rejected(Rejection::Expired), Some(id)) => println!("{path}: token {id} is still in use, but expired"),
    ///         (refusal, _) => println!("{path}: {}", refusal.status()),
    ///     }
    /// }
    ///
    /// let tokens = PersonalTokens::builder(MemoryStore::new()).prefix("shop").build()?;
    /// let guard = BearerAuthLayer::new(tokens).on_refusal(log);
    /// # Ok::<(), personal_tokens::BuildError>(())
    /// ```
    pub fn on_refusal(mut self, hook: impl Fn(&RefusedRequest<'_>) + Send + Sync + 'static) -> Self {
        self.door.hooks.push(Arc::new(hook));
        self
    }
}

impl<S, R: Clone> Layer<S> for BearerAuthLayer<R> {
    type Service = BearerAuth<S, R>;

    fn layer(&self, inner: S) -> Self::Service {
        BearerAuth {
            inner,
            tokens: self.tokens.clone(),
            door: Arc::new(self.door.clone()),
            plate: Arc::new(DoorPlate::default()),
        }
    }
}

impl<R> fmt::Debug for BearerAuthLayer<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BearerAuthLayer")
            .field("tokens", &self.tokens)
            .field("realm", &self.door.realm)
            .field("rules", &self.door.rules)
            .finish_non_exhaustive()
    }
}
