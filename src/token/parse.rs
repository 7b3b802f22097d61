use super::body::{Body, TEXT_LEN};
use super::{Token, TokenDigest, TokenId, TokenPrefix};

/// Why a text is no token of ours. It was refused unread by the store, and holds nothing of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MalformedToken {
    /// It does not begin with an accepted prefix and `_`.
    #[error("it does not begin with a prefix of ours")]
    Prefix,
    /// Not exactly 64 characters follow the prefix and its `_`.
    #[error("it is not of a token's length")]
    Length,
    /// The 64 characters are not base64url.
    #[error("it holds characters that no token holds")]
    Encoding,
    /// The checksum is another: a typing error, or not issued by us.
    #[error("its checksum is wrong")]
    Checksum,
}

impl Token {
    /// The token that a client presented, if it has the form of one: an accepted prefix, the exact length,
    /// canonical base64url, the right checksum. Allocates nothing. It says nothing of whether the token was
    /// ever issued.
    ///
    /// # Errors
    /// [`MalformedToken`] says what is wrong, whatever the bytes.
    pub fn parse(presented: &[u8], accepted: &[TokenPrefix]) -> Result<Self, MalformedToken> {
        let (prefix, text) = split(presented, accepted)?;
        let mut body = Body::default();
        if !body.read(text) {
            return Err(MalformedToken::Encoding);
        }
        Self::assemble(prefix, &body, text).ok_or(MalformedToken::Checksum)
    }
}

/// What verification needs of a presented token. The secret is gone once this is made.
#[derive(Clone, Copy)]
pub(crate) struct Presented {
    pub(crate) id: TokenId,
    pub(crate) digest: TokenDigest,
}

impl Presented {
    /// As [`Token::parse`].
    #[inline(always)]
    pub(crate) fn parse(presented: &[u8], accepted: &[TokenPrefix]) -> Result<Self, MalformedToken> {
        let (prefix, text) = split(presented, accepted)?;
        let mut body = Body::default();
        if !body.read(text) {
            return Err(MalformedToken::Encoding);
        }
        let digest = body.digest(prefix).ok_or(MalformedToken::Checksum)?;
        Ok(Self { id: body.id(), digest })
    }
}

/// Whether a token of any prefix stands in the text, alone or amid other words: somebody pasted it into the wrong
/// field, where it would be kept and shown.
pub(crate) fn holds_token(text: &str) -> bool {
    let text = text.as_bytes();
    let mut places = text.windows(TEXT_LEN.saturating_add(1)).enumerate();
    places.any(|(at, window)| {
        let mut body = Body::default();
        let is_read = window.strip_prefix(b"_").and_then(<[u8]>::first_chunk).is_some_and(|text| body.read(text));
        let head = text.get(..at).unwrap_or_default();
        is_read && prefixes_at_end(head).any(|prefix| body.digest(&prefix).is_some())
    })
}

fn prefixes_at_end(head: &[u8]) -> impl Iterator<Item = TokenPrefix> {
    let ends = (1..=TokenPrefix::MAX_LEN).filter_map(|length| head.get(head.len().checked_sub(length)?..));
    ends.filter_map(|end| TokenPrefix::new(str::from_utf8(end).ok()?).ok())
}

/// Prefix and body may both hold underscores: what counts is that exactly 64 characters follow the prefix and its own.
fn split<'a, 'p>(
    presented: &'a [u8],
    accepted: &'p [TokenPrefix],
) -> Result<(&'p TokenPrefix, &'a [u8; TEXT_LEN]), MalformedToken> {
    let mut wrong = MalformedToken::Prefix;
    for prefix in accepted {
        match prefix.stripped_from(presented).map(<&[u8; TEXT_LEN]>::try_from) {
            Some(Ok(text)) => return Ok((prefix, text)),
            Some(Err(_)) => wrong = MalformedToken::Length,
            None => {}
        }
    }
    Err(wrong)
}
