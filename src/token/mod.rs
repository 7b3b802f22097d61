//! What travels: the token, its public id, its prefix, and the digest that a store keeps of it.

mod base64url;
mod body;
mod digest;
mod generate;
mod hashed;
mod id;
mod inline;
mod parse;
mod prefix;
mod wiped;

use std::fmt;

use body::Body;
use inline::Inline;

pub use digest::TokenDigest;
pub use generate::GenerateError;
pub use id::{InvalidTokenId, TokenId};
pub use parse::MalformedToken;
pub(crate) use parse::{Presented, holds_token};
pub use prefix::{InvalidPrefix, TokenPrefix};

/// A personal token: the bearer string, freshly generated or parsed from what a client presented.
///
/// The string is `<prefix>_<64 base64url characters>`. The 64 characters are 48 bytes: the public
/// [`TokenId`] (12), the secret (32, from the system's generator) and a CRC-32 (4). Generated tokens hold no
/// `-`, so a double click selects the whole token and one regular expression finds it:
/// `<prefix>_[A-Za-z0-9_]{64}`.
///
/// The secret leaves only by [`expose`](Self::expose). There is no `Display`, no `Serialize`, no `Clone` and
/// no `PartialEq`; `Debug` shows prefix and id; the memory is zeroed on drop.
///
/// ```
/// use personal_tokens::{Token, TokenPrefix};
/// use rand::rngs::SysRng;
///
/// let shop = TokenPrefix::new("shop")?;
/// let token = Token::generate(&shop, &mut SysRng)?;
/// let again = Token::parse(token.expose().as_bytes(), &[shop])?;
/// assert_eq!(again.id(), token.id());
/// assert_eq!(again.digest(), token.digest());
/// assert_eq!(format!("{token:?}"), format!("Token(shop_{}…)", token.id()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Token {
    prefix: TokenPrefix,
    id: TokenId,
    digest: TokenDigest,
    /// The secret stands in it, and nowhere else.
    text: Inline<{ Token::MAX_LEN }>,
}

impl Token {
    /// The longest token string in bytes: 11 of prefix, the `_`, 64 of body.
    pub const MAX_LEN: usize = TokenPrefix::MAX_LEN + 1 + body::TEXT_LEN;

    /// The token as its owner must see it, once, and as the client sends it.
    ///
    /// Never log, store or format this string.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.text.as_str()
    }

    /// The public id.
    #[must_use]
    pub fn id(&self) -> TokenId {
        self.id
    }

    /// The prefix.
    #[must_use]
    pub fn prefix(&self) -> TokenPrefix {
        self.prefix
    }

    /// What a store keeps in place of the token.
    #[must_use]
    pub fn digest(&self) -> TokenDigest {
        self.digest
    }

    /// None if the checksum is another.
    fn assemble(prefix: &TokenPrefix, body: &Body, text: &[u8; body::TEXT_LEN]) -> Option<Self> {
        Some(Self {
            prefix: *prefix,
            id: body.id(),
            digest: body.digest(prefix)?,
            text: Inline::join(&[prefix.as_bytes(), b"_", text])?,
        })
    }
}

/// Prefix and id; never the secret ([failures 28](crate::manual::failures): a derived `Debug` has leaked secrets
/// elsewhere).
impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({}_{}…)", self.prefix, self.id)
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        self.text.zeroize();
    }
}
