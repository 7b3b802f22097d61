//! Generators whose bytes a test chooses.

use std::fmt;

use rand::{TryCryptoRng, TryRng};

/// A generator that fills a buffer as the closure does, and counts how often it was asked.
pub struct Source<F> {
    fill: F,
    pub draws: u32,
}

/// Why a [`Source`] fails.
#[derive(Debug)]
pub struct Broken;

impl<F: FnMut(&mut [u8]) -> Result<(), Broken>> Source<F> {
    pub fn new(fill: F) -> Self {
        Self { fill, draws: 0 }
    }
}

/// Returns these draws in order, then fails.
pub fn draws<'a>(draws: impl IntoIterator<Item = &'a [u8]>) -> Source<impl FnMut(&mut [u8]) -> Result<(), Broken>> {
    let mut draws = draws.into_iter();
    Source::new(move |buffer| {
        buffer.copy_from_slice(draws.next().ok_or(Broken)?);
        Ok(())
    })
}

/// SplitMix64, a plain generator whose every run is the same.
pub fn split_mix(mut seed: u64) -> impl FnMut() -> u64 {
    move || {
        seed = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (seed ^ (seed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

impl<F: FnMut(&mut [u8]) -> Result<(), Broken>> TryRng for Source<F> {
    type Error = Broken;

    fn try_next_u32(&mut self) -> Result<u32, Broken> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Broken> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, buffer: &mut [u8]) -> Result<(), Broken> {
        self.draws += 1;
        (self.fill)(buffer)
    }
}

/// For tests only: what the closure returns is as good as it is.
impl<F: FnMut(&mut [u8]) -> Result<(), Broken>> TryCryptoRng for Source<F> {}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("planted")
    }
}

impl std::error::Error for Broken {}
