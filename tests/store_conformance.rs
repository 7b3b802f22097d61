//! `MemoryStore` keeps the contract of `TokenStore`, bare and behind `Arc<dyn TokenStore>`. `sqlite_conformance.rs`: `SqliteStore`.
#![cfg(all(feature = "memory", feature = "conformance"))]

mod memory_store {
    use personal_tokens::store::MemoryStore;

    personal_tokens::conformance_tests!(|| async { MemoryStore::new() });
}

mod memory_store_behind_a_pointer {
    use std::sync::Arc;

    use personal_tokens::store::{MemoryStore, TokenStore};

    personal_tokens::conformance_tests!(|| async { Arc::new(MemoryStore::new()) as Arc<dyn TokenStore> });
}
