//! A row that was changed by hand, in whatever column, is `StoreError::Corrupt` and names the column, is 503 at the guard and
//! never a pass; it keeps nobody from ending, using and pruning the others (failures 9, 10, 15, 35).
#![cfg(all(feature = "postgres", feature = "memory", feature = "testing", feature = "tower"))]

use crate::common;

use std::error::Error;
use std::sync::Arc;

use common::door::{bearer, knock};
use common::forge::{forge, forged_with_id};
use common::postgres::{run, shared};
use common::rulebook::{after, policy, token_id, with};
use common::{noon, owner};
use http::StatusCode;
use personal_tokens::store::sqlx::{AssertSqlSafe, PgPool, Row as _, query, query_scalar, raw_sql};
use personal_tokens::store::{ExpiringQuery, LastUse, ListQuery, PostgresStore, Pruned, StoreError, TokenStore as _};
use personal_tokens::{
    Actor, Change, Duration, Expiry, ManualClock, PersonalTokens, Rotated, Scopes, Successor, Timestamp, TokenRecord,
};

const INSTANTS: &[&str] = &[
    "'infinity'",
    "'-infinity'",
    "'10000-01-01 00:00:00+00'",
    "'294276-12-31 23:59:59.999999+00'",
    "'0001-12-31 23:59:59.999999+00 BC'",
    "'4714-11-24 00:00:00+00 BC'",
];
const NO_TEXTS: &[&str] = &["''", "lpad('canary', 256)", "repeat('canary', 256)"];
const NO_IDS: &[&str] = &["''", "decode(repeat('00', 11), 'hex')", "decode(repeat('00', 13), 'hex')", "'canary'"];

/// What a CHECK refuses: the column that is told, and values of it, or assignments.
const CHECKED: &[(&str, &[&str])] = &[
    ("owner", NO_TEXTS),
    ("name", NO_TEXTS),
    ("created_by", NO_TEXTS),
    ("digest_key", &["-1", "65536", "70000", "2147483647", "-2147483648"]),
    ("digest", &["''", "decode(repeat('00', 31), 'hex')", "decode(repeat('00', 33), 'hex')", "'canary'"]),
    ("scopes", &["repeat('a', 25600)"]),
    ("created", INSTANTS),
    ("never_expires", &["TRUE"]),
    ("expires", INSTANTS),
    ("never_expires", &["FALSE, expires = NULL"]),
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
    ("name", &["'canary' || chr(8238)", "'canary' || chr(8294)", "' canary'", "'canary '", "'canary' || chr(12288)"]),
    ("scopes", &["'canary  b'", "' canary'", "'canary '", "' '", "'canary\"'", "'canary' || chr(10)", "'c\u{e4}nary'"]),
    ("scopes", &["repeat('a', 256)", "'a a'"]),
];

/// A line feed, a C1 control, a DEL.
const OPAQUE: &[&str] = &["'canary' || chr(10)", "'canary' || chr(133)", "'canary' || chr(127)"];

const NEVER_NULL: &[&str] =
    &["owner", "name", "digest_key", "digest", "scopes", "created", "never_expires", "expiry_set"];

/// What a hand's migration makes of a column, and what every row is then.
const OTHER_TYPES: &[(&str, &str)] = &[
    ("digest_key", "bigint"),
    ("digest", "text USING 'canary'"),
    ("scopes", "text[] USING ARRAY['canary']"),
    ("created", "timestamp"),
    ("created", "text USING 'canary'"),
    ("never_expires", "integer USING 0"),
    ("expiry_set", "date"),
    ("last_used", "double precision USING 0"),
    ("noticed", "bigint USING 0"),
    ("predecessor", "uuid USING '00000000-0000-0000-0000-000000000000'"),
    ("successor", "text USING 'canary'"),
];

/// A row as no CHECK lets it be, as a restored or an older one may: the CHECKs hold for what is written from then on.
const SPOIL: &str = "DO $$
    DECLARE each record; again text := '';
    BEGIN
        FOR each IN SELECT conname, pg_get_constraintdef(oid) AS is FROM pg_constraint
            WHERE conrelid = 'personal_tokens'::regclass AND contype = 'c'
        LOOP
            EXECUTE format('ALTER TABLE personal_tokens DROP CONSTRAINT %I', each.conname);
            again := again || format('; ALTER TABLE personal_tokens ADD CONSTRAINT %I %s NOT VALID',
                each.conname, replace(each.is, ' NOT VALID', ''));
        END LOOP;
        EXECUTE $update$ UPDATE personal_tokens SET ASSIGNMENT WHERE id = '\\x020202020202020202020202' $update$;
        EXECUTE again;
    END $$";

