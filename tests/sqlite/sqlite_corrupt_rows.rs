//! A row that was changed by hand, in whatever column, is `StoreError::Corrupt` and names the column, is 503 at the guard and
//! never a pass; it can still be revoked, and the other rows work (failures 9, 10, 35).
#![cfg(all(feature = "sqlite", feature = "memory", feature = "testing", feature = "tower"))]

use crate::common;

use std::error::Error;
use std::sync::Arc;

use common::door::{bearer, knock};
use common::forge::{forge, forged_with_id};
use common::rulebook::{after, policy, token_id, with};
use common::tables::{run, spoil};
use common::{noon, owner};
use http::StatusCode;
use personal_tokens::store::sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use personal_tokens::store::sqlx::{AssertSqlSafe, SqlitePool, query_scalar};
use personal_tokens::store::{LastUse, ListQuery, Pruned, SqliteStore, StoreError, TokenStore as _};
use personal_tokens::{
    Actor, Change, Duration, Expiry, ManualClock, PersonalTokens, Rotated, Scopes, Successor, TokenRecord,
};

const INSTANTS: &[&str] = &["-62135596800000001", "253402300800000000", "-9223372036854775808", "9223372036854775807"];
const NO_TEXTS: &[&str] = &["''", "printf('%256s', 'canary')", "replace(printf('%256s', ''), ' ', 'canary')"];
const NO_IDS: &[&str] = &["x''", "zeroblob(11)", "zeroblob(13)", "CAST('canary' AS BLOB)"];

/// What a CHECK refuses: the column that is told, and values of it, or assignments.
const CHECKED: &[(&str, &[&str])] = &[
    ("owner", NO_TEXTS),
    ("name", NO_TEXTS),
    ("created_by", NO_TEXTS),
    ("digest_key", &["-1", "65536", "70000", "9223372036854775807"]),
    ("digest", &["x''", "zeroblob(31)", "zeroblob(33)", "CAST('canary' AS BLOB)"]),
    ("scopes", &["replace(printf('%25600s', ''), ' ', 'a')"]),
    ("created", INSTANTS),
    ("never_expires", &["1", "2", "-1"]),
    ("expires", INSTANTS),
    ("never_expires", &["0, expires = NULL"]),
    ("expiry_set", INSTANTS),
    ("last_used", INSTANTS),
    ("noticed", INSTANTS),
    ("revoked", INSTANTS),
    ("predecessor", NO_IDS),
    ("rotated", INSTANTS),
    ("successor", NO_IDS),
    ("grace_ends", INSTANTS),
    // Half a rotation.
    ("rotated", &["NULL", "rotated, successor = NULL", "rotated, grace_ends = NULL", "NULL, successor = NULL"]),
];

/// What only the types of a record refuse.
const UNCHECKED: &[(&str, &[&str])] = &[
    ("owner", OPAQUE),
    ("created_by", OPAQUE),
    ("name", OPAQUE),
    (
        "name",
        &["'canary' || char(0x202E)", "'canary' || char(0x2066)", "' canary'", "'canary '", "'canary' || char(0x3000)"],
    ),
    (
        "scopes",
        &["'canary  b'", "' canary'", "'canary '", "' '", "'canary\"'", "'canary' || char(10)", "'c\u{e4}nary'"],
    ),
    ("scopes", &["CAST(x'63FF' AS TEXT)", "'canary' || char(0)", "replace(printf('%256s', ''), ' ', 'a')", "'a a'"]),
];

/// A NUL, a line feed, a C1 control, invalid UTF-8, a part of it.
const OPAQUE: &[&str] = &[
    "'canary' || char(0)",
    "'canary' || char(0) || 'b'",
    "'canary' || char(10)",
    "'canary' || char(0x85)",
    "CAST(x'63616E617279FF' AS TEXT)",
    "CAST(x'63616E617279C3' AS TEXT)",
    "CAST(x'EDA080' AS TEXT)",
];

