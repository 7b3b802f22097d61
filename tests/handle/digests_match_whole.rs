//! A digest matches whole or not at all: each of its bits counts, and the number of its key.
#![cfg(all(feature = "memory", feature = "testing"))]

use crate::common;

use std::sync::Arc;

use common::forge::{RANDOM_LEN, forge};
use common::{noon, owner};
use personal_tokens::store::{MemoryStore, TokenStore as _};
use personal_tokens::{
    Change, ManualClock, PersonalTokens, Policy, Rejection, Token, TokenDigest, TokenName, TokenPrefix, TokenRecord,
};

fn token() -> Token {
    let text = forge("shop", &[7; RANDOM_LEN]);
    Token::parse(text.as_bytes(), &[TokenPrefix::new("shop").unwrap()]).unwrap()
}

/// All that differ from this one in a bit, of the bytes or of the key's number.
fn a_bit_off(digest: &TokenDigest) -> impl Iterator<Item = TokenDigest> {
    let (key, bytes) = (digest.key(), *digest.as_bytes());
    let other_bytes = (0..256).map(move |bit| {
        let mut other = bytes;
        other[bit / 8] ^= 1 << (bit % 8);
        TokenDigest::from_parts(key, other)
    });
    other_bytes.chain((0..16).map(move |bit| TokenDigest::from_parts(key ^ (1 << bit), bytes)))
}

/// The verdict on the token where a store keeps this digest under its id.
async fn rejection(kept: TokenDigest) -> Option<Rejection> {
    let (store, token) = (MemoryStore::new(), token());
    let record = TokenRecord::new(token.id(), owner(), TokenName::new("sync").unwrap(), kept, noon());
    store.change(&Change::issue(record, Arc::new(Policy::default()))).await.unwrap();
    let clock = ManualClock::new(noon());
    let tokens = PersonalTokens::builder(store).prefix("shop").clock(clock).build().unwrap();
    common::rejection(&tokens, token.expose()).await
}

/// Failures 4.
#[test]
fn digests_that_differ_in_any_bit_are_not_equal() {
    let digest = token().digest();
    assert_eq!(digest, TokenDigest::from_parts(digest.key(), *digest.as_bytes()));
    assert_eq!(a_bit_off(&digest).count(), 272);
    for other in a_bit_off(&digest) {
        assert_ne!(digest, other);
    }
}

#[tokio::test]
async fn a_token_whose_kept_digest_differs_in_any_bit_is_unknown() {
    let digest = token().digest();
    assert_eq!(rejection(digest).await, None);
    for other in a_bit_off(&digest) {
        assert_eq!(rejection(other).await, Some(Rejection::Unknown));
    }
}