/// A database with tables. Each of its benches has them for itself, one after the other.
struct Ground {
    pool: PgPool,
    store: Arc<PostgresStore>,
    tokens: PersonalTokens,
}

/// A good token, and one whose row has something in every column but `revoked`.
struct Bench<'g> {
    ground: &'g Ground,
    store: &'g PostgresStore,
    good: (String, TokenRecord),
    bad: (String, TokenRecord),
}

impl Ground {
    async fn new() -> Self {
        let pool = shared().pool(&shared().new_database().await, 2);
        let store = Arc::new(PostgresStore::from_pool(pool.clone()));
        store.create_tables().await.unwrap();
        let builder = PersonalTokens::builder(Arc::clone(&store)).prefix("shop").scopes(["products:read"]);
        let tokens = builder.clock(ManualClock::new(noon())).build().unwrap();
        Self { pool, store, tokens }
    }

    /// `rotated`: the bad one is in its grace; else it is current.
    async fn bench(&self, rotated: bool) -> Bench<'_> {
        self.run("TRUNCATE personal_tokens").await;
        let (good, bad) = (forged_with_id([1; 12]), forged_with_id([2; 12]));
        let bad = (bad.0, full(bad.1, rotated));
        let limits = policy(|policy| policy.scopes = bad.1.scopes.clone());
        for record in [&good.1, &bad.1] {
            self.store.change(&Change::issue(record.clone(), limits.clone())).await.unwrap();
        }
        for (text, record) in [&good, &bad] {
            assert_eq!(self.tokens.verify(text).await.unwrap().id(), record.id, "before anything is changed");
        }
        Bench { ground: self, store: &self.store, good, bad }
    }

    async fn run(&self, sql: &str) {
        run(&mut self.pool.acquire().await.unwrap(), sql).await;
    }
}

