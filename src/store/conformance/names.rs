//! A name is held by one current token of an owner.

use crate::record::{ChangeRefused, TokenRecord, TokenState};

use super::kit::{Kit, done, new_id, no_limits, refused, rename, same, winners};
use super::violation::Outcome;

pub(super) async fn a_name_has_one_current_holder(kit: &Kit) -> Outcome {
    let holder = kit.insert(kit.record("taken")?).await?;
    let other = kit.insert(kit.record("other")?).await?;
    let expired = kit.insert(kit.expiring("late", -1)?).await?;

    for (holder, state) in [(&holder, TokenState::Active), (&expired, TokenState::Expired)] {
        let taken = ChangeRefused::NameTaken { holder: holder.id, state };
        let new = kit.record(holder.name.as_str())?;
        let what = format!("an issue under the name of the {state} token");
        refused(what, kit.change(kit.issue(&new, no_limits())).await, &taken)?;
        kit.is_gone("whose name was taken", &new).await?;
        let renamed = kit.change(kit.update(other.id, rename(holder.name.as_str())?)).await;
        refused(format!("a rename to the name of the {state} token"), renamed, &taken)?;
        kit.stands("whose new name was taken", &other).await?;
    }
    done("a rename to its own name", kit.change(kit.update(holder.id, rename("taken")?)).await)?;

    // A successor holds the name in its predecessor's place; a revocation and a rename give it up.
    let successor = new_id();
    done("a rotation", kit.change(kit.rotate(holder.id, successor)).await)?;
    let taken = ChangeRefused::NameTaken { holder: successor, state: TokenState::Active };
    let new = kit.record("taken")?;
    refused("an issue under the name of a successor", kit.change(kit.issue(&new, no_limits())).await, &taken)?;
    done("a revocation", kit.change(kit.revoke(successor)).await)?;
    kit.insert(new).await?;
    done("a rename", kit.change(kit.update(other.id, rename("renamed")?)).await)?;
    kit.insert(kit.record("other")?).await?;
    Ok(())
}

pub(super) async fn a_name_is_free_to_other_owners(kit: &Kit) -> Outcome {
    let others = kit.of_another_owner();
    let record = kit.insert(kit.record("sync")?).await?;
    let theirs = others.insert(others.record("sync")?).await?;
    let renamed = others.insert(others.record("renamed")?).await?;
    kit.insert(kit.record("free")?).await?;
    done("a rename to another owner's name", others.change(others.update(renamed.id, rename("free")?)).await)?;
    kit.stands("beside another owner's of its name", &record).await?;
    others.stands("beside another owner's of its name", &theirs).await
}

pub(super) async fn of_many_who_want_a_name_one_gets_it(kit: &Kit) -> Outcome {
    for round in 0..8 {
        let wanted = format!("wanted {round}");
        let mut changes = Vec::new();
        for number in 0..8 {
            let new = kit.record(&wanted)?;
            changes.push(kit.issue(&new, no_limits()));
            let old = kit.insert(kit.record(&format!("{round}.{number}"))?).await?;
            changes.push(kit.update(old.id, rename(&wanted)?));
        }
        let answers = kit.change_at_once(changes).await?;
        let taken = |refused: &ChangeRefused| matches!(refused, ChangeRefused::NameTaken { .. });
        same("how many got the name", winners("one of many who want a name", answers, taken)?, 1)?;
        let all = kit.all().await?;
        let holds = |record: &&TokenRecord| record.is_current() && record.name.as_str() == wanted;
        same("how many hold the name", all.iter().filter(holds).count(), 1)?;
    }
    Ok(())
}
