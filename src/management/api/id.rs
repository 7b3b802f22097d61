use ::http::request::Parts;
use axum::extract::{FromRequestParts, Path};

use crate::management::problem::Problem;
use crate::record::ChangeRefused;
use crate::token::TokenId;

/// The id in the path. A text that is no id names no token.
pub(super) struct Id(pub(super) TokenId);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let text = Path::<String>::from_request_parts(parts, state).await;
        let id = text.ok().and_then(|Path(text)| text.parse().ok());
        id.map(Self).ok_or_else(|| ChangeRefused::NotFound.into())
    }
}
