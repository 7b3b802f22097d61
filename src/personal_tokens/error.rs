use crate::store::StoreError;
use crate::verify::Rejection;

/// Why a verification did not accept a token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The verdict: the client's token is at fault. Over HTTP 401.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// No verdict was possible: our side is at fault. Over HTTP 503, never 401, and never a pass.
    #[error(transparent)]
    Store(#[from] StoreError),
}
