//! What the rules share: random owners and instants, so that other rows in the store do not matter, and comparisons that
//! tell what differs.

use std::fmt::{Debug, Display};
use std::future::Future;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::pin::Pin;
use std::sync::Arc;

use time::Duration;
use tokio::sync::Barrier;

use crate::record::{
    Change, ChangeRefused, Changed, Edit, Expiry, OwnerId, Policy, Scopes, Successor, TokenName, TokenRecord,
};
use crate::store::{ChangeError, ListQuery, Lookup, TokenStore};
use crate::timestamp::Timestamp;
use crate::token::{TokenDigest, TokenId};

use super::violation::{Broken, Outcome};

/// 2100-01-01T00:00:00Z, and a hundred years from there.
const FIRST_NOW: i64 = 4_102_444_800_000_000;
const CENTURY: u64 = 3_155_760_000_000_000;

/// A store, an owner that nobody else has, and an instant.
#[derive(Clone)]
pub(super) struct Kit {
    pub(super) store: Arc<dyn TokenStore>,
    pub(super) owner: OwnerId,
    pub(super) now: Timestamp,
}

impl Kit {
    pub(super) fn new(store: Arc<dyn TokenStore>) -> Self {
        let micros = i64::try_from(random().checked_rem(CENTURY).unwrap_or_default()).unwrap_or_default();
        let now = Timestamp::from_micros(FIRST_NOW.saturating_add(micros)).unwrap_or(Timestamp::UNIX_EPOCH);
        Self { store, owner: new_owner(), now }
    }

    /// The same for another owner.
    pub(super) fn of_another_owner(&self) -> Self {
        Self { owner: new_owner(), ..self.clone() }
    }

    pub(super) fn after(&self, seconds: i64) -> Timestamp {
        self.now.saturating_add(Duration::seconds(seconds))
    }

    /// A token without expiry, issued now; in no store yet.
    pub(super) fn record(&self, name: &str) -> Outcome<TokenRecord> {
        Ok(TokenRecord::new(new_id(), self.owner.clone(), TokenName::new(name)?, new_digest(), self.now))
    }

    /// One that expires so many seconds from now.
    pub(super) fn expiring(&self, name: &str, seconds: i64) -> Outcome<TokenRecord> {
        let expiry = Expiry::At(self.after(seconds));
        // Issued earlier than it expires, also where that is in the past.
        let created = self.after(seconds.min(0).saturating_sub(60));
        Ok(TokenRecord { expiry, created, expiry_set: created, ..self.record(name)? })
    }

    /// Puts it into the store as it is.
    pub(super) async fn insert(&self, record: TokenRecord) -> Outcome<TokenRecord> {
        let policy = Policy { scopes: record.scopes.clone(), ..no_limits() };
        let change = Change::issue(record.clone(), Arc::new(policy));
        let changed = done("an issue", self.store.change(&change).await)?;
        same("the record that an issue answers", changed.record.as_ref(), Some(&record))?;
        same("the ids that an issue says it wrote", changed.written, vec![record.id])?;
        Ok(record)
    }

    pub(super) async fn insert_all(&self, records: Vec<TokenRecord>) -> Outcome<Vec<TokenRecord>> {
        for record in &records {
            self.insert(record.clone()).await?;
        }
        Ok(records)
    }

    pub(super) async fn change(&self, change: Change) -> Result<Changed, ChangeError> {
        self.store.change(&change).await
    }

    /// All of them at once; the answers in their order.
    pub(super) async fn change_at_once(&self, changes: Vec<Change>) -> Outcome<Vec<Result<Changed, ChangeError>>> {
        let made = changes.into_iter().map(|change| {
            let store = Arc::clone(&self.store);
            async move { store.change(&change).await }
        });
        at_once(made.collect()).await
    }

    pub(super) fn issue(&self, record: &TokenRecord, policy: Policy) -> Change {
        Change::issue(record.clone(), Arc::new(policy))
    }

    pub(super) fn update(&self, id: TokenId, edit: Edit) -> Change {
        self.update_within(id, edit, no_limits())
    }

    pub(super) fn update_within(&self, id: TokenId, edit: Edit, policy: Policy) -> Change {
        Change::update(self.owner.clone(), id, edit, self.now, Arc::new(policy))
    }

    /// In favour of the successor, without an expiry, and with a grace of an hour.
    pub(super) fn rotate(&self, id: TokenId, successor: TokenId) -> Change {
        self.rotate_within(id, successor, no_limits())
    }

