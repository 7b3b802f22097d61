//! Bytes that leave nothing behind in memory.

use std::ops::{Deref, DerefMut};

use zeroize::{DefaultIsZeroes, Zeroizing};

/// Zeroed when dropped.
pub(super) type Wiped<const N: usize> = Zeroizing<Bytes<N>>;

/// Zeroed in one write, where an array is zeroed byte by byte.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Bytes<const N: usize>([u8; N]);

impl<const N: usize> DefaultIsZeroes for Bytes<N> {}

impl<const N: usize> Default for Bytes<N> {
    fn default() -> Self {
        Self([0; N])
    }
}

impl<const N: usize> Deref for Bytes<N> {
    type Target = [u8; N];

    fn deref(&self) -> &[u8; N] {
        &self.0
    }
}

impl<const N: usize> DerefMut for Bytes<N> {
    fn deref_mut(&mut self) -> &mut [u8; N] {
        &mut self.0
    }
}
