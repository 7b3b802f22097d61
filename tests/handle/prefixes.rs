//! A prefix tells whose token it is: its rules, former ones, and that no token moves from one to another.
#![cfg(all(feature = "memory", feature = "testing"))]

use crate::common;

use std::sync::Arc;

use common::forge::{forge, random_of};
use common::{owner, rejection};
use personal_tokens::store::MemoryStore;
use personal_tokens::{InvalidPrefix, NewToken, PersonalTokens, Rejection, Rotation, TokenPrefix};

fn over(store: &Arc<MemoryStore>, prefix: &str, former: &[&str]) -> PersonalTokens {
    PersonalTokens::builder(Arc::clone(store)).prefix(prefix).former_prefixes(former).build().unwrap()
}

async fn issue(tokens: &PersonalTokens, name: &str) -> String {
    tokens.issue(NewToken::new(owner(), name)).await.unwrap().token.expose().to_owned()
}

#[test]
fn a_prefix_has_1_to_11_of_a_to_z_0_to_9_and_underscore_a_letter_first_no_underscore_last() {
    for text in ["s", "shop", "shop_live", "a_0_9__b", "abcdefghijk", "z9876543210"] {
        assert_eq!(TokenPrefix::new(text).unwrap().as_str(), text);
    }
    for (text, bytes) in [("", 0), ("abcdefghijkl", 12)] {
        assert_eq!(TokenPrefix::new(text), Err(InvalidPrefix::Length { bytes }), "{text}");
    }
    for text in ["_", "_shop", "shop_", "1shop", "0"] {
        assert_eq!(TokenPrefix::new(text), Err(InvalidPrefix::Ends), "{text}");
    }
    for (text, found) in [("Shop", 'S'), ("my-shop", '-'), ("shop ", ' '), ("shöp", 'ö'), ("shop\0", '\0')] {
        assert_eq!(TokenPrefix::new(text), Err(InvalidPrefix::Character { found }), "{text}");
    }
}

#[tokio::test]
async fn a_former_prefix_is_accepted_and_new_tokens_do_not_get_it() {
    let store = Arc::new(MemoryStore::new());
    let old = issue(&over(&store, "shop", &[]), "old").await;

    let moved = over(&store, "store", &["shop"]);
    assert_eq!(rejection(&moved, &old).await, None);
    assert!(issue(&moved, "new").await.starts_with("store_"));
    let id = moved.verify(&old).await.unwrap().id();
    let rotated = moved.rotate(&owner(), id, Rotation::new()).await.unwrap();
    assert!(rotated.token.expose().starts_with("store_"));
    assert_eq!(rejection(&moved, rotated.token.expose()).await, None);

    let without = over(&store, "store", &[]);
    assert_eq!(rejection(&without, &old).await, Some(Rejection::Malformed));
}

#[tokio::test]
async fn a_token_moved_to_another_accepted_prefix_is_unknown() {
    let store = Arc::new(MemoryStore::new());
    let tokens = over(&store, "shop_test", &["shop_live", "shop", "a"]);
    let token = issue(&tokens, "sync").await;
    for other in ["shop_live", "shop", "a"] {
        let moved = forge(other, &random_of(&token));
        assert_eq!(rejection(&tokens, &moved).await, Some(Rejection::Unknown), "{other}");
        let moved_as_it_is = token.replace("shop_test", other);
        assert_eq!(rejection(&tokens, &moved_as_it_is).await, Some(Rejection::Malformed), "{other}");
    }
    assert_eq!(rejection(&tokens, &token).await, None);
}

/// Peer mistake: a prefix with `_` that cannot be parsed back (prefixed-api-key).
#[tokio::test]
async fn prefixes_that_begin_alike_are_told_apart_in_either_order() {
    let (shop, test) = (Arc::new(MemoryStore::new()), Arc::new(MemoryStore::new()));
    for (store, own) in [(&shop, "shop"), (&test, "shop_test")] {
        let token = issue(&over(store, own, &[]), "sync").await;
        for (prefix, former) in [("shop", "shop_test"), ("shop_test", "shop"), ("sho", own)] {
            let tokens = over(store, prefix, &[former]);
            assert_eq!(rejection(&tokens, &token).await, None, "{own} under {prefix}, {former}");
        }
        assert_eq!(rejection(&over(store, "sho", &["shop_te"]), &token).await, Some(Rejection::Malformed));
    }
}
