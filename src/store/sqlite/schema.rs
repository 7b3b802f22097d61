//! The tables.

use sqlx::{Row as _, SqliteConnection};

use crate::store::StoreError;
use crate::store::sql::OtherVersion;

use super::calls::Lease;
use super::failure::Failure;

type Outcome<T> = Result<T, Failure<StoreError>>;

pub(super) const SCHEMA: &str = include_str!("schema.sql");
pub(super) const VERSION: i64 = 1;

/// Makes the tables where there are none. Writes nothing where there are.
pub(super) async fn create_tables(lease: &mut Lease<'_>) -> Outcome<()> {
    if is_made(&mut lease.connection).await? {
        return Ok(());
    }
    let mut transaction = lease.writing().await?;
    // Asked again: another process may have been first.
    if !is_made(&mut transaction).await? {
        sqlx::raw_sql(SCHEMA).execute(&mut *transaction).await?;
    }
    Ok(transaction.commit().await?)
}

async fn is_made(connection: &mut SqliteConnection) -> Outcome<bool> {
    let table = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'personal_tokens_schema'";
    if sqlx::query(table).fetch_optional(&mut *connection).await?.is_none() {
        return Ok(false);
    }
    let Some(row) = sqlx::query("SELECT version FROM personal_tokens_schema").fetch_optional(connection).await? else {
        return Ok(false);
    };
    match row.try_get(0)? {
        VERSION => Ok(true),
        found => Err(StoreError::unavailable(OtherVersion { found, known: VERSION }).into()),
    }
}
