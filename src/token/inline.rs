//! A short ASCII text without an allocation, so that parsing a token needs none.

use zeroize::Zeroize as _;

use super::wiped::Bytes;

/// At most `N` (and at most 255) bytes of ASCII.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Inline<const N: usize> {
    len: u8,
    /// Zeros behind the text.
    bytes: Bytes<N>,
}

impl<const N: usize> Inline<N> {
    /// The parts joined, or `None` if they do not fit or are not ASCII.
    pub(super) fn join(parts: &[&[u8]]) -> Option<Self> {
        let mut bytes = Bytes::<N>::default();
        let mut len = 0_usize;
        for part in parts {
            let end = len.checked_add(part.len())?;
            bytes.get_mut(len..end)?.copy_from_slice(part);
            len = end;
        }
        bytes.is_ascii().then_some(Self { len: u8::try_from(len).ok()?, bytes })
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }

    pub(super) fn zero_filled(&self) -> &[u8; N] {
        &self.bytes
    }

    pub(super) fn as_str(&self) -> &str {
        // ASCII by construction, so the default never stands in.
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    pub(super) fn zeroize(&mut self) {
        self.len.zeroize();
        self.bytes.zeroize();
    }
}
