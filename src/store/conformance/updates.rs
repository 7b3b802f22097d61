//! An update sets what was asked for, and leaves what others write.

use time::Duration;

use crate::record::{ChangeRefused, Edit, Expiry, Scopes, TokenName, TokenRecord};
use crate::store::LastUse;

use super::kit::{Kit, done, expire, new_id, refused, rename, same, same_record, two_at_once, with_scopes};
use super::violation::Outcome;

pub(super) async fn an_update_sets_what_was_asked(kit: &Kit) -> Outcome {
    let scopes = Scopes::new(["read", "write"])?;
    let edits = [
        rename("renamed")?,
        Edit { scopes: Some(scopes.clone()), ..Edit::default() },
        Edit { scopes: Some(Scopes::none()), ..Edit::default() },
        expire(Expiry::At(kit.after(60))),
        expire(Expiry::At(kit.after(30))),
        expire(Expiry::Never),
        Edit {
            name: Some(TokenName::new("all")?),
            scopes: Some(scopes.clone()),
            expiry: Some(Expiry::At(kit.after(90))),
        },
        Edit::default(),
    ];
    let mut record = kit.expiring("to be edited", -1)?;
    record.last_used = Some(kit.after(-2));
    record.noticed = Some(kit.after(-3));
    let mut record = kit.insert(record).await?;
    let beside = kit.insert(kit.record("beside")?).await?;
    for edit in edits {
        let mut expected = record.clone();
        expected.name = edit.name.clone().unwrap_or(expected.name);
        expected.scopes = edit.scopes.clone().unwrap_or(expected.scopes);
        if let Some(expiry) = edit.expiry {
            expected.expiry = expiry;
            expected.expiry_set = kit.now;
        }
        let what = format!("after {edit:?}");
        let changed = done(&what, kit.change(kit.update_within(record.id, edit, with_scopes(&scopes))).await)?;
        same_record(&format!("the answer {what}"), changed.record.as_ref(), Some(&expected))?;
        let written = if expected == record { Vec::new() } else { vec![record.id] };
        same(format!("what was written, {what}"), changed.written, written)?;
        kit.stands(&what, &expected).await?;
        record = expected;
    }
    kit.stands("beside the one that was edited", &beside).await
}

pub(super) async fn a_refused_change_writes_nothing(kit: &Kit) -> Outcome {
    let mut revoked = kit.record("revoked")?;
    revoked.revoked = Some(kit.after(-1));
    let revoked = kit.insert(revoked).await?;
    let record = kit.insert(kit.record("stands")?).await?;
    let edit = Edit { name: Some(TokenName::new("renamed")?), expiry: Some(Expiry::At(kit.after(-1))), scopes: None };
    let past = ChangeRefused::ExpiryInPast { expiry: kit.after(-1) };
    refused("a rename with an expiry in the past", kit.change(kit.update(record.id, edit)).await, &past)?;
    let ended = ChangeRefused::Ended(crate::TokenState::Revoked);
    let revival = kit.update(revoked.id, expire(Expiry::Never));
    refused("an extension of a revoked token", kit.change(revival).await, &ended)?;
    let rotation = kit.rotate(revoked.id, new_id());
    refused("a rotation of a revoked token", kit.change(rotation).await, &ended)?;
    kit.stands("after a change that was refused", &record).await?;
    kit.stands("after a change that was refused", &revoked).await?;
    same("how many tokens there are", kit.all().await?.len(), 2)
}

pub(super) async fn an_update_undoes_no_claim(kit: &Kit) -> Outcome {
    for round in 0..24_u32 {
        let record = kit.insert(kit.record(&format!("old {round}"))?).await?;
        let (name, noticed) = (TokenName::new(&format!("new {round}"))?, kit.after(round.into()));
        let change = kit.update(record.id, rename(name.as_str())?);
        let (changer, claimer, id) = (kit.clone(), kit.clone(), record.id);
        let changed = async move { Ok(changer.change(change).await.map(|_| true)?) };
        let claimed = async move { Ok(claimer.store.claim_notice(id, None, noticed).await?) };
        let made = two_at_once(changed, claimed, round.is_multiple_of(2)).await?;
        same("whether an update and a claim beside it were made", made, (true, true))?;
        let expected = TokenRecord { name, noticed: Some(noticed), ..record };
        kit.stands_noted("after an update and a claim at once", &expected).await?;
    }
    Ok(())
}

pub(super) async fn an_update_undoes_no_use(kit: &Kit) -> Outcome {
    for round in 0..30_u32 {
        let record = kit.insert(kit.record(&format!("old {round}"))?).await?;
        let name = TokenName::new(&format!("new {round}"))?;
        let change = kit.update(record.id, rename(name.as_str())?);
        let (changer, user, id, at) = (kit.clone(), kit.clone(), record.id, kit.after(1));
        let changed = async move { Ok(changer.change(change).await.map(|_| true)?) };
        // At some moment of the update, early or late.
        let used = async move {
            for _ in 0..round.checked_rem(6).unwrap_or_default() {
                user.stored(id).await?;
                tokio::task::yield_now().await;
            }
            user.store.touch(&[LastUse::new(id, at)], Duration::ZERO).await?;
            Ok(user.stored(id).await?.last_used == Some(at))
        };
        // One that was seen as written stays; one that was skipped is none.
        let (_, seen) = two_at_once(changed, used, round.is_multiple_of(2)).await?;
        let found = kit.stored(id).await?.last_used;
        let last_used = if seen { Some(at) } else { found };
        let expected = TokenRecord { name, last_used, ..record };
        kit.stands_noted("after an update and a use at once", &expected).await?;
    }
    Ok(())
}
