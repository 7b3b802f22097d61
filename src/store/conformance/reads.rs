//! Who asks for a record gets the one that stands, whatever its state, and nobody else's.

use crate::record::{Changed, Expiry, Rotated, TokenRecord};
use crate::store::Lookup;
use crate::token::TokenId;

use super::kit::{Kit, done, expire, new_id, refused, rename, same, same_record};
use super::violation::{Broken, Outcome};

pub(super) async fn ended_records_are_found(kit: &Kit) -> Outcome {
    let mut revoked = kit.record("revoked")?;
    revoked.revoked = Some(kit.after(-1));
    let mut rotated = kit.record("rotated")?;
    rotated.rotated = Some(Rotated { at: kit.after(-2), successor: new_id(), grace_ends: kit.after(-1) });
    let ended = vec![kit.expiring("expired", -1)?, revoked, rotated];
    for record in kit.insert_all(ended).await? {
        kit.stands("whatever its state", &record).await?;
    }
    Ok(())
}

pub(super) async fn unknown_ids_find_nothing(kit: &Kit) -> Outcome {
    let known = kit.insert(kit.record("known")?).await?;
    let mut unknown = vec![new_id()];
    // The neighbours of an id, by one bit each.
    for place in 0..TokenId::LEN {
        let mut bytes = *known.id.as_bytes();
        bytes.iter_mut().skip(place).take(1).for_each(|byte| *byte ^= 0x20);
        unknown.push(TokenId::from_bytes(bytes));
    }
    for id in unknown {
        let nobody = TokenRecord { id, ..known.clone() };
        kit.is_gone("of an id that nobody has", &nobody).await?;
        same("a notice claimed of an id that nobody has", kit.store.claim_notice(id, None, kit.now).await?, false)?;
        let answer = kit.change(kit.revoke(id)).await;
        refused("a revocation of an id that nobody has", answer, &crate::ChangeRefused::NotFound)?;
    }
    kit.stands("beside ids that nobody has", &known).await
}

pub(super) async fn another_owners_token_is_not_found(kit: &Kit) -> Outcome {
    let theirs = kit.of_another_owner();
    let record = theirs.insert(theirs.record("theirs")?).await?;
    // An owner who has tokens, and one who has none.
    for known in [false, true] {
        if known {
            kit.insert(kit.record("theirs")?).await?;
        }
        let got = kit.store.get(&kit.owner, record.id).await?;
        same_record("get of another owner", got.as_ref(), None)?;
        for (what, change) in [
            ("a rename", kit.update(record.id, rename("stolen")?)),
            ("an extension", kit.update(record.id, expire(Expiry::At(kit.after(60))))),
            ("a rotation", kit.rotate(record.id, new_id())),
            ("a revocation", kit.revoke(record.id)),
        ] {
            let answer = kit.change(change).await;
            refused(format!("{what} by another owner"), answer, &crate::ChangeRefused::NotFound)?;
        }
        done("revoke all of another owner", kit.change(crate::Change::revoke_all(kit.owner.clone(), kit.now)).await)?;
        theirs.stands("after another owner's attempts", &record).await?;
    }
    Ok(())
}

pub(super) async fn a_change_is_seen_once_it_returns(kit: &Kit) -> Outcome {
    for round in 0..20 {
        let record = kit.record(&format!("round {round}"))?;
        // Asked for before it exists: a store that remembers must not remember that.
        kit.is_gone("before it is issued", &record).await?;
        let record = kit.insert(record).await?;
        kit.stands("once it is issued", &record).await?;

        let renamed = answered("a rename", kit.change(kit.update(record.id, rename(&format!("{round}"))?)).await)?;
        kit.stands("once it is renamed", &renamed).await?;

        let successor = answered("a rotation", kit.change(kit.rotate(record.id, new_id())).await)?;
        kit.stands("once it is the successor", &successor).await?;

        let revoked = answered("a revocation", kit.change(kit.revoke(successor.id)).await)?;
        kit.stands("once it is revoked", &revoked).await?;
        same("revoked", revoked.revoked, Some(kit.now))?;

        let old = kit.stored(record.id).await?;
        kit.stands("once its successor is revoked", &old).await?;
    }
    Ok(())
}

pub(super) async fn what_is_cached_is_no_older_than_a_change(kit: &Kit) -> Outcome {
    for round in 0..20 {
        let record = kit.insert(kit.record(&format!("round {round}"))?).await?;
        // Whatever the store remembers, it remembers now.
        for _ in 0..3 {
            kit.store.find(record.id).await?;
        }
        match kit.store.find_cached(record.id) {
            Lookup::Hit(cached) => same_record("find_cached after an issue", Some(&cached), Some(&record))?,
            Lookup::Absent => return Err(Broken::new("find_cached after an issue", "Hit or Ask", "Absent")),
            Lookup::Ask => {}
        }
        done("a revocation", kit.change(kit.revoke(record.id)).await)?;
        if let Lookup::Hit(cached) = kit.store.find_cached(record.id) {
            same("find_cached after a revocation: revoked", cached.revoked, Some(kit.now))?;
        }
        let found = kit.stored(record.id).await?;
        same("find after a revocation: revoked", found.revoked, Some(kit.now))?;
    }
    Ok(())
}

/// The record that a change answers.
fn answered(what: &str, answer: Result<Changed, crate::ChangeError>) -> Outcome<TokenRecord> {
    done(what, answer)?.record.ok_or_else(|| Broken::new(what, "it answers the record", "none"))
}
