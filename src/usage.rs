//! Last use, off the request path: a verification notes it in memory, a flush writes it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use time::Duration;

use crate::record::TokenRecord;
use crate::store::{LastUse, StoreError, TokenStore};
use crate::timestamp::Timestamp;
use crate::token::TokenId;

/// A power of two: a token's place is some bits of its id.
const PLACES: usize = 4_096;
const MAX_PENDING: usize = 65_536;
/// How many uses one call of the store takes.
const BATCH: usize = 1_000;

pub(crate) struct Usage {
    resolution: Duration,
    /// Which token was noted last at each place, and in which period: what spares the lock below.
    noted: Box<[AtomicU64]>,
    pending: Mutex<HashMap<TokenId, Timestamp>>,
    dropped: AtomicU64,
}

impl Usage {
    pub(crate) fn new(resolution: Duration) -> Self {
        Self {
            resolution,
            noted: std::iter::repeat_with(AtomicU64::default).take(PLACES).collect(),
            pending: Mutex::default(),
            dropped: AtomicU64::new(0),
        }
    }

    /// Notes a use; once per token and period of the resolution, a relaxed load in all other cases. Two tokens
    /// at one place only cost each other the lock.
    pub(crate) fn note(&self, id: TokenId, now: Timestamp) {
        let Some(noted) = id.place(&self.noted) else {
            return;
        };
        let mark = (id.bits() & 0xFFFF_FFFF_0000_0000) | (self.period(now) & 0xFFFF_FFFF);
        if noted.load(Ordering::Relaxed) == mark {
            return;
        }
        self.keep(id, now);
        noted.store(mark, Ordering::Relaxed);
    }

    /// How many uses were not kept since too many were pending.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Shows the pending use, if it is later than the written one.
    pub(crate) fn overlay(&self, record: &mut TokenRecord) {
        let pending = self.pending().get(&record.id).copied();
        record.last_used = record.last_used.max(pending);
    }

    /// Writes what is pending. What could not be written stays pending, also when this future is dropped.
    pub(crate) async fn flush(&self, store: &dyn TokenStore) -> Result<(), StoreError> {
        let uses: Vec<LastUse> = self.pending().iter().map(|(id, at)| LastUse::new(*id, *at)).collect();
        for batch in uses.chunks(BATCH) {
            store.touch(batch, self.resolution).await?;
            let mut pending = self.pending();
            for written in batch {
                if pending.get(&written.id) == Some(&written.at) {
                    pending.remove(&written.id);
                }
            }
        }
        Ok(())
    }

    fn keep(&self, id: TokenId, at: Timestamp) {
        let mut pending = self.pending();
        if let Some(known) = pending.get_mut(&id) {
            *known = at.max(*known);
        } else if pending.len() < MAX_PENDING {
            pending.insert(id, at);
        } else {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn period(&self, now: Timestamp) -> u64 {
        let micros = i64::try_from(self.resolution.whole_microseconds()).unwrap_or(i64::MAX).max(1);
        now.as_micros().div_euclid(micros).cast_unsigned()
    }

    /// Held for a look-up only, never across an await.
    fn pending(&self) -> MutexGuard<'_, HashMap<TokenId, Timestamp>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
