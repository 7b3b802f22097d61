//! Uses wait for a flush in bounded memory; what finds no room is counted, and its verification passes all the same.
#![cfg(all(feature = "memory", feature = "testing"))]

mod common;

use common::{builder, issue, noon, owner};

/// Failures 22 and 32: a full queue neither grows nor blocks.
#[tokio::test]
async fn a_full_queue_drops_and_counts() {
    const PENDING: usize = 65_536;
    let tokens = builder().0.max_active_per_owner(None).build().unwrap();
    let mut issued = Vec::new();
    for number in 0..PENDING + 2 {
        issued.push(issue(&tokens, &format!("token {number}")).await);
    }
    for token in &issued[..PENDING] {
        tokens.verify(token.token.expose()).await.unwrap();
    }
    assert_eq!(tokens.dropped_uses(), 0);
    for token in &issued[PENDING..] {
        tokens.verify(token.token.expose()).await.unwrap();
    }
    assert_eq!(tokens.dropped_uses(), 2);

    tokens.flush().await.unwrap();
    let mut written = Vec::new();
    for token in &issued {
        written.push(tokens.get(&owner(), token.record.id).await.unwrap().unwrap().last_used);
    }
    assert!(written[..PENDING].iter().all(|used| *used == Some(noon())));
    assert_eq!(written[PENDING..], [None, None]);
}
