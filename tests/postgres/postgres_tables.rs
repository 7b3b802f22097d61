//! `PostgresStore` makes its tables once, whole or not at all, in whatever schema, beside whatever a host keeps; by hand they are
//! the same; those of another version are refused; what a host has set on its sessions stays as it is.
#![cfg(all(feature = "postgres", feature = "memory", feature = "testing"))]

use crate::common;

use std::error::Error as _;
use std::future::Future;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration as StdDuration;

use common::catalog::{catalog, difference};
use common::noon;
use common::postgres::{run, shared};
use common::rulebook::{after, name, record, revoked_at, rotated_to, with};
use common::{other_owner, owner};
use personal_tokens::store::sqlx::{AssertSqlSafe, PgConnection, PgPool, query_scalar, raw_sql};
use personal_tokens::store::{LastUse, ListQuery, PostgresStore, StoreError, TokenStore};
use personal_tokens::{Change, Duration, TokenRecord};
use tokio::sync::Barrier;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// For anything that a loaded machine may take long for.
const PATIENCE: StdDuration = StdDuration::from_secs(60);

/// A database of a test's own, and a connection to look into it.
struct Bench {
    database: String,
    connection: PgConnection,
}

impl Bench {
    async fn new() -> Self {
        let database = shared().new_database().await;
        Self { connection: shared().connect(&database).await, database }
    }

    async fn store(&self) -> PostgresStore {
        PostgresStore::connect(&shared().url(&self.database)).await.unwrap()
    }

    async fn run(&mut self, sql: &str) {
        run(&mut self.connection, sql).await;
    }

    async fn catalog(&mut self, schema: &str) -> Vec<String> {
        catalog(&mut self.connection, schema).await
    }

    async fn one(&mut self, sql: &str) -> i64 {
        query_scalar(AssertSqlSafe(sql.to_owned())).fetch_one(&mut self.connection).await.unwrap()
    }

    /// A store whose sessions are of a role that may do this.
    async fn of_a_role(&mut self, rights: &str) -> PostgresStore {
        let role = format!("clerk_of_{}", self.database);
        self.run(&format!("CREATE ROLE {role} LOGIN; {}", rights.replace("$role", &role))).await;
        let options = shared().options(&self.database).username(&role);
        PostgresStore::from_pool(PgPool::connect_lazy_with(options))
    }
}

async fn issue(store: &impl TokenStore, record: &TokenRecord) {
    store.change(&Change::issue(record.clone(), Arc::default())).await.unwrap();
}

/// It keeps and finds a token, notes its use, and prunes it.
async fn works(store: &PostgresStore) {
    issue(store, &record(1)).await;
    assert_eq!(store.list(&owner(), &ListQuery::all(), noon()).await.unwrap(), [record(1)]);
    store.touch(&[LastUse::new(record(1).id, after(1))], Duration::ZERO).await.unwrap();
    assert!(store.claim_notice(record(1).id, None, noon()).await.unwrap());
    store.change(&Change::revoke(owner(), record(1).id, after(2))).await.unwrap();
    let found = store.find(record(1).id).await.unwrap().unwrap();
    assert_eq!((found.last_used, found.noticed, found.revoked), (Some(after(1)), Some(noon()), Some(after(2))));
    assert_eq!(store.prune(after(3), 10).await.unwrap().len(), 1);
}

async fn in_time<T>(call: impl Future<Output = T>) -> T {
    timeout(PATIENCE, call).await.expect("it hangs")
}

/// Why the store cannot do it, with what it stems from.
fn told<T: std::fmt::Debug>(answer: Result<T, StoreError>) -> String {
    match answer {
        Err(error @ StoreError::Unavailable(_)) => {
            let mut told = error.to_string();
            let mut source = error.source();
            while let Some(error) = source {
                told += &format!(": {error}");
                source = error.source();
            }
            told
        }
        other => panic!("{other:?}"),
    }
}

/// With a pool each, and each with several connections at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ten_nodes_that_start_at_once_make_the_tables_once() {
    for schema in ["public", "tokens", "Of-the-shop"] {
        let mut bench = Bench::new().await;
        let start = Arc::new(Barrier::new(30));
        let mut starting = JoinSet::new();
        for _ in 0..10 {
            let store = Arc::new(bench.store().await.schema(schema).unwrap());
            for _ in 0..3 {
                let (store, start) = (Arc::clone(&store), Arc::clone(&start));
                starting.spawn(async move {
                    start.wait().await;
                    in_time(store.create_tables()).await
                });
            }
        }
        for made in starting.join_all().await {
            made.unwrap_or_else(|error| panic!("{schema}: {error} {error:?}"));
        }
        let versions = format!("SELECT count(*) FROM \"{schema}\".personal_tokens_schema");
        assert_eq!(bench.one(&versions).await, 1, "{schema}");
        works(&bench.store().await.schema(schema).unwrap()).await;
    }
}

