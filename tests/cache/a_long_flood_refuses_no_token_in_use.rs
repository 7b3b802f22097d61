//! A flood of tokens that nobody issued goes on for longer than a record is answered from memory: what was in use when it
//! came is read again in time, whatever waits (failures 22).
#![cfg(all(feature = "cache", feature = "memory", feature = "testing"))]

use crate::common;

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration as StdDuration;

use common::cached::{Cached, cached_over, settle};
use common::issue;
use common::rulebook::token_id;
use common::stepped_store::SteppedStore;
use futures_util::future::poll_immediate;
use personal_tokens::store::{StoreError, TokenStore as _};
use personal_tokens::{Duration, TokenRecord};
use tokio::time::timeout;

type Answer = Result<Option<Arc<TokenRecord>>, StoreError>;
type Find<'f> = Pin<Box<dyn Future<Output = Answer> + Send + 'f>>;

const MAX_STALENESS: StdDuration = StdDuration::from_secs(30);

/// Look-ups of ids that no token has, of which some stop in the store, some wait, and some found no room.
async fn flood(node: &Cached<SteppedStore>) -> Vec<Find<'_>> {
    let mut finds = Vec::new();
    for id in 0..100 {
        let mut find = node.cache.find(token_id(id));
        if poll_immediate(&mut find).await.is_none() {
            finds.push(find);
        }
    }
    assert!(finds.len() < 100, "there is room for all");
    finds
}

#[tokio::test]
async fn what_is_in_use_is_read_again() {
    let node = cached_over(SteppedStore::over, |builder| builder.lookups(4).waiting(8).max_staleness(MAX_STALENESS));
    let issued = issue(&node.elsewhere, "sync").await;
    assert_eq!(node.verdict(&issued).await, None);
    node.cache.inner().hold();
    let flood = flood(&node).await;

    node.clock.advance(Duration::seconds(30));
    let mut find = pin!(node.cache.find(issued.record.id));
    let refused = poll_immediate(&mut find).await;
    assert!(refused.is_none(), "{refused:?}");
    settle().await;
    let read: Vec<_> = node.cache.inner().held().into_iter().filter(|held| held.id == issued.record.id).collect();
    assert_eq!(read.len(), 1, "it waits behind the flood");
    drop(read);
    let found = timeout(StdDuration::from_secs(60), find).await.expect("it hangs");
    assert_eq!(found.unwrap().unwrap().id, issued.record.id);
    drop(flood);
}
