//! Owner ids, actors and token names: what is let in, what is refused and why, and that they stay as given.
#![cfg(all(feature = "memory", feature = "testing"))]

mod common;

use std::borrow::Borrow;
use std::collections::HashMap;

use common::forge::{behind_no_prefix, token_and_near_misses};
use personal_tokens::{Actor, InvalidText, OwnerId, TextRule, TokenName};
use proptest::prelude::*;

/// What the three types make of a text, and the text that they give back.
fn each(text: &str) -> [(&'static str, Result<String, InvalidText>); 3] {
    [
        ("owner id", OwnerId::new(text).map(|it| it.to_string())),
        ("actor", Actor::new(text).map(|it| it.to_string())),
        ("token name", TokenName::new(text).map(|it| it.to_string())),
    ]
}

#[test]
fn all_three_take_1_to_255_bytes_without_control_characters() {
    let long = "x".repeat(255);
    // 4-byte characters: it is the bytes that count.
    let wide = "\u{1F6D2}".repeat(63);
    for text in ["a", "store-42", "Straße 5", "ملصق", "\u{1F6D2}", "a b", "%_'\"\\", &long, &wide] {
        for (what, taken) in each(text) {
            assert_eq!(taken, Ok(text.to_owned()), "{what}");
        }
    }
    let too_long = "x".repeat(256);
    let too_wide = "\u{1F6D2}".repeat(64);
    let huge = "x".repeat(64 * 1024);
    let control = |found| TextRule::Control { found };
    let refused = [
        ("", TextRule::Empty),
        (&too_long, TextRule::TooLong { bytes: 256 }),
        (&too_wide, TextRule::TooLong { bytes: 256 }),
        (&huge, TextRule::TooLong { bytes: 65_536 }),
        // Failures 11: PostgreSQL's text takes no NUL.
        ("a\0b", control('\0')),
        ("a\nb", control('\n')),
        ("\t", control('\t')),
        ("a\u{7f}", control('\u{7f}')),
        ("\u{9f}a", control('\u{9f}')),
        ("a\r\0", control('\r')),
    ];
    for (text, rule) in refused {
        for (what, answer) in each(text) {
            let error = answer.unwrap_err();
            assert_eq!((error.what(), error.rule()), (what, rule), "{text:.20?}");
        }
    }
}

#[test]
fn a_name_has_no_writing_direction_of_its_own_and_no_white_space_at_its_ends() {
    let bidi = ('\u{202A}'..='\u{202E}').chain('\u{2066}'..='\u{2069}');
    for found in bidi {
        let text = format!("a{found}b");
        assert_eq!(TokenName::new(&text).unwrap_err().rule(), TextRule::Bidi { found });
        assert!(OwnerId::new(&text).is_ok() && Actor::new(&text).is_ok(), "an opaque id is the host's business");
    }
    for text in [" a", "a ", " ", "\u{a0}a", "a\u{3000}", "\u{2028}a"] {
        assert_eq!(TokenName::new(text).unwrap_err().rule(), TextRule::OuterWhiteSpace, "{text:?}");
        assert!(OwnerId::new(text).is_ok() && Actor::new(text).is_ok(), "{text:?}");
    }
    for text in ["a b", "a\u{a0}b", "שלום", "x\u{200d}y"] {
        assert!(TokenName::new(text).is_ok(), "{text:?}");
    }
}

/// Pasted into the wrong field, it would be kept and shown (failures 28).
#[test]
fn no_text_holds_a_token_of_whatever_prefix() {
    for prefix in ["a", "shop", "shop_live", "a_b_c_d_e_f", "x0123456789"] {
        let (token, near_misses) = token_and_near_misses(prefix);
        let behind = format!("my token: {token}");
        let between = format!("of \u{a0}{token}\u{2003}in May");
        let twice = format!("{} {token}", near_misses[0]);
        let amid = ["TOKEN={}", "\"{}\"", "({}),", "é{}é", "x{}", "{}a", "{}=", "{}_{}"];
        let amid = amid.map(|around| around.replace("{}", &token));
        for text in [token.clone(), behind, between, twice].iter().chain(&amid) {
            for (what, answer) in each(text) {
                let error = answer.unwrap_err();
                assert_eq!((error.what(), error.rule()), (what, TextRule::Token), "{text}");
                assert_eq!(error.to_string().split(':').next(), Some(&*format!("the {what} holds a token")));
            }
        }
        for text in near_misses.into_iter().chain(behind_no_prefix()) {
            let around = format!("my {text} too");
            for text in [text, around] {
                for (what, taken) in each(&text) {
                    assert_eq!(taken.as_ref(), Ok(&text), "{what}");
                }
            }
        }
    }
}

/// A text that breaks two rules is refused by the plainer one.
#[test]
fn a_token_excuses_no_other_rule() {
    let (token, _) = token_and_near_misses("shop");
    let table = [
        (format!("{token}\n"), TextRule::Control { found: '\n' }),
        (format!("{token}{}", " ".repeat(200)), TextRule::TooLong { bytes: 269 }),
    ];
    for (text, rule) in table {
        for (what, answer) in each(&text) {
            assert_eq!(answer.unwrap_err().rule(), rule, "{what}");
        }
    }
    assert_eq!(TokenName::new(&format!(" {token}")).unwrap_err().rule(), TextRule::Token);
}

#[test]
fn each_error_says_what_is_allowed() {
    let table = [
        (
            "owner id",
            "",
            "the owner id is empty: 1 to 255 bytes of UTF-8 are allowed, without control characters or tokens",
        ),
        (
            "actor",
            "\u{7f}",
            "the actor holds a control character (U+007F): 1 to 255 bytes of UTF-8 are allowed, without control \
             characters or tokens",
        ),
        (
            "token name",
            "\u{202E}",
            "the token name holds a bidirectional control (U+202E): 1 to 255 bytes of UTF-8 are allowed, without \
             control characters, bidirectional overrides, white space at the ends or tokens",
        ),
    ];
    for (what, text, expected) in table {
        let (_, answer) = each(text).into_iter().find(|(name, _)| *name == what).unwrap();
        assert_eq!(answer.unwrap_err().to_string(), expected);
    }
    let long = OwnerId::new(&"x".repeat(300)).unwrap_err().to_string();
    assert!(long.starts_with("the owner id has 300 bytes: 1 to 255 bytes"), "{long}");
}

/// Failures 34: equal bytes, and nothing else, are equal.
#[test]
fn texts_are_compared_byte_by_byte() {
    for (one, other) in [("Ann", "ann"), ("caf\u{e9}", "cafe\u{301}"), ("a", "\u{ff41}"), ("a", "\u{430}"), ("1", "01")]
    {
        assert_ne!(OwnerId::new(one), OwnerId::new(other));
        assert_ne!(Actor::new(one), Actor::new(other));
        assert_ne!(TokenName::new(one), TokenName::new(other));
    }
}

#[test]
fn integers_are_owners_by_their_digits() {
    let table = [
        (OwnerId::from(0_u32), "0"),
        (OwnerId::from(-1_i32), "-1"),
        (OwnerId::from(i64::MIN), "-9223372036854775808"),
        (OwnerId::from(u64::MAX), "18446744073709551615"),
        (OwnerId::from(i128::MIN), "-170141183460469231731687303715884105728"),
        (OwnerId::from(u128::MAX), "340282366920938463463374607431768211455"),
    ];
    for (owner, digits) in table {
        assert_eq!(owner.as_str(), digits);
        assert_eq!(OwnerId::new(digits), Ok(owner));
    }
}

/// So that a map of owners is asked with a plain string.
#[test]
fn an_owner_is_found_by_its_text() {
    let owners = HashMap::from([(OwnerId::from(7_u32), "seven")]);
    assert_eq!(owners.get("7"), Some(&"seven"));
    let owner: &str = OwnerId::borrow(owners.keys().next().unwrap());
    assert_eq!(owner, "7");
}

proptest! {
    #[test]
    fn every_way_in_gives_the_same_answer_and_the_text_back(text in "\\PC{0,40}|[ -~\u{0}-\u{20}]{0,8}|.{250,260}") {
        let name = TokenName::new(&text);
        prop_assert_eq!(&text.parse::<TokenName>(), &name);
        prop_assert_eq!(&TokenName::try_from(text.as_str()), &name);
        prop_assert_eq!(&TokenName::try_from(&text), &name);
        prop_assert_eq!(&TokenName::try_from(text.clone()), &name);
        if let Ok(name) = name {
            prop_assert_eq!(name.as_str(), &text);
            prop_assert_eq!(name.as_ref(), &text);
            prop_assert_eq!(TokenName::from(&name), name);
            // Whatever is a name is an owner's id and an actor too.
            prop_assert!(OwnerId::new(&text).is_ok() && Actor::new(&text).is_ok());
        }
    }
}