#[tokio::test]
async fn by_hand_they_are_the_same_and_may_be_made_again() {
    let mut bench = Bench::new().await;
    let (made, by_hand, by_psql) = ("made", "by-hand", "by_psql");
    bench.store().await.schema(made).unwrap().create_tables().await.unwrap();
    let made = bench.catalog(made).await;
    assert!(made.len() > 30, "{made:#?}");

    let store = bench.store().await.schema(by_hand).unwrap();
    bench.run("CREATE SCHEMA \"by-hand\"; CREATE SCHEMA by_psql").await;
    for again in [false, true] {
        bench.run(&store.schema_sql()).await;
        assert_eq!(difference(&bench.catalog(by_hand).await, &made), [""; 0]);
        works(&store).await;

        let sql = bench.store().await.schema(by_psql).unwrap().schema_sql();
        let mut psql = Command::new("psql");
        psql.args([
            "--no-psqlrc",
            "--quiet",
            "--set=ON_ERROR_STOP=1",
            "--command",
            &sql,
            &shared().url(&bench.database),
        ]);
        let said = psql.output().expect("psql comes with the server");
        let complaint = String::from_utf8_lossy(&said.stderr);
        assert!(said.status.success() && (again || complaint.is_empty()), "{complaint}");
        assert_eq!(difference(&bench.catalog(by_psql).await, &made), [""; 0]);
    }
    assert_eq!(bench.one("SELECT count(*) FROM \"by-hand\".personal_tokens_schema").await, 1);
    issue(&store, &record(2)).await;
    store.create_tables().await.unwrap();
    assert_eq!(difference(&bench.catalog(by_hand).await, &made), [""; 0]);
    assert!(store.find(record(2).id).await.unwrap().is_some());
    let version = bench.one("SELECT version FROM \"by-hand\".personal_tokens_schema").await;
    assert_eq!(version, PostgresStore::SCHEMA_VERSION);
}

/// Not for a writer, and not for another who makes tables.
#[tokio::test]
async fn where_the_tables_are_nobody_is_waited_for() {
    let mut bench = Bench::new().await;
    let store = bench.store().await;
    store.create_tables().await.unwrap();
    issue(&store, &record(1)).await;
    bench.run("BEGIN; LOCK TABLE personal_tokens IN SHARE ROW EXCLUSIVE MODE").await;
    bench.run("LOCK TABLE personal_tokens_schema IN SHARE ROW EXCLUSIVE MODE").await;
    in_time(bench.store().await.create_tables()).await.unwrap();
    bench.run("ROLLBACK").await;
}

#[tokio::test]
async fn a_role_that_may_not_make_tables_works_where_they_are() {
    let mut bench = Bench::new().await;
    bench.store().await.create_tables().await.unwrap();
    bench.run("REVOKE ALL ON SCHEMA public FROM public").await;
    let rights = "GRANT USAGE ON SCHEMA public TO $role; GRANT SELECT ON personal_tokens_schema TO $role;
                  GRANT SELECT, INSERT, UPDATE, DELETE ON personal_tokens TO $role";
    let store = bench.of_a_role(rights).await;
    store.create_tables().await.unwrap();
    works(&store).await;
}

#[tokio::test]
async fn a_role_that_may_not_make_tables_is_told_so_where_they_are_not() {
    let mut bench = Bench::new().await;
    bench.run("REVOKE ALL ON SCHEMA public FROM public").await;
    for schema in ["public", "tokens"] {
        let rights = if schema == "public" { "GRANT USAGE ON SCHEMA public TO $role" } else { "" };
        let store = bench.of_a_role(rights).await.schema(schema).unwrap();
        let told = told(store.create_tables().await);
        assert!(told.contains("permission denied for "), "{told}");
        let role = format!("DROP OWNED BY clerk_of_{0}; DROP ROLE clerk_of_{0}", bench.database);
        store.close().await;
        bench.run(&role).await;
    }
    assert_eq!(bench.one("SELECT count(*) FROM pg_namespace WHERE nspname = 'tokens'").await, 0);
}

