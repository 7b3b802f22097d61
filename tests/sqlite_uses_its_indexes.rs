//! Among 100,000 tokens every statement that `SqliteStore` runs finds its rows by the index that is meant for it, also once
//! SQLite knows how they are spread; a look-up is one statement.
#![cfg(all(feature = "sqlite", feature = "memory", feature = "testing", feature = "tracing"))]

mod common;

use std::collections::BTreeMap;
use std::sync::Arc;

use common::noon;
use common::recorder::Recorder;
use common::rulebook::{after, digest, name, policy, with};
use common::tables::run;
use personal_tokens::store::sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use personal_tokens::store::sqlx::{AssertSqlSafe, Row as _, SqlitePool, query};
use personal_tokens::store::{Cursor, ExpiringQuery, LastUse, ListQuery, SqliteStore, TokenStore as _};
use personal_tokens::{Change, Duration, Edit, Expiry, OwnerId, Successor, TokenId, TokenRecord};

/// 60,000 tokens of `many`, 2,000 of each of ten owners, 20,000 of one owner each: of ten, one is revoked, one rotated, three
/// expire some day, one has expired.
const TOKENS: &str = "
    WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < 99999)
    INSERT INTO personal_tokens
        (id, owner, name, digest_key, digest, scopes, created, never_expires, expires, expiry_set, revoked,
         rotated, successor, grace_ends)
    SELECT CAST(printf('%012d', n) AS BLOB),
           CASE WHEN n < 60000 THEN 'many' WHEN n < 80000 THEN 'some ' || n % 10 ELSE 'one ' || n END,
           'token ' || n, 0, zeroblob(32), '', noon + n,
           n % 10 NOT IN (2, 3, 4, 5), CASE WHEN n % 10 = 5 THEN noon - n WHEN n % 10 IN (2, 3, 4) THEN noon + n * 1000000 END,
           noon, iif(n % 10 = 0, noon, NULL),
           iif(n % 10 = 1, noon, NULL), iif(n % 10 = 1, zeroblob(12), NULL), iif(n % 10 = 1, noon + 1000000 * n, NULL)
    FROM numbers, (SELECT 1767268800000000 AS noon)";

/// A store over one connection, so that its statements are logged one after the other, and what is logged.
struct Bench {
    pool: SqlitePool,
    store: SqliteStore,
    recorder: Recorder,
}

type Statements = Vec<String>;

impl Bench {
    async fn new() -> Self {
        let recorder = Recorder::everywhere();
        let memory: SqliteConnectOptions = "sqlite::memory:".parse().unwrap();
        let pool = SqlitePoolOptions::new().max_connections(1).connect_with(memory).await.unwrap();
        let store = SqliteStore::from_pool(pool.clone());
        store.create_tables().await.unwrap();
        run(&mut pool.acquire().await.unwrap(), TOKENS).await.unwrap();
        Self { pool, store, recorder }
    }

    /// What the store has run since the last time.
    async fn statements(&self) -> Statements {
        // Statements are logged as they end: all before this one have.
        query("SELECT 'all is logged'").execute(&self.pool).await.unwrap();
        let events = self.recorder.take_events();
        let logged = events.iter().filter(|event| event.metadata.target() == "sqlx::query");
        let sql = logged.map(|event| match event.field("db.statement").unwrap().trim() {
            "" => event.field("summary").unwrap().to_owned(),
            whole => whole.to_owned(),
        });
        sql.filter(|sql| !sql.contains("all is logged")).collect()
    }

    /// All that the store can do, and what it ran for it.
    async fn each_operation(&self) -> BTreeMap<&'static str, Statements> {
        let (store, owner) = (&self.store, OwnerId::new("many").unwrap());
        self.statements().await;
        let mut run = BTreeMap::new();
        macro_rules! note {
            ($what:literal, $done:expr) => {
                $done.await.unwrap();
                run.insert($what, self.statements().await);
            };
        }
        note!("find", store.find(id(77)));
        note!("get", store.get(&owner, id(78)));
        let behind = Cursor::new(after(0), id(40_000));
        note!("list all", store.list(&owner, &ListQuery::all().after(behind), noon()));
        note!("list active", store.list(&owner, &ListQuery::active(), noon()));
        note!("list ended", store.list(&owner, &ListQuery::ended().after(behind), noon()));
        note!("expiring", store.expiring(&ExpiringQuery::between(noon(), after(86_400)).after(behind)));

