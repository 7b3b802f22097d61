//! PostgreSQL, on a server of the bench's own.

use std::hint::black_box;
use std::ops::Range;

use personal_tokens::TokenId;
use personal_tokens::store::PostgresStore;
use personal_tokens::store::sqlx::postgres::{PgArguments, PgPoolOptions};
use personal_tokens::store::sqlx::query::Query;
use personal_tokens::store::sqlx::{AssertSqlSafe, PgPool, Postgres, query};
use personal_tokens_benches::{Contest, fixture};

use super::common::postgres::{Server, run};
use super::growing::{Growing, parts};
use super::{COLUMNS, beside, finds, wait};

/// Its instants: at once, and in 30 days.
const INSERT: &str = "INSERT INTO personal_tokens
        (id, owner, name, digest_key, digest, scopes, created, never_expires, expires, expiry_set)
    SELECT id, owner, name, 0, digest, $5, now(), FALSE, now() + interval '30 days', now()
    FROM unnest($1::bytea[], $2::text[], $3::text[], $4::bytea[]) AS token (id, owner, name, digest)";

pub struct Database {
    server: Server,
    name: String,
}

impl Database {
    pub fn new() -> Self {
        let server = Server::start(&[("max_wal_size", "4GB")]);
        let name = wait(server.new_database());
        wait(async { PostgresStore::connect(&server.url(&name)).await.unwrap().create_tables().await.unwrap() });
        Self { server, name }
    }

    fn url(&self) -> String {
        self.server.url(&self.name)
    }

    /// Of one connection, which it does not ask whether it is alive before it gives it.
    fn pool(&self) -> PgPool {
        let pool = PgPoolOptions::new().max_connections(1).test_before_acquire(false);
        wait(async { pool.connect(&self.url()).await.unwrap() })
    }

    fn beside(&self, contest: &mut Contest, rows: [&str; 3], tokens: u64, named: bool) {
        let pool = self.pool();
        let store = PostgresStore::from_pool(pool.clone()).named_statements(named);
        beside(contest, rows, tokens, (pool, store), async move |connection, id| {
            let row = select(id, named).fetch_optional(&mut **connection).await;
            assert!(black_box(row).unwrap().is_some());
        });
    }
}

fn select(id: TokenId, named: bool) -> Query<'static, Postgres, PgArguments> {
    let select = AssertSqlSafe(format!("SELECT {COLUMNS} FROM personal_tokens WHERE id = $1"));
    query(select).bind(id.as_bytes().to_vec()).persistent(named)
}

impl Growing for Database {
    fn grow(&mut self, tokens: Range<u64>) {
        wait(async {
            let mut connection = self.server.connect(&self.name).await;
            for part in parts(tokens) {
                let now = fixture::now();
                let records: Vec<_> = part.map(|n| fixture::record(n, now)).collect();
                let texts = |text: fn(&personal_tokens::TokenRecord) -> &str| {
                    records.iter().map(|record| text(record).to_owned()).collect::<Vec<_>>()
                };
                let insert = query(INSERT)
                    .bind(records.iter().map(|record| record.id.as_bytes().to_vec()).collect::<Vec<_>>())
                    .bind(texts(|record| record.owner.as_str()))
                    .bind(texts(|record| record.name.as_str()))
                    .bind(records.iter().map(|record| record.digest.as_bytes().to_vec()).collect::<Vec<_>>());
                insert.bind(fixture::SCOPE).execute(&mut connection).await.unwrap();
            }
            run(&mut connection, "VACUUM ANALYZE personal_tokens").await;
            run(&mut connection, "CHECKPOINT").await;
        });
    }

    fn find(&self, tokens: u64) -> Contest {
        let mut contest = Contest::new(&format!("stores, PostgresStore, {tokens} tokens"));
        let row = |what: &str| format!("{what} @ {tokens}");
        let own = wait(PostgresStore::connect(&self.url())).unwrap();
        finds(&mut contest, "PostgresStore", tokens, own);
        for (how, named) in [("unnamed", false), ("named", true)] {
            let bare = row(&format!("bare select, {how}, PostgreSQL"));
            let find = row(&format!("PostgresStore, {how}, of the same connection, find"));
            let ratio = row(&format!("PostgresStore find over a bare select, both {how}"));
            self.beside(&mut contest, [&bare, &find, &ratio], tokens, named);
        }
        contest
    }

    fn node_start(&self, tokens: u64) -> Contest {
        let mut contest = Contest::new(&format!("stores, PostgresStore, node start, {tokens} tokens"));
        let url = self.url();
        contest.rounds(31).case(&format!("PostgresStore, node start @ {tokens}"), move || {
            wait(async {
                let store = PostgresStore::connect(&url).await.unwrap();
                store.create_tables().await.unwrap();
                drop(black_box(fixture::handle(store)));
            });
        });
        contest.turns(1);
        contest
    }
}
