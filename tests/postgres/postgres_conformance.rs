//! `PostgresStore` keeps the contract of `TokenStore`, corrupt rows included: with unnamed statements and with named ones,
//! through pgbouncer in transaction mode, in schemas of any name, bare and behind `Arc<dyn TokenStore>`; whatever collation the
//! host's database has, and whatever time zone, isolation, style and search path its sessions (failures 15). Up to a minute.
#![cfg(all(feature = "postgres", feature = "conformance", feature = "memory", feature = "testing"))]

use crate::common;

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use common::postgres::{Bouncer, run, shared};
use common::search::hex;
use personal_tokens::store::conformance::Subject;
use personal_tokens::store::sqlx::PgPool;
use personal_tokens::store::sqlx::postgres::PgPoolOptions;
use personal_tokens::store::{PostgresStore, TokenStore};
use tokio::sync::OnceCell;

/// Of each store: rules call it many times at once.
const CONNECTIONS: u32 = 8;

/// Each by a name that must be quoted.
mod in_a_schema_for_each_rule {
    personal_tokens::conformance_tests!(super::in_a_schema);
}

mod with_named_statements {
    personal_tokens::conformance_tests!(super::with_named_statements);
}

/// Which has fewer connections than clients.
mod through_pgbouncer {
    personal_tokens::conformance_tests!(super::through_pgbouncer);
}

/// And in a database to which `a`, `A` and `ä` are one.
mod behind_a_pointer {
    personal_tokens::conformance_tests!(super::behind_a_pointer);
}

mod in_sessions_in_kolkata {
    personal_tokens::conformance_tests!(|| super::in_sessions(
        "kolkata",
        "SET timezone = 'Asia/Kolkata'; SET datestyle = 'SQL, DMY'; SET intervalstyle = 'sql_standard';
         SET default_transaction_isolation = 'repeatable read'; SET standard_conforming_strings = off"
    ));
}

mod in_sessions_in_new_york {
    personal_tokens::conformance_tests!(|| super::in_sessions(
        "new_york",
        "SET timezone = 'America/New_York'; SET datestyle = 'German'; SET bytea_output = 'escape';
         SET default_transaction_isolation = 'serializable'; SET default_transaction_read_only = on;
         SET search_path = elsewhere; SET transform_null_equals = on; SET check_function_bodies = off"
    ));
}

async fn in_a_schema() -> Subject {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let (database, number) = (shared_database().await, NUMBER.fetch_add(1, Ordering::Relaxed));
    subject(PostgresStore::from_pool(pool(database)), database, &format!("Rule-{number}")).await
}

async fn with_named_statements() -> Subject {
    let database = shared_database().await;
    subject(PostgresStore::from_pool(pool(database)).named_statements(true), database, "named").await
}

async fn through_pgbouncer() -> Subject {
    static BOUNCER: OnceLock<Bouncer> = OnceLock::new();
    let (bouncer, database) = (BOUNCER.get_or_init(|| Bouncer::start(shared(), 4)), shared_database().await);
    subject(PostgresStore::from_pool(bouncer.pool(database, CONNECTIONS)), database, "bounced").await
}

async fn behind_a_pointer() -> Subject {
    static DATABASE: OnceCell<String> = OnceCell::const_new();
    let icu = "LOCALE_PROVIDER icu ICU_LOCALE 'und-u-ks-level1'";
    let database = DATABASE.get_or_init(|| shared().new_database_with(icu)).await;
    let store = PostgresStore::connect(&shared().url(database)).await.unwrap();
    store.create_tables().await.unwrap();
    corruptible(Arc::new(store) as Arc<dyn TokenStore>, database, "public")
}

/// Of a host that sets them up so, in a database where tables and functions of the same names stand elsewhere.
async fn in_sessions(schema: &str, settings: &'static str) -> Subject {
    let pool = PgPoolOptions::new().max_connections(CONNECTIONS).after_connect(move |connection, _| {
        Box::pin(async move {
            run(connection, settings).await;
            Ok(())
        })
    });
    let database = shared_database().await;
    let store = PostgresStore::from_pool(pool.connect_lazy_with(shared().options(database)));
    subject(store, database, schema).await
}

async fn shared_database() -> &'static str {
    static DATABASE: OnceCell<String> = OnceCell::const_new();
    let create = async || {
        let name = shared().new_database().await;
        let decoys = "CREATE SCHEMA elsewhere; CREATE TABLE elsewhere.personal_tokens (a int);
                      CREATE TABLE elsewhere.personal_tokens_schema (version bigint);
                      INSERT INTO elsewhere.personal_tokens_schema VALUES (7);
                      CREATE FUNCTION elsewhere.personal_tokens_tell() RETURNS int LANGUAGE sql RETURN 1";
        run(&mut shared().connect(&name).await, decoys).await;
        name
    };
    DATABASE.get_or_init(create).await
}

fn pool(database: &str) -> PgPool {
    shared().pool(database, CONNECTIONS)
}

async fn subject(store: PostgresStore, database: &str, schema: &str) -> Subject {
    let store = store.schema(schema).unwrap();
    store.create_tables().await.unwrap();
    corruptible(store, database, schema)
}

/// A store, and how a row becomes one that no record is: by a name that the tables take, and no token has.
fn corruptible(store: impl TokenStore + 'static, database: &str, schema: &str) -> Subject {
    let (database, schema) = (database.to_owned(), schema.to_owned());
    Subject::new(store).corrupted_by(move |id| {
        let (database, id) = (database.clone(), hex(id.as_bytes()));
        let spoil = format!(
            "UPDATE \"{schema}\".personal_tokens SET name = name || chr(8238) WHERE id = decode('{id}', 'hex')"
        );
        async move { run(&mut shared().connect(&database).await, &spoil).await }
    })
}
