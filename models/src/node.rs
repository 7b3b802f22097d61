//! One token on one node: what the database says of it, what the node keeps, and its look-ups and changes, in the steps of
//! `src/store/cache/`, with the flaw that is planted.

use std::sync::PoisonError;

use loom::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use loom::sync::{Arc, Mutex, MutexGuard};

use crate::fence::{Clock, Place, Places, Quiet, Version};
use crate::flaw::Flaw;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Record {
    Valid,
    Revoked,
}

pub(crate) struct Node {
    clock: Clock,
    owners: Places,
    ids: Places,
    quiet: Quiet,
    kept: Kept,
    under_way: Mutex<Option<Flight>>,
    /// What the database says. It orders nothing else: a node learns of no change by reading.
    revoked: AtomicBool,
    time: AtomicU64,
}

/// What a look-up notes before it reads.
#[derive(Clone, Copy)]
pub(crate) struct Noted {
    read: Version,
    began: u64,
}

#[derive(Clone, Copy)]
struct Entry {
    record: Record,
    noted: Noted,
}

/// A map that publishes what is put.
struct Kept {
    /// Which of `entries`, counted from one; 0 is none.
    now: AtomicU64,
    entries: std::sync::Mutex<Vec<Entry>>,
}

/// A look-up under way. Whoever waits for it drives it.
#[derive(Clone)]
struct Flight {
    noted: Option<Noted>,
    answer: Arc<Mutex<Option<Entry>>>,
}

/// Of the only owner, and of the only id.
fn place() -> Place {
    Places::of_hash(1)
}

const MAX_STALENESS: u64 = 2;

const MAX_LOOKUPS: usize = 2;

/// Without versions an entry is answered as long as it is there.
const WITHOUT_VERSIONS: &[Flaw] = &[Flaw::PutOnly, Flaw::PutUnlessThere, Flaw::RemoveOnly, Flaw::CheckThenPut];

impl Node {
    pub(crate) fn new() -> Self {
        Self {
            clock: Clock::new(),
            owners: Places::new(),
            ids: Places::new(),
            quiet: Quiet::new(),
            kept: Kept { now: AtomicU64::new(0), entries: std::sync::Mutex::default() },
            under_way: Mutex::new(None),
            revoked: AtomicBool::new(false),
            time: AtomicU64::new(0),
        }
    }

    /// What is kept, if it may be answered.
    pub(crate) fn hit(&self) -> Option<Record> {
        let now = self.now();
        let Entry { record, noted } = self.kept.get()?;
        let holds = Flaw::any_is_planted(WITHOUT_VERSIONS) || self.holds(noted);
        (holds && now.saturating_sub(noted.began) < MAX_STALENESS).then_some(record)
    }

    pub(crate) fn look_up(&self) {
        self.look_up_noting(|| self.note());
    }

    fn look_up_noting(&self, note: impl Fn() -> Noted) -> Entry {
        let was_quiet = Flaw::QuietReadFirst.is_planted() && self.quiet.covers(place(), self.now());
        let noted = note();
        let was_quiet = was_quiet || Flaw::QuietReadBeforeFind.is_planted() && self.quiet.covers(place(), noted.began);
        let record = self.find();
        let noted = if Flaw::VersionAfterFind.is_planted() { note() } else { noted };
        let found = Entry { record, noted };
        if !self.is_quiet(noted, was_quiet) && !self.may_not_be_put(noted) {
            self.kept.put(found);
        }
        found
    }

    fn is_quiet(&self, noted: Noted, was_quiet: bool) -> bool {
        if Flaw::any_is_planted(&[Flaw::QuietReadFirst, Flaw::QuietReadBeforeFind]) {
            return was_quiet;
        }
        let began = if Flaw::QuietByNow.is_planted() { self.now() } else { noted.began };
        self.quiet.covers(place(), began)
    }

    fn may_not_be_put(&self, noted: Noted) -> bool {
        Flaw::CheckThenPut.is_planted() && !self.holds(noted)
            || Flaw::PutUnlessThere.is_planted() && self.kept.get().is_some()
    }

    /// From memory, or by a look-up of its own or one under way; and what was heard before it was last asked whether that
    /// may be answered. No record where it was overtaken too often.
    pub(crate) fn find_or_join(&self, heard: impl Fn() -> bool) -> (Option<Record>, bool) {
        let had_heard = heard();
        if let Some(record) = self.hit() {
            return (Some(record), had_heard);
        }
        for _ in 0..MAX_LOOKUPS {
            let Entry { record, noted } = self.join();
            let had_heard = heard();
            if Flaw::any_is_planted(&[Flaw::AnswerUnchecked, Flaw::JoinAlways]) || self.holds(noted) {
                return (Some(record), had_heard);
            }
        }
        (None, heard())
    }

