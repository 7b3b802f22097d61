use std::fmt;
use std::str::FromStr;

use super::inline::Inline;

/// What a token begins with: it tells people and leak scanners whose token they see.
///
/// 1 to 11 bytes of `[a-z0-9_]`, beginning with a letter, not ending in `_`. The prefix is part of the
/// digest: a `shop_test` token rewritten as `shop_live` is unknown. Choose it once; a deployment that moves
/// to a new one goes on accepting the old as a former prefix
/// ([`Builder::former_prefixes`](crate::Builder::former_prefixes)).
///
/// ```
/// use personal_tokens::TokenPrefix;
///
/// assert_eq!(TokenPrefix::new("shop_live")?.as_str(), "shop_live");
/// assert!(TokenPrefix::new("Shop").is_err());
/// # Ok::<(), personal_tokens::InvalidPrefix>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenPrefix {
    text: Inline<{ TokenPrefix::MAX_LEN }>,
    /// Of all but its last bytes: where the checksum of each token begins.
    checksum: u32,
}

/// Why a text is no [`TokenPrefix`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidPrefix {
    /// It is empty or over 11 bytes.
    #[error("a token prefix has 1 to 11 characters, not {bytes}")]
    Length {
        /// Its length in bytes.
        bytes: usize,
    },
    /// It holds something else than `a` to `z`, `0` to `9` and `_`.
    #[error("a token prefix holds only a-z, 0-9 and _, not {found:?}")]
    Character {
        /// The first character that is not allowed.
        found: char,
    },
    /// It does not begin with a letter, or ends in `_`.
    #[error("a token prefix begins with a letter and does not end in _")]
    Ends,
}

impl TokenPrefix {
    /// The longest prefix in bytes.
    pub const MAX_LEN: usize = 11;

    /// With so many bytes before it, what a token's checksum covers has a length that is quickly summed: 48 bytes.
    const TAIL: usize = 4;

    /// A prefix.
    ///
    /// # Errors
    /// [`InvalidPrefix`] says which rule is broken.
    pub fn new(text: &str) -> Result<Self, InvalidPrefix> {
        if let Some(found) = text.chars().find(|c| !matches!(c, 'a'..='z' | '0'..='9' | '_')) {
            return Err(InvalidPrefix::Character { found });
        }
        let length = InvalidPrefix::Length { bytes: text.len() };
        if text.is_empty() {
            return Err(length);
        }
        if !text.starts_with(|c: char| c.is_ascii_lowercase()) || text.ends_with('_') {
            return Err(InvalidPrefix::Ends);
        }
        let (head, _) = text.as_bytes().split_at_checked(text.len().saturating_sub(Self::TAIL)).unwrap_or_default();
        let checksum = crc32fast::hash(head);
        Inline::join(&[text.as_bytes()]).map(|text| Self { text, checksum }).ok_or(length)
    }

    /// The prefix, without the `_` that follows it in a token.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.text.as_str()
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }

    /// What follows it and its `_`. Byte by byte: there are few, and a call to compare them costs more.
    pub(super) fn stripped_from<'a>(&self, text: &'a [u8]) -> Option<&'a [u8]> {
        let mut rest = text.iter();
        let all = self.as_bytes().iter().chain(b"_").all(|byte| rest.next() == Some(byte));
        all.then_some(rest.as_slice())
    }

    /// In bytes.
    pub(super) fn len(&self) -> usize {
        self.as_bytes().len()
    }

    pub(super) fn zero_filled(&self) -> &[u8; Self::MAX_LEN] {
        self.text.zero_filled()
    }

    /// CRC-32 (ISO-HDLC) of the text but for its last bytes, and how many they are not.
    pub(super) fn checksum(&self) -> (u32, usize) {
        (self.checksum, self.len().saturating_sub(Self::TAIL))
    }
}

impl FromStr for TokenPrefix {
    type Err = InvalidPrefix;

    fn from_str(text: &str) -> Result<Self, InvalidPrefix> {
        Self::new(text)
    }
}

impl fmt::Display for TokenPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for TokenPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenPrefix({})", self.as_str())
    }
}
