//! The tables of an SQLite file, behind the store's back.

use std::path::Path;

use personal_tokens::TokenId;
use personal_tokens::store::sqlx::sqlite::SqliteConnectOptions;
use personal_tokens::store::sqlx::{AssertSqlSafe, ConnectOptions as _, Error, SqliteConnection, raw_sql};

/// A connection as SQLite makes it, to a file that may be missing.
pub fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new().filename(path).create_if_missing(true)
}

pub async fn connect(path: &Path) -> SqliteConnection {
    options(path).connect().await.unwrap()
}

/// Statements, one after the other.
pub async fn run(connection: &mut SqliteConnection, sql: &str) -> Result<(), Error> {
    raw_sql(AssertSqlSafe(sql.to_owned())).execute(connection).await.map(drop)
}

/// Sets a column of this token's row, whatever the CHECKs say. `assignment` is SQL, as `digest_key = 65536`.
pub async fn spoil(connection: &mut SqliteConnection, id: TokenId, assignment: &str) -> Result<(), Error> {
    let id = super::search::hex(id.as_bytes());
    let update = format!("UPDATE personal_tokens SET {assignment} WHERE id = x'{id}'");
    run(connection, &format!("PRAGMA ignore_check_constraints = ON; {update}; PRAGMA ignore_check_constraints = OFF"))
        .await
}
