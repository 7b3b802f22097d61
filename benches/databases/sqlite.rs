//! SQLite, in a file of the bench's own.

use std::fmt::Write as _;
use std::hint::black_box;
use std::ops::Range;
use std::path::PathBuf;

use personal_tokens::TokenId;
use personal_tokens::store::SqliteStore;
use personal_tokens::store::sqlx::query::Query;
use personal_tokens::store::sqlx::sqlite::{SqliteArguments, SqliteConnectOptions, SqlitePoolOptions};
use personal_tokens::store::sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Sqlite, query, raw_sql};
use personal_tokens_benches::{Contest, fixture, folder};

use super::growing::{Growing, parts};
use super::{COLUMNS, beside, finds, wait};

/// From arrays of id, owner, name, digest, in the order in which the table has them.
const INSERT: &str = "INSERT INTO personal_tokens
        (id, owner, name, digest_key, digest, scopes, created, never_expires, expires, expiry_set)
    SELECT unhex(value ->> 0), value ->> 1, value ->> 2, 0, unhex(value ->> 3), ?2, ?3, 0, ?4, ?3
    FROM json_each(?1) ORDER BY 1";
const THIRTY_DAYS: i64 = 30 * 86_400 * 1_000_000;

/// Gone when it is dropped.
pub struct Database(PathBuf);

impl Database {
    pub fn new() -> Self {
        let place = folder().join(format!("tokens-{}", std::process::id()));
        std::fs::create_dir_all(&place).unwrap();
        let database = Self(place);
        wait(async { database.open().await.close().await });
        database
    }

    fn file(&self) -> PathBuf {
        self.0.join("tokens.db")
    }

    async fn open(&self) -> SqliteStore {
        SqliteStore::open(self.file()).await.unwrap()
    }

    fn options(&self) -> SqliteConnectOptions {
        SqliteConnectOptions::new().filename(self.file())
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn select(id: TokenId) -> Query<'static, Sqlite, SqliteArguments> {
    let select = AssertSqlSafe(format!("SELECT {COLUMNS} FROM personal_tokens WHERE id = ?"));
    query(select).bind(id.as_bytes().to_vec())
}

impl Growing for Database {
    fn grow(&mut self, tokens: Range<u64>) {
        wait(async {
            let mut connection = self.options().connect().await.unwrap();
            raw_sql("PRAGMA synchronous = OFF; PRAGMA cache_size = -200000").execute(&mut connection).await.unwrap();
            for part in parts(tokens) {
                let now = fixture::now();
                let mut rows = String::from("[");
                for record in part.map(|n| fixture::record(n, now)) {
                    let (id, digest) = (hex(record.id.as_bytes()), hex(record.digest.as_bytes()));
                    write!(rows, "[\"{id}\",\"{}\",\"{}\",\"{digest}\"],", record.owner, record.name).unwrap();
                }
                rows.pop();
                let now = now.as_micros();
                let insert = query(INSERT).bind(rows + "]").bind(fixture::SCOPE).bind(now).bind(now + THIRTY_DAYS);
                insert.execute(&mut connection).await.unwrap();
            }
            raw_sql("ANALYZE; PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        });
    }

    fn find(&self, tokens: u64) -> Contest {
        let mut contest = Contest::new(&format!("stores, SqliteStore, {tokens} tokens"));
        let row = |what: &str| format!("{what} @ {tokens}");
        finds(&mut contest, "SqliteStore", tokens, wait(self.open()));
        let pool = SqlitePoolOptions::new().max_connections(1).test_before_acquire(false);
        let pool = wait(pool.connect_with(self.options())).unwrap();
        let store = SqliteStore::from_pool(pool.clone());
        let (bare, find) = (row("bare select, SQLite"), row("SqliteStore, of the same connection, find"));
        let ratio = row("SqliteStore find over a bare select");
        beside(&mut contest, [&bare, &find, &ratio], tokens, (pool, store), async |connection, id| {
            assert!(black_box(select(id).fetch_optional(&mut **connection).await).unwrap().is_some());
        });
        contest
    }

    fn node_start(&self, tokens: u64) -> Contest {
        let mut contest = Contest::new(&format!("stores, SqliteStore, node start, {tokens} tokens"));
        let file = self.file();
        contest.rounds(31).case(&format!("SqliteStore, node start @ {tokens}"), move || {
            let store = wait(SqliteStore::open(&file)).unwrap();
            drop(black_box(fixture::handle(store)));
        });
        contest.turns(1);
        contest
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
