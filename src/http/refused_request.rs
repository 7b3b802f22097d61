use std::fmt;
use std::sync::Arc;

use ::http::request::Parts;

use crate::record::{OwnerId, TokenRecord};
use crate::token::TokenId;

use super::Refusal;

/// A request that a guard, or a scope layer or an extractor below it, refused; the hook of
/// [`on_refusal`](super::BearerAuthLayer::on_refusal) gets it.
#[derive(Clone, Copy)]
pub struct RefusedRequest<'a> {
    refusal: &'a Refusal,
    token: Option<&'a TokenRecord>,
    parts: &'a Parts,
}

/// What hears of refused requests.
pub(super) type Hook = Arc<dyn Fn(&RefusedRequest<'_>) + Send + Sync>;

impl<'a> RefusedRequest<'a> {
    pub(super) fn new(refusal: &'a Refusal, token: Option<&'a TokenRecord>, parts: &'a Parts) -> Self {
        Self { refusal, token, parts }
    }

    /// The true reason, which the client is not always told.
    #[must_use]
    pub fn refusal(&self) -> &'a Refusal {
        self.refusal
    }

    /// The token, where its secret was proven: it is expired, revoked or rotated, or lacks a scope. None where anybody
    /// may have made it up.
    #[must_use]
    pub fn token_id(&self) -> Option<TokenId> {
        self.token.map(|record| record.id)
    }

    /// Whose token it is, where [`token_id`](Self::token_id) is known.
    #[must_use]
    pub fn owner(&self) -> Option<&'a OwnerId> {
        self.token.map(|record| &record.owner)
    }

    /// The request without its body. `Authorization` may hold what was presented, marked as sensitive: do not log it.
    #[must_use]
    pub fn parts(&self) -> &'a Parts {
        self.parts
    }

    #[cfg(feature = "tracing")]
    pub(super) fn trace(&self) {
        use tracing::field::display;

        use crate::personal_tokens::TARGET;

        let token_id = self.token_id().map(display);
        let owner = self.owner().map(display);
        let (status, reason) = (self.refusal.status().as_u16(), self.refusal.reason());
        match self.refusal {
            Refusal::Unavailable(error) => {
                let error: &dyn std::error::Error = &**error;
                tracing::warn!(target: TARGET, status, reason, error, "a request could not be judged");
            }
            _ => tracing::debug!(target: TARGET, status, reason, token_id, owner, "a request was refused"),
        }
    }
}

impl fmt::Debug for RefusedRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefusedRequest")
            .field("refusal", &self.refusal)
            .field("token_id", &self.token_id())
            .field("owner", &self.owner())
            .finish_non_exhaustive()
    }
}
