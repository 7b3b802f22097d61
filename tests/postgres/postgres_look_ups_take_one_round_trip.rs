//! A look-up is one question to the server and one answer: with unnamed statements and with named ones, for a token that is
//! there and for one that is not. On a host's pool, what that pool asks its connections comes on top.
#![cfg(all(feature = "postgres", feature = "memory", feature = "testing"))]

use crate::common;

use std::sync::Arc;

use common::postgres::shared;
use common::proxy::Proxy;
use common::rulebook::{record, token_id};
use personal_tokens::Change;
use personal_tokens::store::sqlx::postgres::PgPoolOptions;
use personal_tokens::store::{PostgresStore, TokenStore as _};

const LOOK_UPS: usize = 10;
/// A connection that rested for a second is asked whether it is alive: a machine that stood still asks more.
const TRIES: usize = 20;

/// The least that so many look-ups asked the server.
async fn least_asked(proxy: &Proxy, store: &PostgresStore) -> usize {
    // The first ones open the connection, and prepare what has a name.
    for number in [1, 2, 1, 2] {
        store.find(token_id(number)).await.unwrap();
    }
    let mut least = usize::MAX;
    for _ in 0..TRIES {
        let before = proxy.asked();
        for number in 0..LOOK_UPS {
            let found = store.find(token_id(1 + number as u32 % 2)).await.unwrap();
            assert_eq!(found.is_some(), number % 2 == 0);
        }
        least = least.min(proxy.asked() - before);
    }
    least
}

async fn database() -> String {
    let database = shared().new_database().await;
    let store = PostgresStore::connect(&shared().url(&database)).await.unwrap();
    store.create_tables().await.unwrap();
    store.change(&Change::issue(record(1), Arc::default())).await.unwrap();
    database
}

#[tokio::test]
async fn a_look_up_is_one_round_trip() {
    let (database, proxy) = (database().await, Proxy::to(shared().port()).await);
    let url = format!("postgres://postgres@127.0.0.1:{}/{database}", proxy.port());
    for named in [false, true] {
        let store = PostgresStore::connect(&url).await.unwrap().named_statements(named);
        assert_eq!(least_asked(&proxy, &store).await, LOOK_UPS, "named: {named}");
        store.close().await;
    }
}

#[tokio::test]
async fn a_hosts_pool_asks_its_connections_besides() {
    let (database, proxy) = (database().await, Proxy::to(shared().port()).await);
    let options = shared().options(&database).port(proxy.port());
    for (tests, each) in [(true, 3), (false, 2)] {
        let pool = PgPoolOptions::new().max_connections(1).test_before_acquire(tests);
        let store = PostgresStore::from_pool(pool.connect_lazy_with(options.clone()));
        assert_eq!(least_asked(&proxy, &store).await, each * LOOK_UPS, "tests: {tests}");
        store.close().await;
    }
}
