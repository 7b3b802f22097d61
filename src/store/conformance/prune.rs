//! Pruning deletes what ended before an instant, and nothing else.
//!
//! It reaches over all owners, so it is tried on tokens that ended in the first centuries, where a shared store has no
//! others. Another process may yet prune them: what could be explained so is tried again, later in time, where the
//! other is not likely to follow; and a store that is wrong stays wrong.

use std::collections::BTreeSet;

use time::Duration;
use tokio::sync::Mutex;

use crate::record::{ChangeRefused, Expiry, Rotated, TokenRecord};
use crate::store::{ChangeError, Pruned};
use crate::timestamp::Timestamp;

use super::Corrupt;
use super::kit::{Kit, expire, new_id, random, same, same_record, two_at_once};
use super::violation::{Broken, Outcome, is_corrupt};

const ATTEMPTS: u32 = 14;
/// 0101-01-01T00:00:00Z, and how far from one attempt's first cut to the next one's.
const FIRST_CUT: i64 = -58_979_923_200_000_000;
const HALF_CENTURY: u64 = 1_577_880_000_000_000;

/// Who prunes up to a later cut deletes what others try theirs on.
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

pub(super) async fn prune_deletes_what_ended_before(kit: &Kit) -> Outcome {
    undisturbed(|cut| async move {
        let records = kit.insert_all(ended_before(kit, cut)?).await?;
        let told = prune_all(kit, cut).await?;
        for record in &records {
            kit.is_pruned("once it is pruned", record).await?;
            let expected = Pruned::new(record.id, record.owner.clone());
            same(format!("whether prune tells of {:?}", record.name), told.contains(&expected), true)?;
            // Its name is free, and so is its id.
            kit.insert(record.clone()).await?;
        }
        prune_all(kit, cut).await.map(drop)
    })
    .await
}

pub(super) async fn prune_spares_what_ended_later(kit: &Kit) -> Outcome {
    undisturbed(|cut| async move {
        let kit = kit.of_another_owner();
        let records = vec![
            expired_at(&kit, "expired at the cut", cut)?,
            expired_at(&kit, "expired behind the cut", behind(cut))?,
            TokenRecord { revoked: Some(cut), ..kit.record("revoked at the cut")? },
            TokenRecord { rotated: rotated_until(cut), ..kit.record("grace ended at the cut")? },
            TokenRecord { rotated: rotated_until(behind(cut)), ..kit.record("grace ended behind the cut")? },
            kit.record("active")?,
            kit.expiring("expires later", 60)?,
        ];
        let records = kit.insert_all(records).await?;
        let told = prune_all(&kit, cut).await?;
        for record in &records {
            let named = told.iter().any(|pruned| pruned.id == record.id);
            same(format!("whether prune tells of {:?}", record.name), named, false)?;
            kit.stands("after a prune up to an earlier instant", record).await?;
        }
        Ok(())
    })
    .await
}

pub(super) async fn prune_never_deletes_what_nothing_ends(kit: &Kit) -> Outcome {
    let ancient = Timestamp::MIN;
    let never = TokenRecord { created: ancient, expiry_set: ancient, ..kit.record("never ends")? };
    let never = TokenRecord { last_used: Some(ancient), noticed: Some(ancient), ..never };
    let never = kit.insert(never).await?;
    prune_all(kit, cut(0)).await?;
    kit.stands("after a prune", &never).await
}

pub(super) async fn prune_keeps_to_its_bound(kit: &Kit) -> Outcome {
    undisturbed(|cut| async move {
        prune_all(kit, cut).await?;
        let kit = kit.of_another_owner();
        // Before them such as stay: they take no place in a bound.
        for number in 0..5 {
            kit.insert(expired_at(&kit, &format!("stays {number}"), kit.after(60))?).await?;
        }
        for number in 0..5 {
            kit.insert(expired_at(&kit, &format!("goes {number}"), before(cut))?).await?;
        }
        let mut left: usize = 10;
        for at_most in [0, 2, 1, 100] {
            let told = kit.store.prune(cut, at_most).await?;
            if told.len() > usize::try_from(at_most)? {
                return Err(Broken::new("a prune", format!("at most {at_most} records"), told.len()));
            }
            // Else who prunes until there is nothing to prune would stop here.
            same(
                format!("whether a prune of at most {at_most} tells of none, where {left} are left of ten"),
                told.is_empty(),
                at_most == 0 || left == 5,
            )?;
            left = left.saturating_sub(told.iter().filter(|pruned| pruned.owner == kit.owner).count());
            same(format!("how many a prune of at most {at_most} leaves"), kit.all().await?.len(), left)?;
        }
        prune_all(&kit, cut).await?;
        same("how many are left in the end", kit.all().await?.len(), 5)
    })
    .await
}

pub(super) async fn prune_spares_what_is_revived_meanwhile(kit: &Kit) -> Outcome {
    for round in 0..24 {
        let race = Race::run(kit, round).await?;
        if race.revived {
            let expiry = Expiry::At(kit.after(60));
            let expected = TokenRecord { expiry, expiry_set: kit.now, ..race.record };
            let found = kit.store.find(expected.id).await?;
            same_record("whose revival was answered, beside a prune", found.as_deref(), Some(&expected))?;
        }
    }
    Ok(())
}

pub(super) async fn an_update_that_lost_its_row_is_refused(kit: &Kit) -> Outcome {
    for round in 0..24 {
        let race = Race::run(kit, round).await?;
        if race.pruned {
            same("whether a pruned token was revived", race.revived, false)?;
            kit.is_pruned("once it is pruned, beside a revival", &race.record).await?;
        }
    }
    Ok(())
}

