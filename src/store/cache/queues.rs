//! S3-FIFO (Yang et al., SOSP 2023): new ids wait in a small queue, and only those that are asked for again while they
//! wait get into the main one; of those that did not, it is remembered for a while that they were there.

use std::collections::VecDeque;

use crate::token::TokenId;

use super::entry::Entry;

pub(super) struct Queues {
    small: VecDeque<TokenId>,
    main: VecDeque<TokenId>,
    /// Marks of ids that were given up: twice as many as there are entries, since some buckets fill before others.
    ghosts: Box<[Bucket]>,
    small_len: usize,
}

const BUCKET: usize = 8;
type Bucket = [u32; BUCKET];

/// Of entries in use, until one is given up all the same: nobody waits for long.
const MOST_SPARED: usize = 1_024;
const MOST_GHOSTS: usize = 1 << 20;

impl Queues {
    pub(super) fn new(capacity: usize) -> Self {
        let small_len = capacity.div_ceil(10);
        let buckets = capacity.min(MOST_GHOSTS).saturating_mul(2).div_ceil(BUCKET).max(1);
        Self {
            small: VecDeque::new(),
            main: VecDeque::new(),
            ghosts: vec![[0; BUCKET]; buckets].into_boxed_slice(),
            small_len,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.small.len().saturating_add(self.main.len())
    }

    pub(super) fn push(&mut self, id: TokenId) {
        if self.was_given_up_lately(id) { self.main.push_back(id) } else { self.small.push_back(id) }
    }

    /// Takes an id out that is to be given up.
    pub(super) fn give_up<'e>(&mut self, entry: impl Fn(TokenId) -> Option<&'e Entry>) -> Option<TokenId> {
        let mut spared = 0_usize;
        loop {
            spared = spared.saturating_add(1);
            let from_small = self.small.len() >= self.small_len || self.main.is_empty();
            let id = if from_small { self.small.pop_front() } else { self.main.pop_front() }?;
            let uses = entry(id).filter(|_| spared < MOST_SPARED);
            match uses.map(|entry| (entry, entry.uses())) {
                // Twice, since a token that is used at all is asked for by several requests at once.
                Some((entry, 2..)) if from_small => {
                    entry.set_uses(0);
                    self.main.push_back(id);
                }
                Some((entry, uses @ 1..)) if !from_small => {
                    entry.set_uses(uses.saturating_sub(1));
                    self.main.push_back(id);
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
    fn ghosts_of(&mut self, id: TokenId) -> (Option<&mut Bucket>, u32) {
        let hash = id.mixed();
        let buckets = u64::try_from(self.ghosts.len()).unwrap_or(u64::MAX);
        let bucket = hash.checked_rem(buckets).and_then(|bucket| usize::try_from(bucket).ok()).unwrap_or_default();
        (self.ghosts.get_mut(bucket), u32::try_from(hash >> 32).unwrap_or_default().max(1))
    }
}
