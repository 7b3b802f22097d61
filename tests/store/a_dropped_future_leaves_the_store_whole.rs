//! A call whose future is dropped, wherever it waits, was made whole or not at all, and whoever calls next gets the answer
//! that is right for what is kept.
#![cfg(all(feature = "memory", feature = "testing"))]

use crate::common;

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use async_trait::async_trait;
use common::rulebook::{after, name};
use common::{noon, owner, verdict};
use personal_tokens::store::{ExpiringQuery, LastUse, ListQuery, MemoryStore, Pruned, TokenStore};
use personal_tokens::{
    Change, ChangeError, ChangeRefused, Changed, Duration, Expiry, Issued, ManualClock, NewToken, OwnerId,
    PersonalTokens, Rejection, Rotated, Rotation, StoreError, Timestamp, TokenChange, TokenId, TokenRecord, TokenState,
};

const LIMIT: u32 = 2;

#[derive(Clone, Copy, Debug)]
enum Call {
    Verify,
    Issue,
    Update,
    Rotate,
    Revoke,
    RevokeAll,
    Flush,
    ClaimNotice,
}

/// One token, `sync`, with a day to live and a use that waits for a flush.
struct Shop<S> {
    store: Arc<Pausing<S>>,
    tokens: PersonalTokens,
    clock: ManualClock,
    issued: Issued,
}

impl<S: TokenStore + Default + 'static> Shop<S> {
    fn open(used: bool) -> Self {
        let (store, clock) = (Arc::new(Pausing(S::default())), ManualClock::new(noon()));
        let builder = PersonalTokens::builder(Arc::clone(&store)).prefix("shop").max_active_per_owner(LIMIT);
        let tokens = builder.clock(clock.clone()).build().unwrap();
        let issued = done(tokens.issue(NewToken::new(owner(), "sync").expires_in(Duration::DAY))).unwrap();
        if used {
            done(tokens.verify(issued.token.expose())).unwrap();
        }
        Self { store, tokens, clock, issued }
    }

    /// The first token's record, then the others'.
    fn rows(&self) -> Vec<TokenRecord> {
        let mut rows = done(self.store.list(&owner(), &ListQuery::all(), noon())).unwrap();
        rows.sort_by_key(|record| record.id != self.issued.record.id);
        rows
    }

    fn verify(&self) -> Option<Rejection> {
        verdict(done(self.tokens.verify(self.issued.token.expose())))
    }

    fn shown_use(&self) -> Option<Timestamp> {
        done(self.tokens.get(&owner(), self.issued.record.id)).unwrap().unwrap().last_used
    }

    fn issue(&self, name: &str) -> Result<(), ChangeRefused> {
        match done(self.tokens.issue(NewToken::new(owner(), name))) {
            Ok(_) => Ok(()),
            Err(ChangeError::Refused(refused)) => Err(refused),
            Err(error) => panic!("{error}"),
        }
    }

    /// Each current token holds its name and its place, and nothing else holds any.
    fn assert_that_nothing_leaked(&self) {
        let current: Vec<TokenRecord> = self.rows().into_iter().filter(TokenRecord::is_current).collect();
        for record in &current {
            let taken = ChangeRefused::NameTaken { holder: record.id, state: TokenState::Active };
            assert_eq!(self.issue(record.name.as_str()), Err(taken));
        }
        let free = ["sync", "till", "another", "fourth"]
            .into_iter()
            .filter(|free| current.iter().all(|record| record.name.as_str() != *free));
        let room = LIMIT as usize - current.len();
        for (number, free) in free.enumerate() {
            let full = Err(ChangeRefused::LimitReached { max: LIMIT });
            assert_eq!(self.issue(free), if number < room { Ok(()) } else { full });
        }
    }
}

impl Call {
    async fn ask<S>(self, shop: &Shop<S>) {
        let (tokens, owner, id) = (&shop.tokens, owner(), shop.issued.record.id);
        match self {
            Self::Verify => drop(tokens.verify(shop.issued.token.expose()).await),
            Self::Issue => drop(tokens.issue(NewToken::new(owner, "another")).await),
            Self::Update => drop(tokens.update(&owner, id, edit()).await),
            Self::Rotate => drop(tokens.rotate(&owner, id, rotation()).await),
            Self::Revoke => drop(tokens.revoke(&owner, id).await),
            Self::RevokeAll => drop(tokens.revoke_all(&owner).await),
            Self::Flush => drop(tokens.flush().await),
            Self::ClaimNotice => drop(tokens.claim_notice(&shop.issued.record, &[Duration::DAY]).await),
        }
    }

