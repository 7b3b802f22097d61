use std::fmt;

use crate::timestamp::Timestamp;

/// When a token ends by itself. Never an `Option` and never 0: "no expiry" is a choice that somebody made
/// ([failures 17](crate::manual::failures)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Expiry {
    /// The token is valid while `now <` this instant; at the instant itself it has expired.
    At(Timestamp),
    /// It does not expire. Later than every instant.
    Never,
}

impl Expiry {
    /// Whether it has passed: `now >=` the instant.
    #[must_use]
    pub fn has_passed(self, now: Timestamp) -> bool {
        matches!(self, Self::At(end) if now >= end)
    }

    /// The instant, if there is one.
    #[must_use]
    pub fn instant(self) -> Option<Timestamp> {
        match self {
            Self::At(end) => Some(end),
            Self::Never => None,
        }
    }
}

impl From<Timestamp> for Expiry {
    fn from(end: Timestamp) -> Self {
        Self::At(end)
    }
}

/// The instant as RFC 3339, or `never`.
impl fmt::Display for Expiry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(end) => end.fmt(f),
            Self::Never => f.write_str("never"),
        }
    }
}
