//! An owner has at most so many tokens that are current and unexpired.

use crate::record::{Change, ChangeRefused, Expiry, Rotated, TokenRecord, TokenState};

use super::kit::{Kit, at_most, done, expire, new_id, no_limits, refused, same, winners};
use super::violation::Outcome;

pub(super) async fn the_limit_counts_current_unexpired_tokens(kit: &Kit) -> Outcome {
    let others = kit.of_another_owner();
    others.insert(others.record("another owner's")?).await?;
    let mut revoked = kit.record("revoked")?;
    revoked.revoked = Some(kit.after(-1));
    let mut in_grace = kit.record("in grace")?;
    in_grace.rotated = Some(Rotated { at: kit.after(-1), successor: new_id(), grace_ends: kit.after(60) });
    let soon = kit.expiring("ends in a second", 1)?;
    kit.insert_all(vec![kit.record("lives on")?, kit.expiring("expired", 0)?, revoked, in_grace, soon]).await?;

    // Two count now; one in a second.
    let first = kit.record("first")?;
    let full = ChangeRefused::LimitReached { max: 2 };
    refused("an issue at the limit", kit.change(kit.issue(&first, at_most(2))).await, &full)?;
    kit.is_gone("refused at the limit", &first).await?;
    let a_second_later = TokenRecord { created: kit.after(1), expiry_set: kit.after(1), ..first };
    done("an issue once a token has expired", kit.change(kit.issue(&a_second_later, at_most(2))).await)?;
    let third = TokenRecord { created: kit.after(1), ..kit.record("third")? };
    refused("an issue at the limit", kit.change(kit.issue(&third, at_most(2))).await, &full)?;
    done("an issue below a higher limit", kit.change(kit.issue(&third, at_most(3))).await)?;
    done("an issue without a limit", kit.change(kit.issue(&kit.record("fourth")?, no_limits())).await).map(drop)
}

pub(super) async fn a_revival_counts(kit: &Kit) -> Outcome {
    let expired = kit.insert(kit.expiring("expired", -1)?).await?;
    let other = kit.insert(kit.expiring("another", -1)?).await?;
    let active = kit.insert(kit.record("active")?).await?;
    let revive = || expire(Expiry::At(kit.after(60)));
    let full = ChangeRefused::LimitReached { max: 1 };

    refused("a revival at the limit", kit.change(kit.update_within(expired.id, revive(), at_most(1))).await, &full)?;
    kit.stands("refused at the limit", &expired).await?;
    let rotation = kit.rotate_within(expired.id, new_id(), at_most(1));
    refused("a rotation of an expired token at the limit", kit.change(rotation).await, &full)?;
    kit.stands("refused at the limit", &expired).await?;

    let rotation = kit.rotate_within(active.id, new_id(), at_most(1));
    done("a rotation of an active token at the limit", kit.change(rotation).await)?;
    done("a revival below it", kit.change(kit.update_within(expired.id, revive(), at_most(2))).await)?;
    let full = ChangeRefused::LimitReached { max: 2 };
    let answer = kit.change(kit.update_within(other.id, revive(), at_most(2))).await;
    refused("a revival at the limit that a revival reached", answer, &full)
}

pub(super) async fn the_limit_holds_among_many(kit: &Kit) -> Outcome {
    for _ in 0..6 {
        let kit = kit.of_another_owner();
        let mut changes = Vec::new();
        for number in 0..16 {
            changes.push(kit.issue(&kit.record(&format!("{number}"))?, at_most(5)));
        }
        fill_up_to(&kit, 5, changes).await?;
    }
    Ok(())
}

pub(super) async fn revivals_hold_the_limit_among_many(kit: &Kit) -> Outcome {
    for _ in 0..6 {
        let kit = kit.of_another_owner();
        let mut changes = Vec::new();
        for number in 0..8 {
            let edited = kit.insert(kit.expiring(&format!("to edit {number}"), -1)?).await?;
            changes.push(kit.update_within(edited.id, expire(Expiry::Never), at_most(5)));
            let rotated = kit.insert(kit.expiring(&format!("to rotate {number}"), -1)?).await?;
            changes.push(kit.rotate_within(rotated.id, new_id(), at_most(5)));
        }
        fill_up_to(&kit, 5, changes).await?;
    }
    Ok(())
}

/// Of these changes, made at once, as many are let through as the limit allows.
async fn fill_up_to(kit: &Kit, limit: usize, changes: Vec<Change>) -> Outcome {
    let answers = kit.change_at_once(changes).await?;
    let full = |refused: &ChangeRefused| matches!(refused, ChangeRefused::LimitReached { .. });
    let through = winners("one of many who come up to the limit", answers, full)?;
    same("how many of many the limit let through", through, limit)?;
    let all = kit.all().await?;
    let counts = |record: &&TokenRecord| record.is_current() && record.state(kit.now) == TokenState::Active;
    same("how many current, unexpired tokens there are", all.iter().filter(counts).count(), limit)
}
