//! Body, checksum and digest are written for speed: other libraries, on the plain way, come to the same.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use personal_tokens::{MalformedToken, Token, TokenDigest, TokenId, TokenPrefix};
use proptest::prelude::*;
use sha2::{Digest as _, Sha256};

fn body(prefix: &str, random: &[u8; 44]) -> [u8; 64] {
    let checksum = crc32fast::hash(&[prefix.as_bytes(), random].concat());
    let text = URL_SAFE_NO_PAD.encode([random.as_slice(), &checksum.to_be_bytes()].concat());
    text.into_bytes().try_into().unwrap()
}

fn parse(prefix: &str, body: &[u8]) -> Result<Token, MalformedToken> {
    Token::parse(&[prefix.as_bytes(), b"_", body].concat(), &[TokenPrefix::new(prefix).unwrap()])
}

#[test]
fn each_byte_at_each_place_of_a_body_is_read_as_base64_reads_it() {
    let sound = body("shop", &[7; 44]);
    for place in 0..64 {
        for byte in 0..=u8::MAX {
            let mut body = sound;
            body[place] = byte;
            let expected = match URL_SAFE_NO_PAD.decode(body) {
                Err(_) => Some(MalformedToken::Encoding),
                Ok(_) if body == sound => None,
                Ok(_) => Some(MalformedToken::Checksum),
            };
            assert_eq!(parse("shop", &body).err(), expected, "{byte:#04x} at {place}");
        }
    }
}

proptest! {
    #[test]
    fn a_token_of_any_prefix_has_their_text_id_and_digest(prefix in "[a-z]([a-z0-9_]{0,9}[a-z0-9])?", random: [u8; 32], id: [u8; 12]) {
        let random: [u8; 44] = [id.as_slice(), &random].concat().try_into().unwrap();
        let token = parse(&prefix, &body(&prefix, &random)).unwrap();
        prop_assert_eq!(token.id(), TokenId::from_bytes(id));
        let digest = Sha256::digest([prefix.as_bytes(), &random].concat());
        prop_assert_eq!(token.digest(), TokenDigest::from_parts(0, digest.into()));
    }

    #[test]
    fn any_body_is_read_as_base64_reads_it(body in prop_oneof![
        proptest::collection::vec(any::<u8>(), 64),
        "[A-Za-z0-9_-]{64}".prop_map(String::into_bytes),
        "[A-Za-z0-9_+/=.-]{64}".prop_map(String::into_bytes),
    ]) {
        let is_read = !matches!(parse("shop", &body), Err(MalformedToken::Encoding));
        prop_assert_eq!(is_read, URL_SAFE_NO_PAD.decode(&body).is_ok());
    }

    #[test]
    fn an_id_is_written_and_read_as_base64_does(bytes: [u8; 12], text in "[A-Za-z0-9_+/=é-]{0,18}") {
        let id = TokenId::from_bytes(bytes);
        prop_assert_eq!(id.to_string(), URL_SAFE_NO_PAD.encode(bytes));
        let expected = URL_SAFE_NO_PAD.decode(&text).ok().and_then(|bytes| bytes.try_into().ok());
        prop_assert_eq!(text.parse().ok(), expected.map(TokenId::from_bytes));
        prop_assert_eq!(id.to_string().parse(), Ok(id));
    }
}
