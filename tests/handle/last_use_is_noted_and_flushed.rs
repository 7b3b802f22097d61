//! A verification leaves its use in memory, visible at once; a flush writes it, and a failing one loses nothing.
#![cfg(all(feature = "memory", feature = "testing"))]

use crate::common;

use std::sync::Arc;
use std::task::{Context, Waker};

use common::flaky_store::{FlakyStore, Mood};
use common::remote_store::Fault;
use common::rulebook::after;
use common::{builder, issue, noon, now, owner, shop};
use personal_tokens::store::{LastUse, ListQuery, MemoryStore, TokenStore};
use personal_tokens::{
    Duration, ManualClock, NewToken, PersonalTokens, Rotation, StoreError, Timestamp, TokenChange, TokenId,
};

/// What `get` and `list` show; the two agree.
async fn shown(tokens: &PersonalTokens, id: TokenId) -> Option<Timestamp> {
    let got = tokens.get(&owner(), id).await.unwrap().unwrap().last_used;
    let page = tokens.list(&owner(), ListQuery::all()).await.unwrap();
    let listed = page.tokens.iter().find(|record| record.id == id).unwrap().last_used;
    assert_eq!(got, listed);
    got
}

/// A shop whose store the test looks into.
fn open_shop() -> (PersonalTokens, ManualClock, Arc<MemoryStore>) {
    let (store, clock) = (Arc::new(MemoryStore::new()), ManualClock::new(noon()));
    let tokens = PersonalTokens::builder(Arc::clone(&store))
        .prefix("shop")
        .scopes(["products:read"])
        .max_active_per_owner(None)
        .clock(clock.clone())
        .build()
        .unwrap();
    (tokens, clock, store)
}

async fn written(store: &MemoryStore, id: TokenId) -> Option<Timestamp> {
    store.find(id).await.unwrap().unwrap().last_used
}

#[tokio::test]
async fn a_use_is_shown_at_once_and_written_by_a_flush() {
    let (tokens, clock, store) = open_shop();
    let issued = issue(&tokens, "sync").await;
    let id = issued.record.id;
    assert_eq!(shown(&tokens, id).await, None);

    clock.advance(Duration::seconds(90));
    tokens.verify(issued.token.expose()).await.unwrap();
    assert_eq!(shown(&tokens, id).await, Some(after(90)));
    // Failures 32: nothing is written on a request's path.
    assert_eq!(written(&store, id).await, None);

    tokens.flush().await.unwrap();
    assert_eq!(written(&store, id).await, Some(after(90)));
    assert_eq!(shown(&tokens, id).await, Some(after(90)));
    assert_eq!(tokens.dropped_uses(), 0);
}

#[tokio::test]
async fn of_a_pending_and_a_written_use_the_later_is_shown() {
    let (tokens, _, store) = open_shop();
    let issued = issue(&tokens, "sync").await;
    let id = issued.record.id;
    tokens.verify(issued.token.expose()).await.unwrap();
    // Another node wrote a later one.
    store.touch(&[LastUse::new(id, after(600))], Duration::MINUTE).await.unwrap();
    assert_eq!(shown(&tokens, id).await, Some(after(600)));
    tokens.flush().await.unwrap();
    assert_eq!(shown(&tokens, id).await, Some(after(600)));
}

#[tokio::test]
async fn answers_of_changes_show_it_too() {
    let (tokens, clock) = shop();
    let issued = issue(&tokens, "sync").await;
    clock.advance(Duration::SECOND);
    tokens.verify(issued.token.expose()).await.unwrap();
    let id = issued.record.id;
    let updated = tokens.update(&owner(), id, TokenChange::new().name("till")).await.unwrap();
    assert_eq!(updated.last_used, Some(after(1)));
    let successor = tokens.rotate(&owner(), id, Rotation::new()).await.unwrap();
    assert_eq!(successor.record.last_used, None, "it is another token");
    assert_eq!(tokens.revoke(&owner(), id).await.unwrap().last_used, Some(after(1)));
}

#[tokio::test]
async fn inspect_answers_as_verify_and_leaves_no_trace() {
    let (tokens, _, store) = open_shop();
    let issued = issue(&tokens, "sync").await;
    let inspected = tokens.inspect(issued.token.expose()).await.unwrap();
    assert_eq!((inspected.id(), inspected.name().as_str()), (issued.record.id, "sync"));
    assert_eq!(shown(&tokens, issued.record.id).await, None);
    tokens.flush().await.unwrap();
    assert_eq!(written(&store, issued.record.id).await, None);
}

#[tokio::test]
async fn a_refused_token_was_not_used() {
    let (tokens, clock) = shop();
    let expired = tokens.issue(NewToken::new(owner(), "expired").expires_in(Duration::SECOND)).await.unwrap();
    let revoked = issue(&tokens, "revoked").await;
    tokens.revoke(&owner(), revoked.record.id).await.unwrap();
    clock.advance(Duration::SECOND);
    for refused in [&expired, &revoked] {
        tokens.verify(refused.token.expose()).await.unwrap_err();
        assert_eq!(shown(&tokens, refused.record.id).await, None);
    }
}

