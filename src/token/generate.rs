use std::error::Error;

use rand::TryCryptoRng;

use super::body::{Body, RANDOM_LEN};
use super::wiped::Wiped;
use super::{Token, TokenPrefix};

/// One draw in 2.7 holds no `-`; that 128 in a row all hold one happens once in 2⁸³ times.
const MAX_DRAWS: u32 = 128;

/// So many equal bytes in a row come from a sound generator once in 2⁵⁸ draws (the repetition count test of
/// NIST SP 800-90B §4.4.1 with α = 2⁻⁶⁴ a byte): the generator is stuck, or left a part unfilled.
const STUCK_RUN: usize = 9;

/// Why no token could be generated. Nothing was issued or stored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GenerateError {
    /// The random generator failed.
    #[error("the random generator failed")]
    Random(#[source] Box<dyn Error + Send + Sync>),
    /// The random generator answers, but not at random: it repeats one byte, or every one of 128 draws held
    /// a `-`.
    #[error("the random generator is broken: what it returns is not random")]
    NotRandom,
}

impl Token {
    /// A new token of this prefix, drawn from `random` until its 64 characters hold no `-` (1.5 bits of 256
    /// lost). The handle passes the operating system's generator.
    ///
    /// # Errors
    /// [`GenerateError`] if the generator fails or is stuck; a broken one never hangs the call.
    pub fn generate<R>(prefix: &TokenPrefix, random: &mut R) -> Result<Self, GenerateError>
    where
        R: TryCryptoRng + ?Sized,
        R::Error: Send + Sync + 'static,
    {
        let mut bytes = Wiped::<RANDOM_LEN>::default();
        for _ in 0..MAX_DRAWS {
            random.try_fill_bytes(bytes.as_mut_slice()).map_err(|error| GenerateError::Random(error.into()))?;
            if is_stuck(bytes.as_slice()) {
                return Err(GenerateError::NotRandom);
            }
            if let Some(token) = Self::without_hyphen(prefix, &bytes) {
                return Ok(token);
            }
        }
        Err(GenerateError::NotRandom)
    }

    fn without_hyphen(prefix: &TokenPrefix, random: &[u8; RANDOM_LEN]) -> Option<Self> {
        let unsealed = Body::unsealed(random)?;
        // Most draws end here: what has a `-` without a checksum has one with it.
        if has_hyphen(unsealed.encode().as_slice()) {
            return None;
        }
        let body = unsealed.sealed(prefix)?;
        let text = body.encode();
        if has_hyphen(text.as_slice()) {
            return None;
        }
        Self::assemble(prefix, &body, &text)
    }
}

fn is_stuck(bytes: &[u8]) -> bool {
    let mut run = 1_usize;
    bytes.iter().zip(bytes.iter().skip(1)).any(|(a, b)| {
        run = if a == b { run.saturating_add(1) } else { 1 };
        run >= STUCK_RUN
    })
}

/// All are looked at, so that the compiler makes vectors of it.
fn has_hyphen(text: &[u8]) -> bool {
    text.iter().fold(false, |found, &byte| found | (byte == b'-'))
}
