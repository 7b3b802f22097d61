//! Whatever is asked of a cache in whatever order, with look-ups under way, changes that fail, land late or are made elsewhere,
//! and time that passes: no answer is older than what the cache had to know. Thousands of histories, each from a number.
#![cfg(all(feature = "cache", feature = "memory", feature = "testing"))]

use crate::common;

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration as StdDuration;

use common::cached::{Cached, cached_over};
use common::random::split_mix;
use common::remote_store::{Fault, Method};
use common::stepped_store::{HeldFind, SteppedStore};
use common::{is_search, other_owner, owner};
use personal_tokens::store::{Lookup, StoreError, TokenStore as _};
use personal_tokens::{Clock as _, Duration, Issued, NewToken, OwnerId, PersonalTokens, TokenChange, TokenRecord};

type Answer = Result<Option<Arc<TokenRecord>>, StoreError>;

const BOUND: StdDuration = StdDuration::from_secs(10);
const STEPS: usize = 400;

/// Three tokens, of which the cache has room for two; two of one owner.
struct History {
    node: Cached<SteppedStore>,
    tokens: Vec<Tracked>,
    finds: Vec<Find>,
    held: Vec<HeldFind>,
    random: Box<dyn FnMut() -> u64>,
    answers: [usize; 2],
}

/// A token whose name counts its changes.
struct Tracked {
    issued: Issued,
    owner: OwnerId,
    /// Of the last change.
    number: u64,
    /// Of the last of which this node knew, once its call had ended or it was told.
    known: u64,
    /// Of the last that landed here after its call was gone.
    landed: u64,
    /// Others', and when they were written.
    elsewhere: Vec<(u64, StdDuration)>,
    /// Until when a change that failed may land as if this node knew.
    quiet: StdDuration,
}

struct Find {
    token: usize,
    /// What it must not be older than.
    at_least: u64,
    future: Pin<Box<dyn Future<Output = Answer> + Send>>,
}

#[tokio::test]
async fn no_history_has_a_stale_answer() {
    let mut answers = [0, 0];
    for seed in 0..if is_search() { 5_000 } else { 100 } {
        let mut history = History::new(seed).await;
        for step in 0..STEPS {
            if let Err(stale) = history.step().await {
                panic!("history {seed}, step {step}: {stale}");
            }
        }
        answers[0] += history.answers[0];
        answers[1] += history.answers[1];
    }
    assert!(answers.iter().all(|answers| *answers > 1_000), "from memory and from the store: {answers:?}");
}

impl History {
    async fn new(seed: u64) -> Self {
        let builder = |builder: personal_tokens::store::CachedStoreBuilder<_>| builder.capacity(2).max_staleness(BOUND);
        let node = cached_over(SteppedStore::over, |with| builder(with).lookups(2).waiting(2));
        let mut tokens = Vec::new();
        for (number, owner) in [owner(), owner(), other_owner()].into_iter().enumerate() {
            let issued = node.elsewhere.issue(NewToken::new(owner.clone(), format!("{number}.0"))).await.unwrap();
            let quiet = StdDuration::ZERO;
            tokens.push(Tracked { issued, owner, number: 0, known: 0, landed: 0, elsewhere: Vec::new(), quiet });
        }
        node.cache.inner().hold();
        let random = Box::new(split_mix(seed));
        Self { node, tokens, finds: Vec::new(), held: Vec::new(), random, answers: [0, 0] }
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from((self.random)() % bound as u64).unwrap()
    }

    async fn step(&mut self) -> Result<(), String> {
        let at = self.below(self.tokens.len());
        match self.below(40) {
            0..=9 => self.look_up(at).await?,
            10 if !self.finds.is_empty() => {
                let find = self.below(self.finds.len());
                drop(self.finds.swap_remove(find));
            }
            11..=26 if !self.held.is_empty() => {
                let held = self.below(self.held.len());
                drop(self.held.swap_remove(held));
                self.poll_all().await?;
            }
            27..=30 => self.poll_all().await?,
            31 => self.change(at, None).await,
            32 if self.below(6) == 0 => self.change(at, Some(Fault::AnswerLost)).await,
            33 if self.below(6) == 0 => self.change(at, Some(Fault::TimedOut)).await,
            34 => self.land(at).await,
            35 => {
                self.write(at, false).await;
                let written = (self.tokens[at].number, self.node.clock.monotonic());
                self.tokens[at].elsewhere.push(written);
            }
            36 => self.tell(at),
            37.. => {
                let seconds = i64::try_from(self.below(5)).unwrap();
                self.node.clock.advance(Duration::seconds(seconds));
            }
            _ => {}
        }
        self.held.extend(self.node.cache.inner().held());
        self.held.retain(|held| !held.is_cancelled());
        Ok(())
    }

