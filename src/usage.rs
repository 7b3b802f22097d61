//! Last use, off the request path: a verification notes it in memory, a flush writes it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use time::Duration;

use crate::record::TokenRecord;
use crate::store::{LastUse, StoreError, TokenStore};
use crate::timestamp::Timestamp;
use crate::token::TokenId;

const PLACES: usize = 4_096;
const MAX_PENDING: usize = 65_536;
/// How many uses one call of the store takes.
const BATCH: usize = 1_000;

pub(crate) struct Usage {
    resolution: Duration,
    noted: Box<[Noted]>,
    pending: Mutex<HashMap<TokenId, Timestamp>>,
    dropped: AtomicU64,
}

/// Which token was noted last at a place, and when: what spares the lock. Tokens that share a place cost each other
/// the lock; where two write it at once, the times that may get mixed up are both the present.
#[derive(Default)]
struct Noted {
    token: AtomicU64,
    at: AtomicI64,
}

impl Usage {
    pub(crate) fn new(resolution: Duration) -> Self {
        Self {
            resolution,
            noted: std::iter::repeat_with(Noted::default).take(PLACES).collect(),
            pending: Mutex::default(),
            dropped: AtomicU64::new(0),
        }
    }

    /// Notes a use, if the last one that was noted is a resolution ago; two relaxed loads in all other cases.
    pub(crate) fn note(&self, id: TokenId, now: Timestamp) {
        let Some(noted) = id.place(&self.noted) else {
            return;
        };
        let last = Timestamp::from_micros(noted.at.load(Ordering::Relaxed)).unwrap_or(Timestamp::MIN);
        if noted.token.load(Ordering::Relaxed) == id.bits() && now.since(last) < self.resolution {
            return;
        }
        self.keep(id, now);
        noted.at.store(now.as_micros(), Ordering::Relaxed);
        noted.token.store(id.bits(), Ordering::Relaxed);
    }

    /// How many uses were not kept since too many were pending.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Shows the record as the next flush will leave it; so a flush takes back nothing that was shown.
    pub(crate) fn overlay(&self, record: &mut TokenRecord) {
        let Some(at) = self.pending().get(&record.id).copied() else {
            return;
        };
        let written = LastUse::new(record.id, at).applied(record.last_used, self.resolution);
        record.last_used = written.or(record.last_used);
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

    /// Held for a look-up only, never across an await.
    fn pending(&self) -> MutexGuard<'_, HashMap<TokenId, Timestamp>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
