use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use time::Duration;

use crate::record::{OwnerId, TokenRecord, TokenState};
use crate::timestamp::Timestamp;
use crate::token::TokenId;

/// Which tokens of an owner to list: newest first (by `created`, then by id), one page at a time.
///
/// ```
/// use personal_tokens::store::ListQuery;
///
/// let query = ListQuery::active().limit(20);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListQuery {
    /// Which states.
    pub states: StateFilter,
    /// Begin behind this place; none: at the newest.
    pub after: Option<Cursor>,
    /// How many at most. Default 50.
    pub limit: NonZeroU32,
}

/// Which states a list shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StateFilter {
    /// Those that are accepted: active, in their grace too.
    Active,
    /// Those that are not: expired, revoked, rotated.
    Ended,
    /// All.
    All,
}

/// A place in a list: behind this token. As text it is opaque, for the URL of a next page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Cursor {
    /// The token's `created` in a list; its expiry in [`ExpiringQuery`].
    pub at: Timestamp,
    /// The token.
    pub id: TokenId,
}

/// A text is no [`Cursor`] that a list gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no place in a list: pass on what the previous page gave, unchanged")]
#[non_exhaustive]
pub struct InvalidCursor;

/// Which tokens expire soon, over all owners: the current ones whose expiry lies after `after` and not after
/// `until`, the soonest first (then by id), one page at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExpiringQuery {
    /// Later than this.
    pub after: Timestamp,
    /// Not later than this.
    pub until: Timestamp,
    /// Begin behind this place; none: at the soonest.
    pub cursor: Option<Cursor>,
    /// How many at most. Default 50.
    pub limit: NonZeroU32,
}

/// One use of a token, to be written by [`touch`](crate::store::TokenStore::touch).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LastUse {
    /// The token.
    pub id: TokenId,
    /// When it was used.
    pub at: Timestamp,
}

/// A record that [`prune`](crate::store::TokenStore::prune) deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pruned {
    /// Which.
    pub id: TokenId,
    /// Whose it was.
    pub owner: OwnerId,
}

const DEFAULT_LIMIT: NonZeroU32 = NonZeroU32::new(50).unwrap();

impl ListQuery {
    /// The largest page of a handle's list; a larger limit is cut to it.
    pub const MAX_LIMIT: NonZeroU32 = NonZeroU32::new(1_000).unwrap();

    /// The tokens that are accepted.
    #[must_use]
    pub const fn active() -> Self {
        Self::of(StateFilter::Active)
    }

    /// The tokens that are not accepted any more.
    #[must_use]
    pub const fn ended() -> Self {
        Self::of(StateFilter::Ended)
    }

    /// All tokens.
    #[must_use]
    pub const fn all() -> Self {
        Self::of(StateFilter::All)
    }

    const fn of(states: StateFilter) -> Self {
        Self { states, after: None, limit: DEFAULT_LIMIT }
    }

    /// At most so many; 0 counts as 1.
    #[must_use]
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = NonZeroU32::new(limit).unwrap_or(NonZeroU32::MIN);
        self
    }

    /// Begin where a previous page ended.
    #[must_use]
    pub fn after(mut self, cursor: Cursor) -> Self {
        self.after = Some(cursor);
        self
    }

    /// Whether the record belongs into the list, its order and limit aside. `at` is the present instant.
    #[must_use]
    pub fn matches(&self, record: &TokenRecord, at: Timestamp) -> bool {
        let place = Cursor::in_list(record);
        let active = record.state(at) == TokenState::Active;
        self.after.is_none_or(|after| place < after)
            && match self.states {
                StateFilter::Active => active,
                StateFilter::Ended => !active,
                StateFilter::All => true,
            }
    }
}

impl ExpiringQuery {
    /// The tokens that expire after the one instant and not after the other.
    #[must_use]
    pub const fn between(after: Timestamp, until: Timestamp) -> Self {
        Self { after, until, cursor: None, limit: DEFAULT_LIMIT }
    }

    /// At most so many; 0 counts as 1.
    #[must_use]
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = NonZeroU32::new(limit).unwrap_or(NonZeroU32::MIN);
        self
    }

    /// Begin where a previous page ended.
    #[must_use]
    pub fn after(mut self, cursor: Cursor) -> Self {
        self.cursor = Some(cursor);
        self
    }

    /// Whether the record belongs into the answer, its order and limit aside.
    #[must_use]
    pub fn matches(&self, record: &TokenRecord) -> bool {
        let Some(place) = Cursor::in_expiring(record) else {
            return false;
        };
        record.is_current()
            && place.at > self.after
            && place.at <= self.until
            && self.cursor.is_none_or(|cursor| place > cursor)
    }
}

impl Cursor {
    /// The place.
    #[must_use]
    pub const fn new(at: Timestamp, id: TokenId) -> Self {
        Self { at, id }
    }

    /// The record's place in a list.
    #[must_use]
    pub fn in_list(record: &TokenRecord) -> Self {
        Self { at: record.created, id: record.id }
    }

    /// The record's place among those that expire, if it does.
    #[must_use]
    pub fn in_expiring(record: &TokenRecord) -> Option<Self> {
        record.expiry.instant().map(|at| Self { at, id: record.id })
    }
}

impl LastUse {
    /// The use of a token.
    #[must_use]
    pub const fn new(id: TokenId, at: Timestamp) -> Self {
        Self { id, at }
    }

    /// What `last_used` becomes, where it stands at `stored`: only forward, and only where the stored value is
    /// none or at least `resolution` older. None: leave it.
    #[must_use]
    pub fn applied(&self, stored: Option<Timestamp>, resolution: Duration) -> Option<Timestamp> {
        let newer = stored.is_none_or(|stored| self.at > stored && self.at.since(stored) >= resolution);
        newer.then_some(self.at)
    }
}

impl Pruned {
    /// The owner's record of this id.
    #[must_use]
    pub const fn new(id: TokenId, owner: OwnerId) -> Self {
        Self { id, owner }
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.at.as_micros(), self.id)
    }
}

impl FromStr for Cursor {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, InvalidCursor> {
        let (at, id) = text.split_once('.').ok_or(InvalidCursor)?;
        let at = at.parse().ok().and_then(|micros| Timestamp::from_micros(micros).ok()).ok_or(InvalidCursor)?;
        Ok(Self { at, id: id.parse().map_err(|_| InvalidCursor)? })
    }
}
