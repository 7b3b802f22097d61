//! What is generated is read back; anything else is refused by name, and no bytes make the parser panic.
#![cfg(all(feature = "memory", feature = "testing"))]

use crate::common;

use common::forge::{RANDOM_LEN, forge};
use common::random::draws;
use personal_tokens::{MalformedToken, Token, TokenPrefix};
use proptest::prelude::*;

fn prefix(text: &str) -> TokenPrefix {
    TokenPrefix::new(text).unwrap()
}

fn parse(text: impl AsRef<[u8]>) -> Result<Token, MalformedToken> {
    Token::parse(text.as_ref(), &[prefix("shop")])
}

fn refused(text: impl AsRef<[u8]>) -> MalformedToken {
    parse(text).unwrap_err()
}

/// 1 to 11 of `[a-z0-9_]`, a letter first, no `_` last.
fn prefixes() -> impl Strategy<Value = String> {
    let of = |characters: &'static str| prop::sample::select(characters.chars().collect::<Vec<_>>());
    let letter = of("abcdefghijklmnopqrstuvwxyz");
    let inner = prop::collection::vec(of("abcdefghijklmnopqrstuvwxyz0123456789___"), 0..=9);
    let last = of("abcdefghijklmnopqrstuvwxyz0123456789");
    (letter, prop::option::of((inner, last))).prop_map(|(first, rest)| {
        let (inner, last) = rest.map_or((Vec::new(), None), |(inner, last)| (inner, Some(last)));
        [first].into_iter().chain(inner).chain(last).collect()
    })
}

fn randoms() -> impl Strategy<Value = [u8; RANDOM_LEN]> {
    prop::collection::vec(any::<u8>(), RANDOM_LEN).prop_map(|bytes| *bytes.first_chunk().unwrap())
}

fn a_token() -> String {
    forge("shop", &std::array::from_fn(|n| u8::try_from(n).unwrap() * 5 + 1))
}

/// Bytes that look like a token, with a piece replaced, inserted or cut out.
fn near_tokens() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..4),
        prop::sample::select(vec!["_", "é", "\0", "shop_", "🗝", "==", " ", "\u{feff}"]).prop_map(|s| s.into()),
    ];
    (0..=69_usize, 0..=69_usize, piece).prop_map(|(at, len, piece)| {
        let mut bytes = a_token().into_bytes();
        let end = (at + len).min(bytes.len());
        bytes.splice(at..end, piece);
        bytes
    })
}

proptest! {
    /// Peer mistake: a prefix with `_` that cannot be parsed back (prefixed-api-key).
    #[test]
    fn what_is_generated_is_read_back(name in prefixes(), random in randoms()) {
        let prefix = prefix(&name);
        let expected = forge(&name, &random);
        let made = Token::generate(&prefix, &mut draws([&random[..]]));
        prop_assert_eq!(made.is_ok(), !expected.contains('-'));
        if let Ok(token) = made {
            prop_assert_eq!(token.expose(), &expected);
        }
        let token = Token::parse(expected.as_bytes(), &[prefix]).unwrap();
        prop_assert_eq!(token.expose(), expected);
        prop_assert_eq!(token.prefix(), prefix);
        prop_assert!(random.starts_with(token.id().as_bytes()));
    }

    #[test]
    fn the_digest_is_one_of_prefix_id_and_secret(
        name in prefixes(), random in randoms(), at in 0..RANDOM_LEN, flip in 1..=u8::MAX,
    ) {
        let digest = |name: &str, random| {
            Token::parse(forge(name, random).as_bytes(), &[prefix(name)]).unwrap().digest()
        };
        let mut other = random;
        other[at] ^= flip;
        prop_assert_eq!(digest(&name, &random), digest(&name, &random));
        prop_assert_ne!(digest(&name, &random), digest(&name, &other));
        if name != "shop" {
            prop_assert_ne!(digest(&name, &random), digest("shop", &random));
        }
    }

    /// Failures 26.
    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(parse(bytes).is_err());
    }

    /// Peer mistake: a split at a byte index that panics within a character (modo-rs).
    #[test]
    fn no_bytes_near_a_token_make_it_panic(bytes in near_tokens()) {
        prop_assert_eq!(parse(&bytes).is_ok(), bytes == a_token().as_bytes());
    }
}

#[test]
fn each_refusal_names_what_is_wrong() {
    let token = a_token();
    let body = &token[5..];
    assert!(parse(&token).is_ok());
    for text in ["", "_", "s", "shop", "shopping", body, &token[1..], &format!("Shop_{body}"), &format!(" {token}")] {
        assert_eq!(refused(text), MalformedToken::Prefix, "{text}");
    }
    for text in ["shop_", "shop__", &token[..68], &format!("{token}="), &format!("{token} "), &format!("{token}{body}")]
    {
        assert_eq!(refused(text), MalformedToken::Length, "{text}");
    }
    for other in ["=", " ", "+", "/", ".", "\0", "~"] {
        assert_eq!(refused(format!("{}{other}", &token[..68])), MalformedToken::Encoding, "{other}");
    }
    assert_eq!(refused(format!("shop_{}", "A".repeat(64))), MalformedToken::Checksum);
    assert_eq!(refused(forge("ship", &[7; RANDOM_LEN]).replace("ship", "shop")), MalformedToken::Checksum);
}

/// Failures 12: some systems cut a long input and accept what they kept.
#[test]
fn a_long_input_is_refused_and_not_cut() {
    for more in [1, 64, 1 << 20] {
        assert_eq!(refused(a_token() + &"A".repeat(more)), MalformedToken::Length);
        assert_eq!(refused("A".repeat(more) + &a_token()), MalformedToken::Prefix);
    }
}

#[test]
fn with_no_accepted_prefix_nothing_is_a_token() {
    assert_eq!(Token::parse(a_token().as_bytes(), &[]).unwrap_err(), MalformedToken::Prefix);
}

/// Failures 12: bcrypt cut at 72 bytes, and tokens that shared those were one.
#[test]
fn tokens_that_differ_in_the_last_byte_alone_have_other_digests() {
    for name in ["s", "abcdefghijk"] {
        let mut random = [7; RANDOM_LEN];
        let one = Token::parse(forge(name, &random).as_bytes(), &[prefix(name)]).unwrap();
        random[RANDOM_LEN - 1] = 8;
        let other = Token::parse(forge(name, &random).as_bytes(), &[prefix(name)]).unwrap();
        assert_eq!(one.id(), other.id());
        assert_ne!(one.digest(), other.digest());
    }
}
