//! What is written beside changes: uses, claims, and what is pruned.

use personal_tokens::store::{LastUse, Pruned};
use personal_tokens::{
    Duration, Expiry, OwnerId, StoreError, Timestamp, TokenDigest, TokenId, TokenName, TokenRecord, TokenState,
};

use super::{Bug, Planted, State};

impl Planted {
    pub(super) async fn touched(&self, uses: &[LastUse], resolution: Duration) -> Result<(), StoreError> {
        let stale = self.stale(&[Bug::UsesWriteTheRow]).await;
        let mut state = self.state();
        let uses = if self.has(Bug::UsesAreCut) { &uses[..uses.len().min(500)] } else { uses };
        for used in uses {
            match (self.bug, state.rows.iter().any(|row| row.id == used.id), state.spoilt.contains(&used.id)) {
                (Some(Bug::UsesOfNothingFail), false, _) => return Err(StoreError::unavailable("it is gone")),
                (Some(Bug::UsesStopAtNothing), false, _) | (Some(Bug::UsesStopAtCorrupt), _, true) => return Ok(()),
                (Some(Bug::UsesOfCorruptFail), _, true) => return Err(StoreError::corrupt("it is spoilt")),
                (Some(Bug::UsesMakeRows), false, _) => state.rows.push(made(used.id, used.at)),
                (_, _, true) => continue,
                _ => {}
            }
            let owner = state.rows.iter().find(|row| row.id == used.id).map(|row| row.owner.clone());
            for row in &mut state.rows {
                if row.id == used.id || self.has(Bug::UsesOfAll) && Some(&row.owner) == owner.as_ref() {
                    self.write_use(row, *used, resolution, stale.as_ref());
                }
            }
        }
        Ok(())
    }

    fn write_use(&self, row: &mut TokenRecord, used: LastUse, resolution: Duration, stale: Option<&State>) {
        let Some(at) = self.applied(used, row.last_used, resolution) else {
            return;
        };
        if let Some(old) = stale.and_then(|stale| stale.rows.iter().find(|old| old.id == row.id)) {
            *row = old.clone();
        }
        match self.bug {
            Some(Bug::UsesOfTheActiveOnly) if row.state(at) != TokenState::Active => return,
            Some(Bug::UsesForgetNotices) => row.noticed = None,
            Some(Bug::UsesRevive) => row.revoked = None,
            Some(Bug::UsesExtend) => {
                row.expiry =
                    row.expiry.instant().map_or(Expiry::Never, |_| Expiry::At(at.saturating_add(Duration::DAY)));
            }
            _ => {}
        }
        row.last_used = Some(at);
    }

    fn applied(&self, used: LastUse, stored: Option<Timestamp>, resolution: Duration) -> Option<Timestamp> {
        let span = stored.map(|stored| used.at.since(stored));
        let is_newer = |enough: fn(Duration, Duration) -> bool| {
            span.is_none_or(|span| span.is_positive() && enough(span, resolution)).then_some(used.at)
        };
        match self.bug {
            Some(Bug::UsesMoveBack) => span.is_none_or(|span| span.abs() >= resolution).then_some(used.at),
            Some(Bug::IgnoresTheResolution) => is_newer(|_, _| true),
            Some(Bug::CutsTheResolution) => {
                is_newer(|span, resolution| span.whole_microseconds() >= resolution.whole_microseconds())
            }
            Some(Bug::ComparesSeconds) => {
                is_newer(|span, resolution| span.whole_seconds() >= resolution.whole_seconds())
            }
            Some(Bug::WantsMoreThanTheResolution) => is_newer(|span, resolution| span > resolution),
            Some(Bug::FirstUseHeedsTheResolution) => used.applied(stored.or(Some(Timestamp::UNIX_EPOCH)), resolution),
            _ => used.applied(stored, resolution),
        }
    }