    pub(super) fn rotate_within(&self, id: TokenId, successor: TokenId, policy: Policy) -> Change {
        let successor = Successor {
            id: successor,
            digest: new_digest(),
            created_by: None,
            expiry: Some(Expiry::Never),
            grace: Duration::HOUR,
        };
        Change::rotate(self.owner.clone(), id, successor, self.now, Arc::new(policy))
    }

    pub(super) fn revoke(&self, id: TokenId) -> Change {
        Change::revoke(self.owner.clone(), id, self.now)
    }

    /// All records of the owner.
    pub(super) async fn all(&self) -> Outcome<Vec<TokenRecord>> {
        Ok(self.store.list(&self.owner, &ListQuery::all().limit(10_000), self.now).await?)
    }

    /// As it stands now.
    pub(super) async fn stored(&self, id: TokenId) -> Outcome<TokenRecord> {
        let found = self.store.get(&self.owner, id).await?;
        found.ok_or_else(|| Broken::new("get", "the record", "none"))
    }

    /// The record is there, exactly so, in whatever way it is asked for.
    pub(super) async fn stands(&self, when: &str, record: &TokenRecord) -> Outcome {
        self.is_found(when, record, TokenRecord::clone).await?;
        self.is_kept(when, record).await
    }

    /// The same where uses or claims were written: of these `find` and `find_cached` need not know yet.
    pub(super) async fn stands_noted(&self, when: &str, record: &TokenRecord) -> Outcome {
        self.is_found(when, record, |found| found.written_over(record)).await?;
        self.is_kept(when, record).await
    }

    async fn is_found(&self, when: &str, record: &TokenRecord, seen: impl Fn(&TokenRecord) -> TokenRecord) -> Outcome {
        let found = self.store.find(record.id).await?;
        same_record(&format!("find, {when}"), found.as_deref().map(&seen).as_ref(), Some(record))?;
        match self.store.find_cached(record.id) {
            Lookup::Hit(cached) => same_record(&format!("find_cached, {when}"), Some(&seen(&cached)), Some(record)),
            Lookup::Absent => Err(Broken::new(format!("find_cached, {when}"), "Hit or Ask", "Absent")),
            Lookup::Ask => Ok(()),
        }
    }

    async fn is_kept(&self, when: &str, record: &TokenRecord) -> Outcome {
        let got = self.store.get(&record.owner, record.id).await?;
        same_record(&format!("get, {when}"), got.as_ref(), Some(record))?;
        let list = self.store.list(&record.owner, &ListQuery::all().limit(10_000), self.now).await?;
        let listed = list.iter().find(|listed| listed.id == record.id);
        same_record(&format!("the list, {when}"), listed, Some(record))
    }

    /// The record is not there, in whatever way it is asked for.
    pub(super) async fn is_gone(&self, when: &str, record: &TokenRecord) -> Outcome {
        let found = self.store.find(record.id).await?;
        same_record(&format!("find, {when}"), found.as_deref(), None)?;
        if let Lookup::Hit(cached) = self.store.find_cached(record.id) {
            same_record(&format!("find_cached, {when}"), Some(&cached), None)?;
        }
        self.is_pruned(when, record).await
    }

    /// The record was deleted: of that `find` and `find_cached` need not know yet.
    pub(super) async fn is_pruned(&self, when: &str, record: &TokenRecord) -> Outcome {
        let got = self.store.get(&record.owner, record.id).await?;
        same_record(&format!("get, {when}"), got.as_ref(), None)?;
        let list = self.store.list(&record.owner, &ListQuery::all().limit(10_000), self.now).await?;
        same_record(&format!("the list, {when}"), list.iter().find(|listed| listed.id == record.id), None)
    }
}

/// No limit of tokens, lifetime or grace; no scopes.
pub(super) fn no_limits() -> Policy {
    Policy { max_active: None, max_grace: Duration::MAX, ..Policy::default() }
}

pub(super) fn at_most(tokens: u32) -> Policy {
    Policy { max_active: Some(tokens), ..no_limits() }
}

pub(super) fn with_scopes(scopes: &Scopes) -> Policy {
    Policy { scopes: scopes.clone(), ..no_limits() }
}

pub(super) fn rename(name: &str) -> Outcome<Edit> {
    Ok(Edit { name: Some(TokenName::new(name)?), ..Edit::default() })
}

pub(super) fn expire(expiry: Expiry) -> Edit {
    Edit { expiry: Some(expiry), ..Edit::default() }
}

pub(super) fn new_owner() -> OwnerId {
    OwnerId::from(u128::from_le_bytes(random_bytes()))
}

pub(super) fn new_id() -> TokenId {
    TokenId::from_bytes(random_bytes())
}

