use std::future::Future;

use ::http::request::Parts;

use crate::personal_tokens::PersonalTokens;
use crate::record::{Policy, Scopes};
use crate::token::TokenId;

use super::confirm::Confirm;
use super::page::Page;
use super::shown::Show;
use super::{Asked, InvalidSettings, Principal, Problem, Settings};

/// What the router's handlers share.
pub(super) struct Setup {
    tokens: PersonalTokens,
    pub(super) page: Page,
    settings: Settings,
}

impl Setup {
    pub(super) fn new(tokens: PersonalTokens, settings: Settings) -> Result<Self, InvalidSettings> {
        settings.check(&tokens.policy().scopes)?;
        Ok(Self { tokens, page: Page::new(&settings), settings })
    }

    pub(super) fn sign_in(&self) -> Option<String> {
        Some(&self.settings.sign_in).filter(|url| !url.is_empty()).cloned()
    }

    pub(super) fn origins(&self) -> &[String] {
        &self.settings.origins
    }

    pub(super) fn describe(&self, scope: &str) -> Option<String> {
        self.settings.descriptions.get(scope).cloned()
    }

    pub(super) fn offered(&self) -> &Scopes {
        &self.policy().scopes
    }

    pub(super) fn policy(&self) -> &Policy {
        self.tokens.policy()
    }

    /// The handle as this person may use it.
    pub(super) fn tokens_for(&self, who: &Principal) -> PersonalTokens {
        let tokens = self.tokens.granting(who.grantable.clone());
        match &who.actor {
            Some(actor) => tokens.by(actor.clone()),
            None => tokens,
        }
    }

    pub(super) fn show<'a>(&'a self, who: &'a Principal) -> Result<Show<'a>, Problem> {
        Ok(Show { tokens: &self.tokens, who, now: self.tokens.now()? })
    }

    /// Asks the host's hook, if there is one.
    pub(super) async fn confirm(&self, who: &Principal, rotated: Option<TokenId>, parts: Parts) -> Result<(), Problem> {
        match &self.settings.confirm {
            Some(hook) => Confirm::ask(hook, Asked { principal: who.clone(), rotated, parts }).await,
            None => Ok(()),
        }
    }
}

/// Carries a change to its end though its client goes away: else whoever hangs up in time would keep it from the observers.
/// Where there is no Tokio runtime it ends with the request.
pub(super) async fn to_the_end<T, F>(change: F) -> Result<T, Problem>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    #[cfg(feature = "tracing")]
    let change = tracing::Instrument::in_current_span(change);
    match tokio::runtime::Handle::try_current() {
        Ok(runtime) => runtime.spawn(change).await.map_err(|panicked| {
            super::trace::failure(&panicked);
            Problem::internal()
        }),
        Err(_) => Ok(change.await),
    }
}
