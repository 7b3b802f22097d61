//! Scopes of routes, checked against the handle's list.

use crate::personal_tokens::PersonalTokens;
use crate::record::{InvalidScope, Scope, Scopes};

use super::RequireScopeLayer;

/// A route wants a scope that no token of the handle can have: a typing error, or one that the builder was not given.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScopeNotOffered {
    /// It is no scope at all.
    #[error(transparent)]
    Invalid(#[from] InvalidScope),
    /// The builder was not given it.
    #[error("the route wants the scope {scope}, which tokens cannot have here; these are offered: {offered:?}")]
    Unknown {
        /// What the route wants.
        scope: Scope,
        /// What the builder was given.
        offered: Scopes,
    },
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
    /// [`ScopeNotOffered`] if it is not on the list, or no scope.
    pub fn require_scope(&self, scope: &str) -> Result<RequireScopeLayer, ScopeNotOffered> {
        RequireScopeLayer::new(scope)?.offered_by(self)
    }
}

impl RequireScopeLayer {
    /// The same layer, if tokens of this handle can have all its scopes; so a typing error shows as the service starts,
    /// and not as a route that no token opens.
    ///
    /// # Errors
    /// [`ScopeNotOffered`] if the handle's list lacks one.
    pub fn offered_by(self, tokens: &PersonalTokens) -> Result<Self, ScopeNotOffered> {
        let offered = &tokens.policy().scopes;
        if let Some(scope) = self.required.scopes.iter().find(|scope| !offered.contains(scope)) {
            return Err(ScopeNotOffered::Unknown { scope: Scope::new(scope)?, offered: offered.clone() });
        }
        Ok(self)
    }
}
