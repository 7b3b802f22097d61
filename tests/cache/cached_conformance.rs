//! `CachedStore` keeps the contract of `TokenStore` over memory, SQLite and PostgreSQL, bare and behind `Arc<dyn TokenStore>`, also
//! where it has room for two records only. Some 30 s.
#![cfg(all(
    feature = "cache",
    feature = "postgres",
    feature = "sqlite",
    feature = "conformance",
    feature = "memory",
    feature = "testing"
))]

use crate::common;

use std::sync::Arc;

use common::folder::Folder;
use common::postgres::{run, shared};
use common::search::hex;
use common::tables;
use personal_tokens::store::conformance::Subject;
use personal_tokens::store::{CachedStore, MemoryStore, PostgresStore, SqliteStore, TokenStore};
use tokio::sync::OnceCell;

mod over_memory {
    personal_tokens::conformance_tests!(|| async { super::CachedStore::new(super::MemoryStore::new()) });
}

/// Every other fill pushes one out.
mod over_memory_with_room_for_two {
    personal_tokens::conformance_tests!(|| async {
        super::CachedStore::builder(super::MemoryStore::new()).capacity(2).build()
    });
}

mod over_memory_behind_a_pointer {
    personal_tokens::conformance_tests!(|| async {
        super::pointer(&std::sync::Arc::new(super::CachedStore::new(super::MemoryStore::new())))
    });
}

mod over_sqlite {
    personal_tokens::conformance_tests!(|| async {
        super::CachedStore::new(super::SqliteStore::open(":memory:").await.unwrap())
    });
}

mod over_sqlite_behind_a_pointer {
    personal_tokens::conformance_tests!(super::over_sqlite_behind_a_pointer);
}

mod over_postgres {
    personal_tokens::conformance_tests!(|| async { super::CachedStore::new(super::postgres("bare").await.0) });
}

mod over_postgres_behind_a_pointer {
    personal_tokens::conformance_tests!(super::over_postgres_behind_a_pointer);
}

async fn over_sqlite_behind_a_pointer() -> Subject {
    let folder = Folder::new();
    let file = folder.file("tokens.db");
    let cache = Arc::new(CachedStore::new(SqliteStore::open(&file).await.unwrap()));
    Subject::new(pointer(&cache)).corrupted_by(move |id| {
        let _lasts = &folder;
        let (file, cache) = (file.clone(), Arc::clone(&cache));
        async move {
            tables::spoil(&mut tables::connect(&file).await, id, "digest_key = 65536").await.unwrap();
            cache.invalidate(id);
        }
    })
}

async fn over_postgres_behind_a_pointer() -> Subject {
    let (store, database) = postgres("pointer").await;
    let cache = Arc::new(CachedStore::new(store));
    Subject::new(pointer(&cache)).corrupted_by(move |id| {
        let cache = Arc::clone(&cache);
        let spoil = format!(
            "UPDATE pointer.personal_tokens SET name = name || chr(8238) WHERE id = decode('{}', 'hex')",
            hex(id.as_bytes())
        );
        async move {
            run(&mut shared().connect(database).await, &spoil).await;
            cache.invalidate(id);
        }
    })
}

fn pointer<S: TokenStore + 'static>(cache: &Arc<CachedStore<S>>) -> Arc<dyn TokenStore> {
    Arc::clone(cache) as Arc<dyn TokenStore>
}

/// Tables that all rules of a module share.
async fn postgres(schema: &str) -> (PostgresStore, &'static str) {
    static DATABASE: OnceCell<String> = OnceCell::const_new();
    let database = DATABASE.get_or_init(|| shared().new_database()).await;
    let store = PostgresStore::from_pool(shared().pool(database, 8)).schema(schema).unwrap();
    store.create_tables().await.unwrap();
    (store, database)
}