    pub(super) async fn claimed(&self, id: TokenId, was: Option<Timestamp>, at: Timestamp) -> Result<bool, StoreError> {
        let stale = self.stale(&[Bug::ClaimsRace, Bug::ClaimsWriteTheRow]).await;
        let mut state = self.state();
        let Some(row) = state.rows.iter_mut().find(|row| row.id == id) else {
            if self.has(Bug::ClaimsMakeRows) {
                state.rows.push(made(id, at));
            }
            return Ok(self.has(Bug::ClaimsOfNothing));
        };
        let old = stale.as_ref().and_then(|stale| stale.rows.iter().find(|row| row.id == id));
        let stands = old.filter(|_| self.has(Bug::ClaimsRace)).unwrap_or(row).noticed;
        let claims = match self.bug {
            Some(Bug::ClaimsCompareNothing) => true,
            Some(Bug::NothingIsNotNothing) => was.is_some() && stands == was,
            Some(Bug::ClaimsMoveForward) => stands == was && was.is_none_or(|was| at > was),
            Some(Bug::ClaimsWantAnotherInstant) => stands == was && was != Some(at),
            Some(Bug::ClaimsOfTheCurrentOnly) => stands == was && row.is_current(),
            _ => stands == was,
        };
        if let Some(old) = old.filter(|_| claims && self.has(Bug::ClaimsWriteTheRow)) {
            row.clone_from(old);
        }
        if claims {
            row.noticed = Some(at);
            let owner = row.owner.clone();
            match self.bug {
                Some(Bug::ClaimsForgetUses) => row.last_used = None,
                Some(Bug::ClaimsSetAll) => {
                    state.rows.iter_mut().filter(|row| row.owner == owner).for_each(|row| row.noticed = Some(at));
                }
                _ => {}
            }
        }
        Ok(claims || self.has(Bug::ClaimsSayYes))
    }

    pub(super) async fn pruned(&self, ended_before: Timestamp, at_most: u32) -> Vec<Pruned> {
        let stale = self.stale(&[Bug::PruneRaces]).await;
        let mut state = self.state();
        let rows = stale.as_ref().map_or(&state.rows, |stale| &stale.rows);
        let looks_at = if self.has(Bug::PruneCountsWhatStays) { at_most as usize } else { usize::MAX };
        let mut chosen: Vec<TokenId> =
            rows.iter().take(looks_at).filter(|row| self.is_over(row, ended_before)).map(|row| row.id).collect();
        match self.bug {
            Some(Bug::PrunesCorrupt) => {}
            Some(Bug::PruneStopsAtCorrupt) if chosen.iter().any(|id| state.spoilt.contains(id)) => chosen.clear(),
            _ => chosen.retain(|id| !state.spoilt.contains(id)),
        }
        let bound = match self.bug {
            Some(Bug::PruneHasNoBound) => usize::MAX,
            Some(Bug::PruneTakesNoneForAll) if at_most == 0 => usize::MAX,
            _ => at_most as usize,
        };
        let all = chosen.clone();
        chosen.truncate(bound);
        let told = if self.has(Bug::PruneSaysTooMuch) { &all } else { &chosen };
        let told = state.rows.iter().filter(|row| told.contains(&row.id)).map(|row| {
            let nobody = || OwnerId::from(0_u64);
            let owner = if self.has(Bug::PruneNamesNoOwner) { nobody() } else { row.owner.clone() };
            Pruned::new(row.id, owner)
        });
        let told = told.collect();
        match self.bug {
            Some(Bug::PruneOnlySays) => chosen.clear(),
            Some(Bug::PruneSaysTooLittle) => chosen = all,
            _ => {}
        }
        state.rows.retain(|row| !chosen.contains(&row.id));
        if self.has(Bug::PruneHides) {
            state.hidden.extend(chosen);
        }
        told
    }

    fn is_over(&self, row: &TokenRecord, ended_before: Timestamp) -> bool {
        let mut ends = vec![row.revoked, row.rotated.map(|rotated| rotated.grace_ends), row.expiry.instant()];
        match self.bug {
            Some(Bug::PrunesTheExpired) => ends.truncate(0),
            Some(Bug::PrunesGraces) => ends.push(row.rotated.map(|rotated| rotated.at)),
            Some(Bug::PrunesTheOld) if row.ended().is_none() => ends.push(Some(row.created)),
            Some(Bug::PrunesTheUnused) if row.ended().is_none() => ends.push(row.last_used),
            _ => {}
        }
        let ended = match self.bug {
            Some(Bug::PrunesTheExpired) => row.expiry.instant(),
            Some(Bug::PrunesByTheLastEnd) => ends.into_iter().flatten().max(),
            _ => ends.into_iter().flatten().min(),
        };
        ended.is_some_and(|ended| ended < ended_before || self.has(Bug::PrunesAtTheInstant) && ended == ended_before)
    }
}

/// A row that nobody issued.
fn made(id: TokenId, at: Timestamp) -> TokenRecord {
    let digest = TokenDigest::from_parts(0, [0; TokenDigest::LEN]);
    TokenRecord::new(id, OwnerId::from(0_u64), TokenName::new("made").unwrap(), digest, at)
}
