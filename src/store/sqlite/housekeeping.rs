//! Last use, notices, pruning.

use sqlx::Row as _;
use time::Duration;

use crate::store::sql::with_columns;
use crate::store::{LastUse, Pruned, StoreError};
use crate::timestamp::Timestamp;
use crate::token::TokenId;

use super::calls::Lease;
use super::failure::{Failure, is_constraint};
use super::row::{bytes, micros, record_of};

type Outcome<T> = Result<T, Failure<StoreError>>;

const TOUCH: &str = "UPDATE personal_tokens SET last_used = ?2 WHERE id = ?1 \
                     AND (last_used IS NULL OR (last_used < ?2 AND ?2 - last_used >= ?3))";
const CLAIM: &str = "UPDATE personal_tokens SET noticed = ?3 WHERE id = ?1 AND noticed IS ?2";
const ENDED: &str = with_columns!(
    "SELECT",
    ", ended FROM personal_tokens WHERE ended < ?1 AND ended < 9223372036854775807 AND (ended, id) > (?2, ?3) \
     ORDER BY ended, id LIMIT ?4"
);
const DELETE: &str = "DELETE FROM personal_tokens WHERE id = ?";

pub(super) async fn touch(lease: &mut Lease<'_>, uses: &[LastUse], resolution: Duration) -> Outcome<()> {
    let resolution = whole_micros(resolution);
    let mut transaction = lease.writing().await?;
    for used in uses {
        let touch = sqlx::query(TOUCH).bind(bytes(used.id)).bind(used.at.as_micros()).bind(resolution);
        match touch.execute(&mut *transaction).await {
            // A row that is no record: it keeps no other use from being written.
            Err(error) if is_constraint(&error) => {}
            Err(error) => return Err(error.into()),
            Ok(_) => {}
        }
    }
    Ok(transaction.commit().await?)
}

pub(super) async fn claim_notice(
    lease: &mut Lease<'_>,
    id: TokenId,
    was: Option<Timestamp>,
    at: Timestamp,
) -> Outcome<bool> {
    let mut transaction = lease.writing().await?;
    let claim = sqlx::query(CLAIM).bind(bytes(id)).bind(micros(was)).bind(at.as_micros());
    let claimed = match claim.execute(&mut *transaction).await {
        Ok(claimed) => claimed.rows_affected(),
        Err(error) if is_constraint(&error) => return Err(StoreError::corrupt(error).into()),
        Err(error) => return Err(error.into()),
    };
    transaction.commit().await?;
    Ok(claimed == 1)
}

pub(super) async fn prune(lease: &mut Lease<'_>, ended_before: Timestamp, at_most: u32) -> Outcome<Vec<Pruned>> {
    let mut transaction = lease.writing().await?;
    let mut pruned = Vec::new();
    let mut behind = (i64::MIN, Vec::new());
    loop {
        let room = as_usize(at_most).saturating_sub(pruned.len());
        if room == 0 {
            break;
        }
        let (ended, id) = behind;
        let some = sqlx::query(ENDED).bind(ended_before.as_micros()).bind(ended).bind(id).bind(as_i64(room));
        let rows = some.fetch_all(&mut *transaction).await?;
        for row in &rows {
            // What cannot be read stays for somebody to look at, and keeps no other from being deleted.
            if let Ok(record) = record_of(row) {
                sqlx::query(DELETE).bind(bytes(record.id)).execute(&mut *transaction).await?;
                pruned.push(Pruned::new(record.id, record.owner));
            }
        }
        match rows.last() {
            Some(last) if rows.len() == room => behind = (last.try_get("ended")?, last.try_get("id")?),
            _ => break,
        }
    }
    transaction.commit().await?;
    Ok(pruned)
}

fn as_usize(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn as_i64(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The least number of microseconds that is not less.
fn whole_micros(span: Duration) -> i64 {
    let nanos = span.whole_nanoseconds();
    let up = i128::from(nanos.checked_rem(1_000).is_some_and(|rest| rest > 0));
    let micros = nanos.checked_div(1_000).unwrap_or_default().saturating_add(up);
    i64::try_from(micros).unwrap_or(if span.is_negative() { i64::MIN } else { i64::MAX })
}