    /// What is kept once it is made, if it writes; the id and the digest of a new token are any.
    fn made(self, old: &TokenRecord, new: Option<&TokenRecord>) -> Option<Vec<TokenRecord>> {
        let new = |name| new.map(|new| TokenRecord::new(new.id, owner(), name, new.digest, noon()));
        let mut old = old.clone();
        match self {
            Self::Verify => return None,
            Self::Issue => return Some(vec![old, new(name("another"))?]),
            Self::Rotate => {
                let (mut new, expiry, grace_ends) = (new(name("sync"))?, after(86_400), after(3_600));
                (new.predecessor, new.expiry) = (Some(old.id), Expiry::At(expiry));
                old.rotated = Some(Rotated { at: noon(), successor: new.id, grace_ends });
                return Some(vec![old, new]);
            }
            Self::Update => (old.name, old.expiry) = (name("till"), Expiry::Never),
            Self::Revoke | Self::RevokeAll => old.revoked = Some(noon()),
            Self::Flush => old.last_used = Some(noon()),
            Self::ClaimNotice => old.noticed = Some(noon()),
        }
        Some(vec![old])
    }

    /// A second later the same is asked again, and whatever follows from it.
    fn assert_that_the_next_is_right<S: TokenStore + Default + 'static>(self, made: bool, shop: &Shop<S>) {
        shop.clock.advance(Duration::SECOND);
        let (tokens, owner, id) = (&shop.tokens, owner(), shop.issued.record.id);
        let since = if made { noon() } else { after(1) };
        match self {
            Self::Verify => {
                assert_eq!(shop.shown_use(), None, "nobody got an answer");
                assert_eq!((shop.verify(), shop.shown_use()), (None, Some(after(1))));
            }
            Self::Issue => {
                let held = shop.rows().get(1).map(|new| new.id);
                let taken = held.map(|holder| ChangeRefused::NameTaken { holder, state: TokenState::Active });
                assert_eq!(shop.issue("another").err(), taken);
            }
            Self::Update => {
                assert_eq!(done(tokens.update(&owner, id, edit())).unwrap().expiry_set, since);
                let verified = done(tokens.verify(shop.issued.token.expose())).unwrap();
                assert_eq!((verified.name(), verified.expiry()), (&name("till"), Expiry::Never));
            }
            Self::Rotate => {
                let again = done(tokens.rotate(&owner, id, rotation()));
                match again {
                    Err(ChangeError::Refused(ChangeRefused::Ended(TokenState::Rotated))) => assert!(made),
                    again => assert!(!made && again.is_ok()),
                }
                assert_eq!(shop.verify(), None, "it is in its grace");
                shop.clock.set(after(3_601));
                assert_eq!(shop.verify(), Some(Rejection::Rotated));
            }
            Self::Revoke => {
                assert_eq!(shop.verify(), made.then_some(Rejection::Revoked));
                assert_eq!(done(tokens.revoke(&owner, id)).unwrap().revoked, Some(since));
                assert_eq!(shop.verify(), Some(Rejection::Revoked));
            }
            Self::RevokeAll => {
                assert_eq!(shop.verify(), made.then_some(Rejection::Revoked));
                assert_eq!(done(tokens.revoke_all(&owner)).unwrap(), u64::from(!made));
                assert_eq!(shop.verify(), Some(Rejection::Revoked));
            }
            Self::Flush => {
                assert_eq!(shop.shown_use(), Some(noon()));
                done(tokens.flush()).unwrap();
                assert_eq!(shop.rows()[0].last_used, Some(noon()));
            }
            Self::ClaimNotice => {
                let notice = done(tokens.claim_notice(&shop.issued.record, &[Duration::DAY])).unwrap();
                assert_eq!(notice.is_none(), made, "never twice");
            }
        }
    }
}

fn edit() -> TokenChange {
    TokenChange::new().name("till").expiry(Expiry::Never)
}

fn rotation() -> Rotation {
    Rotation::new().grace(Duration::HOUR)
}

fn poll<T>(future: Pin<&mut impl Future<Output = T>>) -> Poll<T> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Polled to its end.
fn done<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    for _ in 0..100 {
        if let Poll::Ready(answer) = poll(future.as_mut()) {
            return answer;
        }
    }
    panic!("it waits for ever");
}

