//! The one judge of a presented token. Pure: no I/O, no clock.

#[cfg(feature = "tower")]
use std::any::Any;
use std::fmt;
#[cfg(feature = "tower")]
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

use subtle::{Choice, ConstantTimeEq as _};

use crate::record::{Expiry, OwnerId, Scopes, TokenName, TokenRecord, TokenState};
use crate::timestamp::Timestamp;
use crate::token::{TokenDigest, TokenId};

/// The answer of a successful verification: what handlers receive. Cheap to clone.
///
/// It is the token as it was at that moment; it holds no secret.
#[derive(Clone)]
pub struct VerifiedToken {
    record: Arc<TokenRecord>,
    /// The door that it came in by, as far as it concerns the crate's layers below: one entry in a request's extensions
    /// in place of two.
    #[cfg(feature = "tower")]
    door: Option<Arc<Door>>,
}

/// In a box, so that a token carries one word of it.
#[cfg(feature = "tower")]
pub(crate) struct Door(pub(crate) Box<dyn Any + Send + Sync>);

/// Nobody but the layers below looks at it: it shall not take these from [`VerifiedToken`].
#[cfg(feature = "tower")]
impl UnwindSafe for Door {}
#[cfg(feature = "tower")]
impl RefUnwindSafe for Door {}

/// The verdict on a presented token that is not accepted.
///
/// `Expired`, `Revoked` and `Rotated` are told to a holder of the secret only: whoever does not know it learns
/// [`Unknown`](Self::Unknown), whatever the record says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Rejection {
    /// It has not the form of a token of ours; no store was asked.
    #[error("the token is malformed")]
    Malformed,
    /// No token of this id was issued, or the secret is another.
    #[error("the token is unknown")]
    Unknown,
    /// Its expiry has passed: `now >= expiry`.
    #[error("the token expired")]
    Expired,
    /// It was revoked.
    #[error("the token was revoked")]
    Revoked,
    /// It was rotated and its grace is over.
    #[error("the token was rotated and its grace is over")]
    Rotated,
}

impl Rejection {
    /// One word for logs.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Unknown => "unknown",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::Rotated => "rotated",
        }
    }
}

/// A rejection inside the crate: with the record where the secret matched, so that a host's hook learns whose token it
/// was. It is not told to who presents the token.
pub(crate) struct Rejected {
    pub(crate) rejection: Rejection,
    pub(crate) record: Option<Arc<TokenRecord>>,
}

impl VerifiedToken {
    /// The token's public id: the name to log.
    #[must_use]
    pub fn id(&self) -> TokenId {
        self.record.id
    }

    /// Whom the token acts for.
    #[must_use]
    pub fn owner(&self) -> &OwnerId {
        &self.record.owner
    }

    /// The person's label.
    #[must_use]
    pub fn name(&self) -> &TokenName {
        &self.record.name
    }

    /// What it may do.
    #[must_use]
    pub fn scopes(&self) -> &Scopes {
        &self.record.scopes
    }

    /// When it ends by itself. A token in its grace ends earlier: [`ends`](Self::ends).
    #[must_use]
    pub fn expiry(&self) -> Expiry {
        self.record.expiry
    }

    /// When it will stop being accepted if nobody changes it: the end of its grace or its expiry.
    #[must_use]
    pub fn ends(&self) -> Option<Timestamp> {
        self.record.ended()
    }

    pub(crate) fn into_record(self) -> Arc<TokenRecord> {
        self.record
    }

    /// The record itself, for the guard's hook.
    #[cfg(feature = "tower")]
    pub(crate) fn record(&self) -> &TokenRecord {
        &self.record
    }

    /// The same token, at the door that let it in.
    #[cfg(feature = "tower")]
    pub(crate) fn at(self, door: Arc<Door>) -> Self {
        Self { door: Some(door), ..self }
    }

    #[cfg(feature = "tower")]
    pub(crate) fn door<T: 'static>(&self) -> Option<&T> {
        self.door.as_ref()?.0.downcast_ref()
    }

    /// The token of this record: the judge's word, or that of a host's tests.
    pub(crate) fn of(record: Arc<TokenRecord>) -> Self {
        Self {
            record,
            #[cfg(feature = "tower")]
            door: None,
        }
    }

    /// Whether it has exactly this scope, byte for byte.
    #[must_use]
    pub fn allows(&self, scope: &str) -> bool {
        self.record.scopes.contains(scope)
    }
}

impl fmt::Debug for VerifiedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifiedToken")
            .field("id", &self.id())
            .field("owner", self.owner())
            .field("name", self.name())
            .field("scopes", self.scopes())
            .field("expiry", &self.expiry())
            .finish_non_exhaustive()
    }
}

/// Judges the token with this digest by the record that its id led to.
///
/// An unknown id costs the same comparison, against a dummy, and nothing about the record is told before its
/// digest matched (failures 5).
#[inline]
pub(crate) fn verify(
    record: Option<Arc<TokenRecord>>,
    presented: &TokenDigest,
    now: Timestamp,
) -> Result<VerifiedToken, Rejected> {
    const DUMMY: TokenDigest = TokenDigest::from_parts(0, [0; TokenDigest::LEN]);
    let kept = record.as_ref().map_or(&DUMMY, |record| &record.digest);
    let known = Choice::from(u8::from(record.is_some()));
    let proven = bool::from(presented.ct_eq(kept) & known);
    let Some(record) = record.filter(|_| proven) else {
        return Err(Rejected { rejection: Rejection::Unknown, record: None });
    };
    let rejection = match record.state(now) {
        TokenState::Active => return Ok(VerifiedToken::of(record)),
        TokenState::Expired => Rejection::Expired,
        TokenState::Revoked => Rejection::Revoked,
        TokenState::Rotated => Rejection::Rotated,
    };
    Err(Rejected { rejection, record: Some(record) })
}