#[tokio::test]
async fn without_tables_each_call_says_what_is_missing() {
    let bench = Bench::new().await;
    for schema in ["public", "missing"] {
        let store = bench.store().await.schema(schema).unwrap();
        let told = told(store.find(record(1).id).await);
        assert!(told.contains("create_tables()") && told.contains("does not exist"), "{told}");
        let issued = store.change(&Change::issue(record(1), Arc::default())).await;
        assert!(matches!(issued, Err(personal_tokens::ChangeError::Store(StoreError::Unavailable(_)))), "{issued:?}");
    }
}

#[tokio::test]
async fn what_is_no_name_of_a_schema_is_refused() {
    let bench = Bench::new().await;
    let longest = "x".repeat(40);
    for name in ["tokens", "Tokens", "shop-7", "_", "7", longest.as_str()] {
        let store = bench.store().await.schema(name).unwrap();
        store.create_tables().await.unwrap();
        works(&store).await;
    }
    let too_long = "x".repeat(41);
    let bad = ["", " ", "a b", "a.b", "a\"b", "a'b", "a;b", "a\0", "a\n", "a\\", "a$b", "ä", "a:b", too_long.as_str()];
    for name in bad {
        let refused = bench.store().await.schema(name).unwrap_err();
        assert!(refused.to_string().contains("1 to 40 of the characters"), "{name:?}: {refused}");
    }
}

#[tokio::test]
async fn schemas_of_one_database_share_nothing() {
    let mut bench = Bench::new().await;
    let stores = [bench.store().await.schema("a").unwrap(), bench.store().await.schema("b").unwrap()];
    for store in &stores {
        store.create_tables().await.unwrap();
    }
    issue(&stores[0], &record(1)).await;
    assert_eq!(stores[1].list(&owner(), &ListQuery::all(), noon()).await.unwrap(), []);
    assert_eq!(bench.one("SELECT count(*) FROM a.personal_tokens").await, 1);
    works(&stores[1]).await;
    assert!(stores[0].find(record(1).id).await.unwrap().is_some());
}

#[tokio::test]
async fn what_a_host_keeps_stays_as_it_is() {
    let mut bench = Bench::new().await;
    bench
        .run(
            "CREATE TABLE users (id int PRIMARY KEY, name text); INSERT INTO users VALUES (1, 'ada');
             CREATE TABLE _sqlx_migrations (version bigint PRIMARY KEY, success boolean);
             INSERT INTO _sqlx_migrations VALUES (1, TRUE); CREATE INDEX users_name ON users (name);
             CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
             CREATE TRIGGER shouts AFTER INSERT ON users EXECUTE FUNCTION shout()",
        )
        .await;
    let before = bench.catalog("public").await;
    let store = bench.store().await;
    store.create_tables().await.unwrap();
    works(&store).await;
    let after: Vec<_> = bench.catalog("public").await;
    assert!(after.len() > before.len());
    let theirs: Vec<_> = after.into_iter().filter(|line| !line.contains("personal_tokens")).collect();
    assert_eq!(difference(&theirs, &before), [""; 0]);
    assert_eq!(bench.one("SELECT count(*) FROM users WHERE name = 'ada'").await, 1);
    assert_eq!(bench.one("SELECT count(*) FROM _sqlx_migrations").await, 1);
}

/// It is given back as it was lent.
#[tokio::test]
async fn a_hosts_connection_keeps_its_settings_and_no_lock() {
    let bench = Bench::new().await;
    let pool = shared().pool(&bench.database, 1);
    // Those of a language appear once it is loaded.
    let settings = "SELECT name || ' = ' || setting FROM pg_settings WHERE name NOT LIKE 'plpgsql.%'";
    let held = "SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory'";
    for named in [false, true] {
        raw_sql(
            "SET search_path = elsewhere; SET statement_timeout = '7 s'; SET synchronous_commit = off; SET lock_timeout = '8 s';
             SET idle_in_transaction_session_timeout = '9 s'; SET default_transaction_isolation = 'serializable';
             SET timezone = 'Asia/Kolkata'",
        )
        .execute(&pool)
        .await
        .unwrap();
        let before: Vec<String> = query_scalar(settings).fetch_all(&pool).await.unwrap();
        let store = PostgresStore::from_pool(pool.clone()).named_statements(named);
        store.create_tables().await.unwrap();
        works(&store).await;
        store.change(&Change::revoke(owner(), record(7).id, noon())).await.unwrap_err();
        let after: Vec<String> = query_scalar(settings).fetch_all(&pool).await.unwrap();
        assert_eq!(difference(&after, &before), [""; 0]);
        assert_eq!(query_scalar::<_, i64>(held).fetch_one(&pool).await.unwrap(), 0);
    }
}

