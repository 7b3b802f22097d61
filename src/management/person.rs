use std::future::Future;
use std::sync::Arc;

use ::http::request::Parts;
use axum::extract::FromRequestParts;

use crate::personal_tokens::PersonalTokens;
use crate::record::OwnerId;
use crate::store::ChangeError;
use crate::token::TokenId;

use super::principal::Right;
use super::problem::Problem;
use super::setup::Setup;
use super::shown::Show;
use super::{Asked, Principal};

/// The person who asks, and what they ask of.
pub(super) struct Person {
    pub(super) setup: Arc<Setup>,
    pub(super) who: Principal,
}

impl Person {
    pub(super) fn needs(&self, right: Right) -> Result<(), Problem> {
        if self.who.rights.include(right) { Ok(()) } else { Err(Problem::right_missing(right.name())) }
    }

    pub(super) fn owner(&self) -> &OwnerId {
        &self.who.owner
    }

    /// The handle as this person may use it.
    fn tokens(&self) -> PersonalTokens {
        let tokens = self.setup.tokens.granting(self.who.grantable.clone());
        match &self.who.actor {
            Some(actor) => tokens.by(actor.clone()),
            None => tokens,
        }
    }

    /// Shows tokens as they are now. Made before a change, since it may fail: what was issued must be shown.
    pub(super) fn show(&self) -> Result<Show<'_>, Problem> {
        Ok(Show { tokens: &self.setup.tokens, who: &self.who, now: self.setup.tokens.now()? })
    }

    /// Asks the host's hook before a secret is shown, if there is one.
    pub(super) async fn confirms(&self, rotated: Option<TokenId>, parts: Parts) -> Result<(), Problem> {
        match self.setup.confirm() {
            Some(hook) => hook.ask(Asked { principal: self.who.clone(), rotated, parts }).await,
            None => Ok(()),
        }
    }

    /// Carries a change to its end though the client goes away: else whoever hangs up in time would keep it from the
    /// observers. So many are under way at most, however long the store takes. Where there is no Tokio runtime it ends
    /// with the request.
    pub(super) async fn change<T, F, Fut>(&self, change: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: FnOnce(PersonalTokens, OwnerId) -> Fut,
        Fut: Future<Output = Result<T, ChangeError>> + Send + 'static,
    {
        let Ok(room) = Arc::clone(&self.setup.changes).try_acquire_owned() else {
            return Err(Problem::unavailable("too many changes are under way; nothing was changed"));
        };
        let change = change(self.tokens(), self.who.owner.clone());
        let change = async move {
            let outcome = change.await;
            drop(room);
            outcome
        };
        #[cfg(feature = "tracing")]
        let change = tracing::Instrument::in_current_span(change);
        let outcome = match tokio::runtime::Handle::try_current() {
            Ok(runtime) => runtime.spawn(change).await.map_err(|panicked| {
                super::trace::failure(&panicked);
                Problem::internal()
            })?,
            Err(_) => change.await,
        };
        Ok(outcome?)
    }
}

impl FromRequestParts<Arc<Setup>> for Person {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, setup: &Arc<Setup>) -> Result<Self, Problem> {
        let who = parts.extensions.get::<Principal>().cloned();
        let who = who.ok_or_else(|| Problem::unauthenticated(setup.sign_in()))?;
        Ok(Self { setup: Arc::clone(setup), who })
    }
}
