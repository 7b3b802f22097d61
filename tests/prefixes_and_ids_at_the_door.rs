//! Token prefixes and ids: each rule with its error, and the round trip through text and bytes.
#![cfg(all(feature = "memory", feature = "testing"))]

use personal_tokens::{InvalidPrefix, TokenId, TokenPrefix};
use proptest::prelude::*;

#[test]
fn a_prefix_is_1_to_11_lower_case_letters_digits_and_underscores() {
    for text in ["a", "shop", "shop_live", "s2", "a_b_c", "a__b", "abcdefghijk", "a_________k"] {
        let prefix = TokenPrefix::new(text).unwrap();
        assert_eq!((prefix.as_str(), prefix.to_string()), (text, text.to_owned()));
        assert_eq!(text.parse(), Ok(prefix));
    }
    let character = |found| InvalidPrefix::Character { found };
    let table = [
        ("", InvalidPrefix::Length { bytes: 0 }),
        ("abcdefghijkl", InvalidPrefix::Length { bytes: 12 }),
        ("Shop", character('S')),
        ("shop-live", character('-')),
        ("shop live", character(' ')),
        ("shop.", character('.')),
        ("sh\u{f6}p", character('\u{f6}')),
        ("\u{ff53}hop", character('\u{ff53}')),
        ("shop\0", character('\0')),
        ("2shop", InvalidPrefix::Ends),
        ("_shop", InvalidPrefix::Ends),
        ("shop_", InvalidPrefix::Ends),
        ("_", InvalidPrefix::Ends),
    ];
    for (text, error) in table {
        assert_eq!(TokenPrefix::new(text), Err(error), "{text:?}");
    }
}

#[test]
fn each_error_says_what_is_allowed() {
    let table = [
        ("", "a token prefix has 1 to 11 characters, not 0"),
        ("Shop", "a token prefix holds only a-z, 0-9 and _, not 'S'"),
        ("shop_", "a token prefix begins with a letter and does not end in _"),
    ];
    for (text, expected) in table {
        assert_eq!(TokenPrefix::new(text).unwrap_err().to_string(), expected);
    }
    let error = "short".parse::<TokenId>().unwrap_err();
    assert_eq!(error.to_string(), "a token id is 16 characters of A-Z, a-z, 0-9, - and _");
}

#[test]
fn an_id_is_16_characters_of_base64url() {
    for text in ["AAAAAAAAAAAAAAAA", "________________", "----------------", "abcdefghijklmnop", "0123456789ABCXYZ"] {
        assert_eq!(text.parse::<TokenId>().unwrap().to_string(), text);
    }
    let wrong = [
        "",
        "AAAAAAAAAAAAAAA",
        "AAAAAAAAAAAAAAAAA",
        "AAAAAAAAAAAAAAA=",
        "AAAAAAAAAAAAAA==",
        "AAAAAAAAAAAAAAA ",
        "AAAAAAAAAAAAAAA+",
        "AAAAAAAAAAAAAAA/",
        "AAAAAAAAAAAAAAA\0",
        "AAAAAAAAAAAAAA\u{e9}",
        "AAAAAAAAAAAAAAAA\n",
    ];
    for text in wrong {
        assert!(text.parse::<TokenId>().is_err(), "{text:?}");
    }
}

proptest! {
    #[test]
    fn an_id_comes_back_from_its_text_and_bytes(bytes in any::<[u8; 12]>(), other in any::<[u8; 12]>()) {
        let (id, other) = (TokenId::from_bytes(bytes), TokenId::from_bytes(other));
        prop_assert_eq!(id.as_bytes(), &bytes);
        prop_assert_eq!(id.to_string().parse(), Ok(id));
        prop_assert_eq!(id.to_string() == other.to_string(), id == other);
        prop_assert_eq!(id.cmp(&other), id.as_bytes().cmp(other.as_bytes()));
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,20}|[A-Za-z0-9_-]{14,18}") {
        let _ = TokenPrefix::new(&text);
        if let Ok(id) = text.parse::<TokenId>() {
            prop_assert_eq!(id.to_string(), text);
        }
    }
}
