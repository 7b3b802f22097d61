//! What is asked of the file without changing it.

use sqlx::sqlite::SqliteRow;

use crate::record::{OwnerId, TokenRecord};
use crate::store::sql::with_columns;
use crate::store::{Cursor, ExpiringQuery, ListQuery, StateFilter, StoreError};
use crate::timestamp::Timestamp;
use crate::token::TokenId;

use super::calls::Lease;
use super::failure::Failure;
use super::row::{bytes, record_of};

type Outcome<T> = Result<T, Failure<StoreError>>;

const FIND: &str = with_columns!("SELECT", "FROM personal_tokens WHERE id = ?");

const LIST_ALL: &str = with_columns!(
    "SELECT",
    "FROM personal_tokens WHERE owner = ?1 AND (created, id) < (?2, ?3) ORDER BY created DESC, id DESC LIMIT ?4"
);
// A grace that was cut, or was none, is over whatever the instant.
const LIST_ACTIVE: &str = with_columns!(
    "SELECT",
    "FROM personal_tokens WHERE owner = ?1 AND (created, id) < (?2, ?3) \
     AND +revoked IS NULL AND +ended > ?5 AND (rotated IS NULL OR grace_ends > rotated) \
     ORDER BY created DESC, id DESC LIMIT ?4"
);
const LIST_ENDED: &str = with_columns!(
    "SELECT",
    "FROM personal_tokens WHERE owner = ?1 AND (created, id) < (?2, ?3) \
     AND NOT (+revoked IS NULL AND +ended > ?5 AND (rotated IS NULL OR grace_ends > rotated)) \
     ORDER BY created DESC, id DESC LIMIT ?4"
);

const EXPIRING: &str = with_columns!(
    "SELECT",
    "FROM personal_tokens WHERE revoked IS NULL AND rotated IS NULL AND expires IS NOT NULL \
     AND (expires, id) > (?1, ?2) AND expires <= ?3 ORDER BY expires, id LIMIT ?4"
);

pub(super) async fn find(lease: &mut Lease<'_>, id: TokenId) -> Outcome<Option<TokenRecord>> {
    let row = sqlx::query(FIND).bind(bytes(id)).fetch_optional(&mut *lease.connection).await?;
    Ok(row.as_ref().map(record_of).transpose()?)
}

pub(super) async fn list(
    lease: &mut Lease<'_>,
    owner: &OwnerId,
    query: &ListQuery,
    at: Timestamp,
) -> Outcome<Vec<TokenRecord>> {
    let sql = match query.states {
        StateFilter::All => LIST_ALL,
        StateFilter::Active => LIST_ACTIVE,
        StateFilter::Ended => LIST_ENDED,
    };
    // Later than every token, where there is no cursor.
    let (before, id) = query.after.map_or((i64::MAX, Vec::new()), place);
    let list =
        sqlx::query(sql).bind(owner.as_str().to_owned()).bind(before).bind(id).bind(i64::from(query.limit.get()));
    let list = if query.states == StateFilter::All { list } else { list.bind(at.as_micros()) };
    records(&list.fetch_all(&mut *lease.connection).await?)
}

pub(super) async fn expiring(lease: &mut Lease<'_>, query: &ExpiringQuery) -> Outcome<Vec<TokenRecord>> {
    // Behind every token that expires at the beginning, or behind the cursor.
    let beginning = Cursor::new(query.after, TokenId::from_bytes([u8::MAX; TokenId::LEN]));
    let (after, id) = place(query.cursor.map_or(beginning, |cursor| cursor.max(beginning)));
    let expiring = sqlx::query(EXPIRING).bind(after).bind(id).bind(query.until.as_micros());
    records(&expiring.bind(i64::from(query.limit.get())).fetch_all(&mut *lease.connection).await?)
}

fn place(cursor: Cursor) -> (i64, Vec<u8>) {
    (cursor.at.as_micros(), bytes(cursor.id))
}

fn records(rows: &[SqliteRow]) -> Outcome<Vec<TokenRecord>> {
    Ok(rows.iter().map(record_of).collect::<Result<_, _>>()?)
}
