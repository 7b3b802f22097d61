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
/// the lock.
struct Noted {
    token: [AtomicU64; 2],
    at: AtomicI64,
}

impl Noted {
    fn nothing() -> Self {
        Self { token: [AtomicU64::new(0), AtomicU64::new(0)], at: AtomicI64::new(i64::MIN) }
    }

    /// The instant is read first and written last: whoever sees a fresh instant sees the token that it belongs to, or
    /// one that was noted later.
    fn last(&self, id: TokenId) -> Option<Timestamp> {
        let at = Timestamp::from_micros(self.at.load(Ordering::Acquire)).ok()?;
        let same = self.token.iter().zip(id.words()).all(|(noted, word)| noted.load(Ordering::Relaxed) == word);
        same.then_some(at)
    }

    fn set(&self, id: TokenId, at: Timestamp) {
        self.token.iter().zip(id.words()).for_each(|(noted, word)| noted.store(word, Ordering::Relaxed));
        self.at.store(at.as_micros(), Ordering::Release);
    }
}

impl Usage {
    pub(crate) fn new(resolution: Duration) -> Self {
        Self {
            resolution,
            noted: std::iter::repeat_with(Noted::nothing).take(PLACES).collect(),
            pending: Mutex::default(),
            dropped: AtomicU64::new(0),
        }
    }

    /// Notes a use, if the last one that was noted is a resolution ago; three loads in all other cases.
    pub(crate) fn note(&self, id: TokenId, now: Timestamp) {
        let Some(noted) = id.place(&self.noted) else {
            return;
        };
        if noted.last(id).is_some_and(|last| now.since(last) < self.resolution) {
            return;
        }
        self.keep(id, now);
        noted.set(id, now);
    }

    pub(crate) fn resolution(&self) -> Duration {
        self.resolution
    }

    /// How many uses were not kept since too many were pending.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Shows the record as the next flush will leave it, so that a page loaded after the flush says the same.
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
