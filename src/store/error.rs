use std::error::Error;

use crate::record::ChangeRefused;

type Source = Box<dyn Error + Send + Sync>;

/// No answer was possible: the store, the clock or the random generator failed. It is no verdict about a
/// token, so over HTTP it is 503, never 401 and never a pass ([failures 30, 31](crate::manual::failures)).
///
/// An integrator's store makes it from its driver's error; the source is for logs, and must hold no secret (a
/// store never sees one).
///
/// ```
/// use personal_tokens::store::StoreError;
///
/// let error = StoreError::unavailable("connection refused");
/// assert_eq!(error.to_string(), "the token store is unavailable");
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// It cannot be reached, refuses work, or something else below the verdict failed. Asking again later may
    /// help.
    #[error("the token store is unavailable")]
    Unavailable(#[source] Source),
    /// What it holds is no valid record, or no store at all. Asking again does not help; somebody must look.
    #[error("what the token store holds is corrupt")]
    Corrupt(#[source] Source),
    /// It did not answer in time. Of a change it is unknown whether it was written.
    #[error("the token store did not answer in time")]
    TimedOut(#[source] Source),
}

impl StoreError {
    /// The store cannot be reached or refuses work.
    pub fn unavailable(source: impl Into<Source>) -> Self {
        Self::Unavailable(source.into())
    }

    /// The store holds something that is no valid record.
    pub fn corrupt(source: impl Into<Source>) -> Self {
        Self::Corrupt(source.into())
    }

    /// The store did not answer in time.
    pub fn timed_out(source: impl Into<Source>) -> Self {
        Self::TimedOut(source.into())
    }
}

/// Why a change was not made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChangeError {
    /// The rulebook or the policy refused it: whoever asked is to ask for something else. Nothing was written.
    #[error(transparent)]
    Refused(#[from] ChangeRefused),
    /// The store (or the clock, or the random generator) failed: our side is at fault. The source says whether
    /// the outcome is unknown.
    #[error(transparent)]
    Store(#[from] StoreError),
}
