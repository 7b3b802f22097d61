use crate::timestamp::Timestamp;
use crate::token::{TokenDigest, TokenId};

use super::{Actor, Expiry, OwnerId, Scopes, TokenName};

/// What a store keeps of a token. Never the secret: the [`TokenDigest`] stands for it.
///
/// Stores fill it from a row: [`new`](Self::new), then the public fields. All instants are UTC microseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TokenRecord {
    /// The public id; unique in a store.
    pub id: TokenId,
    /// Whom the token acts for.
    pub owner: OwnerId,
    /// The person's label; held by one current token of an owner.
    pub name: TokenName,
    /// What a presented token is compared with.
    pub digest: TokenDigest,
    /// What the token may do.
    pub scopes: Scopes,
    /// When it was issued.
    pub created: Timestamp,
    /// Who asked for it, if the host said.
    pub created_by: Option<Actor>,
    /// When it ends by itself.
    pub expiry: Expiry,
    /// When that expiry was set: a rotation gives the successor the same span again.
    pub expiry_set: Timestamp,
    /// The last use that was written (in a handle's answer, or is about to be); none where none was, which is not
    /// "never": [`PersonalTokens::last_used`](crate::PersonalTokens::last_used) says how exact it is. A store writes it
    /// by [`touch`](crate::store::TokenStore::touch) only.
    pub last_used: Option<Timestamp>,
    /// Up to which instant notices of the coming expiry went out. A store writes it by
    /// [`claim_notice`](crate::store::TokenStore::claim_notice) only.
    pub noticed: Option<Timestamp>,
    /// When it was revoked. Its presence alone refuses, whatever the instant.
    pub revoked: Option<Timestamp>,
    /// The token that this one replaced in a rotation.
    pub predecessor: Option<TokenId>,
    /// The rotation that replaced this one.
    pub rotated: Option<Rotated>,
}

/// How a token was rotated away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rotated {
    /// When.
    pub at: Timestamp,
    /// The token that replaced it.
    pub successor: TokenId,
    /// Until when it is still accepted beside its successor: valid while `now <` this instant. Not later than `at`: there
    /// is no grace, whatever a clock says; a grace that is cut short is set to `at`.
    pub grace_ends: Timestamp,
}

/// What a token is at an instant; one function of record and instant, [`TokenRecord::state`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenState {
    /// It is accepted. A rotated token in its grace is active too; [`TokenRecord::ended`] says until when.
    Active,
    /// Its expiry has passed. The owner can extend it.
    Expired,
    /// It was revoked; for good.
    Revoked,
    /// It was rotated and its grace is over; for good.
    Rotated,
}

impl Rotated {
    /// A grace that was none from the start, or was cut, stays over when a clock goes back (failures 18).
    fn grace_is_over(&self, now: Timestamp) -> bool {
        self.grace_ends <= self.at || now >= self.grace_ends
    }
}

impl TokenRecord {
    /// A record without scopes that never expires; the other fields are public.
    #[must_use]
    pub fn new(id: TokenId, owner: OwnerId, name: TokenName, digest: TokenDigest, created: Timestamp) -> Self {
        Self {
            id,
            owner,
            name,
            digest,
            scopes: Scopes::none(),
            created,
            created_by: None,
            expiry: Expiry::Never,
            expiry_set: created,
            last_used: None,
            noticed: None,
            revoked: None,
            predecessor: None,
            rotated: None,
        }
    }

    /// What the token is at that instant.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> TokenState {
        if self.revoked.is_some() {
            return TokenState::Revoked;
        }
        if self.rotated.is_some_and(|rotated| rotated.grace_is_over(now)) {
            return TokenState::Rotated;
        }
        if self.expiry.has_passed(now) { TokenState::Expired } else { TokenState::Active }
    }

    /// Whether it is neither revoked nor rotated away. An expired token is still current: it holds its name
    /// and can be extended.
    #[must_use]
    pub fn is_current(&self) -> bool {
        self.revoked.is_none() && self.rotated.is_none()
    }

    /// The instant at which it ended or will end: the earliest of revocation, end of grace and expiry. None
    /// if nothing ends it.
    #[must_use]
    pub fn ended(&self) -> Option<Timestamp> {
        [self.revoked, self.rotated.map(|rotated| rotated.grace_ends), self.expiry.instant()]
            .into_iter()
            .flatten()
            .min()
    }

    /// The row that a store has once this record of a [`Plan`](crate::Plan)'s `update` is written over `stored`:
    /// `last_used` and `noticed` stay, which others write meanwhile. For stores that write whole rows.
    #[must_use]
    pub fn written_over(&self, stored: &Self) -> Self {
        Self { last_used: stored.last_used, noticed: stored.noticed, ..self.clone() }
    }

    /// Whether it is or, being current and expired, could again become active: what "revoke all" reaches.
    pub(super) fn can_be_active(&self, at: Timestamp) -> bool {
        self.is_current() || self.state(at) == TokenState::Active
    }

    /// Whether it was rotated away in favour of that token.
    pub(super) fn is_replaced_by(&self, successor: TokenId) -> bool {
        self.rotated.is_some_and(|rotated| rotated.successor == successor)
    }
}

impl std::fmt::Display for TokenState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Active => "active",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::Rotated => "rotated",
        })
    }
}
