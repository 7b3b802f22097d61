//! [`RequireScopeLayer`]: a route for tokens that may do a certain thing.

mod offered;
mod service;

use tower::Layer;

use crate::record::{InvalidScope, Scopes};
use crate::verify::VerifiedToken;

pub use offered::ScopeNotOffered;
pub use service::{RequireScope, ResponseFuture};

/// Lets in only requests whose token has the scopes; stands below a [`BearerAuthLayer`](super::BearerAuthLayer). Others
/// get 403 with a challenge that names the scopes (RFC 6750 §3.1), in the guard's realm and rendered by its renderer; a
/// request that an optional guard let in without a token gets 401; a CORS preflight that the guard [let
/// in](super::BearerAuthLayer::allow_preflights) passes. Where no guard has seen the request, the host has mounted its
/// layers wrongly: 500, and the route stays shut. For that answer, and where a layer between the two changes the body's
/// type, the body must have a `Default`, the empty one.
///
/// [`PersonalTokens::require_scope`](crate::PersonalTokens::require_scope) makes the same layer and checks the scope
/// against the handle's list: prefer it.
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

/// Which scopes a route wants: all of them, or any one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequiredScopes {
    scopes: Scopes,
    one_suffices: bool,
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
