use std::fmt;

use subtle::{Choice, ConstantTimeEq};

/// What a store keeps in place of a token: SHA-256 over prefix (without its `_`), id and secret, with the
/// number of the key that made it (0: none, a plain hash; the only one that this release makes).
///
/// SHA-256 suffices since the secret has 256 random bits (NIST SP 800-63B asks for an approved hash from
/// 112): there is nothing to guess, so a slow password hash would buy nothing. Prefix and id are hashed along,
/// so a digest moved to another row, or a token moved to another prefix, stops matching.
///
/// `==` takes the same time wherever the bytes differ ([failures 4](crate::manual::failures)).
#[derive(Clone, Copy)]
pub struct TokenDigest {
    key: u16,
    bytes: [u8; TokenDigest::LEN],
}

impl TokenDigest {
    /// Its length in bytes.
    pub const LEN: usize = 32;

    /// The digest that a store kept: the key's number and the bytes.
    #[must_use]
    pub const fn from_parts(key: u16, bytes: [u8; Self::LEN]) -> Self {
        Self { key, bytes }
    }

    /// The number of the key that made it; 0 for none.
    #[must_use]
    pub const fn key(&self) -> u16 {
        self.key
    }

    /// Its bytes, for a store's row.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.bytes
    }
}

impl ConstantTimeEq for TokenDigest {
    fn ct_eq(&self, other: &Self) -> Choice {
        let (ours, _) = self.bytes.as_chunks::<8>();
        let (theirs, _) = other.bytes.as_chunks::<8>();
        let words = ours.iter().zip(theirs).map(|(a, b)| u64::from_ne_bytes(*a) ^ u64::from_ne_bytes(*b));
        // Every difference is in it; it is looked at once.
        words.fold(u64::from(self.key ^ other.key), |all, difference| all | difference).ct_eq(&0)
    }
}

/// In constant time.
impl PartialEq for TokenDigest {
    fn eq(&self, other: &Self) -> bool {
        self.ct_eq(other).into()
    }
}

impl Eq for TokenDigest {}

/// The key's number only: a digest opens nothing, but has no business in a log either.
impl fmt::Debug for TokenDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenDigest(key {}, …)", self.key)
    }
}
