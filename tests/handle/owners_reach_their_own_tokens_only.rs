//! Another owner's token is no different from none, whatever is asked of it (failures 33).
#![cfg(all(feature = "memory", feature = "testing"))]

use crate::common;

use common::{issue, other_owner, owner, shop};
use personal_tokens::store::{ChangeError, ListQuery};
use personal_tokens::{ChangeRefused, Expiry, NewToken, OwnerId, Rotation, TokenChange, TokenId};

fn not_found<T: std::fmt::Debug>(answer: &Result<T, ChangeError>) {
    assert!(matches!(answer, Err(ChangeError::Refused(ChangeRefused::NotFound))), "{answer:?}");
}

#[tokio::test]
async fn another_owners_token_is_no_different_from_none() {
    let (tokens, _) = shop();
    let issued = issue(&tokens, "sync").await;
    let (id, stranger) = (issued.record.id, other_owner());
    // Near to the owner, and still another: byte by byte.
    for stranger in [stranger.clone(), OwnerId::new("Store-42").unwrap(), OwnerId::new("store-42 ").unwrap()] {
        assert_eq!(tokens.get(&stranger, id).await.unwrap(), None);
        assert_eq!(tokens.list(&stranger, ListQuery::all()).await.unwrap().tokens, []);
        not_found(&tokens.update(&stranger, id, TokenChange::new().name("stolen").expiry(Expiry::Never)).await);
        not_found(&tokens.rotate(&stranger, id, Rotation::new()).await);
        not_found(&tokens.revoke(&stranger, id).await);
        assert_eq!(tokens.revoke_all(&stranger).await.unwrap(), 0);
    }
    assert_eq!(tokens.get(&owner(), id).await.unwrap(), Some(issued.record));
    assert_eq!(tokens.verify(issued.token.expose()).await.unwrap().owner(), &owner());
}

#[tokio::test]
async fn an_unknown_id_is_not_found_and_revokes_nothing() {
    let (tokens, _) = shop();
    let issued = issue(&tokens, "sync").await;
    let unknown = TokenId::from_bytes([7; TokenId::LEN]);
    assert_eq!(tokens.get(&owner(), unknown).await.unwrap(), None);
    not_found(&tokens.update(&owner(), unknown, TokenChange::new().name("other")).await);
    not_found(&tokens.rotate(&owner(), unknown, Rotation::new()).await);
    not_found(&tokens.revoke(&owner(), unknown).await);
    tokens.verify(issued.token.expose()).await.unwrap();
}

#[tokio::test]
async fn names_limits_and_revocations_are_each_owners_own() {
    let (tokens, _) = shop();
    let ours = issue(&tokens, "sync").await;
    let theirs = tokens.issue(NewToken::new(other_owner(), "sync")).await.unwrap();
    assert_eq!(tokens.revoke_all(&owner()).await.unwrap(), 1);
    assert!(tokens.verify(ours.token.expose()).await.is_err());
    assert!(tokens.verify(theirs.token.expose()).await.is_ok());
}
