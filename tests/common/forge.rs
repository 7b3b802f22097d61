//! Token strings made by hand, with a good checksum: only the digest is between them and the door.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use personal_tokens::{Token, TokenId, TokenPrefix, TokenRecord};

use super::rulebook::name;
use super::{noon, owner};

/// Id and secret.
pub const RANDOM_LEN: usize = 44;

const BODY_LEN: usize = RANDOM_LEN + 4;

/// The token string of this prefix, id and secret.
pub fn forge(prefix: &str, random: &[u8; RANDOM_LEN]) -> String {
    let checksum = crc32fast::hash(&[prefix.as_bytes(), random].concat()).to_be_bytes();
    let mut text = [0; 64];
    URL_SAFE_NO_PAD.encode_slice([&random[..], &checksum].concat(), &mut text).unwrap();
    format!("{prefix}_{}", str::from_utf8(&text).unwrap())
}

/// Id and secret behind a token string.
pub fn random_of(token: &str) -> [u8; RANDOM_LEN] {
    let mut body = [0; BODY_LEN];
    URL_SAFE_NO_PAD.decode_slice(&token[token.len() - 64..], &mut body).unwrap();
    *body.first_chunk().unwrap()
}

/// A token with this id, and its record: of [`owner`], named after its id.
pub fn forged_with_id(id: [u8; TokenId::LEN]) -> (String, TokenRecord) {
    let mut random = [7; RANDOM_LEN];
    random[..TokenId::LEN].copy_from_slice(&id);
    let text = forge("shop", &random);
    let token = Token::parse(text.as_bytes(), &[TokenPrefix::new("shop").unwrap()]).unwrap();
    let record = TokenRecord::new(token.id(), owner(), name(&token.id().to_string()), token.digest(), noon());
    (text, record)
}

/// A good token text of this prefix, and texts that hold none: with another character somewhere, one character too few or too
/// many, or behind another prefix.
pub fn token_and_near_misses(prefix: &str) -> (String, Vec<String>) {
    let token = forge(prefix, &std::array::from_fn(|at| u8::try_from(at * 5 + 1).unwrap()));
    let body = token.len() - 64;
    let another = |at: usize| {
        let other = if token.as_bytes()[at] == b'a' { "b" } else { "a" };
        [&token[..at], other, &token[at + 1..]].concat()
    };
    let mut near_misses: Vec<_> = [0, body, body + 16, token.len() - 7, token.len() - 1].map(another).into();
    near_misses.extend([
        // 63 and 65 characters behind the prefix.
        token[..token.len() - 1].to_owned(),
        [&token[..body], &token[body + 1..]].concat(),
        [&token[..body], "a", &token[body..]].concat(),
        // The same 64 characters behind no prefix, or another separator.
        token[body..].to_owned(),
        token[body - 1..].to_owned(),
        [prefix, "-", &token[body..]].concat(),
        [prefix, &token[body..]].concat(),
        // Base64, but not base64url; padding.
        [&token[..token.len() - 1], "+"].concat(),
        [&token[..token.len() - 1], "="].concat(),
        // Its checksum is over the prefix as it was.
        token.replacen(prefix, &prefix.to_uppercase(), 1),
    ]);
    (token, near_misses)
}

/// Good checksums behind what is no prefix: in upper case, too long, with a wrong beginning or end.
pub fn behind_no_prefix() -> impl Iterator<Item = String> {
    let prefixes = ["SHOP", "Shop", "shop-live", "abcdefghijkl", "7up", "shop_", "_shop", ""];
    prefixes.into_iter().map(|prefix| forge(prefix, &[7; RANDOM_LEN]))
}
