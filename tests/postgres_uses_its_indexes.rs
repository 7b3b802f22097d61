//! Among 100,000 tokens every statement that `PostgresStore` runs finds its rows by the index that is meant for it, with plans for
//! the values at hand and with generic ones; before PostgreSQL knows how rows are spread, by some index.
#![cfg(all(feature = "postgres", feature = "memory", feature = "testing"))]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use common::noon;
use common::postgres::{run, shared};
use common::rulebook::{after, digest, name, policy, with};
use personal_tokens::store::sqlx::postgres::PgPoolOptions;
use personal_tokens::store::{Cursor, ExpiringQuery, LastUse, ListQuery, PostgresStore, TokenStore as _};
use personal_tokens::{Change, Duration, Edit, Expiry, OwnerId, Successor, TokenId, TokenRecord};

/// 60,000 tokens of `many`, 2,000 of each of ten owners, 20,000 of one owner each: of ten, one is revoked, one rotated, three
/// expire some day, one has expired.
const TOKENS: &str = "
    ALTER TABLE personal_tokens SET (autovacuum_enabled = off);
    INSERT INTO personal_tokens
        (id, owner, name, digest_key, digest, scopes, created, never_expires, expires, expiry_set, revoked,
         rotated, successor, grace_ends)
    SELECT convert_to(lpad(n::text, 12, '0'), 'UTF8'),
           CASE WHEN n < 60000 THEN 'many' WHEN n < 80000 THEN 'some ' || n / 10 % 10 ELSE 'one ' || n END,
           'token ' || n, 0, decode(repeat('00', 32), 'hex'), '', noon + n * interval '1 microsecond',
           n % 10 NOT IN (2, 3, 4, 5),
           CASE WHEN n % 10 = 5 THEN noon - n * interval '1 microsecond'
                WHEN n % 10 IN (2, 3, 4) THEN noon + n * interval '1 second' END,
           noon, CASE WHEN n % 10 = 0 THEN noon END,
           CASE WHEN n % 10 = 1 THEN noon END, CASE WHEN n % 10 = 1 THEN decode(repeat('00', 12), 'hex') END,
           CASE WHEN n % 10 = 1 THEN noon + n * interval '1 second' END
    FROM generate_series(0, 99999) AS numbers (n), (SELECT timestamptz '2026-01-01 12:00:00+00' AS noon) AS noon";

/// A store whose session tells in the server's log how each statement is run: with a plan for its values, or a generic one.
fn telling(database: &str, generic: bool) -> PostgresStore {
    let told = [("session_preload_libraries", "auto_explain"), ("auto_explain.log_min_duration", "0")];
    let plans = [("plan_cache_mode", if generic { "force_generic_plan" } else { "auto" })];
    let options = shared().options(database).options(told).options(plans);
    let pool = PgPoolOptions::new().max_connections(1).connect_lazy_with(options);
    PostgresStore::from_pool(pool).named_statements(generic)
}

/// All that the store can do, and what the server's log told of it. A round uses tokens of its own.
async fn each_operation(store: &PostgresStore, round: u32) -> BTreeMap<&'static str, String> {
    let (many, some, off) = (owner("many"), owner("some 5"), round * 100);
    let mut told = BTreeMap::new();
    macro_rules! note {
        ($what:literal, $done:expr) => {
            let before = shared().log().len();
            $done.await.unwrap();
            told.insert($what, shared().log()[before..].to_owned());
        };
    }
    note!("find", store.find(id(77 + off)));
    note!("get", store.get(&many, id(78 + off)));
    let behind = Cursor::new(after(0), id(40_000));
    note!("list all", store.list(&many, &ListQuery::all().after(behind), noon()));
    note!("list active", store.list(&many, &ListQuery::active(), noon()));
    note!("list ended", store.list(&many, &ListQuery::ended().after(behind), noon()));
    note!("expiring", store.expiring(&ExpiringQuery::between(noon(), after(86_400)).after(behind)));

    let limits = policy(|policy| policy.max_active = Some(10_000));
    note!("issue", store.change(&Change::issue(new(200_000 + off, &some), Arc::clone(&limits))));
    let edit = Edit { name: Some(name(&format!("renamed {off}"))), expiry: Some(Expiry::Never), ..Edit::default() };
    let update = Change::update(some.clone(), id(60_057 + off), edit, noon(), Arc::clone(&limits));
    note!("update", store.change(&update));
    let successor =
        Successor { id: id(200_001 + off), digest: digest(1), created_by: None, expiry: None, grace: Duration::HOUR };
    note!("rotate", store.change(&Change::rotate(some.clone(), id(60_058 + off), successor, noon(), limits)));
    note!("revoke", store.change(&Change::revoke(some, id(200_001 + off), after(1))));
    note!("claim", store.claim_notice(id(27 + off), None, noon()));
    let uses: Vec<_> = (0..500).map(|number| LastUse::new(id(number * 120 + off + 1), noon())).collect();
    note!("touch", store.touch(&uses, Duration::ZERO));
    note!("prune", store.prune(after(86_400), 100));
    note!("revoke all", store.change(&Change::revoke_all(owner(&format!("some {round}")), noon())));
    told
}