    fn at_least(&self, at: usize) -> u64 {
        let (token, now) = (&self.tokens[at], self.node.clock.monotonic());
        let old = token.elsewhere.iter().filter(|(_, written)| *written + BOUND <= now).map(|(number, _)| *number);
        old.chain([token.known, token.landed]).max().unwrap_or_default()
    }

    async fn look_up(&mut self, at: usize) -> Result<(), String> {
        let (cache, id, at_least) = (Arc::clone(&self.node.cache), self.tokens[at].issued.record.id, self.at_least(at));
        if let Lookup::Hit(record) = cache.find_cached(id) {
            self.answers[0] += 1;
            return fresh(&record, at_least);
        }
        let future = Box::pin(async move { cache.find(id).await });
        self.finds.push(Find { token: at, at_least, future });
        self.poll(self.finds.len() - 1).await
    }

    async fn poll_all(&mut self) -> Result<(), String> {
        for find in (0..self.finds.len()).rev() {
            self.poll(find).await?;
        }
        Ok(())
    }

    async fn poll(&mut self, find: usize) -> Result<(), String> {
        tokio::task::yield_now().await;
        let future = &mut self.finds[find].future;
        let Poll::Ready(answer) = poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await else { return Ok(()) };
        let Find { token, at_least, .. } = self.finds.swap_remove(find);
        match answer {
            Err(StoreError::Unavailable(_)) => Ok(()),
            answer => {
                self.answers[1] += 1;
                // What it had to know meanwhile counts for those who began before, too.
                fresh(&answer.unwrap().unwrap(), at_least.max(self.tokens[token].known))
            }
        }
    }

    /// Through the cache.
    async fn change(&mut self, at: usize, fault: Option<Fault>) {
        fault.into_iter().for_each(|fault| self.node.store.fail(Method::Change, fault));
        self.write(at, true).await;
        self.node.store.work();
        let now = self.node.clock.monotonic();
        if fault.is_some() {
            let owner = self.tokens[at].owner.clone();
            self.tokens.iter_mut().filter(|token| token.owner == owner).for_each(|token| token.quiet = now + BOUND);
        }
        let token = &mut self.tokens[at];
        match fault {
            Some(Fault::TimedOut) => token.number -= 1,
            _ => token.known = token.number,
        }
    }

    /// One that failed and was thought not to be written; if any may be.
    async fn land(&mut self, at: usize) {
        if self.node.clock.monotonic() < self.tokens[at].quiet {
            self.write(at, false).await;
            self.tokens[at].landed = self.tokens[at].number;
        }
    }

    /// A bus tells of one token, or of all.
    fn tell(&mut self, at: usize) {
        let all = self.below(3) == 0;
        match all {
            true => self.node.cache.invalidate_all(),
            false => self.node.cache.invalidate(self.tokens[at].issued.record.id),
        }
        for (_, token) in self.tokens.iter_mut().enumerate().filter(|(number, _)| all || *number == at) {
            token.known = token.number;
        }
    }

    async fn write(&mut self, at: usize, here: bool) {
        let token = &mut self.tokens[at];
        token.number += 1;
        let tokens: &PersonalTokens = if here { &self.node.tokens } else { &self.node.elsewhere };
        let rename = TokenChange::new().name(format!("{at}.{}", token.number));
        _ = tokens.update(&token.owner, token.issued.record.id, rename).await;
    }
}

fn fresh(record: &TokenRecord, at_least: u64) -> Result<(), String> {
    let (_, number) = record.name.as_str().split_once('.').unwrap();
    let number: u64 = number.parse().unwrap();
    if number < at_least { Err(format!("{number} where {at_least} was to be known")) } else { Ok(()) }
}
