//! Each microsecond from year 1 to year 9999 comes back from PostgreSQL as it was, whatever the session's time zone, and is the
//! same instant to who asks in SQL (failures 15).
#![cfg(all(feature = "postgres", feature = "memory", feature = "testing"))]

use crate::common;

use common::cases;
use common::postgres::{run, shared};
use common::rulebook::{policy, record, token_id, with};
use personal_tokens::store::sqlx::postgres::PgPoolOptions;
use personal_tokens::store::sqlx::{PgPool, query, query_scalar};
use personal_tokens::store::{Cursor, LastUse, ListQuery, PostgresStore, TokenStore as _};
use personal_tokens::{Change, Duration, Expiry, Rotated, Timestamp, TokenRecord};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

const ZONES: [&str; 6] =
    ["UTC", "Asia/Kolkata", "America/New_York", "Pacific/Kiritimati", "Africa/Monrovia", "posix/Europe/Dublin"];

const FIRST: i64 = Timestamp::MIN.as_micros();
const LAST: i64 = Timestamp::MAX.as_micros();

/// Where a conversion may go wrong: the ends, 1970, 2000, hours that clocks skip or repeat in Dublin and New York, a leap day.
const EDGES: [i64; 8] = [
    FIRST,
    LAST,
    0,
    946_684_800_000_000,
    1_774_746_000_000_000,
    1_772_953_200_000_000,
    1_793_512_800_000_000,
    951_782_400_000_000,
];

fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros.clamp(FIRST, LAST)).unwrap()
}

fn instants() -> impl Strategy<Value = Timestamp> {
    let near =
        (prop::sample::select(&EDGES[..]), -3_000_000..3_000_000_i64).prop_map(|(edge, off)| edge.saturating_add(off));
    prop_oneof![FIRST..=LAST, near, prop::sample::select(&EDGES[..])].prop_map(at)
}

/// A token with all of these instants. The rulebook wants the expiry to come after the issue.
fn token(number: u32, mut instants: [Timestamp; 8]) -> TokenRecord {
    instants.sort();
    with(record(number), |record| {
        record.owner = format!("owner {number}").parse().unwrap();
        let [created, used, rotated, revoked, set, noticed, grace_ends, expires] = instants;
        (record.created, record.expiry_set) = (created, set);
        record.expiry = if created < expires { Expiry::At(expires) } else { Expiry::Never };
        (record.last_used, record.noticed, record.revoked) = (Some(used), Some(noticed), Some(revoked));
        record.rotated = Some(Rotated { at: rotated, successor: token_id(7), grace_ends });
    })
}

/// A host's pool with a session in each of the zones.
struct Zones {
    pool: PgPool,
    store: PostgresStore,
    connections: Vec<(&'static str, PgPool, PostgresStore)>,
}

impl Zones {
    async fn new() -> Self {
        let database = shared().new_database().await;
        let connections = ZONES.map(|zone| {
            let pool = PgPoolOptions::new().max_connections(1).after_connect(move |connection, _| {
                Box::pin(async move {
                    run(connection, &format!("SET timezone = '{zone}'")).await;
                    Ok(())
                })
            });
            let pool = pool.connect_lazy_with(shared().options(&database));
            (zone, pool.clone(), PostgresStore::from_pool(pool))
        });
        let store = PostgresStore::connect(&shared().url(&database)).await.unwrap();
        store.create_tables().await.unwrap();
        Self { pool: shared().pool(&database, 1), store, connections: connections.into() }
    }

    /// Written in each zone, and read in each.
    async fn assert_kept(&self, instants: [Timestamp; 8]) {
        query("DELETE FROM personal_tokens").execute(&self.pool).await.unwrap();
        let mut numbers = 0..;
        for (zone, _, store) in &self.connections {
            let record = token(numbers.next().unwrap(), instants);
            store.change(&Change::issue(record.clone(), policy(|_| ()))).await.unwrap();
            for (other, pool, reading) in &self.connections {
                let found = reading.find(record.id).await.unwrap().unwrap();
                assert_eq!(*found, record, "written in {zone}, read in {other}");
                let in_sql =
                    "SELECT (extract(epoch FROM created) * 1000000)::bigint FROM personal_tokens WHERE id = $1";
                let in_sql = query_scalar::<_, i64>(in_sql).bind(record.id.as_bytes().to_vec());
                assert_eq!(in_sql.fetch_one(pool).await.unwrap(), record.created.as_micros(), "in {other}");
            }
        }
    }

    /// A microsecond is a difference: of uses, of what stands behind a cursor, of what is pruned.
    async fn assert_compared(&self, instant: Timestamp) {
        query("DELETE FROM personal_tokens").execute(&self.pool).await.unwrap();
        let before = at(instant.as_micros() - 1);
        let one = with(token(1, [instant; 8]), |record| record.last_used = None);
        self.store.change(&Change::issue(one.clone(), policy(|_| ()))).await.unwrap();
        for (zone, _, store) in &self.connections {
            let behind = ListQuery::all().after(Cursor::new(instant, one.id));
            assert_eq!(store.list(&one.owner, &behind, instant).await.unwrap(), [], "{zone}");
            if before < instant {
                let behind = ListQuery::all().after(Cursor::new(before, one.id));
                assert_eq!(store.list(&one.owner, &behind, instant).await.unwrap(), [], "{zone}");
                store.touch(&[LastUse::new(one.id, before)], Duration::ZERO).await.unwrap();
            }
            store.touch(&[LastUse::new(one.id, instant)], Duration::ZERO).await.unwrap();
            assert_eq!(store.find(one.id).await.unwrap().unwrap().last_used, Some(instant), "{zone}");
            assert!(!store.claim_notice(one.id, Some(before), instant).await.unwrap() || before == instant, "{zone}");
            assert!(store.claim_notice(one.id, Some(instant), instant).await.unwrap(), "{zone}");
            assert_eq!(store.prune(instant, 1).await.unwrap(), [], "{zone}");
        }
        if instant < Timestamp::MAX {
            assert_eq!(self.store.prune(at(instant.as_micros() + 1), 1).await.unwrap().len(), 1);
        }
    }
}

fn on_a_runtime(work: impl AsyncFnOnce()) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work());
}

#[test]
fn the_edges_come_back_exactly() {
    on_a_runtime(async || {
        let zones = Zones::new().await;
        for edge in EDGES {
            zones
                .assert_kept([-1, 0, 1, -1_000_000, 1_000_000, -999_999, 0, 1].map(|off| at(edge.saturating_add(off))))
                .await;
            zones.assert_compared(at(edge)).await;
        }
    });
}

#[test]
fn any_instants_come_back_exactly() {
    on_a_runtime(async || {
        let zones = Zones::new().await;
        let mut runner = TestRunner::new(cases(24));
        let property = (prop::array::uniform8(instants()), instants());
        for _ in 0..runner.config().cases.min(500) {
            let (eight, one) = property.new_tree(&mut runner).unwrap().current();
            zones.assert_kept(eight).await;
            zones.assert_compared(one).await;
        }
    });
}
