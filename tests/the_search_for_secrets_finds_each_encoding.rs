//! What other tests search their output with finds a planted leak in each usual encoding, and nothing else (failures 28).
#![cfg(all(feature = "memory", feature = "testing"))]

mod common;

use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use common::random::{Source, split_mix};
use common::search::{KeptBack, base64, hex, secret_of};
use personal_tokens::{Token, TokenPrefix};

#[derive(Debug)]
struct Leaky<T>(T);

fn token(seed: u64) -> Token {
    let mut draw = split_mix(seed);
    let mut source = Source::new(|buffer| {
        buffer.fill_with(|| draw().to_le_bytes()[0]);
        Ok(())
    });
    Token::generate(&TokenPrefix::new("shop").unwrap(), &mut source).unwrap()
}

/// How it may get into a log, with the form that is to be found.
fn leaks(bytes: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let mut leaks = vec![("as it is", bytes.to_vec()), ("as it is", [b"before ", &bytes[9..17], b" after"].concat())];
    let mut add = |form, text: String| leaks.push((form, text.into_bytes()));
    add("escaped", format!("b\"{}\"", bytes.escape_ascii()));
    add("escaped", bytes.escape_ascii().to_string().to_uppercase());
    add("hex", hex(bytes));
    add("hex", hex(&bytes[20..28]).to_uppercase());
    add("decimal list", format!("{:?}", Leaky(bytes)));
    add("decimal list", format!("{:#?}", Leaky(bytes)));
    add("decimal list", format!("{:?}", Leaky(&bytes[20..28])));
    for list in [format!("{:x?}", Leaky(bytes)), format!("{:#x?}", Leaky(bytes)), format!("{:02X?}", Leaky(bytes))] {
        add("hex list", list);
    }
    add("hex list", format!("{:#04x?}", Leaky(bytes)));
    for before in 0..3 {
        let shifted = [&[7; 3][..before], bytes].concat();
        let standard = base64(&STANDARD, &shifted);
        let (first, second) = standard.split_at(standard.len() / 2);
        add("base64", format!("{first}\r\n{second}"));
        add("base64", base64(&STANDARD_NO_PAD, &shifted));
        add("base64url", base64(&URL_SAFE, &shifted));
        add("base64url", base64(&URL_SAFE_NO_PAD, &shifted));
    }
    leaks
}

#[test]
fn a_planted_leak_is_found_in_each_encoding_and_only_in_its_own_bytes() {
    let (ours, other) = (token(1), token(2));
    let all = |token: &Token| secret_of(token).into_iter().chain([token.digest().as_bytes().to_vec()]);
    for (bytes, others) in all(&ours).zip(all(&other)) {
        let (kept_back, innocent) = (KeptBack::new([&bytes]), KeptBack::new([others]));
        for (form, text) in leaks(&bytes) {
            let shown = String::from_utf8_lossy(&text);
            assert!(kept_back.forms_in(&text).contains(form), "{form}: not found in {shown}");
            assert!(innocent.forms_in(&text).is_empty(), "{form}: found in {shown}");
        }
    }
}

/// The last characters of a token are what some services keep for display.
#[test]
fn a_part_of_a_tokens_string_is_found_and_its_public_part_is_none() {
    let token = token(1);
    let kept_back = KeptBack::new(secret_of(&token));
    let text = token.expose();
    let public = format!("shop_{} {token:?}", token.id());
    assert!(kept_back.forms_in(public.as_bytes()).is_empty());
    for part in [text, &text[text.len() - 8..], &text[30..50], &text[21..29]] {
        assert!(!kept_back.forms_in(format!("{:?}", Leaky(part)).as_bytes()).is_empty(), "{part}");
    }
    let seven = &text[text.len() - 7..];
    assert!(kept_back.forms_in(seven.as_bytes()).is_empty(), "{seven}: too little to be a leak");
}

/// Random bytes are so once in some thousand tokens; joined, they are shorter than what is looked for.
#[test]
fn letters_with_blanks_among_them_are_found() {
    let kept_back = KeptBack::new([b"a b c d e f g h"]);
    assert!(kept_back.forms_in(b"with a b c d e in it").contains("as it is"));
    assert!(kept_back.forms_in(b"without").is_empty());
}
