//! The unit that everything is measured in.

use std::hint::black_box;

use sha2::{Digest as _, Sha256};

/// U: one one-shot SHA-256 of 44 bytes, the id and secret of a token. Not inlined, and of a length that the compiler does
/// not see, so that nothing of it is done in advance.
#[inline(never)]
pub fn unit() {
    let bytes = [7_u8; 44];
    let length = black_box(bytes.len());
    black_box(Sha256::digest(black_box(&bytes[..length])));
}
