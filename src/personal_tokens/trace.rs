//! What the feature `tracing` emits here: a span for each verification, and an event for whatever an observer is told.
//! Ids, owners and reasons; never a token.

#[cfg(feature = "tracing")]
pub(super) use on::{Events, Span};

#[cfg(not(feature = "tracing"))]
pub(super) use off::Span;

/// What a subscriber filters by.
#[cfg(feature = "tracing")]
pub(crate) const TARGET: &str = "personal_tokens";

#[cfg(feature = "tracing")]
mod on {
    use std::future::Future;

    use tracing::Instrument as _;
    use tracing::field::{Empty, display};

    use crate::personal_tokens::Observer;
    use crate::record::TokenEvent;
    use crate::store::StoreError;
    use crate::token::TokenId;

    use super::TARGET;

    /// The span of one verification, from its beginning to its verdict.
    pub(in crate::personal_tokens) struct Span(tracing::Span);

    impl Span {
        pub(in crate::personal_tokens) fn begin() -> Self {
            Self(tracing::debug_span!(target: TARGET, "verify", outcome = Empty, token_id = Empty))
        }

        pub(in crate::personal_tokens) fn in_scope<T>(&self, work: impl FnOnce() -> T) -> T {
            self.0.in_scope(work)
        }

        pub(in crate::personal_tokens) fn around<F: Future>(&self, work: F) -> impl Future<Output = F::Output> {
            work.instrument(self.0.clone())
        }

        /// The id only where the secret was proven: what else was presented is anybody's text.
        pub(in crate::personal_tokens) fn end(self, outcome: &str, proven: Option<TokenId>) {
            self.0.record("outcome", outcome);
            if let Some(id) = proven {
                self.0.record("token_id", display(id));
            }
        }
    }

    /// The observer that every handle has where the feature is on.
    pub(in crate::personal_tokens) struct Events;

    impl Observer for Events {
        fn changed(&self, event: &TokenEvent) {
            let TokenEvent { kind, owner, id, actor, at } = event;
            let actor = actor.as_ref().map(display);
            tracing::info!(target: TARGET, ?kind, token_id = %id, %owner, actor, %at, "a token was changed");
        }

        fn maintenance_failed(&self, error: &StoreError) {
            let error: &dyn std::error::Error = error;
            tracing::warn!(target: TARGET, error, "the token store failed in maintenance");
        }
    }
}

#[cfg(not(feature = "tracing"))]
mod off {
    use std::future::Future;

    use crate::token::TokenId;

    /// Nothing is emitted without the feature.
    pub(in crate::personal_tokens) struct Span;

    impl Span {
        pub(in crate::personal_tokens) fn begin() -> Self {
            Self
        }

        pub(in crate::personal_tokens) fn in_scope<T>(&self, work: impl FnOnce() -> T) -> T {
            work()
        }

        pub(in crate::personal_tokens) fn around<F: Future>(&self, work: F) -> impl Future<Output = F::Output> {
            work
        }

        pub(in crate::personal_tokens) fn end(self, _: &str, _: Option<TokenId>) {}
    }
}
