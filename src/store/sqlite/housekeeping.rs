//! Last use, notices, pruning.

use sqlx::Sqlite;
use sqlx::pool::PoolConnection;
use time::Duration;

use crate::store::{LastUse, Pruned, StoreError};
use crate::timestamp::Timestamp;
use crate::token::TokenId;

use super::calls::Writing;
use super::failure::Failure;
use super::row::{bytes, id_of, micros, owner_of};

type Outcome<T> = Result<T, Failure<StoreError>>;

// A row that no record is may break a CHECK: it is left, and the others are written.
const TOUCH: &str = "UPDATE OR IGNORE personal_tokens SET last_used = ?2 WHERE id = ?1 \
                     AND (last_used IS NULL OR (last_used < ?2 AND ?2 - last_used >= ?3))";
const CLAIM: &str = "UPDATE personal_tokens SET noticed = ?3 WHERE id = ?1 AND noticed IS ?2";
const PRUNE: &str = "DELETE FROM personal_tokens WHERE id IN (SELECT id FROM personal_tokens \
                     WHERE ended < ?1 AND ended < 9223372036854775807 ORDER BY ended LIMIT ?2) RETURNING id, owner";

pub(super) async fn touch(
    connection: &mut PoolConnection<Sqlite>,
    uses: &[LastUse],
    resolution: Duration,
) -> Outcome<()> {
    let resolution = whole_micros(resolution);
    let mut writing = Writing::begin(connection).await?;
    for used in uses {
        let touch = sqlx::query(TOUCH).bind(bytes(used.id)).bind(used.at.as_micros()).bind(resolution);
        touch.execute(&mut *writing.transaction).await?;
    }
    writing.commit().await
}

pub(super) async fn claim_notice(
    connection: &mut PoolConnection<Sqlite>,
    id: TokenId,
    was: Option<Timestamp>,
    at: Timestamp,
) -> Outcome<bool> {
    let mut writing = Writing::begin(connection).await?;
    let claim = sqlx::query(CLAIM).bind(bytes(id)).bind(micros(was)).bind(at.as_micros());
    let claimed = claim.execute(&mut *writing.transaction).await?.rows_affected();
    writing.commit().await?;
    Ok(claimed == 1)
}

pub(super) async fn prune(
    connection: &mut PoolConnection<Sqlite>,
    ended_before: Timestamp,
    at_most: u32,
) -> Outcome<Vec<Pruned>> {
    let mut writing = Writing::begin(connection).await?;
    let prune = sqlx::query(PRUNE).bind(ended_before.as_micros()).bind(i64::from(at_most));
    let rows = prune.fetch_all(&mut *writing.transaction).await?;
    let pruned = rows.iter().map(|row| Ok(Pruned::new(id_of(row)?, owner_of(row)?)));
    let pruned = pruned.collect::<Result<_, StoreError>>()?;
    writing.commit().await?;
    Ok(pruned)
}

/// The least number of microseconds that is not less.
fn whole_micros(span: Duration) -> i64 {
    let nanos = span.whole_nanoseconds();
    let up = i128::from(nanos.checked_rem(1_000).is_some_and(|rest| rest > 0));
    let micros = nanos.checked_div(1_000).unwrap_or_default().saturating_add(up);
    i64::try_from(micros).unwrap_or(if span.is_negative() { i64::MIN } else { i64::MAX })
}