/// Of each operation: by which indexes it finds rows, and by what in them.
const EXPECTED: [(&str, &[&str]); 14] = [
    ("find", &[ID]),
    ("get", &[ID]),
    ("list all", &[LIST]),
    ("list active", &[LIST]),
    ("list ended", &[LIST]),
    ("expiring", &["personal_tokens_expiring ((ROW(expires, id) > ROW($1, $2)) AND (expires <= $3))"]),
    ("issue", &[ID, NAME, LIMIT]),
    ("update", &[ID, NAME, LIMIT, "personal_tokens_pkey (id = $10)"]),
    ("rotate", &[ID, NAME, LIMIT, "personal_tokens_pkey (id = $10)"]),
    ("revoke", &[ID, NAME, "personal_tokens_pkey (id = $10)"]),
    ("revoke all", &["personal_tokens_list (owner = $1)"]),
    ("claim", &[ID]),
    ("touch", &["personal_tokens_pkey (id = used.id)", "personal_tokens_pkey (id = stale.id)"]),
    ("prune", &[ENDED, "personal_tokens_pkey (id = ANY ($1))"]),
];
const ID: &str = "personal_tokens_pkey (id = $1)";
const LIST: &str = "personal_tokens_list ((owner = $1) AND (ROW(created, id) < ROW($2, $3)))";
const NAME: &str = "personal_tokens_name ((owner = $2) AND (name = $3))";
const LIMIT: &str = "personal_tokens_active ((owner = $1) AND (ended > $2))";
const ENDED: &str = "personal_tokens_ended ((ended < $1) AND (ended < 'infinity'::timestamp with time zone) \
                     AND (ROW(ended, id) > ROW($2, $3)))";

#[tokio::test]
async fn every_statement_finds_its_rows_by_the_index_that_is_meant() {
    let database = shared().new_database().await;
    telling(&database, false).create_tables().await.unwrap();
    let mut connection = shared().connect(&database).await;
    run(&mut connection, TOKENS).await;
    for (round, (analyzed, generic)) in (0..).zip([(false, false), (false, true), (true, false), (true, true)]) {
        if analyzed {
            run(&mut connection, "ANALYZE personal_tokens").await;
        }
        let told = each_operation(&telling(&database, generic), round).await;
        assert_eq!(told.len(), EXPECTED.len());
        for (operation, expected) in EXPECTED {
            let plans = &told[operation];
            let what = format!("{operation}, analyzed: {analyzed}, generic: {generic}: {plans}");
            assert!(!plans.contains("Seq Scan on personal_tokens"), "{what}");
            // That of a touch is of what it was told.
            let sorts = plans.contains("Sort Key") && !plans.contains("Sort Key: token");
            assert!(!(sorts && analyzed) && plans.contains("Index Cond"), "{what}");
            let found = indexes(plans);
            if analyzed && generic {
                assert_eq!(found, expected.iter().map(ToString::to_string).collect(), "{what}");
            } else if analyzed {
                assert!(names(&found).is_subset(&names(expected)), "{what}");
            }
        }
    }
}

/// Each index with its condition, which stands behind it.
fn indexes(plans: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut index = "";
    for line in plans.lines() {
        let scanned = line.split_once(" using ").or_else(|| line.split_once("Bitmap Index Scan on "));
        if let Some((_, scanned)) = scanned.filter(|_| line.contains("Index")) {
            index = scanned.split(' ').next().unwrap();
        } else if let Some((_, condition)) = line.split_once("Index Cond: ") {
            found.insert(format!("{index} {condition}"));
        }
    }
    found
}

fn names(indexes: impl IntoIterator<Item = impl ToString>) -> BTreeSet<String> {
    indexes.into_iter().map(|index| index.to_string().split(' ').next().unwrap().to_owned()).collect()
}

fn owner(text: &str) -> OwnerId {
    OwnerId::new(text).unwrap()
}

fn id(number: u32) -> TokenId {
    TokenId::from_bytes(format!("{number:012}").into_bytes().try_into().unwrap())
}

fn new(number: u32, owner: &OwnerId) -> TokenRecord {
    with(common::rulebook::record(number), |record| (record.id, record.owner) = (id(number), owner.clone()))
}
