//! What is done by hand in SQL reaches the caches of all nodes; a write of last use or of a notice tells nobody anything.
#![cfg(all(feature = "postgres", feature = "cache", feature = "memory", feature = "testing"))]

mod common;

use std::time::Duration;

use common::delays::{Fleet, NO_BOUND, Watched};
use common::node::Settings;
use common::node::served::serve;
use common::postgres::{run, shared};
use common::{noon, owner};
use personal_tokens::store::sqlx::postgres::PgListener;
use personal_tokens::store::{LastUse, PostgresStore, TokenStore as _};
use personal_tokens::{ManualClock, NewToken, PersonalTokens, TokenChange, TokenId};
use tokio::time::timeout;

/// For whatever takes no longer unless it hangs.
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_done_by_hand_reaches_every_node() {
    let fleet = Fleet::start(|settings| Settings { max_staleness: NO_BOUND, ..settings }).await;
    let mut psql = fleet.server.connect(&fleet.database).await;
    let hands = [
        "UPDATE personal_tokens SET revoked = now() WHERE id = decode('ID', 'base64')",
        "UPDATE personal_tokens SET never_expires = false, expires = now() - interval '1 s' WHERE id = decode('ID', 'base64')",
        "UPDATE personal_tokens SET digest = sha256('another') WHERE id = decode('ID', 'base64')",
        "UPDATE personal_tokens SET rotated = now(), successor = id, grace_ends = now() WHERE id = decode('ID', 'base64')",
        "UPDATE personal_tokens SET id = substr(sha256(id), 1, 12) WHERE id = decode('ID', 'base64')",
        "DELETE FROM personal_tokens WHERE id = decode('ID', 'base64')",
        "TRUNCATE personal_tokens",
    ];
    for sql in hands {
        let Watched { id, token, .. } = fleet.watched().await;
        run(&mut psql, &sql.replace("ID", &id.replace('-', "+").replace('_', "/"))).await;
        fleet.is_refused(&token).await;
    }
}

#[tokio::test]
async fn uses_and_notices_are_told_to_nobody() {
    let (server, clock) = (shared(), ManualClock::new(noon()));
    let database = server.new_database().await;
    let store = PostgresStore::connect(&server.url(&database)).await.unwrap();
    store.create_tables().await.unwrap();
    let tokens = PersonalTokens::builder(store).prefix("shop").clock(clock).build().unwrap();
    let store = PostgresStore::connect(&server.url(&database)).await.unwrap();
    let mut issued = Vec::new();
    for number in 0..10 {
        issued.push(tokens.issue(NewToken::new(owner(), format!("token {number}"))).await.unwrap().record);
    }
    let mut listener = PgListener::connect(&server.url(&database)).await.unwrap();
    listener.listen("personal_tokens:public").await.unwrap();

    let resolution = personal_tokens::Duration::MINUTE;
    let uses: Vec<LastUse> = issued.iter().map(|record| LastUse::new(record.id, noon())).collect();
    store.touch(&uses, resolution).await.unwrap();
    assert_eq!(store.find(issued[0].id).await.unwrap().unwrap().last_used, Some(noon()));
    assert!(store.claim_notice(issued[0].id, None, noon()).await.unwrap());
    tokens.issue(NewToken::new(owner(), "another")).await.unwrap();
    // The next that is told of, and so all that was.
    tokens.update(&owner(), issued[7].id, TokenChange::new().name("renamed")).await.unwrap();
    let told = timeout(PATIENCE, listener.recv()).await.expect("it is told of").unwrap();
    assert_eq!(told.payload().parse::<TokenId>().unwrap(), issued[7].id);
}

/// A process of its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_node() {
    serve().await;
}
