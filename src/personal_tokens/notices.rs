//! Telling people before a token expires, once for each threshold.

use std::num::NonZeroU32;

use time::Duration;

use crate::record::TokenRecord;
use crate::store::{Cursor, ExpiringQuery, StoreError};
use crate::timestamp::Timestamp;

use super::{Page, PersonalTokens};

const PAGE: NonZeroU32 = NonZeroU32::new(100).unwrap();

/// A notice that the caller, and nobody else, is to send.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Notice {
    /// The token, as it is now.
    pub record: TokenRecord,
    /// The least of the thresholds that were due.
    pub threshold: Duration,
}

impl PersonalTokens {
    /// The current tokens of all owners that expire within that span from now, the soonest first; expired ones not. At
    /// most 100, and where the next page begins.
    ///
    /// With [`claim_notice`](Self::claim_notice) it is a job that any number of nodes may run as often as they like:
    ///
    /// ```
    /// use personal_tokens::{Duration, Notice, PersonalTokens, StoreError};
    ///
    /// async fn send_notices(tokens: &PersonalTokens, send: impl Fn(Notice)) -> Result<(), StoreError> {
    ///     let thresholds = [Duration::days(30), Duration::days(7), Duration::days(1)];
    ///     let mut after = None;
    ///     loop {
    ///         let page = tokens.expiring(Duration::days(30), after).await?;
    ///         for record in &page.tokens {
    ///             if let Some(notice) = tokens.claim_notice(record, &thresholds).await? {
    ///                 send(notice);
    ///             }
    ///         }
    ///         match page.next {
    ///             Some(next) => after = Some(next),
    ///             None => return Ok(()),
    ///         }
    ///     }
    /// }
    /// ```
    ///
    /// # Errors
    /// [`StoreError`] if the store or the clock fails.
    pub async fn expiring(&self, within: Duration, after: Option<Cursor>) -> Result<Page, StoreError> {
        let now = self.now()?;
        let query = ExpiringQuery { cursor: after, ..ExpiringQuery::between(now, now.saturating_add(within)) };
        // One more than the page holds tells whether there is a next one.
        let wider = ExpiringQuery { limit: PAGE.saturating_add(1), ..query };
        let tokens = self.inner.store.expiring(&wider).await?;
        Ok(self.page(tokens, PAGE, Cursor::in_expiring))
    }

    /// Claims the notice that is due for a token, if one is: of many nodes one wins, and a restart repeats nothing. A
    /// threshold is due once no more than that span is left, unless a notice went out since then; of several that are due
    /// the claim covers all. Extending the token re-arms them.
    ///
    /// Where `record` says that one is due, the token is looked at as it is now: one that was extended, revoked or
    /// rotated since then gets no notice, unless that happens in the same moment. A notice is claimed before it is
    /// sent: who fails to send it has lost it, and the next threshold follows.
    ///
    /// # Errors
    /// [`StoreError`] if the store or the clock fails.
    pub async fn claim_notice(
        &self,
        record: &TokenRecord,
        thresholds: &[Duration],
    ) -> Result<Option<Notice>, StoreError> {
        // Most tokens of a page are not due: those cost no look at the store.
        if due(record, thresholds, self.now()?).is_none() {
            return Ok(None);
        }
        let Some(record) = self.get(&record.owner, record.id).await? else {
            return Ok(None);
        };
        let now = self.now()?;
        let Some(threshold) = due(&record, thresholds, now) else {
            return Ok(None);
        };
        let claimed = self.inner.store.claim_notice(record.id, record.noticed, now).await?;
        Ok(claimed.then_some(Notice { record: TokenRecord { noticed: Some(now), ..record }, threshold }))
    }
}

fn due(record: &TokenRecord, thresholds: &[Duration], now: Timestamp) -> Option<Duration> {
    let expiry = record.expiry.instant().filter(|expiry| record.is_current() && now < *expiry)?;
    let since_last = |threshold: &Duration| record.noticed.is_none_or(|noticed| expiry.since(noticed) > *threshold);
    let due = thresholds.iter().filter(|threshold| expiry.since(now) <= **threshold && since_last(threshold));
    due.min().copied()
}
