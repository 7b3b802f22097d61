//! The rulebook: the one place that judges a change. Pure; the same for every store.

use time::Duration;

use crate::timestamp::Timestamp;
use crate::token::TokenId;

use super::change::Kind;
use super::{
    Change, ChangeRefused, Changed, Edit, Plan, Rotated, Scope, Scopes, Successor, TokenName, TokenRecord, TokenState,
    View,
};

impl Change {
    /// What to write, given what the store found for [`needs`](Change::needs).
    ///
    /// # Errors
    /// [`ChangeRefused`]: write nothing.
    pub fn decide(&self, view: View) -> Result<Plan, ChangeRefused> {
        match &self.kind {
            Kind::Issue(new) => self.decide_issue(new, &view),
            Kind::Update { id, edit } => self.decide_update(*id, edit, &view),
            Kind::Rotate { id, successor } => self.decide_rotate(*id, successor, &view),
            Kind::Revoke { id } => self.decide_revoke(*id, &view),
            Kind::RevokeAll => Ok(self.decide_revoke_all(view)),
        }
    }

    #[inline]
    fn decide_issue(&self, new: &TokenRecord, view: &View) -> Result<Plan, ChangeRefused> {
        self.policy.judge_scopes(&new.scopes)?;
        self.judge_grant(&new.scopes)?;
        self.policy.judge_expiry(new.expiry, self.at)?;
        self.judge_name(&new.name, None, view)?;
        self.policy.judge_one_more(view.active)?;
        // In place: `Plan::of` would copy the record once more, and to issue is what is done most.
        let changed = Changed { record: Some(new.clone()), written: vec![new.id] };
        Ok(Plan { update: Vec::new(), insert: Some(new.clone()), changed })
    }

    fn decide_update(&self, id: TokenId, edit: &Edit, view: &View) -> Result<Plan, ChangeRefused> {
        let old = self.current(id, view)?;
        let mut new = old.clone();
        if let Some(scopes) = &edit.scopes {
            self.policy.judge_scopes(scopes)?;
            new.scopes = scopes.clone();
        }
        if let Some(expiry) = edit.expiry {
            self.policy.judge_expiry(expiry, self.at)?;
            // Saving the same instant again gives no new span.
            if expiry != old.expiry {
                new.expiry = expiry;
                new.expiry_set = self.at;
            }
        }
        let widened = !new.scopes.is_subset_of(&old.scopes) || new.expiry > old.expiry;
        if widened {
            self.judge_grant(&new.scopes)?;
        }
        if let Some(name) = &edit.name {
            self.judge_name(name, Some(id), view)?;
            new.name = name.clone();
        }
        if edit.expiry.is_some() && old.expiry.has_passed(self.at) {
            self.policy.judge_one_more(view.active)?;
        }
        let update = if new == *old { Vec::new() } else { vec![new.clone()] };
        Ok(Plan::of(update, None, new))
    }

    fn decide_rotate(&self, id: TokenId, successor: &Successor, view: &View) -> Result<Plan, ChangeRefused> {
        let old = self.current(id, view)?;
        self.policy.judge_grace(successor.grace)?;
        self.policy.judge_scopes(&old.scopes)?;
        self.judge_grant(&old.scopes)?;
        let inherited = || self.policy.inherited_expiry(old.expiry, old.expiry_set, self.at);
        let expiry = successor.expiry.unwrap_or_else(inherited);
        self.policy.judge_expiry(expiry, self.at)?;
        // In place of an active token the successor adds none.
        if old.expiry.has_passed(self.at) {
            self.policy.judge_one_more(view.active)?;
        }

        let mut new = TokenRecord::new(successor.id, old.owner.clone(), old.name.clone(), successor.digest, self.at);
        new.scopes = old.scopes.clone();
        new.created_by = successor.created_by.clone();
        new.expiry = expiry;
        new.predecessor = Some(old.id);

        let mut replaced = old.clone();
        replaced.rotated =
            Some(Rotated { at: self.at, successor: new.id, grace_ends: grace_end(old, self.at, successor.grace) });
        let mut update = vec![replaced];
        update.extend(self.predecessor_without_grace(id, view));
        Ok(Plan::of(update, Some(new.clone()), new))
    }

