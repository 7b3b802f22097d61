//! A PostgreSQL that takes no writes: changes are unavailable and write nothing, and come back by themselves once it takes
//! writes again. A standby answers no look-up either, since it tells what was; a role that may only read does. A default
//! that says "read only" changes nothing (failures 30, 31).
#![cfg(all(feature = "postgres", feature = "memory", feature = "testing", feature = "tower"))]

use crate::common;

use common::noon;
use common::outage::{Shop, assert_all_answered, assert_all_unavailable};
use common::postgres::{Server, run, shared};
use common::rulebook::token_id;
use personal_tokens::store::sqlx::postgres::PgPoolOptions;
use personal_tokens::store::sqlx::{self, PgPool};
use personal_tokens::store::{PostgresStore, StoreError, TokenStore as _};

#[tokio::test]
async fn a_default_of_read_only_stops_no_change() {
    let server = shared();
    let database = server.new_database().await;
    let mut admin = server.connect("postgres").await;
    run(&mut admin, &format!("ALTER DATABASE {database} SET default_transaction_read_only = on")).await;
    // The tables are made too.
    let shop = Shop::on(server.pool(&database, 2)).await;
    let default: String = sqlx::query_scalar("SHOW default_transaction_read_only").fetch_one(&shop.pool).await.unwrap();
    assert_eq!(default, "on");
    shop.assert_all_goes_on().await;
}

#[tokio::test]
async fn a_role_that_may_only_read_reads_and_writes_once_it_may() {
    let server = shared();
    let database = server.new_database().await;
    let mut admin = server.connect(&database).await;
    let shop = Shop::on(server.pool(&database, 2)).await;
    let schema = "CREATE ROLE reader LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader";
    run(&mut admin, schema).await;
    let options = server.options(&database).username("reader");
    let before = shop.rows().await;
    let reader = shop.by(PgPoolOptions::new().max_connections(2).connect_lazy_with(options));
    assert_all_answered(&reader.reads().await);
    assert_all_unavailable(&reader.writes().await);
    assert_eq!(reader.rows().await, before);
    run(&mut admin, "GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO reader").await;
    reader.assert_all_goes_on().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_standby_answers_nothing_and_then_all_once_it_is_the_primary() {
    let server = Server::start(&[("wal_level", "replica"), ("max_wal_senders", "2")]);
    let shop = Shop::open(&server, 1).await;
    let before = shop.rows().await;
    let mut admin = server.connect("postgres").await;
    // What a server finds there when it starts, it takes for an order to follow another.
    let data: String = sqlx::query_scalar("SHOW data_directory").fetch_one(&mut admin).await.unwrap();
    run(&mut admin, &format!("COPY (SELECT) TO '{data}/standby.signal'; CHECKPOINT")).await;
    drop(admin);
    tokio::task::block_in_place(|| {
        server.kill();
        server.start_again();
    });
    assert!(is_in_recovery(&shop.pool).await);
    for _ in 0..2 {
        for answers in [shop.reads().await, shop.writes().await] {
            assert_all_unavailable(&answers);
        }
        shop.assert_door_says_503().await;
    }
    // So that a pool that knows several servers finds the one that takes writes.
    let id = shop.active.record.id;
    let first = shop.backend().await;
    assert!(shop.store.find(id).await.is_err());
    let second = shop.backend().await;
    assert!(shop.store.claim_notice(id, None, noon()).await.is_err());
    let third = shop.backend().await;
    assert!(first != second && second != third, "a connection to a standby is kept");
    let named = PostgresStore::from_pool(shop.pool.clone()).named_statements(true);
    for id in [id, token_id(1)] {
        let found = named.find(id).await;
        assert!(matches!(found, Err(StoreError::Unavailable(_))), "a token that is there or not: {found:?}");
    }
    assert_ne!(third, shop.backend().await, "a connection to a standby is kept");
    assert!(named.claim_notice(id, None, noon()).await.is_err());

    let promoted: bool = sqlx::query_scalar("SELECT pg_promote()").fetch_one(&shop.pool).await.unwrap();
    assert!(promoted && !is_in_recovery(&shop.pool).await);
    assert_eq!(shop.rows().await, before);
    shop.assert_all_goes_on().await;
}

async fn is_in_recovery(pool: &PgPool) -> bool {
    sqlx::query_scalar("SELECT pg_is_in_recovery()").fetch_one(pool).await.unwrap()
}