#[tokio::test]
async fn tables_of_another_version_are_refused_and_not_touched() {
    let mut bench = Bench::new().await;
    let store = bench.store().await;
    store.create_tables().await.unwrap();
    bench.run("DROP INDEX personal_tokens_list").await;
    for version in [0, 2, i64::MAX] {
        bench.run(&format!("UPDATE personal_tokens_schema SET version = {version}")).await;
        let before = bench.catalog("public").await;
        let told = told(store.create_tables().await);
        assert!(told.contains(&format!("of version {version}, and this release knows version 1")), "{told}");
        assert_eq!(difference(&bench.catalog("public").await, &before), [""; 0]);
        assert_eq!(bench.one("SELECT version FROM personal_tokens_schema").await, version);
    }
}

#[tokio::test]
async fn a_version_that_is_no_number_is_corrupt() {
    let mut bench = Bench::new().await;
    bench
        .run("CREATE TABLE personal_tokens_schema (version text); INSERT INTO personal_tokens_schema VALUES ('one')")
        .await;
    let made = bench.store().await.create_tables().await;
    assert!(matches!(made, Err(StoreError::Corrupt(_))), "{made:?}");
}

/// Half of a script that ran by hand.
#[tokio::test]
async fn tables_that_are_half_there_are_completed() {
    let mut bench = Bench::new().await;
    for schema in ["whole", "half"] {
        bench.store().await.schema(schema).unwrap().create_tables().await.unwrap();
    }
    bench
        .run(
            "DROP INDEX half.personal_tokens_list; DROP FUNCTION half.personal_tokens_tell CASCADE;
             DELETE FROM half.personal_tokens_schema",
        )
        .await;
    let store = bench.store().await.schema("half").unwrap();
    store.create_tables().await.unwrap();
    let (made, whole) = (bench.catalog("half").await, bench.catalog("whole").await);
    assert_eq!(difference(&made, &whole), [""; 0]);
    assert_eq!(bench.one("SELECT version FROM half.personal_tokens_schema").await, 1);
    works(&store).await;
}

#[tokio::test]
async fn tables_that_cannot_be_made_whole_are_not_made_at_all() {
    // One in the way of the first statement's table, one in the way of the last's.
    for (hosts, why) in [
        ("CREATE TABLE personal_tokens (token text)", "does not exist"),
        ("CREATE VIEW personal_tokens_schema AS SELECT 1 AS a", "does not exist"),
    ] {
        let mut bench = Bench::new().await;
        bench.run(hosts).await;
        let before = bench.catalog("public").await;
        let told = told(bench.store().await.create_tables().await);
        assert!(told.contains(why), "{told}");
        assert_eq!(difference(&bench.catalog("public").await, &before), [""; 0]);
    }
}

/// The rulebook sees to it; the table stands behind it.
#[tokio::test]
async fn the_table_itself_refuses_a_second_holder_of_a_name() {
    let mut bench = Bench::new().await;
    let store = bench.store().await;
    store.create_tables().await.unwrap();
    let named = |record| with(record, |record: &mut TokenRecord| record.name = name("sync"));
    issue(&store, &named(revoked_at(2, after(0)))).await;
    issue(&store, &named(rotated_to(3, 1, after(60)))).await;
    issue(&store, &named(record(1))).await;
    issue(&store, &named(with(record(4), |record| record.owner = other_owner()))).await;
    issue(&store, &record(5)).await;
    for (what, second) in [
        ("another that gets the name", "SET name = 'sync' WHERE name = 'token 5'"),
        ("one that was revoked", "SET revoked = NULL"),
        ("one that was rotated", "SET rotated = NULL, successor = NULL, grace_ends = NULL"),
        ("another owner's", "SET owner = 'store-42'"),
    ] {
        let update = format!("UPDATE personal_tokens {second}");
        let refused = raw_sql(AssertSqlSafe(update)).execute(&mut bench.connection).await;
        let told = refused.map_err(|error| error.to_string());
        assert!(told.as_ref().is_err_and(|told| told.contains("personal_tokens_name")), "{what}: {told:?}");
    }
}
