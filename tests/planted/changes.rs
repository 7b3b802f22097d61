//! How a change is judged.

use personal_tokens::{Change, ChangeError, ChangeRefused, Changed, Plan, Timestamp, TokenRecord, TokenState, View};

use super::{Bug, Planted, State, gap};

/// The bugs of which a change looks before it has the lock.
const RACES: &[Bug] = &[
    Bug::NamesRace,
    Bug::LimitRaces,
    Bug::RevivalsRace,
    Bug::RotationsRace,
    Bug::IdsRace,
    Bug::EditsRace,
    Bug::RevokeAllRaces,
    Bug::IssuesWriteAll,
    Bug::UpdatesWriteNotices,
    Bug::UpdatesWriteUses,
    Bug::UpdatesInsert,
    Bug::UpdatesOfNothingAreDone,
];

impl Planted {
    pub(super) async fn make(&self, change: &Change) -> Result<Changed, ChangeError> {
        let stale = self.stale(RACES).await;
        let (mut changed, late) = {
            let mut state = self.state();
            if self.has(Bug::ListsLagBehind) {
                state.before = state.rows.clone();
            }
            let plan = match self.planned(change, &state, stale.as_ref()) {
                Err(ChangeError::Refused(ChangeRefused::NotFound)) if self.has(Bug::ChangesNothing) => {
                    return Ok(Changed::default());
                }
                Err(ChangeError::Refused(refused)) => {
                    self.write_name(change, &mut state);
                    self.write_though_refused(change, &mut state, &refused);
                    return Err(refused.into());
                }
                plan => plan?,
            };
            let changed = plan.changed.clone();
            let (now, late) = self.parts(plan);
            if let Some(plan) = now {
                self.write(change, &mut state, plan, stale.as_ref())?;
            }
            self.forget(change, &mut state, &changed);
            (changed, late)
        };
        if let Some(late) = late {
            let (this, change) = (self.clone(), change.clone());
            let writing = async move {
                gap().await;
                this.write(&change, &mut this.state(), late, None)
            };
            if self.has(Bug::AnswersBeforeItWrites) {
                drop(tokio::spawn(writing));
            } else {
                writing.await?;
            }
        }
        if self.has(Bug::RevokeAllSaysTooMuch) && change.needs().all {
            gap().await;
            let state = self.state();
            let current = state.rows.iter().filter(|row| row.owner == *change.owner() && row.is_current());
            changed.written.extend(current.map(|row| row.id));
        }
        Ok(changed)
    }

