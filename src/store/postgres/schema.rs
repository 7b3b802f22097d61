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

    pub(super) fn tables(&self) -> String {
        self.within(TABLES)
    }
}

/// Makes the schema and the tables where there are none. Writes nothing where there are.
pub(super) async fn create_tables(lease: &mut Lease<'_>, schema: &Schema) -> Outcome<()> {
    if is_made(&mut lease.connection, schema).await? {
        return Ok(());
    }
    let mut writing = lease.writing().await?;
    let transaction = &mut *writing.transaction;
    // Two that create at once would collide in the catalogue, in spite of IF NOT EXISTS.
    let lock = "SELECT pg_advisory_xact_lock(hashtextextended('personal_tokens: tables' COLLATE \"C\", 0))";
    sqlx::query(lock).persistent(false).execute(&mut *transaction).await?;
    if !is_made(&mut *transaction, schema).await? {
        let there = sqlx::query("SELECT 1 FROM pg_namespace WHERE nspname = $1").bind(schema.name()).persistent(false);
        if there.fetch_optional(&mut *transaction).await?.is_none() {
            let create = schema.within("CREATE SCHEMA {schema}");
            sqlx::raw_sql(AssertSqlSafe(create)).execute(&mut *transaction).await?;
        }
        sqlx::raw_sql(AssertSqlSafe(schema.tables())).execute(&mut *transaction).await?;
    }
    writing.commit().await
}

async fn is_made(connection: &mut PgConnection, schema: &Schema) -> Outcome<bool> {
    let table = schema.within("{schema}.personal_tokens_schema");
    let found = sqlx::query("SELECT to_regclass($1) IS NOT NULL").bind(table).persistent(false);
    if !found.fetch_one(&mut *connection).await?.try_get::<bool, _>(0)? {
        return Ok(false);
    }
    let version = sqlx::query(AssertSqlSafe(schema.within("SELECT version FROM {schema}.personal_tokens_schema")));
    let Some(row) = version.persistent(false).fetch_optional(connection).await? else {
        return Ok(false);
    };
    match row.try_get(0)? {
        VERSION => Ok(true),
        found => Err(StoreError::unavailable(OtherVersion { found, known: VERSION }).into()),
    }
}
