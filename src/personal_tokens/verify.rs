//! Verification through the handle: parse, look up, let the judge judge.

use std::sync::Arc;
use std::time::Duration;

use crate::deadline::within;
use crate::record::TokenRecord;
use crate::store::{Lookup, StoreError};
use crate::token::Presented;
use crate::verify::{Rejected, Rejection, VerifiedToken, verify};

use super::trace::Span;
use super::{PersonalTokens, VerifyError};

/// Each but the first is due to a change of the owner's tokens meanwhile (or of an owner at the same place).
const MAX_LOOKUPS: u32 = 8;

/// What memory could tell.
pub(crate) enum Begun {
    Done(Result<VerifiedToken, Failed>),
    /// Apart, so that what is done at once is small: the store is asked in any case.
    Pending(Box<Pending>),
}

/// A token of the right form whose record the store must be asked for.
pub(crate) struct Pending {
    presented: Presented,
    purpose: Purpose,
    span: Span,
}

/// A verification that did not accept.
pub(crate) enum Failed {
    Rejected(Rejected),
    Store(StoreError),
}

/// Whether an accepted token's use is noted.
#[derive(Clone, Copy, PartialEq)]
enum Purpose {
    Use,
    Inspection,
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
            Begun::Done(outcome) => told(outcome),
            Begun::Pending(pending) => told(Box::pin(self.finish(pending, None)).await),
        }
    }

    /// The same answer as [`verify`](Self::verify), leaving no trace in last use: to look into a leak report or
    /// a support case.
    ///
    /// # Errors
    /// As `verify`.
    pub async fn inspect(&self, presented: impl AsRef<[u8]>) -> Result<VerifiedToken, VerifyError> {
        match self.look_up(presented.as_ref(), Purpose::Inspection) {
            Begun::Done(outcome) => told(outcome),
            Begun::Pending(pending) => told(Box::pin(self.finish(pending, None)).await),
        }
    }

    /// All of [`verify`](Self::verify) that needs no waiting.
    pub(crate) fn begin(&self, presented: &[u8]) -> Begun {
        self.look_up(presented, Purpose::Use)
    }

    /// The rest of it. Beyond the limit the store counts as failed.
    pub(crate) async fn finish(&self, pending: Box<Pending>, limit: Option<Duration>) -> Result<VerifiedToken, Failed> {
        let Pending { presented, purpose, span } = *pending;
        let outcome = span.around(within(limit, self.ask(&presented, purpose))).await;
        end(span, &outcome);
        outcome
    }

    fn look_up(&self, presented: &[u8], purpose: Purpose) -> Begun {
        let span = Span::begin();
        // Looked at where it stands: what is moved right after it was written costs a wait.
        let parsed = Presented::parse(presented, &self.inner.prefixes);
        let presented = match &parsed {
            Ok(presented) => presented,
            Err(_) => return Begun::done(span, Err(Rejection::Malformed.into())),
        };
        match span.in_scope(|| self.inner.store.find_cached(presented.id)) {
            Lookup::Hit(record) => Begun::done(span, self.judge(presented, Some(record), purpose)),
            Lookup::Absent => Begun::done(span, self.judge(presented, None, purpose)),
            Lookup::Ask => Begun::Pending(Box::new(Pending { presented: *presented, purpose, span })),
        }
    }

    /// What the store read before a change that has returned meanwhile counts for nothing: a lookup in flight does not
    /// outlive a revoke.
    async fn ask(&self, presented: &Presented, purpose: Purpose) -> Result<VerifiedToken, Failed> {
        for _ in 0..MAX_LOOKUPS {
            let began = self.inner.fence.now();
            let record = self.inner.store.find(presented.id).await?;
            let overtaken = record.as_ref().is_some_and(|record| self.inner.fence.was_raised(&record.owner, began));
            if !overtaken {
                return self.judge(presented, record, purpose);
            }
        }
        Err(StoreError::unavailable("the owner's tokens changed faster than the store answered").into())
    }

    /// The clock is read here, after the record came: a token that expired while the store was slow is refused. A coarse
    /// one, unless the token is proven and ends soon.
    #[inline]
    fn judge(
        &self,
        presented: &Presented,
        record: Option<Arc<TokenRecord>>,
        purpose: Purpose,
    ) -> Result<VerifiedToken, Failed> {
        let clock = &self.inner.clock;
        let coarse = clock.coarse_now().map_err(StoreError::unavailable)?;
        let mut verified = verify(record, &presented.digest, coarse)?;
        if verified.ends().is_some_and(|end| end.as_micros().saturating_sub(coarse.as_micros()) <= self.inner.lag) {
            verified = verify(Some(verified.into_record()), &presented.digest, self.now()?)?;
        }
        if purpose == Purpose::Use {
            self.inner.usage.note(verified.id(), coarse, || clock.now().unwrap_or(coarse));
        }
        Ok(verified)
    }
}

impl Begun {
    fn done(span: Span, outcome: Result<VerifiedToken, Failed>) -> Self {
        end(span, &outcome);
        Self::Done(outcome)
    }
}

fn end(span: Span, outcome: &Result<VerifiedToken, Failed>) {
    match outcome {
        Ok(verified) => span.end("accepted", Some(verified.id())),
        Err(Failed::Store(_)) => span.end("unavailable", None),
        Err(Failed::Rejected(Rejected { rejection, record })) => {
            span.end(rejection.word(), record.as_ref().map(|record| record.id));
        }
    }
}

/// Word by word, which costs less than to move the whole.
#[inline(always)]
fn told(outcome: Result<VerifiedToken, Failed>) -> Result<VerifiedToken, VerifyError> {
    match outcome {
        Ok(verified) => Ok(verified),
        Err(Failed::Rejected(Rejected { rejection, .. })) => Err(VerifyError::Rejected(rejection)),
        Err(Failed::Store(error)) => Err(VerifyError::Store(error)),
    }
}

impl From<Rejected> for Failed {
    fn from(rejected: Rejected) -> Self {
        Self::Rejected(rejected)
    }
}

impl From<Rejection> for Failed {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(Rejected { rejection, record: None })
    }
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}
