//! The 48 bytes behind the 64 characters: id, secret, checksum. The one place that knows their order.

use zeroize::Zeroizing;

use super::hashed::Hashed;
use super::{TokenDigest, TokenId, TokenPrefix, base64url};

pub(super) const TEXT_LEN: usize = 64;
/// Id and secret, in bytes.
pub(super) const RANDOM_LEN: usize = TokenId::LEN + 32;

/// Of 48 bits each, big endian: two of the id, the secret, and the checksum in the low half of the last.
pub(super) type Groups = [u64; 8];

#[derive(Default)]
pub(super) struct Body {
    groups: Zeroizing<Groups>,
}

impl Body {
    /// Of these random bytes, without a checksum.
    pub(super) fn unsealed(random: &[u8; RANDOM_LEN]) -> Option<Self> {
        let mut body = Self::default();
        let (whole, rest) = random.as_chunks::<6>();
        let [high, low] = rest else { return None };
        let last = [*high, *low, 0, 0, 0, 0];
        for (group, [a, b, c, d, e, f]) in body.groups.iter_mut().zip(whole.iter().chain([&last])) {
            *group = u64::from_be_bytes([0, 0, *a, *b, *c, *d, *e, *f]);
        }
        Some(body)
    }

    /// With the checksum that it has under this prefix.
    pub(super) fn sealed(mut self, prefix: &TokenPrefix) -> Option<Self> {
        let mut hashed = Hashed::default();
        hashed.fill(prefix, &self.groups)?;
        *self.groups.last_mut()? |= u64::from(hashed.checksum(prefix)?);
        Some(self)
    }

    /// Reads exactly 64 characters of canonical base64url; false if they are none. 48 bytes leave no spare bits, so no two
    /// texts decode to the same body. In its place, since what is moved right after it was written costs a wait.
    pub(super) fn read(&mut self, text: &[u8; TEXT_LEN]) -> bool {
        base64url::decode(text, &mut self.groups)
    }

    pub(super) fn encode(&self) -> Zeroizing<[u8; TEXT_LEN]> {
        Zeroizing::new(base64url::encode(&self.groups))
    }

    #[inline(always)]
    pub(super) fn id(&self) -> TokenId {
        let [first, second, ..] = *self.groups;
        TokenId::from_groups(&[first, second])
    }

    /// What a store keeps of it, if its checksum holds under this prefix.
    #[inline(always)]
    pub(super) fn digest(&self, prefix: &TokenPrefix) -> Option<TokenDigest> {
        let mut hashed = Hashed::default();
        hashed.fill(prefix, &self.groups)?;
        let [.., last] = *self.groups;
        let checksum = u64::from(hashed.checksum(prefix)?);
        (last & u64::from(u32::MAX) == checksum).then(|| hashed.digest())
    }
}
