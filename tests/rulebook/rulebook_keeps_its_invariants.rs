//! Whatever is asked in whatever order: names stay unique, limits hold, what is revoked stays revoked, a lineage
//! has one predecessor in grace, owners do not touch each other. And [`MemoryStore`] answers and holds the same
//! as a plain list of records.
#![cfg(all(feature = "memory", feature = "testing"))]

use crate::common;

use std::cell::RefCell;
use std::collections::HashSet;

use common::model::{Model, Planted};
use common::rulebook::{after, digest, name, policy, token_id, with};
use common::{block_on, cases, is_search};
use personal_tokens::store::{
    ChangeError, Cursor, ExpiringQuery, LastUse, ListQuery, Lookup, MemoryStore, Pruned, TokenStore,
};
use personal_tokens::{
    Change, ChangeRefused, Changed, Duration, Edit, Expiry, OwnerId, Successor, Timestamp, TokenRecord, TokenState,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestError, TestRng, TestRunner};

#[derive(Clone, Copy, Debug)]
enum Ask {
    Issue { id: u32, name: u32, expiry: Option<i64> },
    Update { id: u32, name: Option<u32>, expiry: Option<Option<i64>> },
    Rotate { id: u32, to: u32, expiry: Option<Option<i64>>, grace: i64 },
    Revoke { id: u32 },
    RevokeAll,
    Touch { id: u32, ago: i64 },
    Notice { id: u32, was: Option<i64> },
    Prune { ago: i64 },
}

/// Something asked by an owner, so many seconds after the last, under a limit of active tokens.
#[derive(Clone, Copy, Debug)]
struct Step {
    owner: u8,
    passed: i64,
    limit: Option<u32>,
    ask: Ask,
}

fn owner(number: u8) -> OwnerId {
    OwnerId::from(u32::from(number))
}

/// Few ids, names and spans, so that they meet.
fn step() -> impl Strategy<Value = Step> {
    let (id, to, label, span) = (0..8_u32, 0..12_u32, 0..3_u32, -1..6_i64);
    let expiry = option::of(span.clone());
    let ask = prop_oneof![
        5 => (to.clone(), label.clone(), expiry.clone()).prop_map(|(id, name, expiry)| Ask::Issue { id, name, expiry }),
        3 => (id.clone(), option::of(label), option::of(expiry.clone()))
            .prop_map(|(id, name, expiry)| Ask::Update { id, name, expiry }),
        4 => (id.clone(), to, option::of(expiry), -1..20_i64)
            .prop_map(|(id, to, expiry, grace)| Ask::Rotate { id, to, expiry, grace }),
        2 => id.clone().prop_map(|id| Ask::Revoke { id }),
        1 => Just(Ask::RevokeAll),
        1 => (id.clone(), span.clone()).prop_map(|(id, ago)| Ask::Touch { id, ago }),
        1 => (id, option::of(span.clone())).prop_map(|(id, was)| Ask::Notice { id, was }),
        1 => span.prop_map(|ago| Ask::Prune { ago }),
    ];
    let limit = prop_oneof![6 => (0..4_u32).prop_map(Some), 1 => Just(None)];
    // Two owners in most steps: they shall have something to lose.
    (prop_oneof![4 => Just(0_u8), 2 => Just(1), 1 => Just(2)], 0..3_i64, limit, ask)
        .prop_map(|(owner, passed, limit, ask)| Step { owner, passed, limit, ask })
}

fn before_that(at: Timestamp, seconds: i64) -> Timestamp {
    at.checked_add(Duration::seconds(-seconds)).unwrap()
}

fn to_change(step: &Step, at: Timestamp) -> Option<Change> {
    let expiry = |seconds: Option<i64>| {
        seconds.map_or(Expiry::Never, |seconds| Expiry::At(at.saturating_add(Duration::seconds(seconds))))
    };
    let label = |number: u32| name(&format!("name {number}"));
    let owner = owner(step.owner);
    let policy = policy(|policy| policy.max_active = step.limit);
    Some(match step.ask {
        Ask::Issue { id, name, expiry: end } => {
            let mut new = TokenRecord::new(token_id(id), owner, label(name), digest(id), at);
            new.expiry = expiry(end);
            Change::issue(new, policy)
        }
        Ask::Update { id, name, expiry: end } => {
            let edit = Edit { name: name.map(label), scopes: None, expiry: end.map(expiry) };
            Change::update(owner, token_id(id), edit, at, policy)
        }
        Ask::Rotate { id, to, expiry: end, grace } => {
            let successor = Successor {
                id: token_id(to),
                digest: digest(to),
                created_by: None,
                expiry: end.map(expiry),
                grace: Duration::seconds(grace),
            };
            Change::rotate(owner, token_id(id), successor, at, policy)
        }
        Ask::Revoke { id } => Change::revoke(owner, token_id(id), at),
        Ask::RevokeAll => Change::revoke_all(owner, at),
        _ => return None,
    })
}

