//! What expires soon is found, over all owners, and announced by one.

use time::Duration;

use crate::record::{Expiry, Rotated, TokenRecord};
use crate::store::{Cursor, ExpiringQuery};
use crate::timestamp::Timestamp;

use super::kit::{Kit, at_once, done, ids, new_id, same};
use super::violation::{Broken, Outcome};

pub(super) async fn expiring_finds_current_tokens_in_the_window(kit: &Kit) -> Outcome {
    let others = kit.of_another_owner();
    let rotated = Some(Rotated { at: kit.now, successor: new_id(), grace_ends: kit.after(60) });
    let mut own = vec![
        expiring_at(kit, "at the beginning", 0)?,
        expiring_at(kit, "behind the beginning", 1)?,
        expiring_at(kit, "in the middle", 50)?,
        expiring_at(&others, "in the middle", 50)?,
        expiring_at(kit, "also in the middle", 50)?,
        expiring_at(kit, "at the end", 100)?,
        expiring_at(kit, "behind the end", 101)?,
        kit.record("never")?,
        TokenRecord { revoked: Some(kit.now), ..expiring_at(kit, "revoked", 50)? },
        TokenRecord { rotated, ..expiring_at(kit, "rotated", 50)? },
    ];
    kit.insert_all(own.clone()).await?;

    let query = ExpiringQuery::between(kit.now, micros_after(kit, 100)).limit(1_000);
    own.retain(|record| query.matches(record));
    own.sort_by_key(Cursor::in_expiring);
    let found = kit.store.expiring(&query).await?;
    // A place before the beginning shows no more.
    let from_before = query.after(Cursor::new(kit.after(-60), new_id()));
    same("the tokens behind a place before the window", kit.store.expiring(&from_before).await?, found.clone())?;
    // Of another's rows none is likely to expire in the same hundred microseconds.
    let ours: Vec<TokenRecord> =
        found.into_iter().filter(|record| record.owner == kit.owner || record.owner == others.owner).collect();
    same("the tokens that expire in a window", ids(&ours), ids(&own))?;
    for (found, expected) in ours.iter().zip(&own) {
        super::kit::same_record("a token that expires in a window", Some(found), Some(expected))?;
    }
    Ok(())
}

pub(super) async fn expiring_comes_in_pages(kit: &Kit) -> Outcome {
    let mut records = Vec::new();
    for number in 0..11_i64 {
        let record = expiring_at(kit, &format!("{number}"), number.checked_div(3).unwrap_or_default())?;
        // Between them such as are not asked for: they take no place on a page.
        let revoked = expiring_at(kit, &format!("revoked {number}"), number.checked_div(3).unwrap_or_default())?;
        kit.insert(TokenRecord { revoked: Some(kit.now), ..revoked }).await?;
        records.push(kit.insert(record).await?);
    }
    records.sort_by_key(Cursor::in_expiring);
    for (limit, revokes) in [(1, false), (2, false), (11, false), (20, false), (2, true)] {
        let start = kit.now.saturating_add(Duration::microseconds(-1));
        let mut query = ExpiringQuery::between(start, micros_after(kit, 10)).limit(limit);
        let mut found = Vec::new();
        loop {
            let page = kit.store.expiring(&query).await?;
            let Some(last) = page.last().and_then(Cursor::in_expiring) else {
                break;
            };
            if page.len() > usize::try_from(limit)? {
                return Err(Broken::new("a page", format!("at most {limit} tokens"), page.len()));
            }
            query = query.after(last);
            let ours: Vec<_> = page.iter().filter(|record| record.owner == kit.owner).collect();
            found.extend(ids(ours.iter().copied()));
            // Those that were shown leave the answer before the next page is asked for.
            for shown in ours.into_iter().filter(|_| revokes) {
                done("a revocation", kit.change(kit.revoke(shown.id)).await)?;
            }
            if found.len() > records.len() {
                break;
            }
        }
        same(format!("the tokens of all pages of {limit}"), found, ids(&records))?;
    }
    Ok(())
}

pub(super) async fn a_notice_is_claimed_by_comparing(kit: &Kit) -> Outcome {
    let records = vec![
        kit.expiring("soon", 60)?,
        kit.record("never")?,
        kit.expiring("expired", -60)?,
        TokenRecord { revoked: Some(kit.now), last_used: Some(kit.now), ..kit.record("revoked")? },
    ];
    let beside = kit.insert(kit.record("beside")?).await?;
    for record in kit.insert_all(records).await? {
        let mut stands = None;
        let [first, second] = [kit.after(1), kit.after(2)];
        for (was, at, expected) in [
            (Some(first), second, false),
            (None, first, true),
            (None, second, false),
            (Some(second), second, false),
            (Some(first), second, true),
            // Back, or where it stands, if that is what the caller wants.
            (Some(second), first, true),
            (Some(first), first, true),
        ] {
            let claimed = kit.store.claim_notice(record.id, was, at).await?;
            let what = format!("a claim of {:?}, from {was:?} to {at}, where {stands:?} stands", record.name);
            same(what, claimed, expected)?;
            stands = if expected { Some(at) } else { stands };
            kit.stands_noted("after a claim", &TokenRecord { noticed: stands, ..record.clone() }).await?;
        }
    }
    kit.stands("beside claims", &beside).await
}

pub(super) async fn of_many_claims_one_wins(kit: &Kit) -> Outcome {
    let id = kit.insert(kit.expiring("soon", 60)?).await?.id;
    let mut was = None;
    for round in 0..12_i64 {
        // Each for another instant, so that two winners would be told apart from one.
        let instants: Vec<Timestamp> =
            (0..12).map(|number| kit.after(round.saturating_mul(100).saturating_add(number))).collect();
        let claims = instants.iter().map(|at| {
            let (store, at) = (std::sync::Arc::clone(&kit.store), *at);
            async move { store.claim_notice(id, was, at).await }
        });
        let claimed: Result<Vec<bool>, _> = at_once(claims.collect()).await?.into_iter().collect();
        let won: Vec<Timestamp> =
            instants.into_iter().zip(claimed?).filter(|(_, won)| *won).map(|(at, _)| at).collect();
        same("how many of many claims won", won.len(), 1)?;
        was = won.first().copied();
        same("noticed, after many claims", kit.stored(id).await?.noticed, was)?;
    }
    Ok(())
}

fn micros_after(kit: &Kit, micros: i64) -> Timestamp {
    kit.now.saturating_add(Duration::microseconds(micros))
}

/// So many microseconds from now; issued a minute ago.
fn expiring_at(kit: &Kit, name: &str, micros: i64) -> Outcome<TokenRecord> {
    let created = kit.after(-60);
    let expiry = Expiry::At(micros_after(kit, micros));
    Ok(TokenRecord { created, expiry_set: created, expiry, ..kit.record(name)? })
}
