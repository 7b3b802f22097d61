//! A grace that was cut, or never was, does not come back when a clock goes back: by time's correction, or on another node
//! (failures 18).
#![cfg(all(feature = "memory", feature = "testing"))]

use crate::common;

use common::{issue, noon, owner, shop};
use personal_tokens::{Duration, Issued, PersonalTokens, Rejection, Rotation, VerifyError};

async fn verdict(tokens: &PersonalTokens, issued: &Issued) -> Option<Rejection> {
    match tokens.verify(issued.token.expose()).await {
        Ok(_) => None,
        Err(VerifyError::Rejected(rejection)) => Some(rejection),
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test]
async fn by_a_rotation_without_grace() {
    let (tokens, clock) = shop();
    let old = issue(&tokens, "sync").await;
    tokens.rotate(&owner(), old.record.id, Rotation::new()).await.unwrap();
    clock.advance(-Duration::DAY);
    assert_eq!(verdict(&tokens, &old).await, Some(Rejection::Rotated));
}

#[tokio::test]
async fn by_a_second_rotation() {
    let (tokens, clock) = shop();
    let grace = || Rotation::new().grace(Duration::HOUR);
    let first = issue(&tokens, "sync").await;
    let second = tokens.rotate(&owner(), first.record.id, grace()).await.unwrap();
    clock.advance(Duration::MINUTE);
    tokens.rotate(&owner(), second.record.id, grace()).await.unwrap();
    for back in [Duration::SECOND, Duration::MINUTE, Duration::DAY] {
        clock.set(noon().checked_add(Duration::MINUTE - back).unwrap());
        assert_eq!(verdict(&tokens, &first).await, Some(Rejection::Rotated), "{back}");
        assert_eq!(verdict(&tokens, &second).await, None, "{back}");
    }
}

/// Also where the grace had run out before: with the revoke nobody wants that token back.
#[tokio::test]
async fn by_a_revoke_of_the_successor() {
    for waited in [Duration::MINUTE, Duration::HOUR, Duration::DAY] {
        let (tokens, clock) = shop();
        let old = issue(&tokens, "sync").await;
        let new = tokens.rotate(&owner(), old.record.id, Rotation::new().grace(Duration::HOUR)).await.unwrap();
        clock.advance(waited);
        tokens.revoke(&owner(), new.record.id).await.unwrap();
        clock.set(noon());
        assert_eq!(verdict(&tokens, &old).await, Some(Rejection::Rotated), "{waited}");
        assert_eq!(verdict(&tokens, &new).await, Some(Rejection::Revoked), "{waited}");
    }
}
