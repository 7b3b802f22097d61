use std::fmt;

use sha2::block_api::compress256;
use subtle::{Choice, ConstantTimeEq};

use super::TokenPrefix;
use super::body::RANDOM_LEN;
use super::wiped::Wiped;

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

    /// Of prefix, id and secret, which are one block with the padding.
    pub(super) fn of(prefix: &TokenPrefix, random: &[u8; RANDOM_LEN]) -> Option<Self> {
        let block = padded(prefix, random)?;
        let mut state = INITIAL;
        compress256(&mut state, std::slice::from_ref(&**block));
        let mut bytes = [0; Self::LEN];
        let (words, _) = bytes.as_chunks_mut();
        words.iter_mut().zip(state).for_each(|(place, word)| *place = word.to_be_bytes());
        Some(Self { key: 0, bytes })
    }
}

const BLOCK: usize = 64;

/// FIPS 180-4 §5.3.3.
const INITIAL: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

/// FIPS 180-4 §5.1.1: behind the message a one and zeros, and its length in bits at the end.
fn padded(prefix: &TokenPrefix, random: &[u8; RANDOM_LEN]) -> Option<Wiped<BLOCK>> {
    const BEHIND: usize = RANDOM_LEN + 1;
    let mut block = Wiped::<BLOCK>::default();
    *block.first_chunk_mut()? = *prefix.zero_filled();
    let rest = block.get_mut(prefix.as_bytes().len()..)?;
    *rest.first_chunk_mut()? = *random;
    *rest.first_chunk_mut::<BEHIND>()?.last_mut()? = 0x80;
    let message = prefix.as_bytes().len().checked_add(RANDOM_LEN)?;
    *block.last_chunk_mut()? = u64::try_from(message).ok()?.checked_mul(8)?.to_be_bytes();
    Some(block)
}

impl ConstantTimeEq for TokenDigest {
    fn ct_eq(&self, other: &Self) -> Choice {
        let (ours, _) = self.bytes.as_chunks::<8>();
        let (theirs, _) = other.bytes.as_chunks::<8>();
        ours.iter()
            .zip(theirs)
            .map(|(a, b)| u64::from_ne_bytes(*a).ct_eq(&u64::from_ne_bytes(*b)))
            .fold(self.key.ct_eq(&other.key), |all, same| all & same)
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
