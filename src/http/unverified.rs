/// In a request's extensions: the guard, in [optional mode](super::BearerAuthLayer::optional), let it in without a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Anonymous;

/// In a request's extensions: the guard let it in as a CORS preflight.
#[derive(Clone, Copy)]
pub(super) struct Preflight;
