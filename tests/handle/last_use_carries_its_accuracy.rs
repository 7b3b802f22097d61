//! Last use says how exactly it is known, or that it is unknown: the last use that all nodes had time to write lies in the
//! span that it names.
#![cfg(all(feature = "memory", feature = "testing"))]

use crate::common;

use std::sync::Arc;

use common::rulebook::{Timestamp, after};
use common::{builder, cases, issue, noon, now, owner, shop};
use personal_tokens::store::MemoryStore;
use personal_tokens::{Duration, LastUsed, ManualClock, PersonalTokens, TokenId};
use proptest::collection::vec;
use proptest::prelude::*;

fn last_used(tokens: &PersonalTokens, id: TokenId) -> Option<LastUsed> {
    tokens.last_used(&now(tokens.get(&owner(), id)).unwrap().unwrap())
}

#[tokio::test]
async fn the_accuracy_is_twice_the_resolution() {
    let of = |configure: fn(_) -> _| configure(builder().0);
    let table = [
        (of(|builder| builder), 2 * Duration::MINUTE),
        (of(|builder| builder.usage_resolution(Duration::HOUR)), 2 * Duration::HOUR),
        (of(|builder| builder.usage_resolution(Duration::MAX)), Duration::MAX),
        (of(|builder| builder.flush_interval(Duration::DAY)), 2 * Duration::MINUTE),
    ];
    for (builder, accuracy) in table {
        let tokens = builder.build().unwrap();
        let issued = issue(&tokens, "sync").await;
        assert_eq!(last_used(&tokens, issued.record.id), None);
        tokens.verify(issued.token.expose()).await.unwrap();
        let used = last_used(&tokens, issued.record.id).unwrap();
        assert!(used.at <= noon(), "{used:?}");
        assert_eq!(used.accuracy, accuracy);
    }
}

/// Not "never": its node ended before a flush, and no other can tell.
#[tokio::test]
async fn a_use_that_no_node_wrote_is_unknown() {
    let (store, clock) = (Arc::new(MemoryStore::new()), ManualClock::new(noon()));
    let builder = || PersonalTokens::builder(Arc::clone(&store)).prefix("shop").scopes(["products:read"]);
    let node = || builder().clock(clock.clone()).build().unwrap();
    let (crashed, other) = (node(), node());
    let issued = issue(&crashed, "sync").await;
    crashed.verify(issued.token.expose()).await.unwrap();
    assert_eq!(last_used(&crashed, issued.record.id).map(|used| used.at), Some(noon()));
    drop(crashed);
    for tokens in [other, node()] {
        assert_eq!(last_used(&tokens, issued.record.id), None);
    }
}

#[tokio::test]
async fn a_refused_token_is_unknown() {
    let (tokens, _) = shop();
    let issued = issue(&tokens, "sync").await;
    tokens.revoke(&owner(), issued.record.id).await.unwrap();
    tokens.verify(issued.token.expose()).await.unwrap_err();
    assert_eq!(last_used(&tokens, issued.record.id), None);
}

/// Two nodes over one store, which flush at the interval, each at seconds of its own.
#[derive(Clone, Debug)]
struct History {
    resolution: i64,
    interval: i64,
    phases: [i64; 2],
    /// How many seconds after the one before, and on which node.
    uses: Vec<(i64, usize)>,
    /// How long after the last use it is looked at.
    quiet: i64,
}

fn histories() -> impl Strategy<Value = History> {
    let spans = prop_oneof![3 => 0..40_i64, 1 => 0..400_i64];
    (1..100_i64, 1..60_i64, [0..60_i64, 0..60_i64], vec((spans, 0..2_usize), 1..20), 0..200_i64)
        .prop_map(|(resolution, interval, phases, uses, quiet)| History { resolution, interval, phases, uses, quiet })
}

/// What a node shows at the end, and every use, with whether that node can know of it: it noted it itself, or the other
/// one had an interval's time to flush.
struct Seen {
    shown: Option<LastUsed>,
    uses: Vec<(Timestamp, bool)>,
}

fn played(history: &History) -> [Seen; 2] {
    let (store, clock) = (Arc::new(MemoryStore::new()), ManualClock::new(noon()));
    let seconds = Duration::seconds;
    let node = || {
        let builder = PersonalTokens::builder(Arc::clone(&store)).prefix("shop").scopes(["products:read"]);
        let builder = builder.usage_resolution(seconds(history.resolution)).flush_interval(seconds(history.interval));
        builder.clock(clock.clone()).build().unwrap()
    };
    let nodes = [node(), node()];
    let issued = now(issue(&nodes[0], "sync"));
    let mut second = 0;
    let mut pass = |span| {
        for _ in 0..span {
            second += 1;
            clock.set(after(second));
            for (node, phase) in nodes.iter().zip(history.phases) {
                if (second + phase) % history.interval == 0 {
                    now(node.flush()).unwrap();
                }
            }
        }
        second
    };
    let mut uses = Vec::new();
    for (span, node) in &history.uses {
        uses.push((pass(*span), *node));
        now(nodes[*node].verify(issued.token.expose())).unwrap();
    }
    let end = pass(history.quiet);
    [0, 1].map(|node| Seen {
        shown: last_used(&nodes[node], issued.record.id),
        uses: uses.iter().map(|(at, by)| (after(*at), *by == node || *at <= end - history.interval)).collect(),
    })
}

proptest! {
    #![proptest_config(cases(512))]

    #[test]
    fn the_last_use_lies_in_the_span(history in histories()) {
        for Seen { shown, uses } in played(&history) {
            let last = uses.iter().rev().find(|(_, known)| *known).map(|(at, _)| *at);
            match shown {
                None => prop_assert_eq!(last, None),
                Some(LastUsed { at, accuracy, .. }) => {
                    prop_assert!(uses.iter().any(|(used, _)| *used == at), "{at} is no use");
                    prop_assert!(last.is_none_or(|last| last.since(at) < accuracy), "{last:?} {at}");
                }
            }
        }
    }
}