/// A step of the rule about corrupt rows.
pub(super) async fn prune_leaves_what_is_corrupt(kit: &Kit, corrupt: &Corrupt) -> Outcome {
    undisturbed(|cut| async move {
        let kit = kit.of_another_owner();
        let bad = kit.insert(expired_at(&kit, "bad", before(cut))?).await?;
        let good = kit.insert(expired_at(&kit, "good", before(cut))?).await?;
        corrupt(bad.id).await;
        let told = prune_all(&kit, cut).await?;
        let expected = Pruned::new(good.id, good.owner.clone());
        same("whether prune tells of what ended beside a corrupt row", told.contains(&expected), true)?;
        same("whether prune tells of a corrupt row", told.iter().any(|pruned| pruned.id == bad.id), false)?;
        let left = kit.store.get(&kit.owner, bad.id).await;
        is_corrupt("get of a corrupt row, after a prune", left.map(|found| format!("{found:?}")))
    })
    .await
}

/// A token that ended long ago, revived and pruned at once.
struct Race {
    record: TokenRecord,
    revived: bool,
    pruned: bool,
}

impl Race {
    async fn run(kit: &Kit, round: u32) -> Outcome<Self> {
        let cut = cut(0);
        let record = kit.insert(expired_at(kit, &format!("round {round}"), before(cut))?).await?;
        let (editor, pruner, id) = (kit.clone(), kit.clone(), record.id);
        let revival = async move {
            match editor.change(editor.update(id, expire(Expiry::At(editor.after(60))))).await {
                Ok(_) => Ok(true),
                Err(ChangeError::Refused(ChangeRefused::NotFound)) => Ok(false),
                Err(error) => Err(Broken::from(error)),
            }
        };
        let prune = async move { Ok(prune_all(&pruner, cut).await?.iter().any(|pruned| pruned.id == id)) };
        let (revived, pruned) = two_at_once(revival, prune, round.is_multiple_of(2)).await?;
        Ok(Self { record, revived, pruned })
    }
}

/// Tries again what another's prune may have spoilt, each time at a later cut.
async fn undisturbed<F: Future<Output = Outcome>>(attempt: impl Fn(Timestamp) -> F) -> Outcome {
    for number in 1..ATTEMPTS {
        if alone(attempt(cut(number))).await.is_ok() {
            return Ok(());
        }
        let pause = random().checked_rem(20).unwrap_or_default().saturating_mul(u64::from(number));
        tokio::time::sleep(std::time::Duration::from_millis(pause)).await;
    }
    alone(attempt(cut(ATTEMPTS))).await
}

/// One attempt at a time in this process, unless the one before hangs.
async fn alone(attempt: impl Future<Output = Outcome>) -> Outcome {
    let _turn = tokio::time::timeout(std::time::Duration::from_secs(20), ONE_AT_A_TIME.lock()).await;
    attempt.await
}

/// All that ended before the cut; what it tells of.
async fn prune_all(kit: &Kit, cut: Timestamp) -> Outcome<Vec<Pruned>> {
    const BATCH: u32 = 100;
    let mut told = Vec::new();
    let mut seen = BTreeSet::new();
    loop {
        let batch = kit.store.prune(cut, BATCH).await?;
        if batch.len() > usize::try_from(BATCH)? {
            return Err(Broken::new("a prune", format!("at most {BATCH} records"), batch.len()));
        }
        if batch.is_empty() {
            return Ok(told);
        }
        for pruned in &batch {
            same("whether prune tells of a record twice", seen.insert(pruned.id), true)?;
        }
        told.extend(batch);
    }
}

fn ended_before(kit: &Kit, cut: Timestamp) -> Outcome<Vec<TokenRecord>> {
    let kit = kit.of_another_owner();
    let last = before(cut);
    Ok(vec![
        expired_at(&kit, "expired", last)?,
        TokenRecord { revoked: Some(last), ..kit.record("revoked")? },
        TokenRecord { revoked: Some(last), ..expired_at(&kit, "revoked, expires later", kit.after(60))? },
        TokenRecord { rotated: rotated_until(last), ..kit.record("grace ended")? },
        TokenRecord { rotated: rotated_until(kit.after(60)), ..expired_at(&kit, "expired in its grace", last)? },
    ])
}

fn expired_at(kit: &Kit, name: &str, expiry: Timestamp) -> Outcome<TokenRecord> {
    let created = Timestamp::MIN;
    Ok(TokenRecord { created, expiry_set: created, expiry: Expiry::At(expiry), ..kit.record(name)? })
}

fn rotated_until(grace_ends: Timestamp) -> Option<Rotated> {
    Some(Rotated { at: Timestamp::MIN, successor: new_id(), grace_ends })
}

fn before(instant: Timestamp) -> Timestamp {
    instant.saturating_add(Duration::microseconds(-1))
}

fn behind(instant: Timestamp) -> Timestamp {
    instant.saturating_add(Duration::microseconds(1))
}

/// Somewhere in this attempt's half century. The first is for those whom another's prune does not disturb.
fn cut(attempt: u32) -> Timestamp {
    let within = random().checked_rem(HALF_CENTURY).unwrap_or_default();
    let micros = HALF_CENTURY.saturating_mul(attempt.into()).saturating_add(within);
    let cut = i64::try_from(micros).ok().and_then(|micros| FIRST_CUT.checked_add(micros));
    cut.and_then(|micros| Timestamp::from_micros(micros).ok()).unwrap_or(Timestamp::MIN)
}