impl Bench<'_> {
    async fn spoil(&self, assignment: &str) {
        self.ground.run(&SPOIL.replace("ASSIGNMENT", assignment)).await;
    }

    /// As anybody who may write the table.
    async fn set(&self, assignment: &str) -> Result<(), personal_tokens::store::sqlx::Error> {
        let update = format!("UPDATE personal_tokens SET {assignment} WHERE name <> '{}'", self.good.1.name);
        raw_sql(AssertSqlSafe(update)).execute(&self.ground.pool).await.map(drop)
    }

    /// It is told as corrupt, with the column and nothing of what stands in it; it opens no door.
    async fn assert_corrupt(&self, column: &str, what: &str) {
        let found = self.store.find(self.bad.1.id).await;
        let Err(error @ StoreError::Corrupt(_)) = found else { panic!("{what}: {found:?}") };
        let told = told(&error);
        assert!(told.contains(&format!("the column {column} holds no valid value")), "{what} is told as {told}");
        assert!(!told.contains("canary"), "{what} is told as {told}");

        let tokens = &self.ground.tokens;
        let (answer, calls) = knock(tokens, bearer(&self.bad.0)).await;
        assert_eq!((answer.status(), calls), (StatusCode::SERVICE_UNAVAILABLE, 0), "{what}");
        // Nor is anything told to who does not hold the secret.
        let mut other = common::forge::random_of(&self.bad.0);
        other[43] ^= 1;
        let (answer, calls) = knock(tokens, bearer(&forge("shop", &other))).await;
        assert_eq!((answer.status(), calls), (StatusCode::SERVICE_UNAVAILABLE, 0), "{what}");
    }

    async fn assert_the_other_works(&self, what: &str) {
        assert_eq!(self.store.find(self.good.1.id).await.unwrap().unwrap().id, self.good.1.id, "{what}");
        let (answer, calls) = knock(&self.ground.tokens, bearer(&self.good.0)).await;
        assert_eq!((answer.status(), calls), (StatusCode::OK, 1), "{what}");
        let claimed = self.store.claim_notice(self.good.1.id, None, noon()).await;
        assert!(claimed.unwrap(), "{what}");
    }

    /// The uses of both are written, as far as they can be.
    async fn assert_uses_are_written(&self, what: &str) {
        let uses = [self.bad.1.id, self.good.1.id].map(|id| LastUse::new(id, after(1)));
        self.store.touch(&uses, Duration::ZERO).await.unwrap_or_else(|error| panic!("{what}: {}", told(&error)));
        let found = self.store.find(self.good.1.id).await.unwrap().unwrap();
        assert_eq!(found.last_used, Some(after(1)), "{what}");
    }

    /// By itself, and with all of its owner's.
    async fn assert_the_others_are_revoked(&self, what: &str) {
        let another = with(self.good.1.clone(), |record| {
            (record.id, record.name) = (token_id(5), common::rulebook::name("another"));
        });
        let answer = self.store.change(&Change::issue(another.clone(), Arc::default())).await;
        answer.unwrap_or_else(|error| panic!("{what}: {}", told(&error)));
        let answer = self.store.change(&Change::revoke(owner(), another.id, after(2))).await;
        answer.unwrap_or_else(|error| panic!("{what}: {}", told(&error)));
        let answer = self.store.change(&Change::revoke_all(owner(), after(2))).await;
        let written = answer.unwrap_or_else(|error| panic!("{what}: {}", told(&error))).written;
        assert!(written.contains(&self.good.1.id), "{what}: {written:?}");
        for id in [another.id, self.good.1.id] {
            assert_eq!(self.store.find(id).await.unwrap().unwrap().revoked, Some(after(2)), "{what}");
        }
    }

    /// Those of which nothing is to be read are no record that a list passes over.
    async fn assert_lists_tell(&self, what: &str) {
        let listed = self.store.list(&owner(), &ListQuery::all(), noon()).await;
        assert!(matches!(listed, Err(StoreError::Corrupt(_))), "{what}: {listed:?}");
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
async fn a_check_refuses_what_no_record_holds() {
    let ground = Ground::new().await;
    for rotated in [false, true] {
        let bench = ground.bench(rotated).await;
        for (_, assignment) in cases(CHECKED).into_iter().filter(|(column, _)| is_of_a_rotation(column) == rotated) {
            let refused = bench.set(&assignment).await.unwrap_err().to_string();
            assert!(refused.contains("violates check constraint"), "{assignment}: {refused}");
        }
    }
}

#[tokio::test]
async fn what_a_check_refuses_is_corrupt_where_it_stands_all_the_same() {
    let ground = Ground::new().await;
    for (column, assignment) in cases(CHECKED) {
        let bench = ground.bench(is_of_a_rotation(column)).await;
        bench.spoil(&assignment).await;
        bench.assert_corrupt(column, &assignment).await;
        if column != "owner" {
            bench.assert_lists_tell(&assignment).await;
        }
        bench.assert_the_other_works(&assignment).await;
        bench.assert_uses_are_written(&assignment).await;
        bench.assert_the_others_are_revoked(&assignment).await;
    }
}

#[tokio::test]
async fn what_the_types_of_a_record_refuse_is_corrupt() {
    let ground = Ground::new().await;
    for (column, assignment) in cases(UNCHECKED) {
        let bench = ground.bench(false).await;
        bench.set(&assignment).await.unwrap();
        bench.assert_corrupt(column, &assignment).await;
        bench.assert_the_other_works(&assignment).await;
        bench.assert_uses_are_written(&assignment).await;
        bench.assert_the_others_are_revoked(&assignment).await;
        if column != "owner" {
            let revoked = query("SELECT revoked IS NOT NULL FROM personal_tokens WHERE id = $1");
            let row = revoked.bind(bench.bad.1.id.as_bytes().to_vec()).fetch_one(&ground.pool).await.unwrap();
            assert!(row.get::<bool, _>(0), "{assignment}: revoke all ends it too");
        }
    }
}

#[tokio::test]
async fn nothing_where_something_must_be_is_corrupt() {
    let ground = Ground::new().await;
    for column in NEVER_NULL {
        let bench = ground.bench(false).await;
        let assignment = format!("{column} = NULL");
        let refused = bench.set(&assignment).await.unwrap_err().to_string();
        assert!(refused.contains("violates not-null constraint"), "{assignment}: {refused}");
        ground.run(&format!("ALTER TABLE personal_tokens ALTER {column} DROP NOT NULL")).await;
        bench.spoil(&assignment).await;
        bench.assert_corrupt(column, &assignment).await;
        bench.assert_the_other_works(&assignment).await;
        bench.assert_uses_are_written(&assignment).await;
        bench.assert_the_others_are_revoked(&assignment).await;
    }
}

#[tokio::test]
async fn a_column_of_another_type_is_corrupt() {
    for (column, other) in OTHER_TYPES {
        let ground = Ground::new().await;
        let bench = ground.bench(is_of_a_rotation(column)).await;
        let checks = "DO $$ DECLARE each name; BEGIN
            FOR each IN SELECT conname FROM pg_constraint WHERE conrelid = 'personal_tokens'::regclass AND contype = 'c'
            LOOP EXECUTE format('ALTER TABLE personal_tokens DROP CONSTRAINT %I', each); END LOOP; END $$;
            DROP TRIGGER personal_tokens_updated ON personal_tokens";
        ground.run(checks).await;
        ground.run(&format!("ALTER TABLE personal_tokens ALTER {column} TYPE {other}")).await;
        bench.assert_corrupt(column, &format!("{column} {other}")).await;
    }
}

/// Nobody finds it by its id; a list does not pass it over.
#[tokio::test]
async fn an_id_that_is_none_is_corrupt_where_it_is_listed() {
    let ground = Ground::new().await;
    for value in NO_IDS {
        let (bench, assignment) = (ground.bench(false).await, format!("id = {value}"));
        let refused = bench.set(&assignment).await.unwrap_err().to_string();
        assert!(refused.contains("violates check constraint"), "{assignment}: {refused}");
        bench.spoil(&assignment).await;
        let listed = bench.store.list(&owner(), &ListQuery::all(), noon()).await;
        let Err(error @ StoreError::Corrupt(_)) = listed else { panic!("{assignment}: {listed:?}") };
        assert!(told(&error).contains("the column id holds no valid value"), "{assignment}: {}", told(&error));
        let (answer, calls) = knock(&ground.tokens, bearer(&bench.bad.0)).await;
        assert_eq!((answer.status(), calls), (StatusCode::UNAUTHORIZED, 0), "{assignment}");
        bench.assert_the_other_works(&assignment).await;
        bench.assert_the_others_are_revoked(&assignment).await;
    }
}

/// They stand before and behind every other: those that a notice could be for are told.
#[tokio::test]
async fn an_expiry_that_is_no_instant_is_told_where_it_falls() {
    let ground = Ground::new().await;
    for (value, is_told) in
        [("'-infinity'", false), ("'infinity'", false), ("'2026-01-02', noticed = 'infinity'", true)]
    {
        let bench = ground.bench(false).await;
        bench.spoil(&format!("expires = {value}")).await;
        let all = ExpiringQuery::between(noon(), Timestamp::MAX);
        let expiring = bench.store.expiring(&all).await;
        assert_eq!(matches!(expiring, Err(StoreError::Corrupt(_))), is_told, "{value}: {expiring:?}");
    }
}

/// The order of scopes is no matter: a text in another order is the same set.
#[tokio::test]
async fn scopes_in_another_order_are_the_same_set() {
    let ground = Ground::new().await;
    let bench = ground.bench(false).await;
    bench.set("scopes = 'c a b'").await.unwrap();
    let found = bench.store.find(bench.bad.1.id).await.unwrap().unwrap();
    assert_eq!(found.scopes, Scopes::new(["a", "b", "c"]).unwrap());
}

/// However many of them come first, and whatever it is that cannot be read.
#[tokio::test]
async fn prune_leaves_what_cannot_be_read_and_deletes_the_others() {
    let ground = Ground::new().await;
    let ended = format!("revoked = to_timestamp({})", after(1).as_micros() / 1_000_000);
    let spoilt = [CHECKED, UNCHECKED].map(cases).into_iter().flatten();
    for (column, assignment) in spoilt.filter(|(column, _)| *column != "revoked") {
        let bench = ground.bench(is_of_a_rotation(column)).await;
        bench.store.change(&Change::revoke(owner(), bench.good.1.id, after(2))).await.unwrap();
        bench.spoil(&format!("{assignment}, {ended}")).await;
        let pruned = bench.store.prune(after(3), 1).await.unwrap();
        assert_eq!(pruned, [Pruned::new(bench.good.1.id, owner())], "{assignment}");
        assert_eq!(bench.store.prune(after(3), 1).await.unwrap(), [], "{assignment}");
        let left: i64 = query_scalar("SELECT count(*) FROM personal_tokens").fetch_one(&ground.pool).await.unwrap();
        assert_eq!(left, 1, "{assignment}");
    }
}

#[tokio::test]
async fn the_successor_of_a_row_that_cannot_be_read_is_revoked() {
    let ground = Ground::new().await;
    let bench = ground.bench(false).await;
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
