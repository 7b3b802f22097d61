//! How a change is written.

use personal_tokens::{Change, ChangeError, ChangeRefused, Changed, Expiry, Plan, TokenId, TokenName, TokenRecord};

use super::texts::cut;
use super::{Bug, Planted, State};

impl Planted {
    /// What is written at once, and what later.
    pub(super) fn parts(&self, plan: Plan) -> (Option<Plan>, Option<Plan>) {
        let is_rotation = plan.insert.is_some() && !plan.update.is_empty();
        let (mut predecessor, mut successor) = (plan.clone(), plan.clone());
        predecessor.insert = None;
        successor.update.clear();
        match self.bug {
            Some(Bug::AnswersBeforeItWrites) => (None, Some(plan)),
            Some(Bug::WritesThePredecessorAlone) if is_rotation => (Some(predecessor), Some(successor)),
            Some(Bug::RevokesOneByOne) if plan.insert.is_none() && plan.update.len() > 1 => {
                let (mut first, mut others) = (plan.clone(), plan);
                first.update.truncate(1);
                others.update.remove(0);
                (Some(first), Some(others))
            }
            Some(Bug::WritesTheSuccessorAlone) if is_rotation => (Some(successor), Some(predecessor)),
            _ => (Some(plan), None),
        }
    }

    pub(super) fn write(
        &self,
        change: &Change,
        state: &mut State,
        plan: Plan,
        stale: Option<&State>,
    ) -> Result<(), ChangeError> {
        let is_rotation = plan.insert.is_some() && !plan.update.is_empty();
        if !(is_rotation && self.has(Bug::WritesThePredecessorFirst)) {
            self.insert(state, plan.insert.clone(), is_rotation, stale)?;
        }
        let needs = change.needs();
        for mut new in plan.update {
            let Some(old) = state.rows.iter_mut().find(|row| row.id == new.id) else {
                if self.has(Bug::UpdatesInsert) {
                    state.rows.push(new);
                }
                continue;
            };
            let before = stale.and_then(|stale| stale.rows.iter().find(|row| row.id == new.id)).unwrap_or(old);
            new = new.written_over(old);
            match self.bug {
                Some(Bug::KeepsScopesForNone) if new.scopes.is_empty() => new.scopes = old.scopes.clone(),
                Some(Bug::CutsNewNames) => new.name = TokenName::new(cut(new.name.as_str(), 191)).unwrap(),
                Some(Bug::KeepsExpiryForNever) if new.expiry == Expiry::Never => new.expiry = old.expiry,
                Some(Bug::KeepsExpirySet) => new.expiry_set = old.expiry_set,
                Some(Bug::UpdatesForgetNotices) => new.noticed = None,
                Some(Bug::UpdatesForgetUses) => new.last_used = None,
                Some(Bug::UpdatesWriteNotices) => new.noticed = before.noticed,
                Some(Bug::UpdatesWriteUses) => new.last_used = before.last_used,
                _ => {}
            }
            *old = new;
        }
        if let (Some(Bug::RenamesAll), Some(name), Some(_)) = (self.bug, needs.name, needs.target) {
            let ours = state.rows.iter_mut().filter(|row| row.owner == *needs.owner);
            ours.for_each(|row| row.name = name.clone());
        }
        if is_rotation && self.has(Bug::WritesThePredecessorFirst) {
            self.insert(state, plan.insert, is_rotation, stale)?;
        }
        Ok(())
    }

    fn insert(
        &self,
        state: &mut State,
        new: Option<TokenRecord>,
        is_rotation: bool,
        stale: Option<&State>,
    ) -> Result<(), ChangeRefused> {
        let Some(mut new) = new else {
            return Ok(());
        };
        let rows = if self.has(Bug::IdsRace) { stale.map_or(&state.rows, |stale| &stale.rows) } else { &state.rows };
        let taken = rows.iter().any(|row| row.id == new.id) || state.hidden.contains(&new.id);
        if taken {
            match self.bug {
                Some(Bug::IssuesReplace) if !is_rotation => state.rows.retain(|row| row.id != new.id),
                Some(Bug::SuccessorsReplace) if is_rotation => state.rows.retain(|row| row.id != new.id),
                Some(Bug::IdsAreOfOwners) if !rows.iter().any(|row| row.id == new.id && row.owner == new.owner) => {}
                Some(Bug::TakenIdsAreSilent) => return Ok(()),
                Some(Bug::TakenIdsAreChanged) => new.id = another(new.id),
                Some(Bug::TakenIdsLeaveARow) => {
                    new.id = another(new.id);
                    new.revoked = Some(new.created);
                    state.rows.push(new);
                    return Err(ChangeRefused::IdTaken);
                }
                _ => return Err(ChangeRefused::IdTaken),
            }
        }
        if let Some(stale) = stale.filter(|_| self.has(Bug::IssuesWriteAll) && !is_rotation) {
            for old in stale.rows.iter().filter(|old| old.owner == new.owner) {
                state.rows.iter_mut().filter(|row| row.id == old.id).for_each(|row| row.clone_from(old));
            }
        }
        if self.has(Bug::NamesReplaceOthers) {
            state.rows.retain(|row| row.owner == new.owner || row.name != new.name);
        }
        state.rows.push(self.kept(new));
        Ok(())
    }

    pub(super) fn write_name(&self, change: &Change, state: &mut State) {
        let needs = change.needs();
        if let (true, Some(name)) = (self.has(Bug::WritesNamesFirst), needs.name) {
            let target = state.rows.iter_mut().filter(|row| Some(row.id) == needs.target && row.owner == *needs.owner);
            target.for_each(|row| row.name = name.clone());
        }
    }

    /// What `find` remembers of the records that were written.
    pub(super) fn forget(&self, change: &Change, state: &mut State, changed: &Changed) {
        let needs = change.needs();
        let is_edit = needs.target.is_some()
            && changed
                .record
                .as_ref()
                .is_some_and(|record| Some(record.id) == needs.target && record.revoked.is_none());
        state.memory.retain(|id, _| match self.bug {
            Some(Bug::CacheForgetsNothing | Bug::RemembersAbsence) => true,
            Some(Bug::CacheForgetsTheTargetOnly) if needs.target.is_some() => Some(*id) != needs.target,
            Some(Bug::CacheForgetsNoneOfRevokeAll) if needs.all => true,
            Some(Bug::CacheForgetsNoEdits) if is_edit => true,
            _ => !changed.written.contains(id),
        });
    }
}

fn another(id: TokenId) -> TokenId {
    let mut bytes = *id.as_bytes();
    bytes[0] ^= 1;
    TokenId::from_bytes(bytes)
}