/// What a step may never do, seen on the list of records before and after it.
fn check_invariants(before: &[TokenRecord], model: &Model, step: &Step, at: Timestamp) -> Result<(), String> {
    let mut names = HashSet::new();
    let mut graces = HashSet::new();
    for record in &model.records {
        if record.is_current() && !names.insert((&record.owner, &record.name)) {
            return Err(format!("two current tokens are called {}", record.name));
        }
        let in_grace = record.rotated.is_some() && record.state(at) == TokenState::Active;
        if in_grace && !graces.insert(model.root(record)) {
            return Err(format!("a lineage has two predecessors in grace, one is {}", record.id));
        }
        let successor = record.rotated.and_then(|rotated| model.records.iter().find(|one| one.id == rotated.successor));
        if in_grace && successor.is_some_and(|successor| successor.revoked.is_some() && successor.rotated.is_none()) {
            return Err(format!("{} is accepted, though its successor is revoked", record.id));
        }
    }
    for old in before {
        let new = model.records.iter().find(|record| record.id == old.id);
        let Some(new) = new else {
            let prunable = |ago| old.ended().is_some_and(|ended| ended < before_that(at, ago));
            if matches!(step.ask, Ask::Prune { ago } if prunable(ago)) {
                continue;
            }
            return Err(format!("{} is gone", old.id));
        };
        let others_columns = with(new.clone(), |new| (new.last_used, new.noticed) = (old.last_used, old.noticed));
        if old.revoked.is_some() && others_columns != *old {
            return Err(format!("the revoked token {} changed", old.id));
        }
        if old.owner != owner(step.owner) && others_columns != *old {
            return Err(format!("another owner's token {} changed", old.id));
        }
        if new.last_used < old.last_used {
            return Err(format!("the last use of {} went back", old.id));
        }
    }
    let active_before = {
        let before = Model { records: before.to_vec(), planted: Planted::Nothing };
        before.active(&owner(step.owner), at)
    };
    let active = model.active(&owner(step.owner), at);
    // A lowered limit ends no token; it only lets no further one in.
    if active > active_before && step.limit.is_some_and(|limit| active > limit as usize) {
        return Err(format!("{active} active tokens with a limit of {:?}", step.limit));
    }
    Ok(())
}

fn run_model(history: &[Step], planted: Planted) -> Result<(), String> {
    let mut model = Model::new(planted);
    let mut now = 0;
    for step in history {
        now += step.passed;
        let before = model.records.clone();
        take(&mut model, step, after(now));
        check_invariants(&before, &model, step, after(now)).map_err(|error| format!("{step:?}: {error}"))?;
    }
    Ok(())
}

/// As text to compare; what was written has no order.
fn told(answer: Result<Changed, ChangeRefused>) -> String {
    let sorted = answer.map(|mut changed| {
        changed.written.sort();
        changed
    });
    format!("{sorted:?}")
}

/// A store deletes in no order.
fn named(mut pruned: Vec<Pruned>) -> String {
    pruned.sort_by_key(|gone| gone.id);
    format!("{pruned:?}")
}

/// The list's answer.
fn take(model: &mut Model, step: &Step, at: Timestamp) -> String {
    let before = |seconds| before_that(at, seconds);
    match step.ask {
        Ask::Touch { id, ago } => {
            model.touch(LastUse::new(token_id(id), before(ago)), Duration::SECOND);
            String::new()
        }
        Ask::Notice { id, was } => model.claim_notice(token_id(id), was.map(before), at).to_string(),
        Ask::Prune { ago } => named(model.prune(before(ago))),
        _ => told(model.change(&to_change(step, at).unwrap())),
    }
}

async fn take_in_store(store: &MemoryStore, step: &Step, at: Timestamp) -> String {
    let before = |seconds| before_that(at, seconds);
    match step.ask {
        Ask::Touch { id, ago } => {
            store.touch(&[LastUse::new(token_id(id), before(ago))], Duration::SECOND).await.unwrap();
            String::new()
        }
        Ask::Notice { id, was } => store.claim_notice(token_id(id), was.map(before), at).await.unwrap().to_string(),
        Ask::Prune { ago } => named(store.prune(before(ago), u32::MAX).await.unwrap()),
        _ => {
            let answer = store.change(&to_change(step, at).unwrap()).await.map_err(|error| match error {
                ChangeError::Refused(refused) => refused,
                other => panic!("{other}"),
            });
            told(answer)
        }
    }
}

