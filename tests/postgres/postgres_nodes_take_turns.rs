//! Of many nodes that change one owner's tokens at once each sees what the others did: of equal names one is given, a limit holds, of
//! rotations of one token one wins, and claims are won once; owners do not wait for each other.
#![cfg(all(feature = "postgres", feature = "memory", feature = "testing"))]

use crate::common;

use std::sync::Arc;
use std::time::Duration as StdDuration;

use common::postgres::{run, shared};
use common::rulebook::{after, digest, name, policy, record, token_id, with};
use common::{noon, other_owner, owner};
use personal_tokens::store::sqlx::postgres::PgPoolOptions;
use personal_tokens::store::{ListQuery, PostgresStore, TokenStore as _};
use personal_tokens::{Change, ChangeError, ChangeRefused, Duration, Successor};
use tokio::task::JoinSet;
use tokio::time::timeout;

const PATIENCE: StdDuration = StdDuration::from_secs(60);
const NODES: u32 = 8;

/// Each with a pool of its own, whose sessions would else see their transaction's beginning only.
struct Fleet {
    nodes: Vec<Arc<PostgresStore>>,
    database: String,
}

impl Fleet {
    async fn new() -> Self {
        let database = shared().new_database().await;
        let options = shared().options(&database).options([("default_transaction_isolation", "repeatable read")]);
        let pool = PgPoolOptions::new().max_connections(4);
        let node = |_| Arc::new(PostgresStore::from_pool(pool.clone().connect_lazy_with(options.clone())));
        let nodes: Vec<_> = (0..NODES).map(node).collect();
        nodes[0].create_tables().await.unwrap();
        // They are connected.
        for node in &nodes {
            node.find(token_id(0)).await.unwrap();
        }
        Self { nodes, database }
    }

    /// Three of these changes on each node, all at once: how many were made, and why the others were not.
    async fn race(&self, change: impl Fn(u32) -> Change) -> (usize, Vec<ChangeRefused>) {
        let mut racing = JoinSet::new();
        for (number, node) in self.nodes.iter().cycle().take(3 * self.nodes.len()).enumerate() {
            let (node, change) = (Arc::clone(node), change(u32::try_from(number).unwrap()));
            racing.spawn(async move { node.change(&change).await });
        }
        let answers = timeout(PATIENCE, racing.join_all()).await.expect("they hang");
        let mut refused = Vec::new();
        for answer in answers.into_iter().filter_map(Result::err) {
            match answer {
                ChangeError::Refused(why) => refused.push(why),
                error => panic!("{error:?}"),
            }
        }
        (3 * self.nodes.len() - refused.len(), refused)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_equal_names_one_is_given_and_the_others_are_told_whose_it_is() {
    let fleet = Fleet::new().await;
    for round in 0..5 {
        let first = round * 100;
        let text = format!("sync {round}");
        let named = |number| with(record(first + number), |record| record.name = name(&text));
        let (made, refused) = fleet.race(|number| Change::issue(named(number), Arc::default())).await;
        assert_eq!(made, 1);
        let holder = fleet.nodes[0].list(&owner(), &ListQuery::all().limit(1_000), noon()).await.unwrap();
        let holder = holder.into_iter().find(|record| record.name == name(&text)).unwrap().id;
        for why in refused {
            assert!(matches!(why, ChangeRefused::NameTaken { holder: told, .. } if told == holder), "{why:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_limit_holds_among_all_nodes() {
    let fleet = Fleet::new().await;
    let limits = policy(|policy| policy.max_active = Some(5));
    for round in 0..5 {
        let of_round = |number| with(record(round * 100 + number), |record| record.owner = round.into());
        let (made, refused) = fleet.race(|number| Change::issue(of_round(number), Arc::clone(&limits))).await;
        assert_eq!(made, 5);
        assert!(refused.iter().all(|why| matches!(why, ChangeRefused::LimitReached { max: 5, .. })), "{refused:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_rotations_of_one_token_one_wins() {
    let fleet = Fleet::new().await;
    for round in 0..5 {
        let old = token_id(round);
        fleet.nodes[0].change(&Change::issue(record(round), Arc::default())).await.unwrap();
        let rotation = |number| {
            let (id, digest) = (token_id(1_000 + round * 100 + number), digest(number));
            let successor = Successor { id, digest, created_by: None, expiry: None, grace: Duration::HOUR };
            Change::rotate(owner(), old, successor, noon(), Arc::default())
        };
        let (made, refused) = fleet.race(rotation).await;
        assert_eq!(made, 1, "{refused:?}");
        let rotated = fleet.nodes[1].find(old).await.unwrap().unwrap().rotated.unwrap();
        assert_eq!(fleet.nodes[2].find(rotated.successor).await.unwrap().unwrap().predecessor, Some(old));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_claims_of_a_notice_one_wins() {
    let fleet = Fleet::new().await;
    fleet.nodes[0].change(&Change::issue(record(1), Arc::default())).await.unwrap();
    let mut was = None;
    for round in 0..5 {
        let mut racing = JoinSet::new();
        for node in fleet.nodes.iter().cycle().take(24) {
            let node = Arc::clone(node);
            racing.spawn(async move { node.claim_notice(token_id(1), was, after(round)).await.unwrap() });
        }
        let won = timeout(PATIENCE, racing.join_all()).await.expect("they hang");
        assert_eq!(won.into_iter().filter(|won| *won).count(), 1);
        was = Some(after(round));
    }
}

/// One whose lock is held for ever.
#[tokio::test]
async fn owners_do_not_wait_for_each_other() {
    let fleet = Fleet::new().await;
    let node = &fleet.nodes[0];
    node.change(&Change::issue(record(1), Arc::default())).await.unwrap();
    let mut other = shared().connect(&fleet.database).await;
    run(&mut other, "BEGIN; SELECT 1 FROM personal_tokens FOR UPDATE").await;
    let stuck = tokio::spawn({
        let node = Arc::clone(node);
        async move { node.change(&Change::revoke(owner(), token_id(1), noon())).await }
    });
    let others = with(record(2), |record| record.owner = other_owner());
    for node in &fleet.nodes {
        timeout(PATIENCE, node.change(&Change::revoke_all(other_owner(), noon()))).await.expect("it hangs").unwrap();
    }
    timeout(PATIENCE, node.change(&Change::issue(others, Arc::default()))).await.expect("it hangs").unwrap();
    run(&mut other, "ROLLBACK").await;
    timeout(PATIENCE, stuck).await.expect("it hangs").unwrap().unwrap();
    assert_eq!(node.find(token_id(1)).await.unwrap().unwrap().revoked, Some(noon()));
}