/// The call is dropped after no poll, after one, and so on, each time in a shop of its own: whether it was made each time.
/// An error: after how many polls it was made in part.
fn made_when_dropped<S: TokenStore + Default + 'static>(call: Call) -> Result<Vec<bool>, usize> {
    let mut made = Vec::new();
    loop {
        let shop = Shop::<S>::open(matches!(call, Call::Flush));
        let before = shop.rows();
        {
            let mut future = pin!(call.ask(&shop));
            if (0..made.len()).any(|_| poll(future.as_mut()).is_ready()) {
                return Ok(made);
            }
        }
        let rows = shop.rows();
        let whole = call.made(&before[0], rows.get(1)).is_some_and(|made| made == rows);
        if !whole && rows != before {
            return Err(made.len());
        }
        call.assert_that_the_next_is_right(whole, &shop);
        shop.assert_that_nothing_leaked();
        made.push(whole);
    }
}

/// It waits before the store works and after.
#[test]
fn a_call_is_made_whole_or_not_at_all() {
    for call in [Call::Issue, Call::Update, Call::Rotate, Call::Revoke, Call::RevokeAll, Call::Flush] {
        assert_eq!(made_when_dropped::<MemoryStore>(call), Ok(vec![false, false, true]), "{call:?}");
    }
    assert_eq!(made_when_dropped::<MemoryStore>(Call::Verify), Ok(vec![false; 3]));
    let claim = made_when_dropped::<MemoryStore>(Call::ClaimNotice);
    assert_eq!(claim, Ok(vec![false, false, false, false, true]), "it looks, then claims");
}

#[test]
fn the_same_check_finds_a_rotation_in_two_steps() {
    assert_eq!(made_when_dropped::<TwoSteps>(Call::Revoke), Ok(vec![false, false, true, true]));
    assert_eq!(made_when_dropped::<TwoSteps>(Call::Rotate), Err(2));
}

/// Waits once.
async fn pause() {
    let mut waited = false;
    poll_fn(|_| if std::mem::replace(&mut waited, true) { Poll::Ready(()) } else { Poll::Pending }).await;
}

async fn paused<T>(work: impl Future<Output = T>) -> T {
    pause().await;
    let done = work.await;
    pause().await;
    done
}

/// A store that waits once before and once after whatever it does.
struct Pausing<S>(S);

#[async_trait]
impl<S: TokenStore> TokenStore for Pausing<S> {
    async fn find(&self, id: TokenId) -> Result<Option<Arc<TokenRecord>>, StoreError> {
        paused(self.0.find(id)).await
    }

    async fn change(&self, change: &Change) -> Result<Changed, ChangeError> {
        paused(self.0.change(change)).await
    }

    async fn list(&self, owner: &OwnerId, query: &ListQuery, at: Timestamp) -> Result<Vec<TokenRecord>, StoreError> {
        paused(self.0.list(owner, query, at)).await
    }

    async fn touch(&self, uses: &[LastUse], resolution: Duration) -> Result<(), StoreError> {
        paused(self.0.touch(uses, resolution)).await
    }

    async fn expiring(&self, query: &ExpiringQuery) -> Result<Vec<TokenRecord>, StoreError> {
        paused(self.0.expiring(query)).await
    }

    async fn claim_notice(&self, id: TokenId, was: Option<Timestamp>, at: Timestamp) -> Result<bool, StoreError> {
        paused(self.0.claim_notice(id, was, at)).await
    }

    async fn prune(&self, ended_before: Timestamp, at_most: u32) -> Result<Vec<Pruned>, StoreError> {
        paused(self.0.prune(ended_before, at_most)).await
    }
}

/// The planted bug: it waits between writing the one record and the other.
#[derive(Default)]
struct TwoSteps(Mutex<Vec<TokenRecord>>);

impl TwoSteps {
    fn rows(&self) -> Vec<TokenRecord> {
        self.0.lock().unwrap().clone()
    }
}

#[async_trait]
impl TokenStore for TwoSteps {
    async fn find(&self, id: TokenId) -> Result<Option<Arc<TokenRecord>>, StoreError> {
        Ok(self.rows().into_iter().find(|record| record.id == id).map(Arc::new))
    }

    async fn change(&self, change: &Change) -> Result<Changed, ChangeError> {
        let plan = change.decide(change.needs().gather(self.rows()))?;
        for new in plan.update {
            self.0
                .lock()
                .unwrap()
                .iter_mut()
                .filter(|record| record.id == new.id)
                .for_each(|record| *record = new.clone());
        }
        pause().await;
        self.0.lock().unwrap().extend(plan.insert);
        Ok(plan.changed)
    }

    async fn list(&self, _: &OwnerId, _: &ListQuery, _: Timestamp) -> Result<Vec<TokenRecord>, StoreError> {
        Ok(self.rows())
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
