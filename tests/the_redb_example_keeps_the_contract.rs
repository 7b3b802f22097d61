//! The store of `examples/custom_store.rs` keeps the contract of `TokenStore`, corrupt rows included; and a row with any
//! one field that is none is corrupt.
#![cfg(all(feature = "memory", feature = "testing", feature = "conformance"))]

mod common;
#[allow(dead_code)]
#[path = "../examples/custom_store.rs"]
mod custom_store;

use std::sync::Arc;

use common::rulebook::{record, token_id, with};
use common::{noon, owner};
use custom_store::row::{Row, encode};
use custom_store::{RedbStore, TOKENS};
use personal_tokens::store::conformance::Subject;
use personal_tokens::store::{ExpiringQuery, TokenStore};
use personal_tokens::{Actor, Change, ChangeError, Expiry, Rotated, StoreError, Timestamp, TokenId};
use redb::backends::InMemoryBackend;
use redb::{Database, ReadableDatabase as _};

personal_tokens::conformance_tests!(in_memory);

/// A store, and a way to its tables behind its back.
async fn in_memory() -> Subject {
    let database = database();
    subject(RedbStore::new(database.clone()).unwrap(), database)
}

fn subject(store: impl TokenStore + 'static, database: Arc<Database>) -> Subject {
    Subject::new(store).corrupted_by(move |id| {
        spoil(&database, id);
        async {}
    })
}

fn database() -> Arc<Database> {
    Arc::new(Database::builder().create_with_backend(InMemoryBackend::new()).unwrap())
}

mod behind_a_pointer {
    use std::sync::Arc;

    use personal_tokens::store::TokenStore;

    use super::{database, subject};

    personal_tokens::conformance_tests!(|| async {
        let database = database();
        let store: Arc<dyn TokenStore> = Arc::new(super::RedbStore::new(database.clone()).unwrap());
        subject(store, database)
    });
}

fn spoil(database: &Database, id: TokenId) {
    let tokens = database.begin_read().unwrap().open_table(TOKENS).unwrap();
    let row = tokens.get(id.as_bytes()).unwrap().unwrap();
    let mut bad = row.value();
    bad.0.1 = b" not a name ";
    write(database, id, bad);
}

fn write(database: &Database, id: TokenId, row: Row<'_>) {
    let transaction = database.begin_write().unwrap();
    transaction.open_table(TOKENS).unwrap().insert(id.as_bytes(), row).unwrap();
    transaction.commit().unwrap();
}

type Spoil = for<'a> fn(&mut Row<'a>);

/// What the types of the table let through, and the types of a record do not.
const SPOILS: [(&str, Spoil); 20] = [
    ("an empty owner", |row| row.0.0 = b""),
    ("an owner that is no UTF-8", |row| row.0.0 = b"\xFF"),
    ("a name with a line feed", |row| row.0.1 = b"a\nb"),
    ("a name that is no UTF-8", |row| row.0.1 = b"\xC3"),
    ("a scope twice", |row| row.0.2 = b"a a"),
    ("scopes that are no UTF-8", |row| row.0.2 = b"a \xFF"),
    ("an empty actor", |row| row.0.3 = Some(b"")),
    ("an actor that is no UTF-8", |row| row.0.3 = Some(b"\xFF")),
    ("created too early", |row| row.2.0 = i64::MIN),
    ("created too late", |row| row.2.0 = Timestamp::MAX.as_micros() + 1),
    ("never and at an instant", |row| row.2.1.0 = true),
    ("neither an expiry nor never", |row| row.2.1.1 = None),
    ("an expiry out of range", |row| row.2.1.1 = Some(i64::MAX)),
    ("a setting of the expiry out of range", |row| row.2.1.2 = i64::MAX),
    ("a use out of range", |row| row.2.2 = Some(i64::MAX)),
    ("a notice out of range", |row| row.2.3 = Some(i64::MAX)),
    ("a revocation out of range", |row| row.2.4 = Some(i64::MAX)),
    ("a rotation out of range", |row| row.4.as_mut().unwrap().0 = i64::MIN),
    ("a grace out of range", |row| row.4.as_mut().unwrap().2 = Timestamp::MIN.as_micros() - 1),
    ("all zeros", |row| row.2 = (0, (false, None, 0), None, None, None)),
];

fn full() -> personal_tokens::TokenRecord {
    with(record(1), |record| {
        record.created_by = Some(Actor::new("an actor").unwrap());
        record.expiry = Expiry::At(Timestamp::MAX);
        record.rotated = Some(Rotated { at: noon(), successor: token_id(2), grace_ends: noon() });
    })
}

#[tokio::test]
async fn any_field_that_is_none_makes_a_row_corrupt() {
    let database = Arc::new(Database::builder().create_with_backend(InMemoryBackend::new()).unwrap());
    let store = RedbStore::new(database.clone()).unwrap();
    let full = full();
    store.change(&Change::issue(full.clone(), Arc::default())).await.unwrap();
    for (what, spoil) in SPOILS {
        let mut row = encode(&full);
        spoil(&mut row);
        write(&database, full.id, row);
        let told = match store.find(full.id).await {
            Err(error @ StoreError::Corrupt(_)) => std::error::Error::source(&error).unwrap().to_string(),
            other => panic!("{what}: {other:?}"),
        };
        assert!(told.contains(&full.id.to_string()), "{what} is told as {told}");
        assert_eq!(store.prune(Timestamp::MAX, 1).await.unwrap(), [], "{what}: it stays");
        let soon = store.expiring(&ExpiringQuery::between(noon(), Timestamp::MAX)).await;
        assert!(matches!(soon, Err(StoreError::Corrupt(_))), "{what}: {soon:?}");
    }
    write(&database, full.id, encode(&full));
    assert_eq!(store.find(full.id).await.unwrap().as_deref(), Some(&full));
}

#[tokio::test]
async fn a_token_that_is_listed_and_has_no_row_is_corrupt() {
    let database = Arc::new(Database::builder().create_with_backend(InMemoryBackend::new()).unwrap());
    let store = RedbStore::new(database.clone()).unwrap();
    store.change(&Change::issue(record(1), Arc::default())).await.unwrap();
    let transaction = database.begin_write().unwrap();
    transaction.open_table(TOKENS).unwrap().remove(token_id(1).as_bytes()).unwrap();
    transaction.commit().unwrap();

    let list = store.list(&owner(), &personal_tokens::store::ListQuery::all(), noon()).await;
    assert!(matches!(list, Err(StoreError::Corrupt(_))), "{list:?}");
    let issued = store.change(&Change::issue(record(2), Arc::default())).await;
    assert!(matches!(issued, Err(ChangeError::Store(StoreError::Corrupt(_)))), "{issued:?}");
}