#[tokio::test]
async fn a_token_is_noted_once_in_a_period() {
    let (tokens, clock) = shop();
    let issued = issue(&tokens, "sync").await;
    for (at, noted) in [(0, 0), (1, 0), (59, 0), (60, 60), (100, 60), (180, 180)] {
        clock.set(after(at));
        tokens.verify(issued.token.expose()).await.unwrap();
        assert_eq!(shown(&tokens, issued.record.id).await, Some(after(noted)), "{at} s");
    }
    // Somebody sets the wall clock back: what was noted stands.
    clock.set(after(-600));
    tokens.verify(issued.token.expose()).await.unwrap();
    assert_eq!(shown(&tokens, issued.record.id).await, Some(after(180)));
}

#[tokio::test]
async fn the_resolution_is_the_hosts() {
    let (builder, clock) = builder();
    let tokens = builder.usage_resolution(Duration::MICROSECOND).build().unwrap();
    let issued = issue(&tokens, "sync").await;
    for micros in 1..5 {
        clock.advance(Duration::MICROSECOND);
        tokens.verify(issued.token.expose()).await.unwrap();
        let noted = noon().checked_add(Duration::microseconds(micros));
        assert_eq!(shown(&tokens, issued.record.id).await, noted);
        tokens.flush().await.unwrap();
        assert_eq!(shown(&tokens, issued.record.id).await, noted);
    }
}

/// What a page showed an owner stands when the page is loaded again, whoever flushed in between.
#[tokio::test]
async fn a_flush_takes_back_nothing_that_was_shown() {
    let (tokens, clock, store) = open_shop();
    let issued = issue(&tokens, "sync").await;
    // The second comes less than a resolution after the first: it is neither shown nor written.
    for (used, seen) in [(50, 50), (70, 50), (115, 115)] {
        clock.set(after(used));
        tokens.verify(issued.token.expose()).await.unwrap();
        assert_eq!(shown(&tokens, issued.record.id).await, Some(after(seen)), "{used}");
        tokens.flush().await.unwrap();
        assert_eq!(shown(&tokens, issued.record.id).await, Some(after(seen)), "{used}, after the flush");
        assert_eq!(written(&store, issued.record.id).await, Some(after(seen)));
    }
}

/// Another node wrote a use less than a resolution ago: this one's flush will write nothing, so it shows nothing else.
#[tokio::test]
async fn what_another_node_wrote_is_shown_as_it_stands_and_will_stand() {
    let (tokens, clock, store) = open_shop();
    let issued = issue(&tokens, "sync").await;
    let node = || PersonalTokens::builder(Arc::clone(&store)).prefix("shop").clock(clock.clone()).build().unwrap();
    let (one, other) = (node(), node());
    clock.set(after(50));
    one.verify(issued.token.expose()).await.unwrap();
    one.flush().await.unwrap();
    clock.set(after(70));
    other.verify(issued.token.expose()).await.unwrap();
    assert_eq!(shown(&other, issued.record.id).await, Some(after(50)));
    other.flush().await.unwrap();
    assert_eq!(shown(&other, issued.record.id).await, Some(after(50)));
}

fn flaky_shop(touch: Mood) -> (PersonalTokens, ManualClock, Arc<FlakyStore>) {
    let (store, clock) = (Arc::new(FlakyStore::default()), ManualClock::new(noon()));
    store.touch.becomes(touch);
    let builder = PersonalTokens::builder(Arc::clone(&store)).prefix("shop").scopes(["products:read"]);
    (builder.max_active_per_owner(None).clock(clock.clone()).build().unwrap(), clock, store)
}

#[tokio::test]
async fn what_a_failing_store_did_not_take_is_kept_for_the_next_flush() {
    let (tokens, _, store) = flaky_shop(Mood::Fails);
    let issued = issue(&tokens, "sync").await;
    tokens.verify(issued.token.expose()).await.unwrap();
    for _ in 0..3 {
        assert!(matches!(tokens.flush().await, Err(StoreError::Unavailable(_))));
        assert_eq!(shown(&tokens, issued.record.id).await, Some(noon()));
    }
    store.touch.becomes(Mood::Works);
    tokens.flush().await.unwrap();
    assert_eq!(store.last_used(issued.record.id).await, Some(noon()));
    // Written once; then nothing is pending.
    tokens.flush().await.unwrap();
    assert_eq!(store.take_uses(), [[LastUse::new(issued.record.id, noon())]]);
}

