use ::http::request::Parts;
use axum::extract::{FromRequestParts, RawPathParams};

use crate::management::problem::Problem;
use crate::record::ChangeRefused;
use crate::token::TokenId;

/// The id in the path. A text that is no id names no token.
pub(super) struct Id(pub(super) TokenId);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let parameters = RawPathParams::from_request_parts(parts, state).await;
        // The last one: the path that the host mounted the router under may have others, of the same name too.
        let text = parameters.as_ref().ok().and_then(|all| all.iter().last()).map(|(_, text)| text);
        text.and_then(|text| text.parse().ok()).map(Self).ok_or_else(|| ChangeRefused::NotFound.into())
    }
}
