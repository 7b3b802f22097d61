//! However many change an owner's tokens at once: the limit holds, a name has one holder, and what a revocation
//! has returned for is not accepted any more.
#![cfg(all(feature = "memory", feature = "testing"))]

use crate::common;

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use common::{noon, owner};
use personal_tokens::store::{ExpiringQuery, LastUse, ListQuery, MemoryStore, Pruned, TokenStore};
use personal_tokens::{
    Change, ChangeError, ChangeRefused, Changed, Clock as _, Duration, Issued, ManualClock, NewToken, OwnerId,
    PersonalTokens, Rotation, StoreError, Timestamp, TokenChange, TokenId, TokenRecord,
};
use tokio::sync::{Barrier, Semaphore};
use tokio::task::JoinSet;

const TASKS: usize = 64;
const LIMIT: u32 = 10;
const ROUNDS: usize = 30;

type Store = Arc<dyn TokenStore>;

/// What 64 tasks ask for at once, each its own.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Race {
    /// Tokens of different names.
    Issue,
    /// Tokens of one name.
    IssueOneName,
    /// A later expiry for an expired token each.
    Revive,
    /// A rotation of an expired token each.
    RotateExpired,
    /// One new name for a token each.
    RenameToOne,
    /// A rotation of one token.
    RotateOne,
}

impl Race {
    const ALL: [Self; 6] =
        [Self::Issue, Self::IssueOneName, Self::Revive, Self::RotateExpired, Self::RenameToOne, Self::RotateOne];

    /// How many may get what they ask for.
    fn winners(self) -> usize {
        match self {
            Self::Issue | Self::Revive | Self::RotateExpired => LIMIT as usize,
            Self::IssueOneName | Self::RenameToOne | Self::RotateOne => 1,
        }
    }

    /// How many tokens there are before, and whether they have expired.
    fn before(self) -> (usize, bool) {
        match self {
            Self::Issue | Self::IssueOneName => (0, false),
            Self::Revive | Self::RotateExpired => (TASKS, true),
            Self::RenameToOne => (TASKS, false),
            Self::RotateOne => (1, false),
        }
    }

    async fn ask(self, tokens: &PersonalTokens, task: usize, before: &[TokenId]) -> Result<(), ChangeError> {
        let later = TokenChange::new().expires_in(Duration::HOUR);
        match self {
            Self::Issue => tokens.issue(NewToken::new(owner(), format!("{task}"))).await.map(drop),
            Self::IssueOneName => tokens.issue(NewToken::new(owner(), "one")).await.map(drop),
            Self::Revive => tokens.update(&owner(), before[task], later).await.map(drop),
            Self::RotateExpired => tokens.rotate(&owner(), before[task], Rotation::new()).await.map(drop),
            Self::RenameToOne => tokens.update(&owner(), before[task], TokenChange::new().name("one")).await.map(drop),
            Self::RotateOne => tokens.rotate(&owner(), before[0], Rotation::new()).await.map(drop),
        }
    }
}

fn handle(store: &Store, clock: &ManualClock, limit: Option<u32>) -> PersonalTokens {
    let builder = PersonalTokens::builder(Arc::clone(store)).prefix("shop").max_active_per_owner(limit);
    builder.clock(clock.clone()).build().unwrap()
}

