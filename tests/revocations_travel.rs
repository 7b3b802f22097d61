//! A revoked token is refused at once by the node that revoked it, and by others within the stated bound, most of the time
//! within milliseconds: undisturbed, while the listening connection is cut or falls silent, while the server stands still,
//! and without a listener. What is done by hand in SQL travels the same way (failures 19). Some 35 seconds.
#![cfg(all(feature = "postgres", feature = "cache", feature = "memory", feature = "testing"))]

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::delays::{Delays, Fleet, NO_BOUND, NODES};
use common::node::Settings;
use common::node::served::serve;
use common::postgres::run;
use tokio::time::sleep;

/// All that listen.
const CUT: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_revocations_travel_within_milliseconds() {
    let fleet = Fleet::start(|settings| Settings { max_staleness: NO_BOUND, ..settings }).await;
    fleet.revoke(1_000).await.print("undisturbed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn they_travel_while_the_listening_connections_are_cut() {
    let fleet = Fleet::start(|settings| Settings { max_staleness: NO_BOUND, ..settings }).await;
    let mut connection = fleet.server.connect(&fleet.database).await;
    let mut delays = Delays::default();
    // Once in each round, so that the next does not heal what the last one did; each a little later.
    for round in 0..10 {
        let cut = async {
            sleep(Duration::from_millis(8 * round)).await;
            run(&mut connection, CUT).await;
        };
        let (some, ()) = tokio::join!(fleet.revoke(12), cut);
        delays.add(some);
    }
    delays.print("listening connections cut in the middle of each twelve");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_listening_connection_that_died_without_a_word_is_found_by_the_heartbeat() {
    let heartbeat = Duration::from_millis(250);
    let fleet = Fleet::start_by_proxy(|settings| Settings { heartbeat, max_staleness: NO_BOUND, ..settings }).await;
    let proxy = fleet.proxy.as_ref().unwrap();
    let mut delays = Delays::default();
    for round in 0..8 {
        let dying = async {
            sleep(Duration::from_millis(10 * round)).await;
            proxy.forget_connections();
        };
        let (some, ()) = tokio::join!(fleet.revoke(12), dying);
        delays.add(some);
        // The server does not know of those that died.
        fleet.listens(NODES * (round as usize + 2)).await;
    }
    delays.print("listening connections dead without a word in the middle of each twelve, heartbeat 250 ms");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_nobody_can_listen_the_bound_holds_and_then_all_is_as_before() {
    let (heartbeat, bound) = (Duration::from_millis(250), Duration::from_secs(1));
    let fleet = Fleet::start_by_proxy(|settings| Settings { heartbeat, max_staleness: bound, ..settings }).await;
    let proxy = fleet.proxy.as_ref().unwrap();
    proxy.fall_silent();
    let delays = fleet.revoke(24).await;
    delays.print("listening connections silent throughout, bound 1 s");
    assert!(delays.worst() <= bound);
    proxy.go_on();
    let quick = fleet.revoke(24).await;
    quick.print("after that");
    assert!(quick.worst() <= bound);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_listener_the_bound_holds_by_itself() {
    let bound = Duration::from_millis(600);
    let fleet = Fleet::start(|settings| Settings { follow: None, max_staleness: bound, ..settings }).await;
    let delays = fleet.revoke(36).await;
    delays.print("no listener, bound 600 ms");
    assert!(delays.worst() <= bound);
    // Nothing else brought it about.
    assert!(delays.worst() > bound / 4, "{:?}", delays.worst());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn they_travel_though_the_server_stands_still_now_and_then() {
    let fleet = Fleet::start(|settings| Settings { max_staleness: NO_BOUND, ..settings }).await;
    let server = Arc::clone(&fleet.server);
    let standing = async {
        loop {
            sleep(Duration::from_millis(700)).await;
            server.signal_all("STOP");
            sleep(Duration::from_millis(1_200)).await;
            server.signal_all("CONT");
        }
    };
    let delays = tokio::select! { delays = fleet.revoke(120) => delays, () = standing => unreachable!() };
    fleet.server.signal_all("CONT");
    delays.print("server stopped for 1.2 s every 1.9 s");
}

/// A process of its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_node() {
    serve().await;
}