#[tokio::test]
async fn a_cancelled_flush_loses_nothing() {
    let (tokens, _, store) = flaky_shop(Mood::Hangs);
    let issued = issue(&tokens, "sync").await;
    tokens.verify(issued.token.expose()).await.unwrap();
    let mut flush = Box::pin(tokens.flush());
    assert!(flush.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    drop(flush);
    assert_eq!(shown(&tokens, issued.record.id).await, Some(noon()));
    store.touch.becomes(Mood::Works);
    tokens.flush().await.unwrap();
    assert_eq!(store.last_used(issued.record.id).await, Some(noon()));
}

fn sizes(store: &FlakyStore) -> Vec<usize> {
    store.take_uses().iter().map(Vec::len).collect()
}

/// A batch with a bad row keeps the others from nothing, as asking again does not help; a store that is away is not asked on.
#[tokio::test]
async fn a_batch_that_is_corrupt_does_not_end_a_flush() {
    let table: [(_, &[usize], &[usize]); 3] = [
        (Fault::Corrupt, &[1_000, 1_000, 500], &[1_000]),
        (Fault::Unavailable, &[1_000, 1_000], &[1_000, 500]),
        (Fault::TimedOut, &[1_000, 1_000], &[1_000, 500]),
    ];
    for (fault, asked, again) in table {
        let (tokens, _, store) = flaky_shop(Mood::FailsOnce(fault));
        for number in 0..2_500 {
            let issued = issue(&tokens, &format!("token {number}")).await;
            tokens.verify(issued.token.expose()).await.unwrap();
        }
        let error = tokens.flush().await.unwrap_err();
        assert!(fault.made(&error), "{fault:?}: {error:?}");
        assert_eq!(sizes(&store), asked, "{fault:?}");
        store.touch.becomes(Mood::Works);
        tokens.flush().await.unwrap();
        assert_eq!(sizes(&store), again, "{fault:?}: what was written does not go again");
        let page = store.list(&owner(), &ListQuery::all().limit(3_000), noon()).await.unwrap();
        assert!(page.iter().all(|record| record.last_used == Some(noon())) && page.len() == 2_500, "{fault:?}");
    }
}

#[tokio::test]
async fn a_use_noted_while_a_flush_writes_is_kept_for_the_next() {
    let (tokens, clock, store) = flaky_shop(Mood::Works);
    let issued = issue(&tokens, "sync").await;
    tokens.verify(issued.token.expose()).await.unwrap();
    let (id, handle, string) = (issued.record.id, tokens.clone(), issued.token.expose().to_owned());
    let set = store.meanwhile.set(Box::new(move || {
        clock.set(after(600));
        // The store answers from memory, so one poll does.
        let verify = std::pin::pin!(handle.verify(&string));
        assert!(verify.poll(&mut Context::from_waker(Waker::noop())).is_ready());
    }));
    assert!(set.is_ok());
    tokens.flush().await.unwrap();
    assert_eq!(store.last_used(id).await, Some(noon()));
    assert_eq!(shown(&tokens, id).await, Some(after(600)));
    tokens.flush().await.unwrap();
    assert_eq!(store.last_used(id).await, Some(after(600)));
}

/// Of a record that was read before a flush, answered after it, the use is known all the same.
#[tokio::test]
async fn a_flush_between_a_read_and_its_answer_hides_no_use() {
    let read: [fn(&PersonalTokens, TokenId) -> Option<Timestamp>; 4] = [
        |tokens, id| now(tokens.get(&owner(), id)).unwrap().unwrap().last_used,
        |tokens, _| now(tokens.list(&owner(), ListQuery::all())).unwrap().tokens[0].last_used,
        |tokens, _| now(tokens.expiring(Duration::DAY, None)).unwrap().tokens[0].last_used,
        |tokens, id| now(tokens.update(&owner(), id, TokenChange::new().name("till"))).unwrap().last_used,
    ];
    for (number, read) in read.into_iter().enumerate() {
        let (tokens, _, store) = flaky_shop(Mood::Works);
        let new = NewToken::new(owner(), "sync").expires_in(Duration::HOUR);
        let issued = tokens.issue(new).await.unwrap();
        tokens.verify(issued.token.expose()).await.unwrap();
        let handle = tokens.clone();
        assert!(store.before_the_answer.set(Box::new(move || now(handle.flush()).unwrap())).is_ok());
        assert_eq!(read(&tokens, issued.record.id), Some(noon()), "{number}");
        assert_eq!(store.take_uses().len(), 1, "{number}: flushed meanwhile");
    }
}

/// A store may skip rows that others hold. Its answer says nothing of it; the node that noted the use still knows.
#[tokio::test]
async fn a_use_whose_row_was_skipped_is_shown_on() {
    let (tokens, clock, store) = flaky_shop(Mood::Skips);
    let issued = issue(&tokens, "sync").await;
    tokens.verify(issued.token.expose()).await.unwrap();
    for _ in 0..2 {
        tokens.flush().await.unwrap();
        assert_eq!(store.last_used(issued.record.id).await, None);
        assert_eq!(shown(&tokens, issued.record.id).await, Some(noon()));
    }
    clock.advance(Duration::MINUTE);
    store.touch.becomes(Mood::Works);
    tokens.verify(issued.token.expose()).await.unwrap();
    tokens.flush().await.unwrap();
    assert_eq!(store.last_used(issued.record.id).await, Some(after(60)));
}
