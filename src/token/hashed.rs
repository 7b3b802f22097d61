//! What checksum and digest are made of: prefix, id and secret, in one block of SHA-256.

use sha2::block_api::compress256;

use super::body::{Groups, RANDOM_LEN};
use super::wiped::Wiped;
use super::{TokenDigest, TokenPrefix};

#[derive(Default)]
pub(super) struct Hashed {
    block: Wiped<BLOCK>,
}

const BLOCK: usize = 64;
const GROUP: usize = 6;
/// Each group is written as eight bytes, whose last two the next one overwrites.
const WRITTEN: usize = 50;

/// FIPS 180-4 §5.3.3.
const INITIAL: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

impl Hashed {
    /// With the padding (FIPS 180-4 §5.1.1): a one and zeros behind the message, and its length in bits at the end. None
    /// if it does not fit, as it does under every prefix. In its place, since what is moved right after it was written
    /// costs a wait.
    #[inline(always)]
    pub(super) fn fill(&mut self, prefix: &TokenPrefix, groups: &Groups) -> Option<()> {
        let block = &mut *self.block;
        *block.first_chunk_mut()? = *prefix.zero_filled();
        let message = prefix.len().checked_add(RANDOM_LEN)?;
        *block.last_chunk_mut()? = u64::try_from(message).ok()?.checked_mul(8)?.to_be_bytes();

        let places = block.get_mut(prefix.len()..)?.first_chunk_mut::<WRITTEN>()?;
        for (at, group) in (0..).step_by(GROUP).zip(groups) {
            *places.get_mut(at..)?.first_chunk_mut()? = (group << 16).to_be_bytes();
        }
        // In place of the checksum.
        *places.get_mut(RANDOM_LEN..)?.first_chunk_mut()? = [0x80, 0, 0, 0];
        Some(())
    }

    /// CRC-32 (ISO-HDLC) over prefix, id and secret. It finds typing errors and a leak scanner's false hits without a
    /// store call; it is no secret and proves nothing.
    #[inline(always)]
    pub(super) fn checksum(&self, prefix: &TokenPrefix) -> Option<u32> {
        let (sum, summed) = prefix.checksum();
        let mut crc = crc32fast::Hasher::new_with_initial(sum);
        crc.update(self.block.get(summed..prefix.len().checked_add(RANDOM_LEN)?)?);
        Some(crc.finalize())
    }

    #[inline(always)]
    pub(super) fn digest(&self) -> TokenDigest {
        let mut state = INITIAL;
        compress256(&mut state, std::slice::from_ref(&**self.block));
        let mut bytes = [0; TokenDigest::LEN];
        let (words, _) = bytes.as_chunks_mut();
        words.iter_mut().zip(state).for_each(|(place, word)| *place = word.to_be_bytes());
        TokenDigest::from_parts(0, bytes)
    }
}