    fn planned(&self, change: &Change, state: &State, stale: Option<&State>) -> Result<Plan, ChangeError> {
        let needs = change.needs();
        let rows: Vec<TokenRecord> = match self.bug {
            Some(Bug::ChangesMendCorrupt) => state.rows.clone(),
            _ => {
                let stops = if needs.all { Bug::RevokeAllStopsAtCorrupt } else { Bug::RevocationsStopAtCorrupt };
                // What is about its target alone goes on beside a row that is spoilt.
                let alone = needs.name.is_none() && needs.count_to == 0 && !self.has(stops);
                let ours = state.rows.iter().filter(|row| {
                    let precedes = row.rotated.is_some_and(|rotated| Some(rotated.successor) == needs.target);
                    let read = Some(row.id) == needs.target || precedes && self.has(Bug::RevocationsReadThePredecessor);
                    let spared = alone && !read && state.spoilt.contains(&row.id);
                    row.owner == *needs.owner && !spared
                });
                self.read(state, ours, Bug::ChangesSkipCorrupt)?
            }
        };
        let seen = if self.has(Bug::LooksAtFifty) { &rows[..rows.len().min(50)] } else { &rows };
        let view = self.view(change, needs.gather(seen), stale);
        let counted = self.counted(&state.rows, needs.owner, needs.at);
        let view = View { active: counted.filter(|_| needs.count_to > 0).unwrap_or(view.active), ..view };
        let mut plan = match change.decide(view.clone()) {
            Err(ChangeRefused::Ended(TokenState::Revoked)) if self.has(Bug::ExtendsTheRevoked) => {
                let mut revived = view.clone();
                revived.records.iter_mut().for_each(|record| record.revoked = None);
                change.decide(revived)?
            }
            plan => plan?,
        };
        let is_rotation = plan.insert.is_some() && needs.target.is_some();
        if is_rotation && self.has(Bug::RotationsCountTwice) && needs.count_to > 0 && view.active >= needs.count_to {
            return Err(ChangeRefused::LimitReached { max: needs.count_to }.into());
        }
        self.judge_names_otherwise(&plan, state)?;
        let is_revocation = plan.changed.record.as_ref().is_some_and(|record| record.revoked.is_some());
        match (self.bug, &mut plan.insert) {
            (Some(Bug::SuccessorsForgetWhoAsked), Some(new)) if is_rotation => new.created_by = None,
            (Some(Bug::SuccessorsForgetPredecessors), Some(new)) if is_rotation => new.predecessor = None,
            (Some(Bug::DoesNotSayItWroteThePredecessor), Some(new)) if is_rotation => {
                plan.changed.written = vec![new.id];
            }
            (Some(Bug::LeavesThePredecessor), _) if is_rotation => plan.update.clear(),
            (Some(Bug::SaysItWroteWhatStands), None) if plan.changed.written.is_empty() => {
                plan.changed.written.extend(needs.target);
            }
            (Some(Bug::IssuesSayNothing), Some(_)) if !is_rotation => plan.changed.written.clear(),
            (Some(Bug::RevocationsSayNothing), None) if is_revocation => plan.changed.written.clear(),
            (Some(Bug::RevocationsAnswerTheOld), None) if is_revocation => {
                plan.changed.record = rows.iter().find(|row| Some(row.id) == needs.target).cloned();
            }
            (Some(Bug::RevokesAllOfTheOwner), None) if is_revocation => {
                plan.update.extend(rows.iter().filter(|row| row.is_current()).map(|row| revoked(row, needs.at)));
            }
            (Some(Bug::UpdatesAnswerTheOld), None) if needs.target.is_some() && !is_revocation => {
                plan.changed.record = rows.iter().find(|row| Some(row.id) == needs.target).cloned();
            }
            (Some(Bug::RotationsAnswerThePredecessor), _) if is_rotation => {
                plan.changed.record = plan.update.first().cloned();
            }
            (Some(Bug::RevokesAgain), None) if plan.update.is_empty() => {
                let again = plan.changed.record.iter().filter(|record| record.revoked.is_some());
                plan.update.extend(again.map(|record| revoked(record, needs.at)));
            }
            (Some(Bug::RevokesTheActiveOnly), None) if needs.target.is_some() => {
                let is_active = |id| rows.iter().any(|row| row.id == id && row.state(needs.at) == TokenState::Active);
                plan.update.retain(|new| new.revoked.is_none() || is_active(new.id));
            }
            (Some(Bug::RevokeAllTakesTheEnded), _) if needs.all => {
                let ended = rows.iter().filter(|row| !plan.update.iter().any(|new| new.id == row.id));
                let ended: Vec<_> = ended.map(|row| revoked(row, needs.at)).collect();
                plan.update.extend(ended);
            }
            (Some(Bug::RevokesAllOfAllOwners), _) if needs.all => {
                let theirs = state.rows.iter().filter(|row| row.owner != *needs.owner);
                plan.update.extend(theirs.map(|row| revoked(row, needs.at)));
            }
            (Some(Bug::RevokeAllSaysNothing), _) if needs.all => plan.changed.written.clear(),
            _ => {}
        }
        Ok(plan)
    }

