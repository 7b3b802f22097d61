//! A list shows the states asked for, newest first, in pages that neither skip nor repeat a token while others
//! are issued between them.
#![cfg(all(feature = "memory", feature = "testing"))]

use crate::common;

use common::{block_on, builder, cases, issue, other_owner, owner, shop};
use personal_tokens::store::ListQuery;
use personal_tokens::{Duration, ManualClock, NewToken, PersonalTokens, Rotation, TokenId};
use proptest::prelude::*;

async fn ids(tokens: &PersonalTokens, query: ListQuery) -> Vec<TokenId> {
    let page = tokens.list(&owner(), query).await.unwrap();
    page.tokens.iter().map(|record| record.id).collect()
}

#[tokio::test]
async fn a_list_is_active_ended_or_all() {
    let (tokens, clock) = shop();
    let next = || clock.advance(Duration::SECOND);
    let active = issue(&tokens, "active").await.record.id;
    next();
    let revoked = issue(&tokens, "revoked").await.record.id;
    tokens.revoke(&owner(), revoked).await.unwrap();
    next();
    let expired = tokens.issue(NewToken::new(owner(), "expired").expires_in(Duration::SECOND)).await.unwrap().record.id;
    next();
    let in_grace = issue(&tokens, "in grace").await.record.id;
    next();
    let rotation = Rotation::new().grace(Duration::HOUR);
    let successor = tokens.rotate(&owner(), in_grace, rotation).await.unwrap().record.id;
    next();
    let rotated = issue(&tokens, "rotated").await.record.id;
    next();
    let other = tokens.rotate(&owner(), rotated, Rotation::new()).await.unwrap().record.id;
    tokens.issue(NewToken::new(other_owner(), "foreign")).await.unwrap();

    assert_eq!(ids(&tokens, ListQuery::active()).await, [other, successor, in_grace, active]);
    assert_eq!(ids(&tokens, ListQuery::ended()).await, [rotated, expired, revoked]);
    let all = [other, rotated, successor, in_grace, expired, revoked, active];
    assert_eq!(ids(&tokens, ListQuery::all()).await, all);
    clock.advance(Duration::HOUR);
    assert_eq!(ids(&tokens, ListQuery::active()).await, [other, successor, active]);
}

#[tokio::test]
async fn a_page_is_as_long_as_asked_and_names_the_next_only_where_there_is_one() {
    let (tokens, clock) = shop();
    for number in 0..5 {
        issue(&tokens, &format!("token {number}")).await;
        clock.advance(Duration::SECOND);
    }
    let lens = async |limit| {
        let page = tokens.list(&owner(), ListQuery::all().limit(limit)).await.unwrap();
        (page.tokens.len(), page.next.is_some())
    };
    assert_eq!(lens(0).await, (1, true), "0 counts as 1");
    assert_eq!(lens(1).await, (1, true));
    assert_eq!(lens(4).await, (4, true));
    assert_eq!(lens(5).await, (5, false), "exactly full");
    assert_eq!(lens(6).await, (5, false));
    assert_eq!(lens(u32::MAX).await, (5, false));
    let nobody = tokens.list(&other_owner(), ListQuery::all()).await.unwrap();
    assert_eq!((nobody.tokens.len(), nobody.next), (0, None));
}

#[tokio::test]
async fn a_page_has_50_tokens_unless_said_and_1000_at_most() {
    let tokens = builder().0.max_active_per_owner(None).build().unwrap();
    for number in 0..1_001 {
        issue(&tokens, &format!("token {number}")).await;
    }
    let usual = tokens.list(&owner(), ListQuery::all()).await.unwrap();
    assert_eq!((usual.tokens.len(), usual.next.is_some()), (50, true));
    let most = tokens.list(&owner(), ListQuery::all().limit(u32::MAX)).await.unwrap();
    assert_eq!(most.tokens.len(), 1_000);
    let rest = tokens.list(&owner(), ListQuery::all().after(most.next.unwrap())).await.unwrap();
    assert_eq!((rest.tokens.len(), rest.next), (1, None));
}

/// Issues a token a step; the clock stands still in many, so that tokens share an instant.
async fn issue_some(tokens: &PersonalTokens, clock: &ManualClock, pauses: &[bool], label: &str) -> Vec<TokenId> {
    let mut issued = Vec::new();
    for (number, pause) in pauses.iter().enumerate() {
        if *pause {
            clock.advance(Duration::MICROSECOND);
        }
        issued.push(issue(tokens, &format!("{label} {number}")).await.record.id);
    }
    issued
}

proptest! {
    #![proptest_config(cases(64))]
    #[test]
    fn pages_neither_skip_nor_repeat(
        before in proptest::collection::vec(any::<bool>(), 0..20),
        between in proptest::collection::vec(proptest::collection::vec(any::<bool>(), 0..3), 20),
        revoked in proptest::sample::subsequence((0..20_usize).collect::<Vec<_>>(), 0..10),
        limit in 1..6_u32,
        query in proptest::sample::select(vec![ListQuery::all(), ListQuery::active(), ListQuery::ended()]),
    ) {
        block_on(async {
            let (tokens, clock) = shop();
            let first = issue_some(&tokens, &clock, &before, "before").await;
            for number in revoked.into_iter().filter(|number| *number < first.len()) {
                tokens.revoke(&owner(), first[number]).await.unwrap();
            }
            let expected = ids(&tokens, query.limit(1_000)).await;

            let (mut seen, mut next) = (Vec::new(), None);
            let mut turns = between.iter().enumerate();
            loop {
                let mut query = query.limit(limit);
                query.after = next;
                let page = tokens.list(&owner(), query).await.unwrap();
                prop_assert!(page.tokens.len() <= limit as usize);
                seen.extend(page.tokens.iter().map(|record| (record.created, record.id)));
                next = page.next;
                if next.is_none() {
                    break;
                }
                // Some land behind the cursor: they share its instant.
                if let Some((turn, pauses)) = turns.next() {
                    issue_some(&tokens, &clock, pauses, &format!("turn {turn}")).await;
                }
            }
            prop_assert!(seen.windows(2).all(|pair| pair[0] > pair[1]), "newest first, none twice");
            let seen: Vec<_> = seen.into_iter().map(|(_, id)| id).filter(|id| first.contains(id)).collect();
            prop_assert_eq!(seen, expected);
            Ok(())
        })?;
    }
}
