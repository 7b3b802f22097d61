//! Last use moves forward, at most once a resolution, and touches nothing else.

use time::Duration;

use crate::record::{Change, TokenRecord};
use crate::store::LastUse;
use crate::timestamp::Timestamp;
use crate::token::TokenId;

use super::kit::{Kit, at_once, done, new_id, same};
use super::violation::{Broken, Outcome};

pub(super) async fn last_use_moves_forward_only(kit: &Kit) -> Outcome {
    let id = kit.insert(kit.record("used")?).await?.id;
    for (used, expected) in [(5, 5), (4, 5), (5, 5), (-60, 5), (6, 6)] {
        touch(kit, id, kit.after(used), Duration::ZERO).await?;
        let found = kit.stored(id).await?.last_used;
        same(format!("last_used after a use at {used} s"), found, Some(kit.after(expected)))?;
    }
    Ok(())
}

pub(super) async fn last_use_heeds_the_resolution(kit: &Kit) -> Outcome {
    let cases = [
        (Duration::SECOND, 999_999, false),
        (Duration::SECOND, 1_000_000, true),
        (Duration::microseconds(1), 1, true),
        // More than a microsecond is not one.
        (Duration::nanoseconds(1_001), 1, false),
        (Duration::nanoseconds(1_001), 2, true),
        (Duration::MAX, 86_400_000_000, false),
    ];
    for (number, (resolution, micros, written)) in cases.into_iter().enumerate() {
        let record = kit.insert(kit.record(&format!("used {number}"))?).await?;
        // The first use is written, whatever the resolution.
        touch(kit, record.id, kit.now, resolution).await?;
        let first = TokenRecord { last_used: Some(kit.now), ..record };
        kit.stands_noted("after its first use", &first).await?;
        let later = kit.now.saturating_add(Duration::microseconds(micros));
        touch(kit, first.id, later, resolution).await?;
        let expected = if written { later } else { kit.now };
        let found = kit.stored(first.id).await?.last_used;
        let what = format!("last_used after a use {micros} µs later, with a resolution of {resolution}");
        same(what, found, Some(expected))?;
    }
    Ok(())
}

pub(super) async fn a_use_of_a_token_that_is_gone_is_no_error(kit: &Kit) -> Outcome {
    let mut records = Vec::new();
    for number in 0..4 {
        records.push(kit.insert(kit.record(&format!("used {number}"))?).await?);
    }
    kit.store.touch(&[], Duration::ZERO).await?;
    // As many as a handle writes at once, most of them gone.
    let mut uses: Vec<LastUse> = (0..996).map(|_| LastUse::new(new_id(), kit.after(1))).collect();
    let places = [0, 300, 600, 900];
    for (place, record) in places.into_iter().zip(&records) {
        uses.insert(place, LastUse::new(record.id, kit.after(2)));
    }
    kit.store.touch(&uses, Duration::ZERO).await?;
    for gone in uses.iter().filter(|used| records.iter().all(|record| record.id != used.id)).take(5) {
        let nobody = TokenRecord { id: gone.id, ..kit.record("gone")? };
        kit.is_gone("used, and gone before", &nobody).await?;
    }
    for record in records {
        let used = TokenRecord { last_used: Some(kit.after(2)), ..record };
        kit.stands_noted("used among many that are gone", &used).await?;
    }
    Ok(())
}

pub(super) async fn a_use_writes_nothing_else(kit: &Kit) -> Outcome {
    let beside = kit.insert(kit.record("beside")?).await?;
    let records = vec![
        TokenRecord { noticed: Some(kit.after(-1)), ..kit.expiring("soon", 60)? },
        kit.expiring("expired", -60)?,
        TokenRecord { revoked: Some(kit.after(-1)), ..kit.record("revoked")? },
    ];
    for record in kit.insert_all(records).await? {
        touch(kit, record.id, kit.after(1), Duration::ZERO).await?;
        let used = TokenRecord { last_used: Some(kit.after(1)), ..record };
        kit.stands_noted("after a use", &used).await?;
    }
    kit.stands("beside one that was used", &beside).await
}

pub(super) async fn a_racing_use_undoes_no_change(kit: &Kit) -> Outcome {
    for round in 0..24 {
        let record = kit.insert(kit.record(&format!("round {round}"))?).await?;
        let mut works = Vec::new();
        for number in 0..8 {
            works.push(use_or_revoke(kit.clone(), record.id, number));
        }
        at_once(works).await?.into_iter().collect::<Outcome<Vec<()>>>()?;
        let found = kit.stored(record.id).await?;
        same("revoked, after a revocation beside uses", found.revoked, Some(kit.now))?;
        let expected = TokenRecord { revoked: Some(kit.now), last_used: found.last_used, ..record };
        kit.stands_noted("after a revocation beside uses", &expected).await?;
    }
    Ok(())
}

/// One of eight revokes.
async fn use_or_revoke(kit: Kit, id: TokenId, number: i64) -> Outcome {
    if number == 4 {
        let revoked = kit.change(Change::revoke(kit.owner.clone(), id, kit.now)).await;
        return done("a revocation beside uses", revoked).map(drop);
    }
    touch(&kit, id, kit.after(number), Duration::ZERO).await
}

/// Alone: nobody holds the row, so that nothing is skipped.
async fn touch(kit: &Kit, id: TokenId, at: Timestamp, resolution: Duration) -> Outcome {
    let touched = kit.store.touch(&[LastUse::new(id, at)], resolution).await;
    touched.map_err(|error| Broken::new("touch", "no error", super::violation::with_sources(&error)))
}
