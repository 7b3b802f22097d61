//! What a host does now and then; `maintain` (feature `tokio`) does it on a schedule.

use time::Duration;

use crate::record::{EventKind, TokenEvent, TokenRecord};
use crate::store::StoreError;
use crate::usage::LastUsed;

use super::PersonalTokens;

/// How many records one call of the store deletes.
const PRUNE_BATCH: u32 = 1_000;

impl PersonalTokens {
    /// Writes the uses that verifications noted, those of all clones of this handle.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails; what was not written is kept for the next call. Where a batch of 1,000 is
    /// [corrupt](StoreError::Corrupt) the others are written all the same.
    pub async fn flush(&self) -> Result<(), StoreError> {
        self.inner.usage.flush(&*self.inner.store, None).await
    }

    /// Deletes the tokens that ended longer ago than the [retention](super::Builder::retention): those revoked, rotated
    /// with their grace over, and expired ones, which could have been extended until then. Says how many. Without a
    /// retention it deletes nothing.
    ///
    /// # Errors
    /// [`StoreError`] if the store or the clock fails; batches that were deleted before stay so.
    pub async fn prune(&self) -> Result<u64, StoreError> {
        let mut total = 0_u64;
        loop {
            match self.prune_batch().await? {
                0 => return Ok(total),
                pruned => total = total.saturating_add(pruned),
            }
        }
    }

    /// When the token was used last, and how exactly that is known. None: unknown. It was never used, or no use of it was
    /// ever written; a handle cannot tell the two apart.
    ///
    /// `record` is one that this handle gave: it shows the uses that wait for a [`flush`](Self::flush) too. The
    /// accuracy is twice the [resolution](Self::usage_resolution), as two nodes may note one after the other, and the
    /// clock's [lag](crate::Clock::lag), by which a use is judged to be as recent as the last.
    #[must_use]
    pub fn last_used(&self, record: &TokenRecord) -> Option<LastUsed> {
        let lag = Duration::microseconds(self.inner.lag);
        let accuracy = self.usage_resolution().saturating_mul(2).saturating_add(lag);
        record.last_used.map(|at| LastUsed { at, accuracy })
    }

    /// How fine last use is kept: so long after one use the next is noted.
    #[must_use]
    pub fn usage_resolution(&self) -> Duration {
        self.inner.usage.resolution()
    }

    /// How often `maintain` (feature `tokio`) flushes: so old are the uses of other nodes that are not known here yet.
    #[must_use]
    pub fn flush_interval(&self) -> Duration {
        self.inner.flush_interval
    }

    /// How many times a use that was due to be noted was not, since this handle was built: too many tokens waited for a
    /// [`flush`](Self::flush). There is room for 65,536, in 64 parts that fill apart, so with random ids for some
    /// 60,000. A later use of a token that found none is tried, and counted, again.
    #[must_use]
    pub fn dropped_uses(&self) -> u64 {
        self.inner.usage.dropped()
    }

    pub(super) async fn prune_batch(&self) -> Result<u64, StoreError> {
        let Some(retention) = self.inner.retention else {
            return Ok(0);
        };
        let now = self.now()?;
        let ended_before = now.saturating_add(Duration::ZERO.saturating_sub(retention));
        let pruned = self.inner.store.prune(ended_before, PRUNE_BATCH).await?;
        let count = u64::try_from(pruned.len()).unwrap_or(u64::MAX);
        for gone in pruned {
            let (actor, kind) = (self.actor.clone(), EventKind::Pruned);
            self.tell(&TokenEvent { kind, owner: gone.owner, id: gone.id, actor, at: now });
        }
        Ok(count)
    }

    pub(super) fn tell(&self, event: &TokenEvent) {
        self.inner.observers.iter().for_each(|observer| observer.changed(event));
    }
}
