//! Last use, off the request path: a verification notes it in memory, a flush writes it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration as StdDuration;

use time::Duration;

use crate::deadline::within;
use crate::record::TokenRecord;
use crate::store::{LastUse, StoreError, TokenStore};
use crate::timestamp::Timestamp;
use crate::token::TokenId;

/// When a token was used last, as far as this handle can tell; see
/// [`PersonalTokens::last_used`](crate::PersonalTokens::last_used).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LastUsed {
    /// A use of it.
    pub at: Timestamp,
    /// Of all uses that are known, the last is this one, or came after it by less than this. Not known are those of
    /// other nodes since their last flush, and what a node that ended without a flush, a store that fails or skips a
    /// row that is held, or [dropped uses](crate::PersonalTokens::dropped_uses) cost.
    pub accuracy: Duration,
}

const PLACES: usize = 4_096;
const STRIPES: usize = 64;
/// Ids that share a place share a stripe, so a place is set under one lock.
const _: () = assert!(PLACES.is_multiple_of(STRIPES));
/// How many notes a stripe holds: 65,536 in all.
const MAX_NOTES: usize = 1_024;
/// How many uses one call of the store takes.
const BATCH: usize = 1_000;

pub(crate) struct Usage {
    resolution: Duration,
    noted: Box<[Noted]>,
    stripes: Box<[Mutex<Stripe>]>,
    dropped: AtomicU64,
}

/// Which token was noted last at a place, and when: what spares the lock. Tokens that share a place cost each other
/// the lock.
struct Noted {
    token: [AtomicU64; 2],
    at: AtomicI64,
}

/// Notes of the tokens that share a lock. One that was written stays, as room allows, so that the next comes a resolution
/// later.
#[derive(Default)]
struct Stripe {
    notes: HashMap<TokenId, Note>,
    pending: usize,
}

struct Note {
    at: Timestamp,
    pending: bool,
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
            stripes: std::iter::repeat_with(Mutex::default).take(STRIPES).collect(),
            dropped: AtomicU64::new(0),
        }
    }

    /// Notes a use, if the last one that was noted is a resolution ago. Else it costs three loads, or the lock where another
    /// token took the place.
    pub(crate) fn note(&self, id: TokenId, now: Timestamp) {
        let Some(noted) = id.place(&self.noted) else {
            return;
        };
        if noted.last(id).is_some_and(|last| self.is_fresh(last, now)) {
            return;
        }
        let Some(mut stripe) = self.stripe(id) else {
            return;
        };
        // Asked again under the lock: of many callers one notes.
        let known = stripe.notes.get(&id).map(|note| note.at).filter(|last| self.is_fresh(*last, now));
        if known.is_none() && !stripe.keep(id, now) {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
        noted.set(id, known.unwrap_or(now));
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
        // A note that was written counts too: the record may have been read before that.
        let Some(at) = self.stripe(record.id).and_then(|stripe| Some(stripe.notes.get(&record.id)?.at)) else {
            return;
        };
        let written = LastUse::new(record.id, at).applied(record.last_used, self.resolution);
        record.last_used = written.or(record.last_used);
    }

    /// Writes what is pending, within the limit for each call of the store. What could not be written stays pending, also
    /// when this future is dropped. No lock is held while the store works.
    pub(crate) async fn flush(&self, store: &dyn TokenStore, limit: Option<StdDuration>) -> Result<(), StoreError> {
        let uses: Vec<LastUse> = self.stripes.iter().flat_map(|stripe| lock(stripe).all_pending()).collect();
        let mut outcome = Ok(());
        for batch in uses.chunks(BATCH) {
            match within(limit, store.touch(batch, self.resolution)).await {
                Ok(()) => self.were_written(batch),
                // A bad row shall not keep the other batches from being written; a store that is away shall not be asked on.
                Err(error @ StoreError::Corrupt(_)) => outcome = Err(error),
                Err(error) => return Err(error),
            }
        }
        outcome
    }

    fn were_written(&self, batch: &[LastUse]) {
        for written in batch {
            if let Some(mut stripe) = self.stripe(written.id) {
                stripe.was_written(written);
            }
        }
    }

    fn is_fresh(&self, last: Timestamp, now: Timestamp) -> bool {
        now.since(last) < self.resolution
    }

    /// Held for a look-up, or a pass over one stripe; never across an await.
    fn stripe(&self, id: TokenId) -> Option<MutexGuard<'_, Stripe>> {
        id.place(&self.stripes).map(lock)
    }
}

impl Stripe {
    /// Whether there was room.
    fn keep(&mut self, id: TokenId, at: Timestamp) -> bool {
        if !self.notes.contains_key(&id) && self.notes.len() >= MAX_NOTES {
            self.forget_written();
            if self.notes.len() >= MAX_NOTES {
                return false;
            }
        }
        let known = self.notes.insert(id, Note { at, pending: true });
        if !known.is_some_and(|note| note.pending) {
            self.pending = self.pending.saturating_add(1);
        }
        true
    }

    fn all_pending(&self) -> Vec<LastUse> {
        let pending = self.notes.iter().filter(|(_, note)| note.pending);
        pending.map(|(id, note)| LastUse::new(*id, note.at)).collect()
    }

    fn was_written(&mut self, written: &LastUse) {
        let same = |note: &&mut Note| note.pending && note.at == written.at;
        if let Some(note) = self.notes.get_mut(&written.id).filter(same) {
            note.pending = false;
            self.pending = self.pending.saturating_sub(1);
        }
    }

    /// Where all are pending, as in a full queue, it looks at none.
    fn forget_written(&mut self) {
        if self.notes.len() > self.pending {
            self.notes.retain(|_, note| note.pending);
        }
    }
}

fn lock(stripe: &Mutex<Stripe>) -> MutexGuard<'_, Stripe> {
    stripe.lock().unwrap_or_else(PoisonError::into_inner)
}
