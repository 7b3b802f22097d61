//! The tables, and the schema that they stand in.

use sqlx::{AssertSqlSafe, PgConnection, Row as _};

use crate::store::StoreError;
use crate::store::sql::OtherVersion;

use super::calls::Lease;
use super::failure::Failure;

type Outcome<T> = Result<T, Failure<StoreError>>;

pub(super) const VERSION: i64 = 1;
const TABLES: &str = include_str!("schema.sql");

/// A text is no name of a schema that [`PostgresStore`](super::PostgresStore) takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a schema's name is 1 to 40 of the characters A-Z, a-z, 0-9, _ and -")]
#[non_exhaustive]
pub struct InvalidSchema;

/// The name of a schema. Of characters that need no escape, and so short that a channel's name has room for it.
#[derive(Clone)]
pub(super) struct Schema(String);

impl Schema {
    const MAX_LEN: usize = 40;

    pub(super) fn public() -> Self {
        Self("public".to_owned())
    }

    pub(super) fn new(name: &str) -> Result<Self, InvalidSchema> {
        let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
        let fits = (1..=Self::MAX_LEN).contains(&name.len());
        (plain && fits).then(|| Self(name.to_owned())).ok_or(InvalidSchema)
    }

    pub(super) fn name(&self) -> &str {
        &self.0
    }

    /// As the trigger makes it.
    pub(super) fn channel(&self) -> String {
        format!("personal_tokens:{}", self.0)
    }

    /// A statement with the schema, quoted, where `{schema}` stands.
    pub(super) fn within(&self, sql: &str) -> String {
        sql.replace("{schema}", &format!("\"{}\"", self.0))
    }

    /// The same, as a text.
    fn in_text(&self, sql: &str) -> String {
        sql.replace("{schema}", &format!("'{}'", self.0))
    }

    pub(super) fn tables(&self) -> String {
        self.within(TABLES)
    }
}

/// Makes the schema and the tables where there are none. Writes nothing where there are.
pub(super) async fn create_tables(lease: &mut Lease<'_>, schema: &Schema) -> Outcome<()> {
    if is_made(lease.connection()?, schema).await? {
        return Ok(());
    }
    let mut writing = lease.writing().await?;
    let transaction = &mut *writing.transaction;
    // Two that create at once would collide in the catalogue, in spite of IF NOT EXISTS.
    run(transaction, "SELECT pg_advisory_xact_lock(hashtextextended('personal_tokens: tables' COLLATE \"C\", 0))")
        .await?;
    if !is_made(transaction, schema).await? {
        // By itself: CREATE SCHEMA IF NOT EXISTS wants the right to create one, though it is there.
        if ask::<String>(transaction, schema.in_text("SELECT nspname::text FROM pg_namespace WHERE nspname = {schema}"))
            .await?
            .is_none()
        {
            run(transaction, &schema.within("CREATE SCHEMA {schema}")).await?;
        }
        run(transaction, &schema.tables()).await?;
    }
    writing.commit().await
}

async fn is_made(connection: &mut PgConnection, schema: &Schema) -> Outcome<bool> {
    let there = schema
        .in_text("SELECT true FROM pg_tables WHERE schemaname = {schema} AND tablename = 'personal_tokens_schema'");
    if ask::<bool>(connection, there).await?.is_none() {
        return Ok(false);
    }
    match ask(connection, schema.within("SELECT version FROM {schema}.personal_tokens_schema")).await? {
        None => Ok(false),
        Some(VERSION) => Ok(true),
        Some(found) => Err(StoreError::unavailable(OtherVersion { found, known: VERSION }).into()),
    }
}

/// In one message, so that a pooler runs it on one connection.
async fn run(connection: &mut PgConnection, sql: &str) -> Outcome<()> {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await?;
    Ok(())
}

/// The first column of the first row.
async fn ask<T>(connection: &mut PgConnection, sql: String) -> Outcome<Option<T>>
where
    T: for<'r> sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>,
{
    let row = sqlx::raw_sql(AssertSqlSafe(sql)).fetch_optional(connection).await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?)
}
