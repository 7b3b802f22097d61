use super::body::{Body, TEXT_LEN};
use super::{Token, TokenPrefix};

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
        let (prefix, text) = split(presented, accepted).ok_or_else(|| wrong_shape(presented, accepted))?;
        let body = Body::decode(text).ok_or(MalformedToken::Encoding)?;
        if !body.checksum_holds(prefix) {
            return Err(MalformedToken::Checksum);
        }
        Self::assemble(prefix, &body, text).ok_or(MalformedToken::Length)
    }
}

/// Whether a text holds a token of any prefix, as a word of its own: somebody pasted it into the wrong field, where it would be
/// kept and shown.
pub(crate) fn holds_token(text: &str) -> bool {
    let is_token = |word: &str| {
        let (head, body) = word.as_bytes().split_last_chunk()?;
        let prefix = TokenPrefix::new(str::from_utf8(head.strip_suffix(b"_")?).ok()?).ok()?;
        Body::decode(body).filter(|body| body.checksum_holds(&prefix))
    };
    text.split_whitespace().any(|word| is_token(word).is_some())
}

/// At the last 65 bytes, never at an underscore: prefix and body may both hold some.
fn split<'a, 'p>(presented: &'a [u8], accepted: &'p [TokenPrefix]) -> Option<(&'p TokenPrefix, &'a [u8; TEXT_LEN])> {
    let (head, text) = presented.split_last_chunk()?;
    let head = head.strip_suffix(b"_")?;
    let prefix = accepted.iter().find(|prefix| prefix.as_bytes() == head)?;
    Some((prefix, text))
}

fn wrong_shape(presented: &[u8], accepted: &[TokenPrefix]) -> MalformedToken {
    let ours =
        |prefix: &TokenPrefix| presented.strip_prefix(prefix.as_bytes()).is_some_and(|rest| rest.starts_with(b"_"));
    if accepted.iter().any(ours) { MalformedToken::Length } else { MalformedToken::Prefix }
}
