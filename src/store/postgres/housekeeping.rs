//! Last use, notices, pruning.

use sqlx::Row as _;
use time::Duration;

use crate::store::{LastUse, Pruned, StoreError};
use crate::timestamp::Timestamp;
use crate::token::TokenId;

use super::calls::{Lease, Manner, Writing};
use super::failure::Failure;
use super::instant::Instant;
use super::row::{Statement, bytes, instant, record_of};

type Outcome<T> = Result<T, Failure<StoreError>>;

/// So many uses are tried at once, where one of all cannot be written.
const PART: usize = 32;

pub(super) async fn touch(
    lease: &mut Lease<'_>,
    uses: &[LastUse],
    resolution: Duration,
    manner: Manner,
) -> Outcome<()> {
    let mut writing = lease.writing().await?;
    match manner {
        Manner::AllAtOnce => {
            let touch = touching(writing.query(&writing.statements.touch), uses, resolution);
            touch.execute(&mut *writing.transaction).await?;
        }
        Manner::OneByOne => {
            for part in uses.chunks(PART) {
                let touch = |uses: &[LastUse], writing: &Writing<'_>| {
                    touching(writing.query(&writing.statements.touch), uses, resolution)
                };
                if writing.where_possible(touch(part, &writing)).await?.is_none() {
                    for used in part {
                        writing.where_possible(touch(std::slice::from_ref(used), &writing)).await?;
                    }
                }
            }
        }
    }
    writing.commit().await
}

pub(super) async fn claim_notice(
    lease: &mut Lease<'_>,
    id: TokenId,
    was: Option<Timestamp>,
    at: Timestamp,
) -> Outcome<bool> {
    let mut writing = lease.writing().await?;
    let claim = writing.query(&writing.statements.claim).bind(bytes(id)).bind(instant(was)).bind(Instant::from(at));
    let claimed = claim.execute(&mut *writing.transaction).await?.rows_affected();
    writing.commit().await?;
    Ok(claimed == 1)
}

pub(super) async fn prune(lease: &mut Lease<'_>, ended_before: Timestamp, at_most: u32) -> Outcome<Vec<Pruned>> {
    let mut writing = lease.writing().await?;
    let mut pruned: Vec<Pruned> = Vec::new();
    let mut behind = (Instant::NEGATIVE_INFINITY, Vec::<u8>::new());
    loop {
        let room = usize::try_from(at_most).unwrap_or(usize::MAX).saturating_sub(pruned.len());
        if room == 0 {
            break;
        }
        let (ended, id) = behind;
        let some = writing.query(&writing.statements.ended).bind(Instant::from(ended_before)).bind(ended).bind(id);
        let some = some.bind(i64::try_from(room).unwrap_or(i64::MAX));
        let rows = some.fetch_all(&mut *writing.transaction).await?;
        // What cannot be read stays for somebody to look at, and keeps no other from being deleted.
        let records: Vec<_> = rows.iter().filter_map(|row| record_of(row).ok()).collect();
        let ids: Vec<_> = records.iter().map(|record| bytes(record.id)).collect();
        writing.query(&writing.statements.delete).bind(ids).execute(&mut *writing.transaction).await?;
        pruned.extend(records.into_iter().map(|record| Pruned::new(record.id, record.owner)));
        match rows.last() {
            Some(last) if rows.len() == room => behind = (last.try_get("ended")?, last.try_get("id")?),
            _ => break,
        }
    }
    writing.commit().await?;
    Ok(pruned)
}

fn touching(touch: Statement<'static>, uses: &[LastUse], resolution: Duration) -> Statement<'static> {
    // Not later than this is a stored use that is older than the resolution.
    let stale = |at: Timestamp| {
        let nanos = i128::from(at.as_micros()).saturating_mul(1_000).saturating_sub(resolution.whole_nanoseconds());
        Instant::from_micros(nanos.div_euclid(1_000))
    };
    touch
        .bind(uses.iter().map(|used| bytes(used.id)).collect::<Vec<_>>())
        .bind(uses.iter().map(|used| Instant::from(used.at)).collect::<Vec<_>>())
        .bind(uses.iter().map(|used| stale(used.at)).collect::<Vec<_>>())
}