        let limits = policy(|policy| policy.max_active = Some(u32::MAX));
        note!("issue", store.change(&Change::issue(new(200_000, &owner), Arc::clone(&limits))));
        let edit = Edit { name: Some(name("renamed")), expiry: Some(Expiry::Never), ..Edit::default() };
        note!("update", store.change(&Change::update(owner.clone(), id(25), edit, noon(), Arc::clone(&limits))));
        let successor =
            Successor { id: id(200_001), digest: digest(1), created_by: None, expiry: None, grace: Duration::HOUR };
        note!("rotate", store.change(&Change::rotate(owner.clone(), id(26), successor, noon(), limits)));
        note!("revoke", store.change(&Change::revoke(owner.clone(), id(200_001), after(1))));
        note!("claim", store.claim_notice(id(27), None, noon()));
        note!("touch", store.touch(&[LastUse::new(id(28), noon()), LastUse::new(id(29), noon())], Duration::ZERO));
        note!("prune", store.prune(after(86_400), 1));
        note!("revoke all", store.change(&Change::revoke_all(owner, noon())));
        run
    }

    /// How SQLite finds the rows, with such values.
    async fn plan(&self, sql: &str, values: Option<&Value>) -> Vec<String> {
        let mut explain = query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}")));
        for _ in 0..parameters(sql) {
            explain = match values {
                None => explain,
                Some(Value::Text(text)) => explain.bind(*text),
                Some(Value::Integer(number)) => explain.bind(*number),
                Some(Value::Id(id)) => explain.bind(id.as_bytes().to_vec()),
            };
        }
        let rows = explain.fetch_all(&self.pool).await.unwrap();
        rows.iter().map(|row| row.get::<String, _>("detail")).collect()
    }
}

/// What stands for every parameter: plans may depend on it, once SQLite knows how values are spread.
enum Value {
    Text(&'static str),
    Integer(i64),
    Id(TokenId),
}

fn parameters(sql: &str) -> usize {
    let numbered = (1..20).rev().find(|number| sql.contains(&format!("?{number}")));
    numbered.unwrap_or(sql.matches('?').count())
}

fn id(number: u32) -> TokenId {
    TokenId::from_bytes(format!("{number:012}").into_bytes().try_into().unwrap())
}

fn new(number: u32, owner: &OwnerId) -> TokenRecord {
    with(common::rulebook::record(number), |record| (record.id, record.owner) = (id(number), owner.clone()))
}

/// Of each operation: how many statements it runs beside BEGIN and COMMIT, and by what these find rows, in their order.
const EXPECTED: [(&str, usize, &[&str]); 14] = [
    ("find", 1, &[ID]),
    ("get", 1, &[ID]),
    ("list all", 1, &[LIST]),
    ("list active", 1, &[LIST]),
    ("list ended", 1, &[LIST]),
    ("expiring", 1, &["INDEX personal_tokens_expiring ((expires,id)>(?,?) AND expires<?)"]),
    // Each that writes asks first for `PRAGMA synchronous`.
    ("issue", 4, &[NAME, LIMIT]),
    ("update", 5, &[ID, ID, NAME, LIMIT, ID]),
    ("rotate", 5, &[ID, ID, LIMIT, ID]),
    ("revoke", 4, &[ID, ID, ID, ID]),
    ("revoke all", 2, &["INDEX personal_tokens_list (owner=?)"]),
    ("claim", 2, &[ID]),
    ("touch", 3, &[ID, ID]),
    // One that it deletes: a statement for each.
    ("prune", 3, &["INDEX personal_tokens_ended ((ended,id)>(?,?) AND ended<?)", ID]),
];
const ID: &str = "PRIMARY KEY (id=?)";
const LIST: &str = "INDEX personal_tokens_list (owner=? AND (created,id)<(?,?))";
const NAME: &str = "INDEX personal_tokens_name (owner=? AND name=?)";
const LIMIT: &str = "INDEX personal_tokens_active (owner=? AND ended>?)";

#[tokio::test]
async fn every_statement_finds_its_rows_by_the_index_that_is_meant() {
    let bench = Bench::new().await;
    let operations = bench.each_operation().await;
    assert_eq!(operations.len(), EXPECTED.len());
    let palette = [None, Some(Value::Text("many")), Some(Value::Integer(0)), Some(Value::Id(id(5)))];
    for knowledge in ["SELECT 'not analyzed'", "ANALYZE"] {
        run(&mut bench.pool.acquire().await.unwrap(), knowledge).await.unwrap();
        for values in &palette {
            for (operation, count, searches) in EXPECTED {
                let statements = &operations[operation];
                assert_eq!(statements.len(), count, "{operation}: {statements:#?}");
                let mut found = Vec::new();
                for sql in statements {
                    let plan = bench.plan(sql, values.as_ref()).await;
                    assert!(!plan.iter().any(|step| step.contains("B-TREE")), "{knowledge}: {sql}: {plan:?}");
                    found.extend(plan.into_iter().filter(|step| step.contains("personal_tokens")));
                }
                let searches = searches.iter().map(|search| format!("SEARCH personal_tokens USING {search}"));
                assert_eq!(found, searches.collect::<Vec<_>>(), "{knowledge}: {operation}: {statements:#?}");
            }
        }
    }
}
