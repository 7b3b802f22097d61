//! Verification through the handle: parse, look up, let the judge judge.

use std::sync::Arc;

use crate::record::TokenRecord;
use crate::store::Lookup;
use crate::timestamp::Timestamp;
use crate::token::Token;
use crate::verify::{Rejection, VerifiedToken, verify};

use super::{PersonalTokens, VerifyError};

/// What memory could tell.
pub(crate) enum Begun {
    Done(Result<VerifiedToken, VerifyError>),
    Pending(Pending),
}

/// A token of the right form whose record the store must be asked for.
pub(crate) struct Pending {
    token: Token,
}

impl PersonalTokens {
    /// Judges what a client presented, and notes the use where it is accepted. It writes nothing to the
    /// store; where the store answers from memory it neither waits nor allocates.
    ///
    /// `presented` is the token alone, without `Bearer`. Any bytes are fine.
    ///
    /// # Errors
    /// [`VerifyError::Rejected`] is the verdict; [`VerifyError::Store`] says that none was possible.
    pub async fn verify(&self, presented: impl AsRef<[u8]>) -> Result<VerifiedToken, VerifyError> {
        match self.begin(presented.as_ref()) {
            Begun::Done(done) => done,
            Begun::Pending(pending) => self.finish(pending).await,
        }
    }

    /// The same answer as [`verify`](Self::verify), leaving no trace in last use: to look into a leak report or
    /// a support case.
    ///
    /// # Errors
    /// As `verify`.
    pub async fn inspect(&self, presented: impl AsRef<[u8]>) -> Result<VerifiedToken, VerifyError> {
        let token = self.parse(presented.as_ref())?;
        let record = match self.inner.store.find_cached(token.id()) {
            Lookup::Hit(record) => Some(record),
            Lookup::Absent => None,
            Lookup::Ask => self.inner.store.find(token.id()).await?,
        };
        Ok(self.judge(&token, record)?.0)
    }

    /// All of a verification that needs no waiting.
    pub(crate) fn begin(&self, presented: &[u8]) -> Begun {
        let token = match self.parse(presented) {
            Ok(token) => token,
            Err(rejection) => return Begun::Done(Err(rejection.into())),
        };
        match self.inner.store.find_cached(token.id()) {
            Lookup::Hit(record) => Begun::Done(self.judge_and_note(&token, Some(record))),
            Lookup::Absent => Begun::Done(self.judge_and_note(&token, None)),
            Lookup::Ask => Begun::Pending(Pending { token }),
        }
    }

    /// The rest of it.
    pub(crate) async fn finish(&self, Pending { token }: Pending) -> Result<VerifiedToken, VerifyError> {
        let record = self.inner.store.find(token.id()).await?;
        self.judge_and_note(&token, record)
    }

    fn parse(&self, presented: &[u8]) -> Result<Token, Rejection> {
        Token::parse(presented, &self.inner.prefixes).map_err(|_| Rejection::Malformed)
    }

    /// The clock is read here, after the record came: a token that expired while the store was slow is refused.
    fn judge(
        &self,
        token: &Token,
        record: Option<Arc<TokenRecord>>,
    ) -> Result<(VerifiedToken, Timestamp), VerifyError> {
        let now = self.now()?;
        Ok((verify(record, &token.digest(), now)?, now))
    }

    fn judge_and_note(&self, token: &Token, record: Option<Arc<TokenRecord>>) -> Result<VerifiedToken, VerifyError> {
        let (verified, now) = self.judge(token, record)?;
        self.inner.usage.note(verified.id(), now);
        Ok(verified)
    }
}