/// What a STRICT table refuses: other types, and none where there must be one.
const OTHER_TYPES: &[(&str, &[&str])] = &[
    ("owner", &["x'63616E617279'", "NULL"]),
    ("name", &["x'63616E617279'", "NULL"]),
    ("created_by", &["x'63616E617279'"]),
    ("digest_key", &["0.5", "'canary'", "x'00'", "NULL"]),
    ("digest", &["0", "0.5", "'canary'", "NULL"]),
    ("scopes", &["x'63616E617279'", "NULL"]),
    ("created", &["0.5", "1e300", "'canary'", "x'00'", "NULL"]),
    ("never_expires", &["0.5", "'canary'", "NULL"]),
    ("expires", &["0.5", "1e300", "'canary'", "x'00'"]),
    ("expiry_set", &["0.5", "'canary'", "NULL"]),
    ("last_used", &["0.5", "'canary'"]),
    ("noticed", &["0.5", "'canary'"]),
    ("revoked", &["0.5", "'canary'"]),
    ("predecessor", &["0", "'canary'"]),
    ("rotated", &["0.5", "'canary'"]),
    ("successor", &["0", "'canary'"]),
    ("grace_ends", &["0.5", "'canary'"]),
];

/// A store with a good token, and one whose row has something in every column but `revoked`.
struct Bench {
    pool: SqlitePool,
    store: Arc<SqliteStore>,
    tokens: PersonalTokens,
    good: (String, TokenRecord),
    bad: (String, TokenRecord),
}

impl Bench {
    /// `rotated`: the bad one is in its grace; else it is current.
    async fn new(rotated: bool) -> Self {
        let memory: SqliteConnectOptions = "sqlite::memory:".parse().unwrap();
        let pool = SqlitePoolOptions::new().max_connections(1).connect_with(memory).await.unwrap();
        let store = Arc::new(SqliteStore::from_pool(pool.clone()));
        store.create_tables().await.unwrap();
        let (good, bad) = (forged_with_id([1; 12]), forged_with_id([2; 12]));
        let bad = (bad.0, full(bad.1, rotated));
        let limits = policy(|policy| policy.scopes = bad.1.scopes.clone());
        for record in [&good.1, &bad.1] {
            store.change(&Change::issue(record.clone(), limits.clone())).await.unwrap();
        }
        let builder = PersonalTokens::builder(Arc::clone(&store)).prefix("shop").scopes(["products:read"]);
        let tokens = builder.clock(ManualClock::new(noon())).build().unwrap();
        for (text, record) in [&good, &bad] {
            assert_eq!(tokens.verify(text).await.unwrap().id(), record.id, "before anything is changed");
        }
        Self { pool, store, tokens, good, bad }
    }

    async fn run(&self, sql: &str) {
        run(&mut self.pool.acquire().await.unwrap(), sql).await.unwrap();
    }

    async fn spoil(&self, assignment: &str) {
        spoil(&mut self.pool.acquire().await.unwrap(), self.bad.1.id, assignment).await.unwrap();
    }

    async fn set(&self, assignment: &str) -> Result<(), personal_tokens::store::sqlx::Error> {
        let update = format!("UPDATE personal_tokens SET {assignment} WHERE name <> '{}'", self.good.1.name);
        run(&mut self.pool.acquire().await.unwrap(), &update).await
    }

    /// The table takes any type, and none.
    async fn loosen(&self) {
        self.run(
            "CREATE TABLE kept AS SELECT sql FROM sqlite_schema WHERE name = 'personal_tokens';
             PRAGMA writable_schema = ON;
             UPDATE sqlite_schema SET sql = replace(replace(sql, 'NOT NULL', ''), 'STRICT, ', '')
                 WHERE name = 'personal_tokens';
             PRAGMA writable_schema = RESET",
        )
        .await;
    }

    /// The table is as it was made.
    async fn tighten(&self) {
        self.run(
            "PRAGMA writable_schema = ON;
             UPDATE sqlite_schema SET sql = (SELECT sql FROM kept) WHERE name = 'personal_tokens';
             PRAGMA writable_schema = RESET",
        )
        .await;
    }

    /// It is told as corrupt, with the column and nothing of what stands in it; it opens no door.
    async fn assert_corrupt(&self, column: &str, what: &str) {
        let found = self.store.find(self.bad.1.id).await;
        let Err(error @ StoreError::Corrupt(_)) = found else { panic!("{what}: {found:?}") };
        let told = told(&error);
        assert!(told.contains(&format!("the column {column} holds no valid value")), "{what} is told as {told}");
        assert!(!told.contains("canary"), "{what} is told as {told}");

        let (answer, calls) = knock(&self.tokens, bearer(&self.bad.0)).await;
        assert_eq!((answer.status(), calls), (StatusCode::SERVICE_UNAVAILABLE, 0), "{what}");
        // Nor is anything told to who does not hold the secret.
        let mut other = common::forge::random_of(&self.bad.0);
        other[43] ^= 1;
        let (answer, calls) = knock(&self.tokens, bearer(&forge("shop", &other))).await;
        assert_eq!((answer.status(), calls), (StatusCode::SERVICE_UNAVAILABLE, 0), "{what}");
        self.assert_the_other_works(what).await;
    }

