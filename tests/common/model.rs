//! The simplest store there can be, beside which a real one is held, and the mistakes that such a check must find.

use personal_tokens::store::{ExpiringQuery, LastUse, ListQuery, Pruned};
use personal_tokens::{
    Change, ChangeRefused, Changed, Duration, OwnerId, Timestamp, TokenId, TokenRecord, TokenState, View,
};

use super::rulebook::name;

/// A mistake of a store, which the checks below must find.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Planted {
    Nothing,
    SeesNoNames,
    CountsNothing,
    ForgetsTheSecondUpdate,
    DropsRevocationOnTouch,
    KeepsTheRotatedToken,
    WritesForAnotherOwner,
    PrunesWhatNeverEnds,
}

/// The simplest store: all records in a list.
pub struct Model {
    pub records: Vec<TokenRecord>,
    pub planted: Planted,
}

impl Model {
    pub fn new(planted: Planted) -> Self {
        Self { records: Vec::new(), planted }
    }

    pub fn change(&mut self, change: &Change) -> Result<Changed, ChangeRefused> {
        let mut view = change.needs().gather(&self.records);
        match self.planted {
            Planted::SeesNoNames => {
                let target = change.needs().target;
                view.records.retain(|record| change.needs().name.is_none() || Some(record.id) == target);
            }
            Planted::CountsNothing => view = View { active: 0, ..view },
            _ => {}
        }
        let mut plan = change.decide(view)?;
        match self.planted {
            Planted::ForgetsTheSecondUpdate if !change.needs().all => plan.update.truncate(1),
            Planted::KeepsTheRotatedToken if plan.insert.is_some() => plan.update.clear(),
            Planted::WritesForAnotherOwner => {
                let foreign = self.records.iter_mut().find(|record| record.owner != *change.owner());
                if let Some(foreign) = foreign.filter(|_| !plan.update.is_empty()) {
                    foreign.name = name("stolen");
                }
            }
            _ => {}
        }
        if let Some(new) = &plan.insert
            && self.records.iter().any(|record| record.id == new.id)
        {
            return Err(ChangeRefused::IdTaken);
        }
        for new in plan.update {
            let id = new.id;
            *self.find(id).unwrap() = new;
        }
        self.records.extend(plan.insert);
        Ok(plan.changed)
    }

    pub fn find(&mut self, id: TokenId) -> Option<&mut TokenRecord> {
        self.records.iter_mut().find(|record| record.id == id)
    }

    pub fn touch(&mut self, used: LastUse, resolution: Duration) {
        let planted = self.planted;
        if let Some(record) = self.find(used.id) {
            record.last_used = used.applied(record.last_used, resolution).or(record.last_used);
            if planted == Planted::DropsRevocationOnTouch {
                record.revoked = None;
            }
        }
    }

    pub fn claim_notice(&mut self, id: TokenId, was: Option<Timestamp>, at: Timestamp) -> bool {
        match self.find(id).filter(|record| record.noticed == was) {
            Some(record) => record.noticed.replace(at) == was,
            None => false,
        }
    }

    pub fn prune(&mut self, ended_before: Timestamp) -> Vec<Pruned> {
        let too_many = self.planted == Planted::PrunesWhatNeverEnds;
        let goes = |record: &mut TokenRecord| record.ended().map_or(too_many, |ended| ended < ended_before);
        self.records.extract_if(.., goes).map(|record| Pruned::new(record.id, record.owner)).collect()
    }

    pub fn list(&self, owner: &OwnerId, query: &ListQuery, at: Timestamp) -> Vec<TokenRecord> {
        let mut found: Vec<_> = self.records.iter().filter(|record| record.owner == *owner).cloned().collect();
        found.retain(|record| query.matches(record, at));
        found.sort_by_key(|record| std::cmp::Reverse((record.created, record.id)));
        found.truncate(query.limit.get() as usize);
        found
    }

    pub fn expiring(&self, query: &ExpiringQuery) -> Vec<TokenRecord> {
        let mut found: Vec<_> = self.records.iter().filter(|record| query.matches(record)).cloned().collect();
        found.sort_by_key(|record| (record.expiry, record.id));
        found.truncate(query.limit.get() as usize);
        found
    }

    /// The first token of the record's lineage.
    pub fn root(&self, record: &TokenRecord) -> TokenId {
        let mut first = record.id;
        while let Some(older) = self.records.iter().find(|older| {
            older.rotated.is_some_and(|rotated| rotated.successor == first) && older.owner == record.owner
        }) {
            first = older.id;
        }
        first
    }

    pub fn active(&self, owner: &OwnerId, at: Timestamp) -> usize {
        let active = |record: &&TokenRecord| {
            record.owner == *owner && record.is_current() && record.state(at) == TokenState::Active
        };
        self.records.iter().filter(active).count()
    }
}
