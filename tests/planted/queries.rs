//! What is listed, and what expires.

use std::cmp::Reverse;

use personal_tokens::store::{Cursor, ExpiringQuery, ListQuery, StateFilter};
use personal_tokens::{
    Clock as _, Duration, OwnerId, StoreError, SystemClock, Timestamp, TokenId, TokenRecord, TokenState,
};

use super::{Bug, Planted};

/// An id that stands before all others.
const FIRST: TokenId = TokenId::from_bytes([0; TokenId::LEN]);
/// One that stands behind.
const LAST: TokenId = TokenId::from_bytes([0xFF; TokenId::LEN]);

impl Planted {
    pub(super) fn listed(
        &self,
        owner: &OwnerId,
        query: &ListQuery,
        at: Timestamp,
    ) -> Result<Vec<TokenRecord>, StoreError> {
        let state = self.state();
        let rows = if self.has(Bug::ListsLagBehind) { &state.before } else { &state.rows };
        let at =
            if self.has(Bug::ListsByTheirOwnClock) { SystemClock.now().map_err(StoreError::unavailable)? } else { at };
        let matching = rows.iter().filter(|row| {
            let ours = self.same_owner(&row.owner, owner) || self.has(Bug::ListsAllOwners);
            let asked = if self.has(Bug::ListsStatesLast) {
                query.after.map_or(ListQuery::all(), |place| ListQuery::all().after(place))
            } else {
                *query
            };
            ours && self.is_asked_for(&asked, row, at)
        });
        let mut found = self.read(&state, matching, Bug::ListsSkipCorrupt)?;
        let limit = query.limit.get() as usize + usize::from(self.has(Bug::PagesOfOneMore));
        if self.has(Bug::ListsLimitFirst) {
            found.truncate(limit);
        }
        found.sort_by_key(|record| Reverse(Cursor::in_list(record)));
        match self.bug {
            Some(Bug::ListsOldestFirst) => found.reverse(),
            Some(Bug::ListsTiesUpwards) => found.sort_by_key(|record| (Reverse(record.created), record.id)),
            _ => {}
        }
        if let Some(after) = query.after.filter(|_| self.has(Bug::PagesBehindTheToken)) {
            let place = found.iter().position(|record| record.id == after.id).unwrap_or(found.len());
            found.drain(..found.len().min(place + 1));
        }
        found.truncate(limit);
        found.retain(|record| query.matches(record, at) || !self.has(Bug::ListsStatesLast));
        Ok(found)
    }

    fn is_asked_for(&self, query: &ListQuery, row: &TokenRecord, at: Timestamp) -> bool {
        let (mut query, mut row) = (*query, row.clone());
        match self.bug {
            Some(Bug::ListsGracesAsEnded) if row.rotated.is_some() => return query.states != StateFilter::Active,
            Some(Bug::ListsRevokedLater) => row.revoked = row.revoked.filter(|revoked| *revoked <= at),
            Some(Bug::ListsExpiringNow) => {
                return query.matches(&row, at)
                    || row.expiry.instant() == Some(at) && query.states == StateFilter::Active;
            }
            Some(Bug::ListsCutGraces) => {
                row.rotated.iter_mut().for_each(|rotated| rotated.at = Timestamp::MIN);
            }
            Some(Bug::PagesBehindTheInstant) => query.after = query.after.map(|after| Cursor::new(after.at, FIRST)),
            Some(Bug::PagesAtTheCursor) => {
                let there = query.after.is_some_and(|after| after == Cursor::in_list(&row));
                return there || query.matches(&row, at);
            }
            Some(Bug::PagesAtTheTop | Bug::PagesBehindTheToken) => query.after = None,
            _ => {}
        }
        query.matches(&row, at)
    }

    pub(super) fn expires(&self, query: &ExpiringQuery) -> Result<Vec<TokenRecord>, StoreError> {
        let state = self.state();
        let matching = state.rows.iter().filter(|row| self.is_in_the_window(query, row));
        let mut found = self.read(&state, matching, Bug::ExpiringSkipsCorrupt)?;
        let limit = if self.has(Bug::ExpiringHasNoLimit) { usize::MAX } else { query.limit.get() as usize };
        if self.has(Bug::ExpiringLimitFirst) {
            found.truncate(limit);
        }
        found.sort_by_key(Cursor::in_expiring);
        match self.bug {
            Some(Bug::ExpiringLatestFirst) => found.reverse(),
            Some(Bug::ExpiringOfOneOwner) => {
                let owner = found.first().map(|record| record.owner.clone());
                found.retain(|record| Some(&record.owner) == owner.as_ref());
            }
            _ => {}
        }
        if let Some(after) = query.cursor.filter(|_| self.has(Bug::ExpiringBehindTheToken)) {
            let place = found.iter().position(|record| record.id == after.id).unwrap_or(found.len());
            found.drain(..found.len().min(place + 1));
        }
        found.truncate(limit);
        found.retain(|record| record.revoked.is_none() || !self.has(Bug::ExpiringRevokedLast));
        Ok(found)
    }

    fn is_in_the_window(&self, query: &ExpiringQuery, row: &TokenRecord) -> bool {
        let (mut query, mut row) = (*query, row.clone());
        match self.bug {
            Some(Bug::WindowWithItsBeginning) => {
                query.after = query.after.saturating_add(Duration::microseconds(-1));
            }
            Some(Bug::WindowWithoutItsEnd) => query.until = query.until.saturating_add(Duration::microseconds(-1)),
            Some(Bug::ExpiringFindsRevoked | Bug::ExpiringRevokedLast) => row.revoked = None,
            Some(Bug::ExpiringTrustsThePlace) if query.cursor.is_some() => query.after = Timestamp::MIN,
            Some(Bug::ExpiringFindsRotated) => row.rotated = None,
            Some(Bug::ExpiringBehindTheInstant) => {
                query.cursor = query.cursor.map(|cursor| Cursor::new(cursor.at, LAST));
            }
            Some(Bug::ExpiringBehindTheToken) => query.cursor = None,
            Some(Bug::ExpiringAtTheCursor) => {
                let there = query.cursor.is_some() && query.cursor == Cursor::in_expiring(&row);
                return there || query.matches(&row);
            }
            _ => {}
        }
        query.matches(&row)
    }

    /// How many tokens of the owner the limit counts.
    pub(super) fn counted(&self, rows: &[TokenRecord], owner: &OwnerId, at: Timestamp) -> Option<u32> {
        let unexpired = |row: &TokenRecord| row.is_current() && row.state(at) == TokenState::Active;
        let ours = |row: &TokenRecord| row.owner == *owner;
        let upper = |owner: &OwnerId| owner.as_str().to_uppercase();
        let now = SystemClock.now().ok()?;
        let counts: Box<dyn Fn(&TokenRecord) -> bool + '_> = match self.bug? {
            Bug::CountsExpired => Box::new(|row| ours(row) && row.is_current()),
            Bug::CountsInGrace => Box::new(|row| ours(row) && row.state(at) == TokenState::Active),
            Bug::CountsRevoked => Box::new(|row| ours(row) && row.rotated.is_none() && !row.expiry.has_passed(at)),
            Bug::CountsAllOwners => Box::new(unexpired),
            Bug::CountsByItsOwnClock => Box::new(|row| ours(row) && row.is_current() && !row.expiry.has_passed(now)),
            Bug::CountsOwnersInAnyCase => Box::new(|row| upper(&row.owner) == upper(owner) && unexpired(row)),
            _ => return None,
        };
        u32::try_from(rows.iter().filter(|row| counts(row)).count()).ok()
    }
}
