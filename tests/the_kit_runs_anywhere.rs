//! The conformance kit tries a store that is in use: with rows of others, a second time, and several times at once. It tells of
//! what it skips, and of stores that panic.
#![cfg(all(feature = "memory", feature = "conformance"))]

mod planted;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;
use std::sync::Arc;

use personal_tokens::store::conformance::rules::RULES;
use personal_tokens::store::conformance::{Judgement, Rule, Subject, Violation};
use personal_tokens::store::{ListQuery, MemoryStore, TokenStore};
use personal_tokens::{
    Change, Expiry, OwnerId, Policy, Rotated, Timestamp, TokenDigest, TokenId, TokenName, TokenRecord,
};
use planted::{Bug, Planted};
use tokio::task::JoinSet;

/// A record of somebody else, who is in the store already.
fn somebodys(number: u8) -> TokenRecord {
    let id = TokenId::from_bytes([number; TokenId::LEN]);
    let created = Timestamp::from_micros(1_767_268_800_000_000).unwrap();
    let digest = TokenDigest::from_parts(0, [number; TokenDigest::LEN]);
    let owner = OwnerId::new(&format!("store-{}", number % 3)).unwrap();
    TokenRecord::new(id, owner, TokenName::new(&format!("token {number}")).unwrap(), digest, created)
}

/// Of every kind: active, ended long ago, and at instants that the kit uses.
async fn fill(store: &dyn TokenStore) {
    let year = |year: i64| Timestamp::from_micros((year - 1970) * 31_556_952_000_000).unwrap();
    for number in 0..60 {
        let mut record = somebodys(number);
        match number % 6 {
            1 => record.expiry = Expiry::At(year(2100 + i64::from(number))),
            2 => (record.created, record.expiry) = (Timestamp::MIN, Expiry::At(year(100 + 10 * i64::from(number)))),
            3 => record.revoked = Some(year(150)),
            4 => {
                let (at, successor) = (year(200), record.id);
                record.rotated = Some(Rotated { at, successor, grace_ends: year(300) });
            }
            5 => record.revoked = Some(year(2150)),
            _ => {}
        }
        let mut policy = Policy::default();
        policy.max_active = None;
        store.change(&Change::issue(record, Arc::new(policy))).await.unwrap();
    }
}

async fn run_all_rules(subject: Subject) -> Vec<Violation> {
    let mut rules = JoinSet::new();
    for rule in RULES {
        let subject = subject.clone();
        rules.spawn(async move { rule.check(subject).await });
    }
    rules.join_all().await.into_iter().filter_map(Result::err).collect()
}

/// As test runs do that share a database.
async fn run_at_once(runs: usize, subject: &Subject) -> Vec<Violation> {
    let mut at_once = JoinSet::new();
    for _ in 0..runs {
        at_once.spawn(run_all_rules(subject.clone()));
    }
    at_once.join_all().await.into_iter().flatten().collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_store_in_use_holds_every_rule_again_and_again() {
    let (memory, sound, caching) = (Arc::new(MemoryStore::new()), Planted::sound(), Planted::sound_with_a_cache());
    let stores: [(Arc<dyn TokenStore>, Subject); 3] = [
        (memory.clone(), Subject::new(memory)),
        (Arc::new(sound.clone()), sound.subject()),
        (Arc::new(caching.clone()), caching.subject()),
    ];
    for (store, subject) in stores {
        fill(&*store).await;
        for runs in [1, 1, 3] {
            let violations = run_at_once(runs, &subject).await;
            assert!(violations.is_empty(), "{violations:?}");
        }
        // What is somebody's stands as it stood, but for what a prune may take.
        for number in (0..60).filter(|number| number % 6 == 0) {
            let record = somebodys(number);
            let listed = store.list(&record.owner, &ListQuery::all().limit(100), record.created).await.unwrap();
            assert!(listed.contains(&record), "{record:?}");
        }
    }
}

/// The control: where others are in the way, a bug is found all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_bug_is_found_in_a_store_in_use() {
    for (bug, own) in [
        (Bug::PruneHasNoBound, "prune_keeps_to_its_bound"),
        (Bug::PrunesAtTheInstant, "prune_spares_what_ended_later"),
        (Bug::PruneNamesNoOwner, "prune_deletes_what_ended_before"),
        (Bug::ExpiringBehindTheInstant, "expiring_comes_in_pages"),
    ] {
        let store = Planted::with(bug);
        fill(&store).await;
        let violations = run_at_once(2, &store.subject()).await;
        assert_eq!(violations.iter().filter(|violation| violation.rule() == own).count(), 2, "{bug:?}: {violations:?}");
    }
}

fn corrupt_rows() -> Rule {
    *RULES.iter().find(|rule| rule.name() == "a_corrupt_row_is_an_error").unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_way_to_corrupt_rows_one_rule_is_skipped() {
    for rule in RULES {
        let judgement = rule.check(MemoryStore::new().into()).await.unwrap();
        let is_skipped = matches!(judgement, Judgement::Skipped(why) if why.contains("Subject::corrupted_by"));
        assert_eq!(is_skipped, rule.name() == corrupt_rows().name(), "{rule:?}: {judgement:?}");
    }
}

/// Standard error of a test is seen from outside only.
#[test]
fn a_rule_that_is_skipped_says_so_on_standard_error() {
    const INSIDE: &str = "INSIDE_A_RULE_THAT_IS_SKIPPED";
    if std::env::var_os(INSIDE).is_some() {
        corrupt_rows().run(|| async { MemoryStore::new() }).unwrap();
        return;
    }
    let this_test = ["--exact", "a_rule_that_is_skipped_says_so_on_standard_error"];
    let ran = Command::new(std::env::current_exe().unwrap()).args(this_test).env(INSIDE, "").output().unwrap();
    let said = String::from_utf8(ran.stderr).unwrap();
    assert!(ran.status.success(), "{said}");
    assert!(said.starts_with("SKIPPED a_corrupt_row_is_an_error: the factory says no way"), "{said}");
}

#[test]
fn a_panic_of_the_factory_or_of_the_store_is_told() {
    let rule = |name: &str| *RULES.iter().find(|rule| rule.name() == name).unwrap();
    let said = |rule: Rule, panics_at_once: bool| {
        let ran = catch_unwind(AssertUnwindSafe(|| {
            rule.run(move || async move {
                assert!(!panics_at_once, "the factory panics");
                Planted::that_panics()
            })
        }));
        match ran {
            Ok(answer) => format!("{answer:?}"),
            Err(panic) => format!("panic: {:?}", panic.downcast_ref::<&str>()),
        }
    };
    let claims = rule("a_notice_is_claimed_by_comparing");
    assert_eq!(said(claims, true), "panic: Some(\"the factory panics\")");
    assert_eq!(said(claims, false), "panic: Some(\"a claim panics\")");
    let many_claims = said(rule("of_many_claims_one_wins"), false);
    assert!(
        many_claims.contains("the rule of_many_claims_one_wins: ") && many_claims.contains("panic"),
        "{many_claims}"
    );
}
