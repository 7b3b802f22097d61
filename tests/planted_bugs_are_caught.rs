//! The conformance kit catches what it must: for each rule there are stores that break it, as little else as can be, and the
//! rule finds each of them. It prints which rules catch which bug.
#![cfg(feature = "conformance")]

mod planted;

use std::collections::BTreeSet;
use std::io::Write as _;

use personal_tokens::store::conformance::rules::RULES;
use personal_tokens::store::conformance::{Judgement, Rule, Violation};
use planted::{BUGS, Bug, Planted, RACES};
use tokio::task::JoinSet;
use tokio::time::{Duration, timeout};

/// What the rule finds wrong with the store.
async fn broken(rule: Rule, store: Planted) -> Option<Violation> {
    match timeout(Duration::from_secs(120), rule.check(store.subject())).await {
        Ok(Ok(Judgement::Held)) => None,
        Ok(Err(violation)) => Some(violation),
        answer => panic!("{rule:?}: {answer:?}"),
    }
}

fn rule(name: &str) -> Rule {
    *RULES.iter().find(|rule| rule.name() == name).unwrap_or_else(|| panic!("there is no rule {name}"))
}

#[test]
fn each_rule_has_a_bug_and_each_bug_a_rule() {
    let all: BTreeSet<&str> = RULES.iter().map(Rule::name).collect();
    let planted: BTreeSet<&str> = BUGS.iter().map(|(_, rule, _)| *rule).collect();
    assert_eq!(all, planted);
    let others = BUGS.iter().flat_map(|(_, _, also)| also.iter().copied()).filter(|name| *name != "any");
    assert_eq!(others.filter(|name| !all.contains(name)).collect::<Vec<_>>(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_sound_store_holds_every_rule() {
    for store in [Planted::sound, Planted::sound_with_a_cache] {
        for rule in RULES {
            assert!(broken(*rule, store()).await.is_none_or(|violation| panic!("{violation}")));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn each_bug_is_caught_by_its_rule_and_by_no_other_that_need_not() {
    let (mut matrix, mut wrong) = (Vec::new(), Vec::new());
    // Some at a time: where a rule finds a bug of `prune`, it tries again and waits between.
    for some in BUGS.chunks(16) {
        let mut rows = JoinSet::new();
        for (bug, own, also) in some {
            rows.spawn(row(*bug, own, also));
        }
        for (bug, row, complaints) in rows.join_all().await {
            matrix.push((bug, row));
            wrong.extend(complaints);
        }
    }
    matrix.sort_unstable();
    print(&matrix.into_iter().map(|(_, row)| row).collect::<Vec<_>>());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// All in one piece, and past the harness, which keeps what `println` says of a test that passes.
fn print(matrix: &[String]) {
    let rules = RULES.iter().enumerate().map(|(number, rule)| format!("{number:2} {}", rule.name()));
    let tens: String = (0..RULES.len()).step_by(10).map(|number| format!("{number:<10}")).collect();
    let lines: Vec<String> = rules.chain([tens]).chain(matrix.iter().cloned()).collect();
    std::io::stdout().write_all(format!("\n{}\n", lines.join("\n")).as_bytes()).unwrap();
}

/// The bug's row in the matrix (`#` its own rule, `+` another), and what is wrong with it.
async fn row(bug: Bug, own: &'static str, also: &'static [&'static str]) -> (usize, String, Vec<String>) {
    let (mut row, mut wrong) = (String::new(), Vec::new());
    for rule in RULES {
        let violation = broken(*rule, Planted::with(bug)).await;
        let (is_own, may) = (rule.name() == own, also.contains(&rule.name()) || also == ["any"]);
        row.push(match (&violation, is_own) {
            (Some(_), true) => '#',
            (Some(_), false) => '+',
            (None, _) => '.',
        });
        match violation {
            None if is_own => wrong.push(format!("{own} does not catch {bug:?}")),
            Some(violation) if !is_own && !may && again(*rule, bug).await => {
                wrong.push(format!("{bug:?} is also caught: {violation}"));
            }
            Some(violation) => assert_eq!(told(&violation), rule.name()),
            None => {}
        }
    }
    (bug as usize, format!("{row} {bug:?}"), wrong)
}

/// Whether it is so each time, and not by chance.
async fn again(rule: Rule, bug: Bug) -> bool {
    for _ in 0..8 {
        if broken(rule, Planted::with(bug)).await.is_none() {
            return false;
        }
    }
    true
}

/// The rule that the violation names, in a text that says what was expected and what was found.
fn told(violation: &Violation) -> &str {
    let text = violation.to_string();
    let [first, expected, found] = text.splitn(3, '\n').collect::<Vec<_>>()[..] else {
        panic!("{text}");
    };
    assert_eq!(first, format!("the store breaks the rule {}: {}", violation.rule(), violation.what()));
    assert_eq!(expected, format!("  expected: {}", violation.expected()));
    assert_eq!(found, format!("  found:    {}", violation.found()));
    assert!(!violation.expected().is_empty() && violation.expected() != violation.found(), "{text}");
    assert_eq!(format!("{violation:?}"), text);
    violation.rule()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn each_race_is_caught_every_time() {
    const TIMES: usize = 30;
    for race in RACES {
        let (_, own, _) = BUGS.iter().find(|(bug, _, _)| bug == race).unwrap();
        for time in 0..TIMES {
            assert!(broken(rule(own), Planted::with(*race)).await.is_some(), "{race:?} passed {own}, time {time}");
        }
    }
}