/// Runs one round on an empty store, and says what it broke. `prepared` is called when the race is about to begin.
async fn broken_by(race: Race, store: Store, prepared: impl FnOnce()) -> Option<String> {
    let clock = ManualClock::new(noon());
    let unlimited = handle(&store, &clock, None);
    let (count, expired) = race.before();
    let mut before = Vec::new();
    for n in 0..count {
        let new = NewToken::new(owner(), format!("before {n}")).expires_in(Duration::MINUTE);
        before.push(unlimited.issue(new).await.unwrap().record.id);
    }
    if expired {
        clock.advance(Duration::MINUTE);
    }
    let before: Arc<[TokenId]> = before.into();
    // Renaming counts nothing; the others race for the limit.
    let tokens = handle(&store, &clock, Some(LIMIT));
    prepared();

    let barrier = Arc::new(Barrier::new(TASKS));
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let (tokens, barrier, before) = (tokens.clone(), Arc::clone(&barrier), Arc::clone(&before));
        tasks.spawn(async move {
            barrier.wait().await;
            race.ask(&tokens, task, &before).await
        });
    }
    let mut won = 0;
    for answer in tasks.join_all().await {
        match answer {
            Ok(()) => won += 1,
            Err(ChangeError::Refused(
                ChangeRefused::LimitReached { .. } | ChangeRefused::NameTaken { .. } | ChangeRefused::Ended(_),
            )) => {}
            Err(error) => panic!("{race:?}: {error}"),
        }
    }

    let kept = tokens.list(&owner(), ListQuery::all().limit(1_000)).await.unwrap().tokens;
    let current = || kept.iter().filter(|record| record.is_current());
    let now = clock.now().unwrap();
    let active = current().filter(|record| !record.expiry.has_passed(now)).count();
    let mut names = HashSet::new();
    let shared = current().find(|record| !names.insert(&record.name));
    if won != race.winners() {
        return Some(format!("{race:?}: {won} won"));
    }
    if let Some(record) = shared {
        return Some(format!("{race:?}: two tokens are named {}", record.name));
    }
    let limited = race != Race::RenameToOne;
    (limited && active > LIMIT as usize).then(|| format!("{race:?}: {active} are active"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn limit_and_names_hold_against_64_at_once() {
    for race in Race::ALL {
        for _ in 0..ROUNDS {
            assert_eq!(broken_by(race, Arc::new(MemoryStore::new()), || {}).await, None);
        }
    }
}

/// The control: a store that looks, then writes what it decided, with nothing to hold others off between. All have
/// looked before the first writes.
#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn the_same_check_finds_a_store_that_checks_then_writes() {
    for race in Race::ALL {
        let store = Arc::new(Planted::new(Bug::ChecksThenWrites(Barrier::new(TASKS))));
        let armed = Arc::clone(&store);
        let broken = broken_by(race, store, || armed.armed.store(true, SeqCst)).await;
        assert_eq!(broken, Some(format!("{race:?}: {TASKS} won")));
    }
}

/// What ends a token for good.
#[derive(Clone, Copy, Debug)]
enum End {
    Revoke,
    RevokeAll,
    RotateWithoutGrace,
}

impl End {
    const ALL: [Self; 3] = [Self::Revoke, Self::RevokeAll, Self::RotateWithoutGrace];

    async fn ask(self, tokens: &PersonalTokens, record: &TokenRecord) {
        match self {
            Self::Revoke => tokens.revoke(&record.owner, record.id).await.map(drop).unwrap(),
            Self::RevokeAll => assert_eq!(tokens.revoke_all(&record.owner).await.unwrap(), 1),
            Self::RotateWithoutGrace => {
                tokens.rotate(&record.owner, record.id, Rotation::new()).await.map(drop).unwrap();
            }
        }
    }
}

struct Hammered {
    token: Issued,
    /// Set when the call that ended it has returned.
    ended: AtomicBool,
}

#[derive(Debug, Default)]
struct Tally {
    accepted: AtomicUsize,
    refused_after: AtomicUsize,
    accepted_after: AtomicUsize,
}

impl Tally {
    async fn verify(&self, tokens: &PersonalTokens, one: &Hammered, ended: bool) {
        let counted = match (tokens.verify(one.token.token.expose()).await.is_ok(), ended) {
            (true, true) => &self.accepted_after,
            (true, false) => &self.accepted,
            (false, true) => &self.refused_after,
            // The call that ends it is under way.
            (false, false) => return,
        };
        counted.fetch_add(1, SeqCst);
    }
}

/// Verifies on several tasks while the tokens are ended one after another. A verification counts as after the
/// end if it was begun when the call had returned. `verified` is called after the first such one of each token.
async fn hammer(end: End, store: Store, verified: impl Fn()) -> Tally {
    const TOKENS: usize = 60;
    let tokens = handle(&store, &ManualClock::new(noon()), None);
    let mut hammered = Vec::new();
    for n in 0..TOKENS {
        let new = NewToken::new(OwnerId::new(&format!("owner {n}")).unwrap(), "sync");
        hammered.push(Hammered { token: tokens.issue(new).await.unwrap(), ended: AtomicBool::new(false) });
    }
    let (hammered, tally) = (Arc::new(hammered), Arc::new(Tally::default()));

    let barrier = Arc::new(Barrier::new(4));
    let mut verifiers = JoinSet::new();
    for _ in 0..3 {
        let (tokens, hammered, tally) = (tokens.clone(), Arc::clone(&hammered), Arc::clone(&tally));
        let barrier = Arc::clone(&barrier);
        verifiers.spawn(async move {
            let mut begun = false;
            loop {
                let mut all_ended = true;
                for one in hammered.iter() {
                    let ended = one.ended.load(SeqCst);
                    all_ended &= ended;
                    tally.verify(&tokens, one, ended).await;
                }
                if !begun {
                    barrier.wait().await;
                    begun = true;
                }
                if all_ended {
                    return;
                }
                tokio::task::yield_now().await;
            }
        });
    }
    barrier.wait().await;
    for one in hammered.iter() {
        end.ask(&tokens, &one.token.record).await;
        one.ended.store(true, SeqCst);
        tally.verify(&tokens, one, true).await;
        verified();
        tokio::task::yield_now().await;
    }
    verifiers.join_all().await;
    drop(hammered);
    Arc::into_inner(tally).unwrap()
}

/// Failures 19.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn once_a_revocation_has_returned_no_verification_passes() {
    for end in End::ALL {
        let tally = hammer(end, Arc::new(MemoryStore::new()), || {}).await;
        assert_eq!(tally.accepted_after.load(SeqCst), 0, "{end:?}: {tally:?}");
        assert!(tally.accepted.load(SeqCst) > 0 && tally.refused_after.load(SeqCst) > 0, "{end:?}: {tally:?}");
    }
}

