//! Scopes: RFC 6749 §3.3 to the byte; a set without order, without wildcards, without anything implied.
#![cfg(all(feature = "memory", feature = "testing"))]

use crate::common;

use std::collections::BTreeSet;

use common::forge::{behind_no_prefix, token_and_near_misses};
use personal_tokens::{InvalidScope, Scope, Scopes};
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use proptest::sample::{Index, select};

#[test]
fn a_scope_is_printable_ascii_without_space_quote_and_backslash() {
    for code in 0..=0x7f_u8 {
        let found = char::from(code);
        let allowed = matches!(code, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        let expected = if allowed { Ok(found.to_string()) } else { Err(InvalidScope::Character { found }) };
        assert_eq!(Scope::new(&found.to_string()).map(|scope| scope.to_string()), expected);
    }
    for found in ['\u{80}', '\u{e9}', '\u{ff41}', '\u{1F6D2}'] {
        assert_eq!(Scope::new(&format!("a{found}")), Err(InvalidScope::Character { found }));
    }
}

#[test]
fn a_scope_has_1_to_255_characters() {
    assert_eq!(Scope::new(""), Err(InvalidScope::Length { bytes: 0 }));
    assert!(Scope::new(&"x".repeat(255)).is_ok());
    assert_eq!(Scope::new(&"x".repeat(256)), Err(InvalidScope::Length { bytes: 256 }));
}

/// Pasted into the wrong field, it would be kept and shown (failures 28).
#[test]
fn a_token_of_whatever_prefix_is_no_scope() {
    for prefix in ["a", "shop", "shop_live", "a_b_c_d_e_f", "x0123456789"] {
        let (token, near_misses) = token_and_near_misses(prefix);
        let token = token.as_str();
        assert_eq!(Scope::new(token), Err(InvalidScope::Token));
        for around in ["scope:{}", "x{}", "{}=", "({})"] {
            assert_eq!(Scope::new(&around.replace("{}", token)), Err(InvalidScope::Token), "{around}");
        }
        // Twice, it is not shown as the scope that stands there twice.
        for scopes in [&[token][..], &[token, token], &["a", token], &["a", "a", token], &["zz", token, "b"]] {
            assert_eq!(Scopes::new(scopes), Err(InvalidScope::Token), "{scopes:?}");
            assert_eq!(scopes.join(" ").parse::<Scopes>(), Err(InvalidScope::Token), "{scopes:?}");
        }
        for text in near_misses.into_iter().chain(behind_no_prefix()) {
            assert_eq!(Scope::new(&text).map(|scope| scope.to_string()), Ok(text));
        }
    }
}

#[test]
fn a_set_has_up_to_100_scopes_each_once() {
    let numbered = |count: usize| (0..count).map(|number| format!("s{number}")).collect::<Vec<_>>();
    let most = Scopes::new(numbered(Scopes::MAX_COUNT)).unwrap();
    assert_eq!(most.iter().count(), 100);
    assert_eq!(Scopes::new(numbered(101)), Err(InvalidScope::TooMany { count: 101 }));
    let scope = Scope::new("a").unwrap();
    assert_eq!(Scopes::new(["b", "a", "c", "a"]), Err(InvalidScope::Duplicate { scope }));
    // Failures 10: the longest set comes back whole from its text.
    let longest = (0..100).map(|number| format!("{number:0255}")).collect::<Vec<_>>();
    let longest = Scopes::new(longest).unwrap();
    assert_eq!(longest.as_str().parse(), Ok(longest));
}

#[test]
fn a_text_of_scopes_has_one_space_between_and_none_elsewhere() {
    assert_eq!("".parse(), Ok(Scopes::none()));
    assert_eq!("b a".parse(), Ok(Scopes::new(["a", "b"]).unwrap()));
    for text in [" ", " a", "a ", "a  b"] {
        assert_eq!(text.parse::<Scopes>(), Err(InvalidScope::Length { bytes: 0 }), "{text:?}");
    }
    for (text, found) in [("a\tb", '\t'), ("a\nb", '\n'), ("a\u{a0}b", '\u{a0}')] {
        assert_eq!(text.parse::<Scopes>(), Err(InvalidScope::Character { found }), "{text:?}");
    }
}

#[test]
fn nothing_is_implied() {
    let scopes = Scopes::new(["products:read", "orders:*", "*"]).unwrap();
    for held in ["products:read", "orders:*", "*"] {
        assert!(scopes.contains(held), "{held}");
    }
    let others = [
        "",
        " ",
        "products",
        "products:",
        "products:rea",
        "products:read ",
        "roducts:read",
        "Products:read",
        "orders:read",
        "products:read orders:*",
        "orders:* products:read",
        "**",
    ];
    for other in others {
        assert!(!scopes.contains(other), "{other:?}");
    }
    assert!(!Scopes::none().contains(""));
}

#[test]
fn each_error_says_what_is_allowed() {
    let table = [
        (Scope::new("").unwrap_err(), "a scope has 1 to 255 characters, not 0"),
        (Scope::new("a b").unwrap_err(), "a scope holds printable ASCII without space, \" and \\, not ' '"),
        (Scope::new(&token_and_near_misses("shop").0).unwrap_err(), "a scope is wanted, not a token"),
        (Scopes::new(["a", "a"]).unwrap_err(), "the scope a is given twice"),
        (Scopes::new((0..101).map(|n| n.to_string())).unwrap_err(), "at most 100 scopes are allowed, not 101"),
    ];
    for (error, text) in table {
        assert_eq!(error.to_string(), text);
    }
}

/// Words that begin with each other and stand on both sides of `a` in byte order.
fn words() -> impl Strategy<Value = BTreeSet<&'static str>> {
    btree_set(select(&["a", "a:b", "a:", "ab", "A", "!", "~", "b", "*", "a*"][..]), 0..10)
}

proptest! {
    #[test]
    fn a_set_is_what_a_set_is(one in words(), other in words(), rotation in any::<Index>()) {
        let scopes = Scopes::new(&one).unwrap();
        // Whatever the order in which they come.
        let mut turned: Vec<_> = one.iter().collect();
        if !turned.is_empty() {
            let middle = rotation.index(turned.len());
            turned.rotate_left(middle);
        }
        prop_assert_eq!(Scopes::new(turned), Ok(scopes.clone()));
        prop_assert!(scopes.iter().eq(one.iter().copied()));
        prop_assert_eq!(scopes.is_empty(), one.is_empty());
        prop_assert!(other.iter().all(|word| scopes.contains(word) == one.contains(word)));
        prop_assert_eq!(Scopes::new(&other).unwrap().is_subset_of(&scopes), other.is_subset(&one));
        prop_assert_eq!(scopes.to_string().parse(), Ok(scopes));
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,40}", texts in vec("[a-c \"\u{0}]{0,3}", 0..5)) {
        let _ = text.parse::<Scopes>();
        if let Ok(scopes) = Scopes::new(&texts) {
            prop_assert_eq!(scopes.iter().count(), texts.len());
        }
    }
}
