//! The 48 bytes behind the 64 characters: id, secret, checksum. The one place that knows their order.

use super::wiped::Wiped;
use super::{TokenId, TokenPrefix, base64url};

pub(super) const TEXT_LEN: usize = 64;
/// Id and secret.
pub(super) const RANDOM_LEN: usize = TokenId::LEN + SECRET_LEN;
const SECRET_LEN: usize = 32;
const LEN: usize = RANDOM_LEN + CHECKSUM_LEN;
const CHECKSUM_LEN: usize = 4;

pub(super) struct Body {
    random: Wiped<RANDOM_LEN>,
    checksum: [u8; CHECKSUM_LEN],
}

impl Body {
    /// The body that these random bytes make under this prefix.
    pub(super) fn new(prefix: &TokenPrefix, random: Wiped<RANDOM_LEN>) -> Self {
        let checksum = checksum(prefix, &random);
        Self { random, checksum }
    }

    /// The bytes of exactly 64 characters of canonical base64url. 48 bytes leave no spare bits, so no two
    /// texts decode to the same body.
    pub(super) fn decode(text: &[u8; TEXT_LEN]) -> Option<Self> {
        let mut bytes = Wiped::<LEN>::default();
        if !base64url::decode(text, &mut bytes) {
            return None;
        }
        let mut body = Self { random: Wiped::default(), checksum: *bytes.last_chunk()? };
        **body.random = *bytes.first_chunk()?;
        Some(body)
    }

    pub(super) fn encode(&self) -> Option<Wiped<TEXT_LEN>> {
        let mut bytes = Wiped::<LEN>::default();
        *bytes.first_chunk_mut()? = **self.random;
        *bytes.last_chunk_mut()? = self.checksum;
        let mut text = Wiped::default();
        base64url::encode(&bytes, &mut text);
        Some(text)
    }

    pub(super) fn id(&self) -> TokenId {
        // It is longer than an id: the default never stands in.
        TokenId::from_bytes(self.random.first_chunk().copied().unwrap_or_default())
    }

    pub(super) fn random(&self) -> &[u8; RANDOM_LEN] {
        &self.random
    }

    pub(super) fn checksum_holds(&self, prefix: &TokenPrefix) -> bool {
        self.checksum == checksum(prefix, &self.random)
    }
}

/// CRC-32 (ISO-HDLC), big endian, over prefix, id and secret. It finds typing errors and a leak scanner's
/// false hits without a store call; it is no secret and proves nothing.
fn checksum(prefix: &TokenPrefix, random: &[u8; RANDOM_LEN]) -> [u8; CHECKSUM_LEN] {
    let mut crc = crc32fast::Hasher::new_with_initial(prefix.checksum());
    crc.update(random);
    crc.finalize().to_be_bytes()
}