    async fn assert_the_other_works(&self, what: &str) {
        assert_eq!(self.store.find(self.good.1.id).await.unwrap().unwrap().id, self.good.1.id, "{what}");
        let (answer, calls) = knock(&self.tokens, bearer(&self.good.0)).await;
        assert_eq!((answer.status(), calls), (StatusCode::OK, 1), "{what}");
    }

    /// The uses of both are written, as far as they can be.
    async fn assert_uses_are_written(&self, what: &str) {
        let uses = [self.bad.1.id, self.good.1.id].map(|id| LastUse::new(id, after(1)));
        self.store.touch(&uses, Duration::ZERO).await.unwrap_or_else(|error| panic!("{what}: {}", told(&error)));
        let found = self.store.find(self.good.1.id).await.unwrap().unwrap();
        assert_eq!(found.last_used, Some(after(1)), "{what}");
    }

    async fn assert_the_other_is_revoked(&self, what: &str) {
        let answer = self.store.change(&Change::revoke_all(owner(), after(2))).await;
        let written = answer.unwrap_or_else(|error| panic!("{what}: {}", told(&error))).written;
        assert!(written.contains(&self.good.1.id), "{what}: {written:?}");
        assert_eq!(self.store.find(self.good.1.id).await.unwrap().unwrap().revoked, Some(after(2)), "{what}");
    }

    async fn assert_revoke_all_ends_it(&self, what: &str) {
        let answer = self.store.change(&Change::revoke_all(owner(), after(2))).await;
        let mut written = answer.unwrap_or_else(|error| panic!("{what}: {}", told(&error))).written;
        written.sort();
        assert_eq!(written, [self.good.1.id, self.bad.1.id], "{what}");
        let revoked = format!("SELECT revoked FROM personal_tokens WHERE name <> '{}'", self.good.1.name);
        let revoked: i64 = query_scalar(AssertSqlSafe(revoked)).fetch_one(&self.pool).await.unwrap();
        assert_eq!(revoked, after(2).as_micros(), "{what}");
    }
}

fn full(record: TokenRecord, rotated: bool) -> TokenRecord {
    with(record, |record| {
        record.created_by = Some(Actor::new("admin-7").unwrap());
        record.scopes = Scopes::new(["products:read"]).unwrap();
        record.expiry = Expiry::At(after(7_200));
        (record.last_used, record.noticed) = (Some(noon()), Some(noon()));
        record.predecessor = Some(token_id(7));
        record.rotated = rotated.then(|| Rotated { at: noon(), successor: token_id(8), grace_ends: after(3_600) });
    })
}

/// An error with all that it stems from.
fn told(error: &dyn Error) -> String {
    let mut text = format!("{error} {error:?}");
    let mut next = error.source();
    while let Some(error) = next {
        text += &format!(": {error}");
        next = error.source();
    }
    text
}

