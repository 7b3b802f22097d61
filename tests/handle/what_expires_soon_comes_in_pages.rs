//! The handle finds what expires within a span from now, over all owners, the soonest first, 100 to a page, without a gap or
//! a repetition.
#![cfg(all(feature = "memory", feature = "testing"))]

use crate::common;

use common::remote_store::{Fault, Method};
use common::rulebook::{after, after_micros};
use common::{noon, now, remote_shop};
use personal_tokens::store::{Cursor, MemoryStore};
use personal_tokens::{
    Duration, Issued, ManualClock, NewToken, OwnerId, PersonalTokens, Rotation, StoreError, Timestamp, TokenChange,
    TokenId,
};

fn shop() -> (PersonalTokens, ManualClock) {
    let clock = ManualClock::new(noon());
    let builder = PersonalTokens::builder(MemoryStore::new()).prefix("shop").clock(clock.clone());
    (builder.build().unwrap(), clock)
}

fn owner(number: u32) -> OwnerId {
    OwnerId::from(number % 7)
}

/// A token of one of seven owners.
fn issue(tokens: &PersonalTokens, number: u32, expiry: impl Into<Option<Timestamp>>) -> Issued {
    let new = NewToken::new(owner(number), format!("token {number}"));
    now(tokens.issue(expiry.into().map_or(new.clone(), |expiry| new.expiry(expiry)))).unwrap()
}

/// The ids of every page. `between` is called when a page has come and the next is not yet asked for.
fn pages(tokens: &PersonalTokens, within: Duration, mut between: impl FnMut()) -> Vec<Vec<TokenId>> {
    let (mut pages, mut after) = (Vec::new(), None);
    loop {
        let page = now(tokens.expiring(within, after)).unwrap();
        pages.push(page.tokens.iter().map(|record| record.id).collect());
        assert!(pages.len() < 9, "it does not end");
        match page.next {
            Some(next) => after = Some(next),
            None => return pages,
        }
        between();
    }
}

#[test]
fn those_of_all_owners_come_once_each_the_soonest_first() {
    for count in [0, 1, 99, 100, 101, 200, 250] {
        let (tokens, _) = shop();
        // Seven at a time expire together, and a page ends among them.
        let issued = (0..count).map(|number| (after(60 + i64::from(number * 31 % count / 7)), number));
        let mut expected: Vec<_> = issued.map(|(at, number)| (at, issue(&tokens, number, at).record.id)).collect();
        expected.sort_unstable();
        let expected: Vec<TokenId> = expected.into_iter().map(|(_, id)| id).collect();
        let pages = pages(&tokens, Duration::HOUR, || {});
        let full = if expected.is_empty() { vec![vec![]] } else { expected.chunks(100).map(<[_]>::to_vec).collect() };
        assert_eq!(pages, full, "of {count}");
    }
}

#[test]
fn only_current_tokens_that_will_expire_within_the_span_come() {
    let (tokens, clock) = shop();
    let last = after(3_600);
    let [soonest, at_the_end] = [(1, after_micros(1)), (2, last)].map(|(n, at)| issue(&tokens, n, at).record.id);
    issue(&tokens, 3, after_micros(3_600_000_001));
    issue(&tokens, 4, None);
    let revoked = issue(&tokens, 5, after(60)).record;
    now(tokens.revoke(&revoked.owner, revoked.id)).unwrap();
    let old = issue(&tokens, 6, after(60)).record;
    let rotation = Rotation::new().grace(Duration::MINUTE).expiry(after(120));
    let successor = now(tokens.rotate(&old.owner, old.id, rotation)).unwrap().record.id;
    let within = |span| pages(&tokens, span, || {}).concat();
    assert_eq!(within(Duration::HOUR), [soonest, successor, at_the_end]);
    assert_eq!(within(Duration::HOUR - Duration::MICROSECOND), [soonest, successor]);
    assert_eq!(within(Duration::MAX).len(), 4, "all that ever expire");
    for none in [Duration::ZERO, -Duration::HOUR, Duration::MIN] {
        assert_eq!(within(none), [], "{none}");
    }
    // At its expiry a token has expired.
    clock.advance(Duration::MICROSECOND);
    assert_eq!(within(Duration::MINUTE * 59), [successor]);
}

#[test]
fn changes_between_two_pages_shift_nothing() {
    let (tokens, clock) = shop();
    let expiry = |number: u32| after(3_600 + i64::from(number));
    let issued: Vec<_> = (0..250).map(|number| issue(&tokens, number, expiry(number)).record).collect();
    let mut page = 0;
    let between = || {
        page += 1;
        clock.advance(Duration::SECOND);
        // On the page that was seen and on the one that comes, one is revoked; another comes before the place.
        for number in [page * 100 - 1, page * 100 + 10] {
            now(tokens.revoke(&owner(number), issued[number as usize].id)).unwrap();
        }
        issue(&tokens, 1_000 + page, after(1_800));
        // It was seen, expires later now, and is seen again at its new place.
        let change = TokenChange::new().expiry(expiry(1_000 + page));
        now(tokens.update(&owner(page), issued[page as usize].id, change)).unwrap();
    };
    let seen = pages(&tokens, Duration::HOUR * 2, between).concat();
    let kept = (0..250).filter(|number| ![110, 210].contains(number)).chain([1, 2]);
    assert_eq!(seen, kept.map(|number| issued[number].id).collect::<Vec<_>>());
}

#[tokio::test]
async fn it_shows_uses_that_wait_for_a_flush() {
    let (tokens, clock) = shop();
    let issued = issue(&tokens, 1, after(3_600));
    clock.set(after(90));
    tokens.verify(issued.token.expose()).await.unwrap();
    let page = tokens.expiring(Duration::HOUR, None).await.unwrap();
    assert_eq!(page.tokens[0].last_used, Some(after(90)));
}

#[tokio::test]
async fn a_failing_store_is_an_error_and_no_empty_page() {
    let (tokens, store, _) = remote_shop();
    issue(&tokens, 1, after(60));
    for fault in Fault::BEFORE {
        store.fail(Method::Expiring, fault);
        let error: StoreError = tokens.expiring(Duration::HOUR, None).await.unwrap_err();
        assert!(fault.made(&error), "{error:?}");
    }
    store.work();
    let beyond = Cursor::new(Timestamp::MAX, TokenId::from_bytes([255; TokenId::LEN]));
    assert_eq!(tokens.expiring(Duration::HOUR, Some(beyond)).await.unwrap().tokens, []);
    assert_eq!(tokens.expiring(Duration::HOUR, None).await.unwrap().tokens.len(), 1);
}
