use ::http::Extensions;

/// In a request's extensions: the guard, in [optional mode](super::BearerAuthLayer::optional), let it in without a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Anonymous;

/// In a request's extensions: the guard let it in as a CORS preflight.
#[derive(Clone, Copy)]
pub(super) struct Preflight;

/// Whether a guard let the request in without a token, as the one or the other.
pub(super) fn is_unverified(extensions: &Extensions) -> bool {
    extensions.get::<Anonymous>().is_some() || extensions.get::<Preflight>().is_some()
}