    fn join(&self) -> Entry {
        let flight = {
            let mut under_way = lock(&self.under_way);
            match &*under_way {
                Some(flight) if flight.noted.is_none_or(|noted| self.may_be_joined(noted)) => flight.clone(),
                _ => under_way.insert(Flight { noted: None, answer: Arc::new(Mutex::new(None)) }).clone(),
            }
        };
        let mut answer = lock(&flight.answer);
        *answer.get_or_insert_with(|| self.drive(&flight))
    }

    fn drive(&self, flight: &Flight) -> Entry {
        let found = self.look_up_noting(|| {
            let mut under_way = lock(&self.under_way);
            let noted = self.note();
            if let Some(own) = under_way.as_mut().filter(|own| Arc::ptr_eq(&own.answer, &flight.answer)) {
                own.noted = Some(noted);
            }
            noted
        });
        let mut under_way = lock(&self.under_way);
        _ = under_way.take_if(|own| Arc::ptr_eq(&own.answer, &flight.answer));
        found
    }

    fn may_be_joined(&self, noted: Noted) -> bool {
        if Flaw::JoinAlways.is_planted() {
            return true;
        }
        let is_quiet = !Flaw::JoinInQuiet.is_planted() && self.quiet.covers_any(noted.began);
        self.clock.now() == noted.read && self.now().saturating_sub(noted.began) < MAX_STALENESS && !is_quiet
    }

    /// From the first step of a revocation to its answer.
    pub(crate) fn revoke(&self) {
        if Flaw::RaiseBefore.is_planted() {
            self.owners.raise(place(), &self.clock);
        }
        self.write();
        if Flaw::any_is_planted(&[Flaw::PutOnly, Flaw::PutUnlessThere]) {
            self.kept.put(Entry { record: Record::Revoked, noted: self.note() });
        } else if !Flaw::any_is_planted(&[Flaw::RaiseBefore, Flaw::RemoveOnly]) {
            self.owners.raise(place(), &self.clock);
        }
        if Flaw::any_is_planted(&[Flaw::RemoveOnly, Flaw::CheckThenPut]) {
            self.kept.remove();
        }
    }

    /// A revocation that was cancelled, or failed: it is written before, meanwhile, afterwards or not at all.
    pub(crate) fn leave_a_revocation(&self) {
        let raise = || self.owners.raise(place(), &self.clock);
        let until = self.now().saturating_add(MAX_STALENESS);
        if Flaw::QuietAfterRaise.is_planted() {
            raise();
        }
        if !Flaw::NoQuiet.is_planted() {
            self.quiet.until(place(), until);
        }
        if !Flaw::QuietAfterRaise.is_planted() {
            raise();
        }
    }

    /// Of another token of the same owner.
    pub(crate) fn change_another(&self) {
        self.owners.raise(place(), &self.clock);
    }

    pub(crate) fn invalidate(&self) {
        if Flaw::RemoveOnly.is_planted() { self.kept.remove() } else { self.ids.raise(place(), &self.clock) }
    }

    pub(crate) fn invalidate_all(&self) {
        if Flaw::RemoveOnly.is_planted() { self.kept.remove() } else { self.owners.raise_all(&self.clock) }
    }

    pub(crate) fn evict(&self) {
        self.kept.remove();
    }

    pub(crate) fn write(&self) {
        self.revoked.store(true, Ordering::Relaxed);
    }

    pub(crate) fn find(&self) -> Record {
        if self.revoked.load(Ordering::Relaxed) { Record::Revoked } else { Record::Valid }
    }

    /// Whoever reads this time, or a later one, comes after what was done before it was that late.
    pub(crate) fn grow_late(&self, time: u64) {
        self.time.store(time, Ordering::Release);
    }

    fn now(&self) -> u64 {
        self.time.load(Ordering::Acquire)
    }

    pub(crate) fn note(&self) -> Noted {
        let read = self.clock.now();
        Noted { read, began: self.now() }
    }

    /// Whether nothing that was noted so is stale.
    pub(crate) fn holds(&self, Noted { read, .. }: Noted) -> bool {
        self.owners.hold(place(), read) && self.ids.hold(place(), read)
    }
}

impl Kept {
    fn get(&self) -> Option<Entry> {
        let now = usize::try_from(self.now.load(Ordering::Acquire)).ok()?;
        self.entries().get(now.checked_sub(1)?).copied()
    }

    fn put(&self, entry: Entry) {
        let now = {
            let mut entries = self.entries();
            entries.push(entry);
            entries.len()
        };
        self.now.store(now as u64, Ordering::Release);
    }

    fn remove(&self) {
        self.now.store(0, Ordering::Release);
    }

    fn entries(&self) -> std::sync::MutexGuard<'_, Vec<Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
