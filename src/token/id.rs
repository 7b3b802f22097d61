use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use super::base64url;

/// The public name of a token: 12 random bytes (96 bits).
///
/// It stands in the token, in the store's key, in URLs and in logs; it is no secret and opens nothing. As
/// text it is the first 16 characters of the token's body, so a person can match the two by eye.
///
/// ```
/// use personal_tokens::TokenId;
///
/// let id: TokenId = "AAECAwQFBgcICQoL".parse()?;
/// assert_eq!(id.as_bytes(), &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
/// assert_eq!(id.to_string(), "AAECAwQFBgcICQoL");
/// # Ok::<(), personal_tokens::InvalidTokenId>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TokenId([u8; TokenId::LEN]);

/// A text is no [`TokenId`]: 16 characters of base64url are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a token id is 16 characters of A-Z, a-z, 0-9, - and _")]
#[non_exhaustive]
pub struct InvalidTokenId;

impl TokenId {
    /// Its length in bytes.
    pub const LEN: usize = 12;

    const TEXT_LEN: usize = 16;

    /// The id of these bytes, as a store kept them.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    /// Its bytes, for a store's key.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }

    /// Of 48 bits each, big endian, as base64url has them.
    #[inline]
    pub(super) fn from_groups(groups: &[u64; 2]) -> Self {
        let [first, second] = groups;
        // In two words, as it is read: bytes that were written one by one are waited for.
        let [a, b, c, d, e, f, g, h] = (first << 16 | second >> 32).to_be_bytes();
        let [.., i, j, k, l] = second.to_be_bytes();
        Self([a, b, c, d, e, f, g, h, i, j, k, l])
    }

    fn groups(self) -> [u64; 2] {
        let [a, b, c, d, e, f, g, h, i, j, k, l] = self.0;
        [[0, 0, a, b, c, d, e, f], [0, 0, g, h, i, j, k, l]].map(u64::from_be_bytes)
    }

    /// All its bytes, as numbers.
    pub(crate) fn words(self) -> [u64; 2] {
        let [a, b, c, d, e, f, g, h, i, j, k, l] = self.0;
        [u64::from_le_bytes([a, b, c, d, e, f, g, h]), u64::from(u32::from_le_bytes([i, j, k, l]))]
    }

    /// All its bytes in one number, for places in tables.
    pub(crate) fn mixed(self) -> u64 {
        self.words().into_iter().fold(0, |state, word| Self::mix(state ^ word))
    }

    /// One multiplication by 2⁶⁴ over the golden ratio, and both halves of the product: every bit reaches every other.
    /// Ids are random, but a host that imports tokens may bring ids that count upwards.
    pub(crate) fn mix(word: u64) -> u64 {
        let product = u128::from(word).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let [low, high] = [product & u128::from(u64::MAX), product >> 64];
        u64::try_from(low ^ high).unwrap_or_default()
    }
}

impl FromStr for TokenId {
    type Err = InvalidTokenId;

    fn from_str(text: &str) -> Result<Self, InvalidTokenId> {
        let text: &[u8; Self::TEXT_LEN] = text.as_bytes().try_into().map_err(|_| InvalidTokenId)?;
        let mut groups = [0; 2];
        if base64url::decode(text, &mut groups) { Ok(Self::from_groups(&groups)) } else { Err(InvalidTokenId) }
    }
}

/// The first 16 characters of the token's body.
impl fmt::Display for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text: [u8; Self::TEXT_LEN] = base64url::encode(&self.groups());
        f.pad(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

/// As [`Display`](fmt::Display): the id is public.
impl fmt::Debug for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// All of its bytes in two writes, without the length that an array would write.
impl Hash for TokenId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.words().into_iter().for_each(|word| state.write_u64(word));
    }
}