/// Each case: the column that is told, and the assignment.
fn cases(table: &[(&'static str, &[&str])]) -> Vec<(&'static str, String)> {
    let each = |&(column, values): &(&'static str, &[&str])| {
        values.iter().map(|value| (column, format!("{column} = {value}"))).collect::<Vec<_>>()
    };
    table.iter().flat_map(each).collect()
}

fn is_of_a_rotation(column: &str) -> bool {
    ["rotated", "successor", "grace_ends"].contains(&column)
}

#[tokio::test]
async fn what_a_check_refuses_is_corrupt_where_it_stands_all_the_same() {
    for (column, assignment) in cases(CHECKED) {
        let bench = Bench::new(is_of_a_rotation(column)).await;
        let refused = bench.set(&assignment).await.unwrap_err();
        assert!(refused.to_string().contains("CHECK constraint failed"), "{assignment}: {refused}");
        bench.spoil(&assignment).await;
        bench.assert_corrupt(column, &assignment).await;
        bench.assert_uses_are_written(&assignment).await;
    }
}

#[tokio::test]
async fn what_the_types_of_a_record_refuse_is_corrupt() {
    for (column, assignment) in cases(UNCHECKED) {
        let bench = Bench::new(false).await;
        bench.set(&assignment).await.unwrap();
        bench.assert_corrupt(column, &assignment).await;
        bench.assert_uses_are_written(&assignment).await;
    }
}

#[tokio::test]
async fn another_type_in_a_column_is_corrupt() {
    for (column, assignment) in cases(OTHER_TYPES) {
        let bench = Bench::new(is_of_a_rotation(column)).await;
        let refused = bench.set(&assignment).await.unwrap_err().to_string();
        let strict = ["cannot store", "NOT NULL constraint failed", "CHECK constraint failed"];
        assert!(strict.iter().any(|strict| refused.contains(strict)), "{assignment}: {refused}");
        bench.loosen().await;
        bench.spoil(&assignment).await;
        bench.tighten().await;
        bench.assert_corrupt(column, &assignment).await;
        bench.assert_uses_are_written(&assignment).await;
        bench.assert_the_other_is_revoked(&assignment).await;
    }
}

#[tokio::test]
async fn revoke_all_ends_a_current_row_that_cannot_be_read() {
    for (column, assignment) in cases(CHECKED).into_iter().chain(cases(UNCHECKED)) {
        if column == "owner" || column == "revoked" || is_of_a_rotation(column) {
            continue;
        }
        let bench = Bench::new(false).await;
        bench.spoil(&assignment).await;
        bench.assert_revoke_all_ends_it(&assignment).await;
    }
}

/// Nobody finds it by its id; a list does not pass it over.
#[tokio::test]
async fn an_id_that_is_none_is_corrupt_where_it_is_listed() {
    for value in NO_IDS {
        let (bench, assignment) = (Bench::new(false).await, format!("id = {value}"));
        let refused = bench.set(&assignment).await.unwrap_err().to_string();
        assert!(refused.contains("CHECK constraint failed"), "{assignment}: {refused}");
        bench.spoil(&assignment).await;
        let listed = bench.store.list(&owner(), &ListQuery::all(), noon()).await;
        let Err(error @ StoreError::Corrupt(_)) = listed else { panic!("{assignment}: {listed:?}") };
        assert!(told(&error).contains("the column id holds no valid value"), "{assignment}: {}", told(&error));
        let (answer, calls) = knock(&bench.tokens, bearer(&bench.bad.0)).await;
        assert_eq!((answer.status(), calls), (StatusCode::UNAUTHORIZED, 0), "{assignment}");
        bench.assert_the_other_works(&assignment).await;
        bench.assert_the_other_is_revoked(&assignment).await;
    }
}

/// The order of scopes is no matter: a text in another order is the same set.
#[tokio::test]
async fn scopes_in_another_order_are_the_same_set() {
    let bench = Bench::new(false).await;
    bench.set("scopes = 'c a b'").await.unwrap();
    let found = bench.store.find(bench.bad.1.id).await.unwrap().unwrap();
    assert_eq!(found.scopes, Scopes::new(["a", "b", "c"]).unwrap());
}

/// However many of them come first, and whatever it is that cannot be read.
#[tokio::test]
async fn prune_leaves_what_cannot_be_read_and_deletes_the_others() {
    let ended = format!("revoked = {}", after(1).as_micros());
    let spoilt = [CHECKED, UNCHECKED].map(cases).into_iter().flatten();
    for (column, assignment) in spoilt.filter(|(column, _)| *column != "revoked") {
        let bench = Bench::new(is_of_a_rotation(column)).await;
        bench.store.change(&Change::revoke(owner(), bench.good.1.id, after(2))).await.unwrap();
        bench.spoil(&format!("{assignment}, {ended}")).await;
        let pruned = bench.store.prune(after(3), 1).await.unwrap();
        assert_eq!(pruned, [Pruned::new(bench.good.1.id, owner())], "{assignment}");
        assert_eq!(bench.store.prune(after(3), 1).await.unwrap(), [], "{assignment}");
        let left: i64 = query_scalar("SELECT count(*) FROM personal_tokens").fetch_one(&bench.pool).await.unwrap();
        assert_eq!(left, 1, "{assignment}");
    }
}

#[tokio::test]
async fn the_successor_of_a_row_that_cannot_be_read_is_revoked() {
    let bench = Bench::new(false).await;
    let successor = Successor {
        id: token_id(9),
        digest: bench.good.1.digest,
        created_by: None,
        expiry: None,
        grace: Duration::HOUR,
    };
    let limits = policy(|policy| policy.scopes = bench.bad.1.scopes.clone());
    let rotation = Change::rotate(owner(), bench.bad.1.id, successor, noon(), limits);
    bench.store.change(&rotation).await.unwrap();
    bench.spoil("name = ''").await;
    bench.store.change(&Change::revoke(owner(), token_id(9), after(1))).await.unwrap();
    assert_eq!(bench.store.find(token_id(9)).await.unwrap().unwrap().revoked, Some(after(1)));
}