async fn compare(store: &MemoryStore, model: &mut Model, at: Timestamp) -> Result<(), String> {
    let same = |what: &str, ours: &[TokenRecord], theirs: &[TokenRecord]| {
        if ours == theirs { Ok(()) } else { Err(format!("{what}: {ours:#?} in the list, {theirs:#?} in the store")) }
    };
    for owner in (0..3).map(owner) {
        for query in [ListQuery::all(), ListQuery::active(), ListQuery::ended()] {
            let first = model.list(&owner, &query.limit(2), at);
            same("page", &first, &store.list(&owner, &query.limit(2), at).await.unwrap())?;
            let Some(last) = first.last() else { continue };
            let rest = query.after(Cursor::in_list(last)).limit(1_000);
            same("rest", &model.list(&owner, &rest, at), &store.list(&owner, &rest, at).await.unwrap())?;
        }
    }
    let soon = ExpiringQuery::between(at, at.saturating_add(Duration::seconds(3)));
    for query in [soon, soon.limit(2)] {
        same("expiring", &model.expiring(&query), &store.expiring(&query).await.unwrap())?;
    }
    for id in (0..12).map(token_id) {
        let found = model.find(id).cloned();
        let cached = match store.find_cached(id) {
            Lookup::Hit(record) => Some(record),
            Lookup::Absent => None,
            Lookup::Ask => return Err("the memory says Ask".into()),
        };
        if found.as_ref() != cached.as_deref() || found.as_ref() != store.find(id).await.unwrap().as_deref() {
            return Err(format!("{found:?} in the list, {cached:?} in the store"));
        }
    }
    if store.len() != model.records.len() || store.is_empty() != model.records.is_empty() {
        return Err(format!("{} in the list, {} in the store", model.records.len(), store.len()));
    }
    Ok(())
}

fn run_both(history: &[Step], planted: Planted) -> Result<(), String> {
    block_on(async {
        let (mut model, store) = (Model::new(planted), MemoryStore::new());
        let mut now = 0;
        for step in history {
            now += step.passed;
            let (ours, theirs) = (take(&mut model, step, after(now)), take_in_store(&store, step, after(now)).await);
            if ours != theirs {
                return Err(format!("{step:?}: {ours} of the list, {theirs} of the store"));
            }
            compare(&store, &mut model, after(now)).await.map_err(|error| format!("{step:?}: {error}"))?;
        }
        Ok(())
    })
}

/// The same histories on each run: what they find does not depend on the day.
fn fixed(cases: u32) -> TestRunner {
    let config = Config { failure_persistence: None, ..Config::with_cases(cases) };
    let rng = TestRng::deterministic_rng(config.rng_algorithm);
    TestRunner::new_with_rng(config, rng)
}

/// Others each time where `PROPTEST_CASES` asks for a search.
fn searching(usually: u32) -> TestRunner {
    if is_search() { TestRunner::new(Config { failure_persistence: None, ..cases(usually) }) } else { fixed(usually) }
}

fn first_failure(
    mut runner: TestRunner,
    run: fn(&[Step], Planted) -> Result<(), String>,
    planted: Planted,
) -> Option<String> {
    let result = runner.run(&vec(step(), 1..60), |history| run(&history, planted).map_err(TestCaseError::fail));
    match result {
        Ok(()) => None,
        Err(TestError::Fail(reason, history)) => Some(format!("{reason}\nafter {history:#?}")),
        Err(TestError::Abort(reason)) => panic!("{reason}"),
    }
}

#[test]
fn no_history_breaks_an_invariant() {
    if let Some(failure) = first_failure(searching(512), run_model, Planted::Nothing) {
        panic!("{failure}");
    }
}

#[test]
fn the_memory_store_answers_and_holds_what_a_plain_list_does() {
    if let Some(failure) = first_failure(searching(256), run_both, Planted::Nothing) {
        panic!("{failure}");
    }
}

#[test]
fn a_planted_mistake_breaks_an_invariant() {
    for planted in [
        Planted::SeesNoNames,
        Planted::CountsNothing,
        Planted::ForgetsTheSecondUpdate,
        Planted::DropsRevocationOnTouch,
        Planted::KeepsTheRotatedToken,
        Planted::WritesForAnotherOwner,
        Planted::PrunesWhatNeverEnds,
    ] {
        assert!(first_failure(fixed(512), run_model, planted).is_some(), "{planted:?} was not found");
        assert!(first_failure(fixed(512), run_both, planted).is_some(), "{planted:?} was not found beside the store");
    }
}

/// The histories reach what they are about: a check that never meets a case shows nothing of it.
#[test]
fn the_histories_reach_each_answer() {
    let seen = RefCell::new(HashSet::new());
    let run = fixed(128).run(&vec(step(), 1..60), |history| {
        let mut model = Model::new(Planted::Nothing);
        let mut now = 0;
        for step in &history {
            now += step.passed;
            let Some(change) = to_change(step, after(now)) else { continue };
            let answer = match model.change(&change) {
                Ok(changed) => format!("{} written", changed.written.len()),
                Err(refused) => format!("{refused:?}").split([' ', '(']).next().unwrap_or_default().to_owned(),
            };
            seen.borrow_mut().insert(answer);
        }
        Ok(())
    });
    run.unwrap();
    let seen = seen.into_inner();
    for answer in [
        "0 written",
        "1 written",
        "2 written",
        "3 written",
        "NotFound",
        "Ended",
        "NameTaken",
        "LimitReached",
        "IdTaken",
        "ExpiryInPast",
        "GraceOutOfRange",
    ] {
        assert!(seen.contains(answer), "{answer} is never reached: {seen:?}");
    }
}
