//! The texts that people and hosts give: who owns a token, who asked for it, what it is called.

use std::borrow::Borrow;
use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use ecow::EcoString;

use crate::token::holds_token;

const MAX_BYTES: usize = 255;

/// Whom a token acts for, as the host names it: a user, a shop, an organisation.
///
/// Opaque to the crate: 1 to 255 bytes of UTF-8 without control characters, compared byte by byte (no case folding, no
/// Unicode normalisation: [failures 34](crate::manual::failures)). A token is refused: pasted here, it would be kept
/// and shown. Integers become their decimal digits.
///
/// ```
/// use personal_tokens::OwnerId;
///
/// let owner = OwnerId::new("store-42")?;
/// assert_eq!(OwnerId::from(42_u64), OwnerId::new("42")?);
/// assert!(OwnerId::new("").is_err());
/// # Ok::<(), personal_tokens::InvalidText>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OwnerId(EcoString);

/// Who asked for a token, as the host names them: a member of staff, an administrator, an import job.
///
/// The same rules as [`OwnerId`].
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Actor(EcoString);

/// The person's label of a token, unique among the current tokens of an owner.
///
/// 1 to 255 bytes of UTF-8 without control characters, without bidirectional overrides, embeddings and isolates (which
/// could make it look like another name), without white space at the ends, and with no token in it. Compared byte by
/// byte. Pages should still isolate it (`<bdi>`): right-to-left names are welcome.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenName(EcoString);

/// Why a text is no [`OwnerId`], [`Actor`] or [`TokenName`].
///
/// ```
/// let error = personal_tokens::TokenName::new(" spaced").unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "the token name begins or ends with white space: 1 to 255 bytes of UTF-8 are allowed, without control \
///      characters, bidirectional overrides, white space at the ends or tokens",
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the {what} {rule}: 1 to 255 bytes of UTF-8 are allowed, without control characters{more}")]
#[non_exhaustive]
pub struct InvalidText {
    what: &'static str,
    more: &'static str,
    rule: TextRule,
}

/// Which rule a text breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TextRule {
    /// It has no characters.
    #[error("is empty")]
    Empty,
    /// It is longer than 255 bytes.
    #[error("has {bytes} bytes")]
    TooLong {
        /// Its length in bytes of UTF-8.
        bytes: usize,
    },
    /// It holds a control character.
    #[error("holds a control character (U+{:04X})", u32::from(*found))]
    Control {
        /// The first of them.
        found: char,
    },
    /// It holds a character that overrides, embeds or isolates a writing direction.
    #[error("holds a bidirectional control (U+{:04X})", u32::from(*found))]
    Bidi {
        /// The first of them.
        found: char,
    },
    /// White space stands at its beginning or its end.
    #[error("begins or ends with white space")]
    OuterWhiteSpace,
    /// It holds a token: pasted into the wrong field, it would be kept and shown.
    #[error("holds a token")]
    Token,
}

impl InvalidText {
    /// Which text it is about: `"owner id"`, `"actor"` or `"token name"`.
    #[must_use]
    pub fn what(&self) -> &'static str {
        self.what
    }

    /// Which rule it breaks.
    #[must_use]
    pub fn rule(&self) -> TextRule {
        self.rule
    }

    fn opaque(what: &'static str, text: &str) -> Result<EcoString, Self> {
        match general_rule(text) {
            Some(rule) => Err(Self { what, more: " or tokens", rule }),
            None => Ok(text.into()),
        }
    }
}

impl From<Infallible> for InvalidText {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

impl OwnerId {
    /// An owner of this name.
    ///
    /// # Errors
    /// [`InvalidText`] says which rule is broken.
    pub fn new(text: &str) -> Result<Self, InvalidText> {
        InvalidText::opaque("owner id", text).map(Self)
    }
}

impl Actor {
    /// An actor of this name.
    ///
    /// # Errors
    /// [`InvalidText`] says which rule is broken.
    pub fn new(text: &str) -> Result<Self, InvalidText> {
        InvalidText::opaque("actor", text).map(Self)
    }
}

impl TokenName {
    /// A name.
    ///
    /// # Errors
    /// [`InvalidText`] says which rule is broken.
    pub fn new(text: &str) -> Result<Self, InvalidText> {
        match general_rule(text).or_else(|| name_rule(text)) {
            Some(rule) => Err(InvalidText {
                what: "token name",
                more: ", bidirectional overrides, white space at the ends or tokens",
                rule,
            }),
            None => Ok(Self(text.into())),
        }
    }
}

fn general_rule(text: &str) -> Option<TextRule> {
    if text.is_empty() {
        return Some(TextRule::Empty);
    }
    if text.len() > MAX_BYTES {
        return Some(TextRule::TooLong { bytes: text.len() });
    }
    if let Some(found) = text.chars().find(|c| c.is_control()) {
        return Some(TextRule::Control { found });
    }
    holds_token(text).then_some(TextRule::Token)
}

fn name_rule(text: &str) -> Option<TextRule> {
    let bidi = |c: &char| matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    if let Some(found) = text.chars().find(bidi) {
        return Some(TextRule::Bidi { found });
    }
    (text.trim() != text).then_some(TextRule::OuterWhiteSpace)
}

macro_rules! text_type {
    ($($name:ident),*) => {$(
        impl $name {
            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidText;

            fn from_str(text: &str) -> Result<Self, InvalidText> {
                Self::new(text)
            }
        }

        impl TryFrom<&str> for $name {
            type Error = InvalidText;

            fn try_from(text: &str) -> Result<Self, InvalidText> {
                Self::new(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidText;

            fn try_from(text: String) -> Result<Self, InvalidText> {
                Self::new(&text)
            }
        }

        impl TryFrom<&String> for $name {
            type Error = InvalidText;

            fn try_from(text: &String) -> Result<Self, InvalidText> {
                Self::new(text)
            }
        }

        impl From<&Self> for $name {
            fn from(other: &Self) -> Self {
                other.clone()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&*self.0, f)
            }
        }
    )*};
}

text_type!(OwnerId, Actor, TokenName);

macro_rules! owner_from_integer {
    ($($integer:ty),*) => {$(
        /// Its decimal digits.
        impl From<$integer> for OwnerId {
            fn from(number: $integer) -> Self {
                Self(number.to_string().into())
            }
        }
    )*};
}

owner_from_integer!(i32, u32, i64, u64, i128, u128);
