//! A token is drawn from a sound generator, whole and unbiased, or not at all.
#![cfg(all(feature = "memory", feature = "testing"))]

use crate::common;

use std::collections::HashSet;

use common::forge::{RANDOM_LEN, forge};
use common::random::{Broken, Source, draws, split_mix};
use personal_tokens::{GenerateError, NewToken, Token, TokenPrefix};
use rand::TryRng as _;
use rand::rngs::SysRng;

/// `111110` four times: `----`.
const HYPHENS: [u8; 3] = [0xFB, 0xEF, 0xBE];

fn prefix() -> TokenPrefix {
    TokenPrefix::new("shop").unwrap()
}

/// Without a `-`.
fn good_draw() -> Vec<u8> {
    let draw: Vec<u8> = (0..44).map(|n| n * 5 + 1).collect();
    assert!(!forge("shop", draw.first_chunk::<RANDOM_LEN>().unwrap()).contains('-'));
    draw
}

fn draw_with_hyphen(mut draw: Vec<u8>) -> Vec<u8> {
    draw[18..21].copy_from_slice(&HYPHENS);
    draw
}

/// Failures 1.
#[test]
fn a_generator_that_fails_makes_no_token_and_is_the_error() {
    let error = Token::generate(&prefix(), &mut draws([])).unwrap_err();
    let GenerateError::Random(source) = error else { panic!("{error}") };
    assert!(source.is::<Broken>());
}

#[test]
fn a_generator_that_fails_at_a_later_draw_makes_no_token() {
    let bad = draw_with_hyphen(good_draw());
    let mut source = draws([&bad[..]]);
    assert!(matches!(Token::generate(&prefix(), &mut source), Err(GenerateError::Random(_))));
    assert_eq!(source.draws, 2);
}

#[test]
fn a_generator_of_constant_bytes_is_an_error_and_not_a_hang() {
    for byte in 0..=u8::MAX {
        let mut source = Source::new(|buffer| {
            buffer.fill(byte);
            Ok(())
        });
        let error = Token::generate(&prefix(), &mut source).unwrap_err();
        assert!(matches!(error, GenerateError::NotRandom), "{byte}: {error}");
        assert_eq!(source.draws, 1, "{byte}");
    }
}

/// The last 9 bytes or more of a buffer of 44 left as they were.
#[test]
fn a_buffer_filled_in_part_is_an_error() {
    for filled in 0..=35 {
        let mut source = Source::new(|buffer| {
            buffer[..filled].copy_from_slice(&good_draw()[..filled]);
            Ok(())
        });
        let error = Token::generate(&prefix(), &mut source).unwrap_err();
        assert!(matches!(error, GenerateError::NotRandom), "{filled}: {error}");
    }
}

#[test]
fn a_generator_whose_every_draw_holds_a_hyphen_is_an_error_after_128_draws() {
    let bad = draw_with_hyphen(good_draw());
    let mut source = draws(std::iter::repeat(&bad[..]));
    let error = Token::generate(&prefix(), &mut source).unwrap_err();
    assert!(matches!(error, GenerateError::NotRandom), "{error}");
    assert_eq!(source.draws, 128);
}

#[test]
fn the_128th_draw_still_makes_a_token() {
    let (bad, good) = (draw_with_hyphen(good_draw()), good_draw());
    let mut source = draws(std::iter::repeat_n(&bad[..], 127).chain([&good[..]]));
    let token = Token::generate(&prefix(), &mut source).unwrap();
    assert_eq!(source.draws, 128);
    assert_eq!(token.expose(), forge("shop", good.first_chunk().unwrap()));
}

/// The pattern that README.md publishes for leak scanners.
const PATTERN: &str = "shop_[A-Za-z0-9_]{64}";

fn matches_the_published_pattern(token: &str) -> bool {
    token
        .strip_prefix("shop_")
        .is_some_and(|body| body.len() == 64 && body.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'))
}

/// Peer mistake: a generator that was cloned for each call made every key the same (prefixed-api-key).
#[test]
fn ten_thousand_tokens_match_the_published_pattern_and_differ_in_id_and_secret() {
    assert!(include_str!("../../README.md").contains(PATTERN));
    let (mut ids, mut secrets) = (HashSet::new(), HashSet::new());
    for _ in 0..10_000 {
        let token = Token::generate(&prefix(), &mut SysRng).unwrap();
        assert!(matches_the_published_pattern(token.expose()));
        assert!(ids.insert(token.id()));
        assert!(secrets.insert(token.expose()[21..63].to_owned()));
    }
}

#[tokio::test]
async fn the_handle_makes_such_tokens_too() {
    let (tokens, _) = common::shop();
    let mut seen = HashSet::new();
    for n in 0..100 {
        let issued = tokens.issue(NewToken::new(common::owner(), format!("{n}"))).await.unwrap();
        assert!(matches_the_published_pattern(issued.token.expose()));
        assert!(seen.insert(issued.token.expose()[21..63].to_owned()));
        assert!(seen.insert(issued.token.id().to_string()));
    }
}

/// Of the characters of the secret, over 63 symbols (`-` is left out by design), from over a million. With 62
/// degrees of freedom a fair generator stays under 165 but once in 10¹⁰ times.
fn chi_square(mut byte: impl FnMut() -> u8) -> f64 {
    const TOKENS: u32 = 24_000;
    // The 43rd character has four bits of the secret and two of the checksum.
    const SECRET: std::ops::Range<usize> = 21..64;
    let mut source = Source::new(|buffer| {
        buffer.fill_with(&mut byte);
        Ok(())
    });
    let mut counts = [0_u32; 128];
    for _ in 0..TOKENS {
        let token = Token::generate(&prefix(), &mut source).unwrap();
        for character in token.expose()[SECRET].bytes() {
            counts[usize::from(character)] += 1;
        }
    }
    let symbols = (b'0'..=b'9').chain(b'A'..=b'Z').chain(b'a'..=b'z').chain([b'_']);
    let expected = f64::from(TOKENS) * 43.0 / 63.0;
    symbols.map(|symbol| (f64::from(counts[usize::from(symbol)]) - expected).powi(2) / expected).sum()
}

const FAIR: f64 = 165.0;

/// Failures 7.
#[test]
fn the_characters_of_a_secret_are_equally_likely() {
    let mut next = split_mix(7);
    let statistic = chi_square(|| next().to_le_bytes()[0]);
    assert!(statistic < FAIR, "{statistic}");
}

#[test]
fn so_are_those_of_the_system_s_generator() {
    let mut pool = vec![0_u8; 1 << 16];
    let mut next = pool.len();
    let statistic = chi_square(|| {
        if next == pool.len() {
            SysRng.try_fill_bytes(&mut pool).unwrap();
            next = 0;
        }
        next += 1;
        pool[next - 1]
    });
    assert!(statistic < FAIR, "{statistic}");
}

/// The negative control: six values of 250 come twice as often, the bias of `b % 250`.
#[test]
fn the_same_check_finds_a_modulo_bias() {
    let mut next = split_mix(7);
    let statistic = chi_square(|| next().to_le_bytes()[0] % 250);
    assert!(statistic > FAIR, "{statistic}");
}
