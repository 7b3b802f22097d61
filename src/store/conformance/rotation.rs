//! A rotation writes two tokens, or none.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use time::Duration;

use crate::record::{Actor, Change, ChangeRefused, Expiry, Rotated, Scopes, Successor, TokenRecord, TokenState};
use crate::token::TokenId;

use super::kit::{Kit, done, ids, new_digest, new_id, refused, same, same_record, winners, with_scopes};
use super::violation::{Broken, Outcome};

pub(super) async fn a_rotation_writes_both_tokens(kit: &Kit) -> Outcome {
    let scopes = Scopes::new(["read", "write"])?;
    let mut old = kit.expiring("rotated", 60)?;
    old.scopes = scopes.clone();
    old.last_used = Some(kit.after(-1));
    old.created_by = Some(Actor::new("who issued it")?);
    let old = kit.insert(old).await?;

    let successor = Successor {
        id: new_id(),
        digest: new_digest(),
        created_by: Some(Actor::new("who rotated it")?),
        expiry: None,
        grace: Duration::seconds(30),
    };
    let rotated = Rotated { at: kit.now, successor: successor.id, grace_ends: kit.after(30) };
    let new = TokenRecord {
        id: successor.id,
        digest: successor.digest,
        scopes: scopes.clone(),
        created_by: successor.created_by.clone(),
        // The span that its predecessor was given: from a minute before now to a minute after it.
        expiry: Expiry::At(kit.after(120)),
        predecessor: Some(old.id),
        ..kit.record("rotated")?
    };
    let policy = std::sync::Arc::new(with_scopes(&scopes));
    let change = Change::rotate(kit.owner.clone(), old.id, successor, kit.now, policy);
    let changed = done("a rotation", kit.change(change).await)?;
    same_record("the answer of a rotation", changed.record.as_ref(), Some(&new))?;
    same_ids("what a rotation wrote", changed.written, vec![old.id, new.id])?;
    kit.stands("as a successor", &new).await?;
    kit.stands("as a predecessor", &TokenRecord { rotated: Some(rotated), ..old }).await?;
    same("how many tokens there are", kit.all().await?.len(), 2)
}

pub(super) async fn a_rotation_onto_a_taken_id_writes_nothing(kit: &Kit) -> Outcome {
    let others = kit.of_another_owner();
    let theirs = others.insert(others.record("theirs")?).await?;
    let ours = kit.insert(kit.record("ours")?).await?;
    let old = kit.insert(kit.record("stays")?).await?;
    for taken in [&theirs, &ours, &old] {
        let answer = kit.change(kit.rotate(old.id, taken.id)).await;
        refused("a rotation onto a taken id", answer, &ChangeRefused::IdTaken)?;
        kit.stands("whose rotation was refused", &old).await?;
        let whose = if taken.owner == kit.owner { kit } else { &others };
        whose.stands("whose id another wanted", taken).await?;
    }
    done("a rotation onto a free id", kit.change(kit.rotate(old.id, new_id())).await).map(drop)
}

pub(super) async fn a_rotation_ends_the_older_grace(kit: &Kit) -> Outcome {
    let first = kit.insert(kit.record("lineage")?).await?;
    let (second, third) = (new_id(), new_id());
    done("a rotation", kit.change(kit.rotate(first.id, second)).await)?;
    let changed = done("a rotation of the successor", kit.change(kit.rotate(second, third)).await)?;
    same_ids("what a rotation of a successor wrote", changed.written, vec![first.id, second, third])?;

    let cut = Rotated { at: kit.now, successor: second, grace_ends: kit.now };
    kit.stands("two rotations ago", &TokenRecord { rotated: Some(cut), ..first }).await?;
    let in_grace = Rotated { at: kit.now, successor: third, grace_ends: kit.after(3_600) };
    same("how the successor was rotated", kit.stored(second).await?.rotated, Some(in_grace))?;
    same("the predecessor of the last", kit.stored(third).await?.predecessor, Some(second))
}

pub(super) async fn of_many_rotations_one_wins(kit: &Kit) -> Outcome {
    for round in 0..8 {
        let kit = kit.of_another_owner();
        let old = kit.insert(kit.record(&format!("round {round}"))?).await?;
        let successors: Vec<_> = (0..12).map(|_| new_id()).collect();
        let changes = successors.iter().map(|successor| kit.rotate(old.id, *successor)).collect();
        let answers = kit.change_at_once(changes).await?;
        let lost = |refused: &ChangeRefused| *refused == ChangeRefused::Ended(TokenState::Rotated);
        same("how many of many rotations won", winners("one of many rotations", answers, lost)?, 1)?;

        let stored = kit.stored(old.id).await?;
        let successor = stored.rotated.map(|rotated| rotated.successor);
        let all = kit.all().await?;
        let others = all.iter().filter(|record| record.id != old.id);
        same("the successors there are", ids(others), successor.into_iter().collect())?;
    }
    Ok(())
}

pub(super) async fn a_cancelled_change_is_whole_or_nothing(kit: &Kit) -> Outcome {
    for round in 0..36 {
        let kit = kit.of_another_owner();
        let [first, second, third] = [kit.record("changed or not")?, kit.record("second")?, kit.record("third")?];
        kit.insert_all(vec![first.clone(), second, third]).await?;
        let successor = new_id();
        // From at once to some milliseconds, as a store may take.
        let turns = 1_u32.checked_shl(round % 12).unwrap_or(1);

        dropped_after(turns, kit.change(kit.rotate(first.id, successor))).await;
        // Behind it in the owner's order.
        kit.insert(kit.record("behind the rotation")?).await?;
        // Asked twice: a list that is read row by row may show half of what is written meanwhile.
        if let (Some(_), Some(found)) =
            (half_rotated(&kit, &first, successor).await?, half_rotated(&kit, &first, successor).await?)
        {
            return Err(Broken::new("a rotation that was cancelled", "both tokens are written, or none", found));
        }

        dropped_after(turns, kit.change(Change::revoke_all(kit.owner.clone(), kit.now))).await;
        kit.insert(kit.record("behind revoke all")?).await?;
        let mut old = kit.all().await?;
        old.retain(|record| record.name.as_str() != "behind revoke all");
        let revoked = old.iter().filter(|record| record.revoked.is_some()).count();
        if revoked != 0 && revoked != old.len() {
            let found = format!("{revoked} of {}", old.len());
            return Err(Broken::new("revoke all that was cancelled", "all tokens are revoked, or none", found));
        }
    }
    Ok(())
}

/// What shows that one of the two tokens was written without the other.
async fn half_rotated(kit: &Kit, old: &TokenRecord, successor: TokenId) -> Outcome<Option<String>> {
    let all = kit.all().await?;
    let rotated = all.iter().any(|record| record.id == old.id && record.rotated.is_some());
    let exists = all.iter().any(|record| record.id == successor);
    Ok((rotated != exists).then(|| format!("rotated: {rotated}, the successor exists: {exists}")))
}

/// Drops the work unless it is done within so many turns.
async fn dropped_after(turns: u32, work: impl Future) {
    let mut work = pin!(work);
    for _ in 0..turns {
        let is_done = poll_fn(|context| Poll::Ready(work.as_mut().poll(context).is_ready()));
        if is_done.await {
            return;
        }
        tokio::task::yield_now().await;
    }
}

/// In any order.
fn same_ids(what: &str, mut found: Vec<TokenId>, mut expected: Vec<TokenId>) -> Outcome {
    found.sort_unstable();
    expected.sort_unstable();
    same(what, found, expected)
}
