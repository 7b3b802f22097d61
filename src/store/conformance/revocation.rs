//! A revocation is final, and revoke all reaches what is or could become active.

use std::collections::BTreeSet;

use crate::record::{Change, ChangeRefused, Expiry, Rotated, TokenRecord, TokenState};
use crate::store::ChangeError;
use crate::token::TokenId;

use super::kit::{Kit, done, expire, new_id, no_limits, refused, rename, same, same_record, two_at_once};
use super::violation::{Broken, Outcome};

pub(super) async fn a_revocation_is_final(kit: &Kit) -> Outcome {
    let mut in_grace = kit.record("in grace")?;
    in_grace.rotated = Some(Rotated { at: kit.after(-2), successor: new_id(), grace_ends: kit.after(60) });
    let mut rotated = kit.record("rotated")?;
    rotated.rotated = Some(Rotated { at: kit.after(-2), successor: new_id(), grace_ends: kit.after(-1) });
    let any = vec![kit.record("active")?, kit.expiring("expired", -1)?, in_grace, rotated];
    for record in kit.insert_all(any).await? {
        let expected = TokenRecord { revoked: Some(kit.now), ..record };
        let what = format!("a revocation of the token {:?}", expected.name);
        let changed = done(&what, kit.change(kit.revoke(expected.id)).await)?;
        same_record(&format!("the answer of {what}"), changed.record.as_ref(), Some(&expected))?;
        same(format!("what {what} wrote"), changed.written, vec![expected.id])?;
        kit.stands("once it is revoked", &expected).await?;

        let again = Change::revoke(kit.owner.clone(), expected.id, kit.after(1));
        let changed = done(format!("{what}, again"), kit.change(again).await)?;
        same_record(&format!("the answer of {what}, again"), changed.record.as_ref(), Some(&expected))?;
        same(format!("what {what}, again, wrote"), changed.written, Vec::new())?;

        let ended = ChangeRefused::Ended(TokenState::Revoked);
        let extension = kit.update(expected.id, expire(Expiry::Never));
        refused("an extension of a revoked token", kit.change(extension).await, &ended)?;
        kit.stands("after an attempt to extend it", &expected).await?;
    }
    Ok(())
}

pub(super) async fn a_revocation_ends_the_predecessors_grace(kit: &Kit) -> Outcome {
    let first = kit.insert(kit.record("lineage")?).await?;
    let beside = kit.insert(kit.record("beside")?).await?;
    let successor = new_id();
    done("a rotation", kit.change(kit.rotate(first.id, successor)).await)?;
    let changed = done("a revocation of the successor", kit.change(kit.revoke(successor)).await)?;
    let written: BTreeSet<TokenId> = changed.written.into_iter().collect();
    same("what a revocation of a successor wrote", written, BTreeSet::from([first.id, successor]))?;
    let cut = Rotated { at: kit.now, successor, grace_ends: kit.now };
    kit.stands("whose successor was revoked", &TokenRecord { rotated: Some(cut), ..first }).await?;
    kit.stands("beside a revocation", &beside).await
}

pub(super) async fn a_revocation_beside_another_change_is_final(kit: &Kit) -> Outcome {
    for round in 0..40_u32 {
        let kit = kit.of_another_owner();
        let what = round.checked_rem(4).unwrap_or_default();
        let record = if what == 0 { kit.expiring("expired", -1)? } else { kit.record("active")? };
        let record = kit.insert(record).await?;
        let successor = new_id();
        let other = match what {
            0 => kit.update(record.id, expire(Expiry::Never)),
            1 => kit.update(record.id, expire(Expiry::At(kit.after(60)))),
            2 => kit.update(record.id, rename("renamed")?),
            _ => kit.rotate(record.id, successor),
        };
        let of_all = round >= 20;
        let revocation = if of_all { Change::revoke_all(kit.owner.clone(), kit.now) } else { kit.revoke(record.id) };
        let (revoker, changer) = (kit.clone(), kit.clone());
        let revoked =
            async move { done("a revocation beside another change", revoker.change(revocation).await).map(|_| true) };
        let changed = async move {
            match changer.change(other).await {
                Err(ChangeError::Refused(ChangeRefused::Ended(TokenState::Revoked))) => Ok(false),
                changed => done("a change beside a revocation", changed).map(|_| true),
            }
        };
        let in_turn = round.checked_div(4).unwrap_or_default().is_multiple_of(2);
        let (_, changed) = two_at_once(revoked, changed, in_turn).await?;

        let found = kit.stored(record.id).await?;
        same("revoked, after a revocation beside another change", found.revoked, Some(kit.now))?;
        let undone = TokenRecord { revoked: None, ..found };
        same("whether a change beside a revocation was made, and so answered", undone != record, changed)?;
        if what == 3 {
            let all = kit.all().await?;
            let successor = all.iter().find(|record| record.id == successor);
            same("whether there is a successor, and so answered", successor.is_some(), changed)?;
            // One that was there before is reached, and none comes after.
            let lives = successor.is_some_and(|record| record.revoked.is_none());
            same("whether a successor lives after a revocation", lives, changed && !of_all)?;
        }
    }
    Ok(())
}

