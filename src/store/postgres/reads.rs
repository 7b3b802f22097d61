//! What is asked of the database without changing it.

use sqlx::postgres::PgRow;

use crate::record::{OwnerId, TokenRecord};
use crate::store::{Cursor, ExpiringQuery, ListQuery, StateFilter, StoreError};
use crate::timestamp::Timestamp;
use crate::token::TokenId;

use super::calls::Lease;
use super::failure::Failure;
use super::instant::Instant;
use super::row::{bytes, record_of};

type Outcome<T> = Result<T, Failure<StoreError>>;

/// Behind every id.
const LAST_ID: [u8; TokenId::LEN] = [u8::MAX; TokenId::LEN];

pub(super) async fn list(
    lease: &mut Lease<'_>,
    owner: &OwnerId,
    query: &ListQuery,
    at: Timestamp,
) -> Outcome<Vec<TokenRecord>> {
    let statements = lease.statements();
    let sql = match query.states {
        StateFilter::All => &statements.list_all,
        StateFilter::Active => &statements.list_active,
        StateFilter::Ended => &statements.list_ended,
    };
    // Later than every token, where there is no cursor; one whose instant is no instant is found too, and told.
    let everything = || (Instant::INFINITY, [LAST_ID.as_slice(), &[0]].concat());
    let (before, id) = query.after.map_or_else(everything, place);
    let list = lease.query(sql).bind(owner.as_str().to_owned()).bind(before).bind(id);
    let list = list.bind(i64::from(query.limit.get()));
    let list = if query.states == StateFilter::All { list } else { list.bind(Instant::from(at)) };
    records(&list.fetch_all(&mut *lease.reading().await?).await?)
}

pub(super) async fn expiring(lease: &mut Lease<'_>, query: &ExpiringQuery) -> Outcome<Vec<TokenRecord>> {
    // Behind every token that expires at the beginning, or behind the cursor.
    let beginning = Cursor::new(query.after, TokenId::from_bytes(LAST_ID));
    let (after, id) = place(query.cursor.map_or(beginning, |cursor| cursor.max(beginning)));
    let expiring = lease.query(&lease.statements().expiring).bind(after).bind(id).bind(Instant::from(query.until));
    records(&expiring.bind(i64::from(query.limit.get())).fetch_all(&mut *lease.reading().await?).await?)
}

fn place(cursor: Cursor) -> (Instant, Vec<u8>) {
    (cursor.at.into(), bytes(cursor.id))
}

fn records(rows: &[PgRow]) -> Outcome<Vec<TokenRecord>> {
    Ok(rows.iter().map(record_of).collect::<Result<_, _>>()?)
}
