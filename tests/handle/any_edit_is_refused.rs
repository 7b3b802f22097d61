//! A token that differs from the issued one in anything is refused, on the whole path.
#![cfg(all(feature = "memory", feature = "testing"))]

use crate::common;

use common::forge::{RANDOM_LEN, forge, random_of};
use common::{block_on, rejection};
use personal_tokens::{PersonalTokens, Rejection};
use proptest::prelude::*;

async fn issued() -> (PersonalTokens, String) {
    let (tokens, _) = common::shop();
    let issued = common::issue(&tokens, "sync").await;
    (tokens, issued.token.expose().to_owned())
}

#[track_caller]
fn assert_malformed(rejection: Option<Rejection>, text: &[u8]) {
    assert_eq!(rejection, Some(Rejection::Malformed), "{}", String::from_utf8_lossy(text));
}

#[tokio::test]
async fn the_token_itself_is_accepted() {
    let (tokens, token) = issued().await;
    assert_eq!(rejection(&tokens, &token).await, None);
}

/// Every byte at every place: the whole alphabet, `=`, space, `.`, case flips (failures 8), and what is no text.
#[tokio::test]
async fn every_other_byte_at_every_place_is_malformed() {
    let (tokens, token) = issued().await;
    for at in 0..token.len() {
        let mut edited = token.clone().into_bytes();
        for byte in (0..=u8::MAX).filter(|byte| *byte != token.as_bytes()[at]) {
            edited[at] = byte;
            assert_malformed(rejection(&tokens, &edited).await, &edited);
        }
    }
}

#[tokio::test]
async fn every_character_put_in_left_out_or_made_longer_is_malformed() {
    let (tokens, token) = issued().await;
    for at in 0..token.len() {
        let (before, after) = token.split_at(at);
        for put_in in ["A", "z", "0", "-", "_", "=", " ", ".", "é", "\0", "🗝"] {
            for text in [format!("{before}{put_in}{after}"), format!("{before}{put_in}{}", &after[1..])] {
                if text != token {
                    assert_malformed(rejection(&tokens, &text).await, text.as_bytes());
                }
            }
        }
        let left_out = format!("{before}{}", &after[1..]);
        assert_malformed(rejection(&tokens, &left_out).await, left_out.as_bytes());
    }
}

#[tokio::test]
async fn every_part_extension_and_doubling_is_malformed() {
    let (tokens, token) = issued().await;
    let parts = (0..token.len()).flat_map(|at| [token[..at].to_owned(), token[at + 1..].to_owned()]);
    let more = ["=", "==", " ", "\t", "\n", "\0", "A", "é", "_", ",", ".", &token[5..], &token, &format!(" {token}")];
    let extended = more.iter().flat_map(|more| [format!("{token}{more}"), format!("{more}{token}")]);
    let other_case = [token.to_uppercase(), token.to_lowercase()];
    let prefixed = [format!("Bearer {token}"), format!("\"{token}\""), token.replace("shop_", "shop__")];
    for text in parts.chain(extended).chain(other_case).chain(prefixed) {
        assert_malformed(rejection(&tokens, &text).await, text.as_bytes());
    }
}

/// The checksum finds typing errors; it proves nothing. Where it is made anew the digest refuses.
#[tokio::test]
async fn every_edit_of_id_or_secret_with_its_checksum_made_anew_is_unknown() {
    let (tokens, token) = issued().await;
    let random = random_of(&token);
    assert_eq!(forge("shop", &random), token);
    for at in 0..RANDOM_LEN {
        let mut edited = random;
        for byte in (0..=u8::MAX).filter(|byte| *byte != random[at]) {
            edited[at] = byte;
            let rejection = rejection(&tokens, forge("shop", &edited)).await;
            assert_eq!(rejection, Some(Rejection::Unknown), "byte {at} as {byte}");
        }
    }
}

#[tokio::test]
async fn the_secret_of_one_token_with_the_id_of_another_is_unknown() {
    let (tokens, token) = issued().await;
    let other = common::issue(&tokens, "other").await.token.expose().to_owned();
    let mut mixed = random_of(&token);
    mixed[12..].copy_from_slice(&random_of(&other)[12..]);
    assert_eq!(rejection(&tokens, forge("shop", &mixed)).await, Some(Rejection::Unknown));
    assert_eq!(rejection(&tokens, &other).await, None);
}

/// Failures 3: where a hash or the raw token was accepted, a stolen database was a key ring.
#[tokio::test]
async fn nothing_that_a_store_holds_is_a_token() {
    let (tokens, _) = common::shop();
    let record = common::issue(&tokens, "sync").await.record;
    let mut random = [0; RANDOM_LEN];
    random[..12].copy_from_slice(record.id.as_bytes());
    random[12..].copy_from_slice(record.digest.as_bytes());
    let as_secret = forge("shop", &random);
    assert_eq!(rejection(&tokens, &as_secret).await, Some(Rejection::Unknown));
    random[12..].fill(0);
    assert_eq!(rejection(&tokens, forge("shop", &random)).await, Some(Rejection::Unknown));

    let digest = record.digest.as_bytes();
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let id = record.id.to_string();
    for text in
        [&digest[..], hex.as_bytes(), format!("shop_{hex}").as_bytes(), id.as_bytes(), &as_secret.as_bytes()[21..]]
    {
        assert_malformed(rejection(&tokens, text).await, text);
    }
}

/// An unknown id is compared with a dummy digest; a token whose id nobody has is not let in by it.
#[tokio::test]
async fn a_token_that_was_never_issued_is_unknown() {
    let (tokens, _) = issued().await;
    for byte in 0..=u8::MAX {
        assert_eq!(rejection(&tokens, forge("shop", &[byte; RANDOM_LEN])).await, Some(Rejection::Unknown));
    }
}

proptest! {
    #[test]
    fn any_bytes_at_all_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let rejection = block_on(async { rejection(&issued().await.0, &bytes).await });
        prop_assert_eq!(rejection, Some(Rejection::Malformed));
    }

    /// Failures 8.
    #[test]
    fn any_flips_of_case_are_refused(flips in prop::collection::vec(any::<bool>(), 69)) {
        block_on(async {
            let (tokens, token) = issued().await;
            let flip = |(c, flip): (char, &bool)| match c {
                'a'..='z' if *flip => c.to_ascii_uppercase(),
                'A'..='Z' if *flip => c.to_ascii_lowercase(),
                _ => c,
            };
            let flipped: String = token.chars().zip(&flips).map(flip).collect();
            prop_assert_eq!(rejection(&tokens, &flipped).await.is_none(), flipped == token);
            Ok(())
        })?;
    }
}