    /// What the change sees.
    fn view(&self, change: &Change, mut view: View, stale: Option<&State>) -> View {
        let needs = change.needs();
        let is_rotation = |view: &View| {
            let uncounted = View { active: 0, ..view.clone() };
            needs.target.is_some() && change.decide(uncounted).is_ok_and(|plan| plan.insert.is_some())
        };
        let is_edit = |view: &View| {
            let plan = change.decide(View { active: 0, ..view.clone() });
            let edited =
                |plan: Plan| plan.insert.is_none() && plan.changed.record.is_some_and(|new| new.revoked.is_none());
            needs.target.is_some() && plan.is_ok_and(edited)
        };
        let is_target = |record: &TokenRecord| Some(record.id) == needs.target;
        let stale = stale.map(|stale| needs.gather(&stale.rows)).unwrap_or_default();
        match self.bug {
            Some(Bug::ExpiredHoldNoName) if needs.name.is_some() => {
                view.records.retain(|record| is_target(record) || !record.expiry.has_passed(needs.at));
            }
            Some(Bug::SuccessorsHoldNoName) if needs.name.is_some() => {
                view.records.retain(|record| is_target(record) || record.predecessor.is_none());
            }
            Some(Bug::NamesRace) if needs.name.is_some() => {
                view.records.retain(|record| stale.records.iter().any(|old| old.id == record.id));
            }
            Some(Bug::LimitRaces) if needs.target.is_none() => view.active = stale.active,
            Some(Bug::RevivalsRace) if needs.target.is_some() => view.active = stale.active,
            Some(Bug::RotationsRace) if is_rotation(&stale) => view.records = stale.records,
            Some(Bug::EditsRace) if is_edit(&stale) => view.records = stale.records,
            Some(Bug::RevokeAllRaces) if needs.all => view.records = stale.records,
            Some(Bug::UpdatesInsert | Bug::UpdatesOfNothingAreDone)
                if needs.target.is_some() && !view.records.iter().any(is_target) =>
            {
                view.records = stale.records;
            }
            Some(Bug::ExtensionsDoNotCount) if needs.target.is_some() && !is_rotation(&view) => view.active = 0,
            Some(Bug::RotationsDoNotCount) if is_rotation(&view) => view.active = 0,
            Some(Bug::RotationsLeaveTheOlderGrace) if is_rotation(&view) => view.records.retain(is_target),
            Some(Bug::RevocationsLeaveTheOlderGrace) if needs.target.is_some() && !is_rotation(&view) => {
                view.records.retain(|record| is_target(record) || needs.name == Some(&record.name));
            }
            Some(Bug::RevokeAllSparesTheExpired) if needs.all => {
                view.records.retain(|record| !record.expiry.has_passed(needs.at));
            }
            Some(Bug::RevokeAllSparesGraces) if needs.all => view.records.retain(TokenRecord::is_current),
            _ => {}
        }
        view
    }

    fn write_though_refused(&self, change: &Change, state: &mut State, refused: &ChangeRefused) {
        let needs = change.needs();
        let mut view = needs.gather(&state.rows);
        match (self.bug, refused, needs.target) {
            (Some(Bug::IssuesThoughFull), ChangeRefused::LimitReached { .. }, None)
            | (Some(Bug::RevivesThoughFull), ChangeRefused::LimitReached { .. }, Some(_)) => view.active = 0,
            (Some(Bug::IssuesThoughTaken), ChangeRefused::NameTaken { .. }, None) => view.records.clear(),
            _ => return,
        }
        if let Ok(plan) = change.decide(view) {
            drop(self.write(change, state, plan, None));
        }
    }

    /// The index over names, where it has a bug.
    fn judge_names_otherwise(&self, plan: &Plan, state: &State) -> Result<(), ChangeRefused> {
        let news = plan.update.iter().filter(|new| new.is_current()).chain(&plan.insert);
        for new in news {
            let gives_way = |row: &TokenRecord| row.id == new.id || plan.update.iter().any(|old| old.id == row.id);
            let holds = |row: &&TokenRecord| match self.bug {
                Some(Bug::NamesAreGlobal) => row.owner != new.owner && row.is_current() && row.name == new.name,
                Some(Bug::RevokedHoldNames) => row.owner == new.owner && row.revoked.is_some() && row.name == new.name,
                Some(Bug::NamesInAnyCase | Bug::NamesComposed | Bug::NamesAreNumbers) => {
                    row.owner == new.owner && row.is_current() && self.same_name(&row.name, &new.name)
                }
                _ => false,
            };
            let holder = state.rows.iter().filter(|row| !gives_way(row)).find(holds);
            if let Some(holder) = holder {
                return Err(ChangeRefused::NameTaken { holder: holder.id, state: holder.state(new.created) });
            }
        }
        Ok(())
    }
}

fn revoked(record: &TokenRecord, at: Timestamp) -> TokenRecord {
    let mut revoked = record.clone();
    revoked.revoked = Some(at);
    revoked
}
