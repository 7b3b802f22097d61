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
