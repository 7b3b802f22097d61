//! Verification through the handle: parse, look up, let the judge judge.

use std::sync::Arc;

use crate::record::TokenRecord;
use crate::store::{Lookup, StoreError};
use crate::token::Token;
use crate::verify::{Rejection, VerifiedToken, verify};

use super::{PersonalTokens, VerifyError};

/// Each but the first is due to a change of the owner's tokens meanwhile (or of an owner at the same place).
const MAX_LOOKUPS: u32 = 8;

/// What memory could tell.
pub(crate) enum Begun {
    Done(Result<VerifiedToken, VerifyError>),
    Pending(Pending),
}

/// A token of the right form whose record the store must be asked for.
pub(crate) struct Pending {
    token: Token,
    trace: Trace,
}

/// Whether an accepted token's use is noted.
#[derive(Clone, Copy, PartialEq)]
enum Trace {
    Noted,
    None,
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
        match self.look_up(presented.as_ref(), Trace::None) {
            Begun::Done(done) => done,
            Begun::Pending(pending) => self.finish(pending).await,
        }
    }

    /// All of [`verify`](Self::verify) that needs no waiting.
    pub(crate) fn begin(&self, presented: &[u8]) -> Begun {
        self.look_up(presented, Trace::Noted)
    }

    /// The rest of it. What the store read before a change that has returned meanwhile counts for nothing: a
    /// lookup in flight does not outlive a revoke.
    pub(crate) async fn finish(&self, Pending { token, trace }: Pending) -> Result<VerifiedToken, VerifyError> {
        for _ in 0..MAX_LOOKUPS {
            let began = self.inner.fence.now();
            let record = self.inner.store.find(token.id()).await?;
            let overtaken = record.as_ref().is_some_and(|record| self.inner.fence.was_raised(&record.owner, began));
            if !overtaken {
                return self.judge(&token, record, trace);
            }
        }
        Err(StoreError::unavailable("the owner's tokens changed faster than the store answered").into())
    }

    fn look_up(&self, presented: &[u8], trace: Trace) -> Begun {
        let Ok(token) = Token::parse(presented, &self.inner.prefixes) else {
            return Begun::Done(Err(Rejection::Malformed.into()));
        };
        match self.inner.store.find_cached(token.id()) {
            Lookup::Hit(record) => Begun::Done(self.judge(&token, Some(record), trace)),
            Lookup::Absent => Begun::Done(self.judge(&token, None, trace)),
            Lookup::Ask => Begun::Pending(Pending { token, trace }),
        }
    }

    /// The clock is read here, after the record came: a token that expired while the store was slow is refused.
    fn judge(
        &self,
        token: &Token,
        record: Option<Arc<TokenRecord>>,
        trace: Trace,
    ) -> Result<VerifiedToken, VerifyError> {
        let now = self.now()?;
        let verified = verify(record, &token.digest(), now)?;
        if trace == Trace::Noted {
            self.inner.usage.note(verified.id(), now);
        }
        Ok(verified)
    }
}