/// The control: a store that answers, and writes when a verification has passed.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_same_check_finds_a_store_that_answers_before_it_writes() {
    for end in End::ALL {
        let may_write = Arc::new(Semaphore::new(0));
        let store = Planted::new(Bug::AnswersFirst(Arc::clone(&may_write)));
        store.armed.store(true, SeqCst);
        let tally = hammer(end, Arc::new(store), || may_write.add_permits(1)).await;
        assert!(tally.accepted_after.load(SeqCst) > 0, "{end:?}: {tally:?}");
    }
}

enum Bug {
    /// Writes when as many as the barrier holds have decided.
    ChecksThenWrites(Barrier),
    /// Answers at once, and writes what ends a token when there is a permit.
    AnswersFirst(Arc<Semaphore>),
}

/// A store that has its bug once it is armed.
struct Planted {
    bug: Bug,
    armed: AtomicBool,
    rows: Arc<Mutex<HashMap<TokenId, TokenRecord>>>,
}

impl Planted {
    fn new(bug: Bug) -> Self {
        Self { bug, armed: AtomicBool::new(false), rows: Arc::default() }
    }

    fn rows(&self) -> Vec<TokenRecord> {
        self.rows.lock().unwrap().values().cloned().collect()
    }
}

#[async_trait]
impl TokenStore for Planted {
    async fn find(&self, id: TokenId) -> Result<Option<Arc<TokenRecord>>, StoreError> {
        Ok(self.rows.lock().unwrap().get(&id).cloned().map(Arc::new))
    }

    async fn change(&self, change: &Change) -> Result<Changed, ChangeError> {
        let plan = change.decide(change.needs().gather(self.rows()));
        let armed = self.armed.load(SeqCst);
        if let (Bug::ChecksThenWrites(all), true) = (&self.bug, armed) {
            all.wait().await;
        }
        let plan = plan?;
        let ends = !plan.update.is_empty();
        let rows = Arc::clone(&self.rows);
        let write = move || {
            let later = plan.update.into_iter().chain(plan.insert);
            rows.lock().unwrap().extend(later.map(|record| (record.id, record)));
        };
        match &self.bug {
            Bug::AnswersFirst(permits) if armed && ends => {
                let permits = Arc::clone(permits);
                tokio::spawn(async move {
                    permits.acquire_owned().await.unwrap().forget();
                    write();
                });
            }
            _ => write(),
        }
        Ok(plan.changed)
    }

    async fn list(&self, owner: &OwnerId, query: &ListQuery, at: Timestamp) -> Result<Vec<TokenRecord>, StoreError> {
        Ok(self.rows().into_iter().filter(|record| record.owner == *owner && query.matches(record, at)).collect())
    }

    async fn touch(&self, _: &[LastUse], _: Duration) -> Result<(), StoreError> {
        Ok(())
    }

    async fn expiring(&self, _: &ExpiringQuery) -> Result<Vec<TokenRecord>, StoreError> {
        Ok(Vec::new())
    }

    async fn claim_notice(&self, _: TokenId, _: Option<Timestamp>, _: Timestamp) -> Result<bool, StoreError> {
        Ok(false)
    }

    async fn prune(&self, _: Timestamp, _: u32) -> Result<Vec<Pruned>, StoreError> {
        Ok(Vec::new())
    }
}
