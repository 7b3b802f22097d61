//! The 48 bytes behind the 64 characters: id, secret, checksum. The one place that knows their order.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use super::{TokenId, TokenPrefix};

pub(super) const SECRET_LEN: usize = 32;
pub(super) const TEXT_LEN: usize = 64;
pub(super) const RANDOM_LEN: usize = TokenId::LEN + SECRET_LEN;
const LEN: usize = RANDOM_LEN + CHECKSUM_LEN;
const CHECKSUM_LEN: usize = 4;

pub(super) struct Body {
    pub(super) id: TokenId,
    pub(super) secret: Zeroizing<[u8; SECRET_LEN]>,
    checksum: [u8; CHECKSUM_LEN],
}

impl Body {
    /// The body that these random bytes make under this prefix.
    pub(super) fn new(prefix: &TokenPrefix, random: &[u8; RANDOM_LEN]) -> Option<Self> {
        let (id, secret) = random.split_first_chunk()?;
        let mut body = Self {
            id: TokenId::from_bytes(*id),
            secret: Zeroizing::new(*secret.first_chunk()?),
            checksum: [0; CHECKSUM_LEN],
        };
        body.checksum = body.checksum(prefix);
        Some(body)
    }

    /// The bytes of exactly 64 characters of canonical base64url. 48 bytes leave no spare bits, so no two
    /// texts decode to the same body.
    pub(super) fn decode(text: &[u8; TEXT_LEN]) -> Option<Self> {
        let mut bytes = Zeroizing::new([0; LEN]);
        let decoded = URL_SAFE_NO_PAD.decode_slice(text, bytes.as_mut_slice()).ok()?;
        if decoded != LEN {
            return None;
        }
        let (id, rest) = bytes.split_first_chunk()?;
        let (secret, checksum) = rest.split_first_chunk()?;
        Some(Self { id: TokenId::from_bytes(*id), secret: Zeroizing::new(*secret), checksum: *checksum.first_chunk()? })
    }

    pub(super) fn encode(&self) -> Option<Zeroizing<[u8; TEXT_LEN]>> {
        let mut bytes = Zeroizing::new([0; LEN]);
        let (id, rest) = bytes.split_first_chunk_mut()?;
        *id = *self.id.as_bytes();
        let (secret, checksum) = rest.split_first_chunk_mut()?;
        *secret = *self.secret;
        checksum.copy_from_slice(&self.checksum);
        let mut text = Zeroizing::new([0; TEXT_LEN]);
        let written = URL_SAFE_NO_PAD.encode_slice(bytes.as_slice(), text.as_mut_slice()).ok()?;
        (written == TEXT_LEN).then_some(text)
    }

    pub(super) fn checksum_holds(&self, prefix: &TokenPrefix) -> bool {
        self.checksum == self.checksum(prefix)
    }

    /// CRC-32 (ISO-HDLC), big endian, over prefix, id and secret. It finds typing errors and a leak scanner's
    /// false hits without a store call; it is no secret and proves nothing.
    fn checksum(&self, prefix: &TokenPrefix) -> [u8; CHECKSUM_LEN] {
        let mut crc = crc32fast::Hasher::new();
        crc.update(prefix.as_bytes());
        crc.update(self.id.as_bytes());
        crc.update(self.secret.as_slice());
        crc.finalize().to_be_bytes()
    }
}