pub(super) async fn revoke_all_reaches_what_could_be_active(kit: &Kit) -> Outcome {
    let others = kit.of_another_owner();
    let theirs = others.insert(others.record("another owner's")?).await?;
    let rotated = |at: i64, grace_ends: i64| {
        Some(Rotated { at: kit.after(at), successor: new_id(), grace_ends: kit.after(grace_ends) })
    };
    let mut reached = vec![
        kit.record("active")?,
        kit.expiring("expires later", 60)?,
        kit.expiring("expires now", 0)?,
        kit.expiring("expired", -60)?,
        TokenRecord { rotated: rotated(-2, 60), ..kit.record("in grace")? },
        TokenRecord { rotated: rotated(-2, 60), ..kit.expiring("in grace, expires later", 90)? },
    ];
    let left = vec![
        TokenRecord { revoked: Some(kit.after(-1)), ..kit.record("revoked")? },
        TokenRecord { revoked: Some(kit.after(1)), ..kit.record("revoked by a clock ahead")? },
        TokenRecord { rotated: rotated(-2, 0), ..kit.record("grace ends now")? },
        TokenRecord { rotated: rotated(-2, -1), ..kit.record("grace over")? },
        TokenRecord { rotated: rotated(1, 1), ..kit.record("grace cut by a clock ahead")? },
        TokenRecord { rotated: rotated(-2, 60), ..kit.expiring("in grace, expired", -1)? },
    ];
    // More than a page of them, and than a limit is likely to be.
    for number in 0..120 {
        reached.push(kit.record(&format!("one of many: {number}"))?);
    }
    let reached = kit.insert_all(reached).await?;
    let left = kit.insert_all(left).await?;

    let changed = done("revoke all", kit.change(Change::revoke_all(kit.owner.clone(), kit.now)).await)?;
    same_record("the answer of revoke all", changed.record.as_ref(), None)?;
    let written: BTreeSet<TokenId> = changed.written.into_iter().collect();
    for record in &reached {
        let name = record.name.as_str();
        same(format!("whether revoke all says that it wrote {name:?}"), written.contains(&record.id), true)?;
        let revoked = TokenRecord { revoked: Some(kit.now), ..record.clone() };
        kit.stands(&format!("after revoke all, of {name:?}"), &revoked).await?;
    }
    for record in &left {
        kit.stands(&format!("after revoke all, of {:?}", record.name), record).await?;
    }
    same("how many tokens revoke all says that it wrote", written.len(), reached.len())?;
    others.stands("after revoke all of another", &theirs).await?;
    let again = done("revoke all, again", kit.change(Change::revoke_all(kit.owner.clone(), kit.after(1))).await)?;
    same("what revoke all, again, wrote", again.written, Vec::new())
}

pub(super) async fn revoke_all_misses_nothing_that_was_issued(kit: &Kit) -> Outcome {
    for _ in 0..6 {
        let kit = kit.of_another_owner();
        for number in 0..4 {
            kit.insert(kit.record(&format!("before {number}"))?).await?;
        }
        let before = kit.all().await?;
        let mut changes = vec![Change::revoke_all(kit.owner.clone(), kit.now)];
        for number in 0..8 {
            changes.push(kit.issue(&kit.record(&format!("meanwhile {number}"))?, no_limits()));
        }
        let mut answers = kit.change_at_once(changes).await?.into_iter();
        let all = answers.next().ok_or_else(|| Broken::new("revoke all", "an answer", "none"))?;
        let written: BTreeSet<TokenId> = done("revoke all beside issues", all)?.written.into_iter().collect();
        for answer in answers {
            done("an issue beside revoke all", answer)?;
        }
        for record in kit.all().await? {
            let is_revoked = record.revoked.is_some();
            same("whether revoke all says what it revoked", written.contains(&record.id), is_revoked)?;
            let was_there = before.iter().any(|before| before.id == record.id);
            same("whether what was issued before is revoked", is_revoked || !was_there, true)?;
        }
        same("how many tokens there are", kit.all().await?.len(), 12)?;
    }
    Ok(())
}
