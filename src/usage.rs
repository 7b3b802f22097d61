//! Last use, off the request path: a verification notes it in memory, a flush writes it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration as StdDuration;

use time::Duration;

use crate::deadline::within;
use crate::record::TokenRecord;
use crate::store::{IdHashing, LastUse, StoreError, TokenStore};
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

/// Of a power of two each, so that ids which share a bucket share a stripe: a bucket is set under one lock.
const BUCKETS: usize = 2_048;
const STRIPES: usize = 64;
const _: () = assert!(BUCKETS.is_power_of_two() && STRIPES.is_power_of_two() && STRIPES <= BUCKETS);
/// A cache line.
const PLACES: usize = 4;
/// How many notes a stripe holds: 65,536 in all.
const MAX_NOTES: usize = 1_024;
/// How many uses one call of the store takes.
const BATCH: usize = 1_000;

pub(crate) struct Usage {
    resolution: Duration,
    /// Rounded up.
    resolution_micros: i64,
    buckets: Box<[Bucket]>,
    stripes: Box<[Mutex<Stripe>]>,
    dropped: AtomicU64,
}

/// Which tokens were noted last, and when: what spares the lock. More tokens than it has places cost each other the lock.
#[derive(Default)]
#[repr(align(64))]
struct Bucket([Place; PLACES]);

struct Place {
    /// All of the id, mixed into one number. Two ids of one number are as likely as two keys of 64 random bits; one of
    /// them would be noted late, or not at all.
    token: AtomicU64,
    at: AtomicI64,
}

/// Notes of the tokens that share a lock. One that was written stays, as room allows, so that the next comes a resolution
/// later.
#[derive(Default)]
struct Stripe {
    notes: HashMap<TokenId, Note, IdHashing>,
    pending: usize,
}

struct Note {
    at: Timestamp,
    pending: bool,
}

impl Default for Place {
    fn default() -> Self {
        Self { token: AtomicU64::new(0), at: AtomicI64::new(i64::MIN) }
    }
}

impl Place {
    /// The instant is read first and written last: whoever sees a fresh instant sees the token that it belongs to, or
    /// one that was noted later.
    fn last(&self, token: u64) -> Option<i64> {
        let at = self.at.load(Ordering::Acquire);
        (self.token.load(Ordering::Relaxed) == token).then_some(at)
    }

    fn set(&self, token: u64, at: i64) {
        self.token.store(token, Ordering::Relaxed);
        self.at.store(at, Ordering::Release);
    }
}

impl Bucket {
    fn last(&self, token: u64) -> Option<i64> {
        self.0.iter().find_map(|place| place.last(token))
    }

    /// Where the token stands already, else in place of the one that was noted longest ago. Under the stripe's lock.
    fn set(&self, token: u64, at: Timestamp) {
        let own = self.0.iter().find(|place| place.last(token).is_some());
        let oldest = || self.0.iter().min_by_key(|place| place.at.load(Ordering::Relaxed));
        if let Some(place) = own.or_else(oldest) {
            place.set(token, at.as_micros());
        }
    }
}

impl Usage {
    pub(crate) fn new(resolution: Duration) -> Self {
        let micros = resolution.saturating_add(Duration::nanoseconds(999)).whole_microseconds();
        Self {
            resolution,
            resolution_micros: i64::try_from(micros).unwrap_or(i64::MAX),
            buckets: std::iter::repeat_with(Bucket::default).take(BUCKETS).collect(),
            stripes: std::iter::repeat_with(Mutex::default).take(STRIPES).collect(),
            dropped: AtomicU64::new(0),
        }
    }

    /// Notes a use, if the last one that was noted is a resolution ago. Else it costs a few loads of one cache line, or the
    /// lock where other tokens took the places.
    ///
    /// `now` may lie behind; what is kept of it is what `exactly` says.
    pub(crate) fn note(&self, id: TokenId, now: Timestamp, exactly: impl FnOnce() -> Timestamp) {
        let token = id.mixed();
        let Some(bucket) = at_hash(&self.buckets, token) else {
            return;
        };
        if bucket.last(token).is_some_and(|last| self.is_fresh(last, now)) {
            return;
        }
        let now = exactly();
        let Some(mut stripe) = self.stripe(id) else {
            return;
        };
        // Asked again under the lock: of many callers one notes.
        let known = stripe.notes.get(&id).map(|note| note.at).filter(|last| self.is_fresh(last.as_micros(), now));
        if known.is_none() && !stripe.keep(id, now) {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
        bucket.set(token, known.unwrap_or(now));
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

    /// `last` may be earlier than every instant.
    fn is_fresh(&self, last: i64, now: Timestamp) -> bool {
        now.as_micros().saturating_sub(last) < self.resolution_micros
    }

    /// Held for a look-up, or a pass over one stripe; never across an await.
    fn stripe(&self, id: TokenId) -> Option<MutexGuard<'_, Stripe>> {
        at_hash(&self.stripes, id.mixed()).map(lock)
    }
}

/// Of a power of two, the place of that hash.
fn at_hash<T>(table: &[T], hash: u64) -> Option<&T> {
    let mask = u64::try_from(table.len()).ok()?.wrapping_sub(1);
    table.get(usize::try_from(hash & mask).ok()?)
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
