//! A look-up, in one round trip.

use sqlx::{AssertSqlSafe, Row as _};

use crate::record::TokenRecord;
use crate::store::StoreError;
use crate::token::TokenId;

use super::calls::Lease;
use super::failure::Failure;
use super::row::bytes;
use super::sent::record_of;

type Outcome<T> = Result<T, Failure<StoreError>>;

/// A standby, which was the primary once, answers what was: it is asked for nothing, and its connection is not kept.
pub(super) async fn find(lease: &mut Lease<'_>, id: TokenId) -> Outcome<Option<TokenRecord>> {
    let sent = if lease.is_named() { by_name(lease, id).await? } else { in_one_message(lease, id).await? };
    Ok(sent.as_deref().map(record_of).transpose()?)
}

async fn by_name(lease: &mut Lease<'_>, id: TokenId) -> Outcome<Option<Vec<u8>>> {
    let find = lease.query(&lease.statements().find).bind(bytes(id));
    let row = find.fetch_one(lease.connection()?).await?;
    if row.try_get(0)? {
        return Err(Failure::Lost(StoreError::unavailable("a standby answered: it tells what was, not what is")));
    }
    Ok(row.try_get(1)?)
}

/// All statements of one message are one transaction, to the server and to a pooler before it. READ COMMITTED whatever
/// the host's default; READ WRITE, which a standby refuses; and the server ends by itself what nobody waits for any more.
async fn in_one_message(lease: &mut Lease<'_>, id: TokenId) -> Outcome<Option<Vec<u8>>> {
    let (millis, record) = (lease.servers_limit(), &lease.statements().record);
    // Of hexadecimal digits, whatever the id: nothing that anybody wrote is part of a statement.
    let id = id.as_bytes().iter().fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
    let message = format!(
        "SET TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE; SET LOCAL statement_timeout = {millis}; \
         SET LOCAL bytea_output = hex; {record}pg_catalog.decode('{id:024x}', 'hex')"
    );
    let row = sqlx::raw_sql(AssertSqlSafe(message)).fetch_optional(lease.connection()?).await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?)
}