    fn decide_revoke(&self, id: TokenId, view: &View) -> Result<Plan, ChangeRefused> {
        let old = self.target(id, view)?;
        let mut new = old.clone();
        let mut update = Vec::new();
        if old.revoked.is_none() {
            new.revoked = Some(self.at);
            update.push(new.clone());
        }
        update.extend(self.predecessor_without_grace(id, view));
        Ok(Plan::of(update, None, new))
    }

    fn decide_revoke_all(&self, view: View) -> Plan {
        let mut update = view.records;
        update.retain(|record| record.owner == self.owner && record.can_be_active(self.at));
        for record in &mut update {
            record.revoked = Some(self.at);
        }
        let written = update.iter().map(|record| record.id).collect();
        Plan { update, insert: None, changed: Changed { record: None, written } }
    }

    fn target<'v>(&self, id: TokenId, view: &'v View) -> Result<&'v TokenRecord, ChangeRefused> {
        let ours = |record: &&TokenRecord| record.id == id && record.owner == self.owner;
        view.records.iter().find(ours).ok_or(ChangeRefused::NotFound)
    }

    /// The target, if it can be changed.
    fn current<'v>(&self, id: TokenId, view: &'v View) -> Result<&'v TokenRecord, ChangeRefused> {
        let target = self.target(id, view)?;
        if target.revoked.is_some() {
            return Err(ChangeRefused::Ended(TokenState::Revoked));
        }
        if target.rotated.is_some() {
            return Err(ChangeRefused::Ended(TokenState::Rotated));
        }
        Ok(target)
    }

    /// Whether the person who asks may give all these scopes away.
    fn judge_grant(&self, scopes: &Scopes) -> Result<(), ChangeRefused> {
        let Some(grantable) = &self.grantable else {
            return Ok(());
        };
        let Some(beyond) = scopes.iter().find(|scope| !grantable.contains(scope)) else {
            return Ok(());
        };
        Err(ChangeRefused::NotGrantable { scope: Scope::new(beyond)?, grantable: Scopes::clone(grantable) })
    }

    /// A name is free if no other current token of the owner holds it.
    fn judge_name(&self, name: &TokenName, own: Option<TokenId>, view: &View) -> Result<(), ChangeRefused> {
        let holds = |record: &&TokenRecord| {
            record.owner == self.owner && record.is_current() && record.name == *name && Some(record.id) != own
        };
        match view.records.iter().find(holds) {
            Some(holder) => Err(ChangeRefused::NameTaken { holder: holder.id, state: holder.state(self.at) }),
            None => Ok(()),
        }
    }

    /// The record that `id` replaced, with no grace any more; none where it has none. One that has run out is cut too:
    /// else a clock that goes back would open it again.
    fn predecessor_without_grace(&self, id: TokenId, view: &View) -> Option<TokenRecord> {
        let in_grace = |record: &&TokenRecord| {
            let grace = record.rotated.is_some_and(|rotated| rotated.grace_ends > rotated.at);
            record.owner == self.owner && record.is_replaced_by(id) && record.revoked.is_none() && grace
        };
        let mut record = view.records.iter().find(in_grace)?.clone();
        if let Some(rotated) = &mut record.rotated {
            rotated.grace_ends = rotated.at;
        }
        Some(record)
    }
}

impl Plan {
    fn of(update: Vec<TokenRecord>, insert: Option<TokenRecord>, answer: TokenRecord) -> Self {
        let written = update.iter().chain(&insert).map(|record| record.id).collect();
        Self { update, insert, changed: Changed { record: Some(answer), written } }
    }
}

fn grace_end(old: &TokenRecord, at: Timestamp, grace: Duration) -> Timestamp {
    let end = at.saturating_add(grace);
    old.expiry.instant().map_or(end, |expiry| expiry.min(end))
}