pub(super) fn new_digest() -> TokenDigest {
    TokenDigest::from_parts(0, random_bytes())
}

pub(super) fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    for chunk in bytes.chunks_mut(8) {
        chunk.iter_mut().zip(random().to_le_bytes()).for_each(|(byte, random)| *byte = random);
    }
    bytes
}

/// From the keys that the standard library draws for its maps: good enough for names that nobody else uses.
pub(super) fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// All of them at once, from a common start; the answers in their order.
pub(super) async fn at_once<T, F>(works: Vec<F>) -> Outcome<Vec<T>>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let start = Arc::new(Barrier::new(works.len()));
    let started = works.into_iter().map(|work| {
        let start = Arc::clone(&start);
        tokio::spawn(async move {
            start.wait().await;
            work.await
        })
    });
    let started: Vec<_> = started.collect();
    let mut answers = Vec::new();
    for one in started {
        answers.push(one.await?);
    }
    Ok(answers)
}

/// The two at once, and whether each was made. Which one begins makes a difference, so let it be now the one, now the other.
pub(super) async fn two_at_once(
    one: impl Future<Output = Outcome<bool>> + Send + 'static,
    other: impl Future<Output = Outcome<bool>> + Send + 'static,
    in_turn: bool,
) -> Outcome<(bool, bool)> {
    let mut works: Vec<Pin<Box<dyn Future<Output = Outcome<bool>> + Send>>> = vec![Box::pin(one), Box::pin(other)];
    if !in_turn {
        works.reverse();
    }
    let answers: Vec<bool> = at_once(works).await?.into_iter().collect::<Outcome<_>>()?;
    match *answers.as_slice() {
        [one, other] if in_turn => Ok((one, other)),
        [other, one] => Ok((one, other)),
        _ => Err(Broken::new("two at once", "two answers", answers.len())),
    }
}

/// The change was made.
pub(super) fn done(what: impl Display, answer: Result<Changed, ChangeError>) -> Outcome<Changed> {
    answer.map_err(|error| Broken::new(what, "it is done", super::violation::with_sources(&error)))
}

/// The change was refused, so.
pub(super) fn refused(what: impl Display, answer: Result<Changed, ChangeError>, expected: &ChangeRefused) -> Outcome {
    match answer {
        Err(ChangeError::Refused(refused)) => same(what, &refused, expected),
        Err(ChangeError::Store(error)) => {
            Err(Broken::new(what, format!("{expected:?}"), super::violation::with_sources(&error)))
        }
        Ok(_) => Err(Broken::new(what, format!("{expected:?}"), "it is done")),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "most of what is compared was just made")]
pub(super) fn same<T: PartialEq + Debug>(what: impl Display, found: T, expected: T) -> Outcome {
    if found == expected {
        return Ok(());
    }
    Err(Broken::new(what, format!("{expected:?}"), format!("{found:?}")))
}

/// As [`same`], and tells the fields that differ, and no others.
pub(super) fn same_record(what: &str, found: Option<&TokenRecord>, expected: Option<&TokenRecord>) -> Outcome {
    let (Some(found), Some(expected)) = (found, expected) else {
        return same(what, found, expected);
    };
    macro_rules! fields {
        ($($field:ident),*) => {$(
            same(format!("{what}: {}", stringify!($field)), &found.$field, &expected.$field)?;
        )*};
    }
    fields!(id, owner, name, scopes, created, created_by, expiry, expiry_set);
    fields!(last_used, noticed, revoked, predecessor, rotated);
    // The digest's own text shows none of its bytes.
    let digest = |record: &TokenRecord| (record.digest.key(), *record.digest.as_bytes());
    same(format!("{what}: digest (key, bytes)"), digest(found), digest(expected))?;
    same(what, found, expected)
}

/// The ids in their order.
pub(super) fn ids<'a>(records: impl IntoIterator<Item = &'a TokenRecord>) -> Vec<TokenId> {
    records.into_iter().map(|record| record.id).collect()
}

/// How many of the answers are yes; each other must be a refusal that is expected.
pub(super) fn winners(
    what: &str,
    answers: Vec<Result<Changed, ChangeError>>,
    is_expected: impl Fn(&ChangeRefused) -> bool,
) -> Outcome<usize> {
    let mut won: usize = 0;
    for answer in answers {
        match answer {
            Ok(_) => won = won.saturating_add(1),
            Err(ChangeError::Refused(refused)) if is_expected(&refused) => {}
            Err(error) => {
                let error = super::violation::with_sources(&error);
                return Err(Broken::new(what, "it is done, or refused as the rulebook says", error));
            }
        }
    }
    Ok(won)
}
