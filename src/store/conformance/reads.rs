//! Who asks for a record gets the one that stands, whatever its state, and nobody else's.

use crate::record::{Change, Changed, Expiry, Rotated, TokenRecord};
use crate::token::TokenId;

use super::kit::{Kit, at_once, done, expire, new_id, random_bytes, refused, rename, same, same_record};
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
    // Bytes that are letters, of both cases; and one that ends a text in C.
    let letters = random_bytes::<{ TokenId::LEN }>().map(|byte| byte & 0x2E | 0x41);
    let mut with_zero = random_bytes();
    with_zero.iter_mut().skip(5).take(1).for_each(|byte| *byte = 0);
    for (number, id) in [random_bytes(), letters, with_zero].into_iter().enumerate() {
        let mut known = kit.record(&format!("known {number}"))?;
        known.id = TokenId::from_bytes(id);
        let known = kit.insert(known).await?;
        for id in neighbours(known.id) {
            let nobody = TokenRecord { id, ..known.clone() };
            kit.is_gone("of an id that nobody has", &nobody).await?;
            same("a notice claimed of an id that nobody has", kit.store.claim_notice(id, None, kit.now).await?, false)?;
            let answer = kit.change(kit.revoke(id)).await;
            refused("a revocation of an id that nobody has", answer, &crate::ChangeRefused::NotFound)?;
            kit.is_gone("of an id that nobody has, after a claim", &nobody).await?;
        }
        kit.stands("beside ids that nobody has", &known).await?;
    }
    Ok(())
}

/// The ids that differ in one bit of a byte, and those that differ as text in the case of a letter.
fn neighbours(id: TokenId) -> Vec<TokenId> {
    let bits = (0..TokenId::LEN).map(|place| {
        let mut bytes = *id.as_bytes();
        bytes.iter_mut().skip(place).take(1).for_each(|byte| *byte ^= 0x20);
        TokenId::from_bytes(bytes)
    });
    let text = id.to_string();
    let in_other_case = |place: usize| {
        let other = |(at, byte): (usize, char)| match byte {
            _ if at != place => byte,
            _ if byte.is_ascii_uppercase() => byte.to_ascii_lowercase(),
            _ => byte.to_ascii_uppercase(),
        };
        text.chars().enumerate().map(other).collect::<String>().parse().ok()
    };
    let cases = (0..text.len()).filter_map(in_other_case).filter(|other| *other != id);
    bits.chain(cases).collect()
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
        done("revoke all of another owner", kit.change(Change::revoke_all(kit.owner.clone(), kit.now)).await)?;
        theirs.stands("after another owner's attempts", &record).await?;
    }
    Ok(())
}

pub(super) async fn a_change_is_seen_once_it_returns(kit: &Kit) -> Outcome {
    for round in 0..6 {
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
    let first = kit.insert(kit.record("looked up")?).await?;
    let beside = kit.insert(kit.record("beside")?).await?;
    let [second, third] = [new_id(), new_id()];
    for (what, change) in [
        ("a rename", kit.update(first.id, rename("renamed")?)),
        ("an extension", kit.update(first.id, expire(Expiry::At(kit.after(60))))),
        ("a rotation", kit.rotate(first.id, second)),
        // These write the token before, too.
        ("a rotation of the successor", kit.rotate(second, third)),
        ("a revocation of its successor", kit.revoke(third)),
        ("revoke all", Change::revoke_all(kit.owner.clone(), kit.now)),
    ] {
        // Whatever the store remembers, it remembers now.
        for _ in 0..3 {
            for id in [first.id, second, third, beside.id] {
                kit.store.find(id).await?;
            }
        }
        let changed = done(what, kit.change(change).await)?;
        for id in changed.written {
            let stored = kit.stored(id).await?;
            kit.stands(&format!("after {what}"), &stored).await?;
        }
    }
    same("revoked, after revoke all", kit.stored(beside.id).await?.revoked, Some(kit.now))?;

    // A look-up that began before a change must not be remembered behind it.
    for round in 0..12 {
        let record = kit.insert(kit.record(&format!("round {round}"))?).await?;
        let works = (0..8).map(|number| find_or_revoke(kit.clone(), record.id, number));
        at_once(works.collect()).await?.into_iter().collect::<Outcome<Vec<()>>>()?;
        kit.stands("after a revocation beside look-ups", &TokenRecord { revoked: Some(kit.now), ..record }).await?;
    }
    Ok(())
}

/// One of eight revokes.
async fn find_or_revoke(kit: Kit, id: TokenId, number: usize) -> Outcome {
    if number == 4 {
        return done("a revocation beside look-ups", kit.change(kit.revoke(id)).await).map(drop);
    }
    Ok(kit.store.find(id).await.map(drop)?)
}

/// The record that a change answers.
fn answered(what: &str, answer: Result<Changed, crate::ChangeError>) -> Outcome<TokenRecord> {
    done(what, answer)?.record.ok_or_else(|| Broken::new(what, "it answers the record", "none"))
}
