use std::error::Error;

/// What the client is told in few words, the log gets whole.
pub(super) fn failure(error: &(dyn Error + 'static)) {
    #[cfg(feature = "tracing")]
    tracing::warn!(target: crate::personal_tokens::TARGET, error, "tokens could not be managed");
    #[cfg(not(feature = "tracing"))]
    let _ = error;
}
