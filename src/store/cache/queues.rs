//! S3-FIFO (Yang et al., SOSP 2023): new ids wait in a small queue, and only those that are asked for again while they
//! wait get into the main one; of those that did not, it is remembered for a while that they were there.

use std::collections::VecDeque;

use crate::token::TokenId;

use super::entry::Entry;

pub(super) struct Queues {
    small: Queue,
    main: Queue,
    /// Marks of ids that were given up: twice as many as there are entries, since some buckets fill before others. Of
    /// one in 8,000 that are not among them, the mark is.
    ghosts: Box<[Bucket]>,
    small_len: usize,
}

/// With room for little more than it holds: at first all are in the small one, and later most in the main one.
struct Queue {
    ids: VecDeque<TokenId>,
    most: usize,
}

const BUCKET: usize = 8;
type Bucket = [u16; BUCKET];

/// Of entries in use, until one is given up all the same: nobody waits for long.
const MOST_SPARED: usize = 1_024;
const MOST_GHOSTS: usize = 1 << 20;

impl Queues {
    pub(super) fn new(capacity: usize) -> Self {
        let small_len = capacity.div_ceil(10);
        let buckets = capacity.min(MOST_GHOSTS).saturating_mul(2).div_ceil(BUCKET).max(1);
        Self {
            small: Queue::new(capacity),
            main: Queue::new(capacity),
            ghosts: vec![[0; BUCKET]; buckets].into_boxed_slice(),
            small_len,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.small.ids.len().saturating_add(self.main.ids.len())
    }

    pub(super) fn push(&mut self, id: TokenId) {
        if self.was_given_up_lately(id) { self.main.push(id) } else { self.small.push(id) }
    }

    /// Takes an id out that is to be given up.
    pub(super) fn give_up<'e>(&mut self, entry: impl Fn(TokenId) -> Option<&'e Entry>) -> Option<TokenId> {
        let mut spared = 0_usize;
        loop {
            spared = spared.saturating_add(1);
            let from_small = self.small.ids.len() >= self.small_len || self.main.ids.is_empty();
            let id = if from_small { self.small.pop() } else { self.main.pop() }?;
            let uses = entry(id).filter(|_| spared < MOST_SPARED);
            match uses.map(|entry| (entry, entry.stamp.uses())) {
                // Twice, since a token that is used at all is asked for by several requests at once.
                Some((entry, 2..)) if from_small => {
                    entry.stamp.set_uses(0);
                    self.main.push(id);
                }
                Some((entry, uses @ 1..)) if !from_small => {
                    entry.stamp.set_uses(uses.saturating_sub(1));
                    self.main.push(id);
                }
                _ => {
                    if from_small {
                        self.remember(id);
                    }
                    return Some(id);
                }
            }
        }
    }

    fn was_given_up_lately(&mut self, id: TokenId) -> bool {
        let (bucket, mark) = self.ghosts_of(id);
        let ghost = bucket.and_then(|bucket| bucket.iter_mut().find(|ghost| **ghost == mark));
        ghost.map(std::mem::take).is_some()
    }

    /// In the place of the one of its bucket that has stood there for longest.
    fn remember(&mut self, id: TokenId) {
        if let (Some(bucket), mark) = self.ghosts_of(id) {
            bucket.rotate_right(1);
            let [first, ..] = bucket;
            *first = mark;
        }
    }

    /// The bucket of an id, and its mark there; never the mark of an empty place.
    fn ghosts_of(&mut self, id: TokenId) -> (Option<&mut Bucket>, u16) {
        let hash = id.mixed();
        let buckets = u64::try_from(self.ghosts.len()).unwrap_or(u64::MAX);
        let bucket = hash.checked_rem(buckets).and_then(|bucket| usize::try_from(bucket).ok()).unwrap_or_default();
        (self.ghosts.get_mut(bucket), u16::try_from(hash >> 48).unwrap_or_default().max(1))
    }
}

impl Queue {
    fn new(most: usize) -> Self {
        Self { ids: VecDeque::new(), most }
    }

    /// Doubled where there is no room, up to what there may be.
    fn push(&mut self, id: TokenId) {
        let len = self.ids.len();
        if len == self.ids.capacity() {
            let doubled = len.saturating_mul(2).clamp(64, self.most.max(64));
            self.ids.reserve_exact(doubled.saturating_sub(len));
        }
        self.ids.push_back(id);
    }

    /// Halved where there is room for four times as many.
    fn pop(&mut self) -> Option<TokenId> {
        let twice = self.ids.len().max(64).saturating_mul(2);
        if self.ids.capacity() > twice.saturating_mul(2) {
            self.ids.shrink_to(twice);
        }
        self.ids.pop_front()
    }
}
