use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::personal_tokens::PersonalTokens;
use crate::record::{Policy, Scopes};

use super::confirm::Confirm;
use super::page::Page;
use super::{InvalidSettings, Settings};

const MAX_CHANGES: usize = 256;

/// What the router's handlers share.
pub(super) struct Setup {
    pub(super) tokens: PersonalTokens,
    pub(super) page: Page,
    /// Room for changes: each goes on though its client goes away, so a store that hangs would gather them.
    pub(super) changes: Arc<Semaphore>,
    settings: Settings,
}

impl Setup {
    pub(super) fn new(tokens: PersonalTokens, settings: Settings) -> Result<Self, InvalidSettings> {
        settings.check(&tokens.policy().scopes)?;
        let changes = Arc::new(Semaphore::new(MAX_CHANGES));
        Ok(Self { tokens, page: Page::new(&settings), changes, settings })
    }

    pub(super) fn policy(&self) -> &Policy {
        self.tokens.policy()
    }

    pub(super) fn offered(&self) -> &Scopes {
        &self.policy().scopes
    }

    pub(super) fn describe(&self, scope: &str) -> Option<String> {
        self.settings.descriptions.get(scope).cloned()
    }

    pub(super) fn sign_in(&self) -> Option<String> {
        Some(&self.settings.sign_in).filter(|url| !url.is_empty()).cloned()
    }

    pub(super) fn origins(&self) -> &[String] {
        &self.settings.origins
    }

    pub(super) fn confirm(&self) -> Option<&Confirm> {
        self.settings.confirm.as_ref()
    }
}
