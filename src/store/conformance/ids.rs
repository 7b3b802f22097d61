//! An id is in the store once, whoever has it.

use crate::record::ChangeRefused;

use super::kit::{Kit, new_id, no_limits, refused, same, winners};
use super::violation::Outcome;

pub(super) async fn a_taken_id_writes_nothing(kit: &Kit) -> Outcome {
    let others = kit.of_another_owner();
    let first = kit.insert(kit.record("first")?).await?;
    for issuer in [kit, &others] {
        let before = issuer.all().await?;
        let mut second = issuer.record("second")?;
        second.id = first.id;
        let answer = issuer.change(issuer.issue(&second, no_limits())).await;
        refused("an issue under a taken id", answer, &ChangeRefused::IdTaken)?;
        kit.stands("whose id another wanted", &first).await?;
        same("the tokens of who wanted a taken id", issuer.all().await?, before)?;
        // Nothing is left of it: its name is free.
        issuer.insert(issuer.record("second")?).await?;
    }
    Ok(())
}

pub(super) async fn of_many_issues_of_an_id_one_wins(kit: &Kit) -> Outcome {
    for _ in 0..8 {
        let id = new_id();
        let owners: Vec<Kit> = (0..8).map(|_| kit.of_another_owner()).collect();
        let mut changes = Vec::new();
        for owner in &owners {
            let mut record = owner.record("wants the id")?;
            record.id = id;
            changes.push(owner.issue(&record, no_limits()));
        }
        let answers = kit.change_at_once(changes).await?;
        let taken = |refused: &ChangeRefused| *refused == ChangeRefused::IdTaken;
        same("how many of many issues of an id won", winners("one of many issues of an id", answers, taken)?, 1)?;
        let mut kept: usize = 0;
        for owner in &owners {
            kept = kept.saturating_add(owner.all().await?.len());
        }
        same("in how many lists the id stands", kept, 1)?;
    }
    Ok(())
}
