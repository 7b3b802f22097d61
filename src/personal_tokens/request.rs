//! What a host asks for, in its own words. Invalid words are remembered and refused when the request is made.

use time::Duration;

use crate::record::{Actor, ChangeRefused, Edit, Expiry, InvalidScope, InvalidText, OwnerId, Scopes, TokenName};
use crate::timestamp::{Timestamp, TimestampOutOfRange};

/// A token to be issued: owner and name, then scopes and expiry as wanted. Without more it has no scopes and
/// never expires.
#[derive(Clone, Debug)]
#[must_use = "pass it to PersonalTokens::issue"]
pub struct NewToken {
    pub(super) owner: Result<OwnerId, InvalidText>,
    pub(super) name: Result<TokenName, InvalidText>,
    pub(super) scopes: Result<Scopes, InvalidScope>,
    pub(super) ends: Ends,
    pub(super) created_by: Result<Option<Actor>, InvalidText>,
}

/// What to change in a token; what is not mentioned stays.
#[derive(Clone, Debug, Default)]
#[must_use = "pass it to PersonalTokens::update"]
pub struct TokenChange {
    name: Option<Result<TokenName, InvalidText>>,
    scopes: Option<Result<Scopes, InvalidScope>>,
    ends: Option<Ends>,
}

/// How to rotate a token: with no grace, and with the life that it was last given, unless told otherwise.
#[derive(Clone, Debug)]
#[must_use = "pass it to PersonalTokens::rotate"]
pub struct Rotation {
    pub(super) grace: Duration,
    pub(super) ends: Option<Ends>,
    pub(super) created_by: Result<Option<Actor>, InvalidText>,
}

/// An expiry as asked for: an instant, or a span from the moment of the change.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ends {
    On(Expiry),
    In(Duration),
}

impl NewToken {
    /// A token of this name for this owner. Takes strings, the types themselves, and integers as owners.
    pub fn new<O, N>(owner: O, name: N) -> Self
    where
        O: TryInto<OwnerId, Error: Into<InvalidText>>,
        N: TryInto<TokenName, Error: Into<InvalidText>>,
    {
        Self {
            owner: owner.try_into().map_err(Into::into),
            name: name.try_into().map_err(Into::into),
            scopes: Ok(Scopes::none()),
            ends: Ends::On(Expiry::Never),
            created_by: Ok(None),
        }
    }

    /// With these scopes, all from the handle's list.
    pub fn scopes<I>(mut self, scopes: I) -> Self
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        self.scopes = Scopes::new(scopes);
        self
    }

    /// With this expiry.
    pub fn expiry(mut self, expiry: impl Into<Expiry>) -> Self {
        self.ends = Ends::On(expiry.into());
        self
    }

    /// Expiring so long after the moment of issue.
    pub fn expires_in(mut self, span: Duration) -> Self {
        self.ends = Ends::In(span);
        self
    }

    /// Who asks for it, if that is not plain from the owner.
    pub fn created_by<A>(mut self, actor: A) -> Self
    where
        A: TryInto<Actor, Error: Into<InvalidText>>,
    {
        self.created_by = actor.try_into().map(Some).map_err(Into::into);
        self
    }
}

impl TokenChange {
    /// No change yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Rename it.
    pub fn name<N>(mut self, name: N) -> Self
    where
        N: TryInto<TokenName, Error: Into<InvalidText>>,
    {
        self.name = Some(name.try_into().map_err(Into::into));
        self
    }

    /// Give it these scopes in place of those it has.
    pub fn scopes<I>(mut self, scopes: I) -> Self
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        self.scopes = Some(Scopes::new(scopes));
        self
    }

    /// Extend, shorten or remove its expiry; an expired token lives again.
    pub fn expiry(mut self, expiry: impl Into<Expiry>) -> Self {
        self.ends = Some(Ends::On(expiry.into()));
        self
    }

    /// Let it expire so long after the moment of this change.
    pub fn expires_in(mut self, span: Duration) -> Self {
        self.ends = Some(Ends::In(span));
        self
    }

    pub(super) fn resolve(self, now: Timestamp) -> Result<Edit, ChangeRefused> {
        Ok(Edit {
            name: self.name.transpose()?,
            scopes: self.scopes.transpose()?,
            expiry: self.ends.map(|ends| ends.resolve(now)).transpose()?,
        })
    }
}

impl Rotation {
    /// No grace: the old token ends as the new one begins.
    pub fn new() -> Self {
        Self { grace: Duration::ZERO, ends: None, created_by: Ok(None) }
    }

    /// Accept the old token for so long beside the new one (never beyond its own expiry).
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// Give the new token this expiry.
    pub fn expiry(mut self, expiry: impl Into<Expiry>) -> Self {
        self.ends = Some(Ends::On(expiry.into()));
        self
    }

    /// Let the new token expire so long after the moment of the rotation.
    pub fn expires_in(mut self, span: Duration) -> Self {
        self.ends = Some(Ends::In(span));
        self
    }

    /// Who asks for it.
    pub fn created_by<A>(mut self, actor: A) -> Self
    where
        A: TryInto<Actor, Error: Into<InvalidText>>,
    {
        self.created_by = actor.try_into().map(Some).map_err(Into::into);
        self
    }
}

impl Default for Rotation {
    fn default() -> Self {
        Self::new()
    }
}

impl Ends {
    pub(super) fn resolve(self, now: Timestamp) -> Result<Expiry, TimestampOutOfRange> {
        match self {
            Self::On(expiry) => Ok(expiry),
            Self::In(span) => now.checked_add(span).map(Expiry::At).ok_or(TimestampOutOfRange),
        }
    }
}
