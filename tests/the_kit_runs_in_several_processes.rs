//! Several processes run the conformance kit on one SQLite file at the same time, each twice in a row, as test runs do that
//! share a database: no rule finds fault with what another's leaves there or does meanwhile.
#![cfg(all(feature = "sqlite", feature = "conformance", feature = "memory", feature = "testing"))]

mod common;

use std::path::Path;
use std::time::Duration;

use common::child::{Child, file_and_role, hear, say};
use common::folder::Folder;
use common::tables::{options, spoil};
use personal_tokens::store::SqliteStore;
use personal_tokens::store::conformance::Subject;
use personal_tokens::store::conformance::rules::RULES;
use personal_tokens::store::sqlx::ConnectOptions as _;
use tokio::task::JoinSet;

const PROCESSES: usize = 2;
const TIMES: usize = 2;
/// Longer than all of them wait for each other's locks.
const PATIENCE: Duration = Duration::from_secs(120);

#[tokio::test]
async fn no_rule_finds_fault_with_what_another_process_does() {
    let folder = Folder::new();
    let file = folder.file("tokens.db");
    let start = |_| Child::start("the_other_process", &file, "runs the kit");
    let mut children: Vec<Child> = (0..PROCESSES).map(start).collect();
    children.iter().for_each(|child| assert_eq!(child.line(), "ready"));
    children.iter_mut().for_each(|child| child.tell("go"));
    let held = RULES.iter().map(|rule| format!("{}: Ok(Held)", rule.name()));
    let mut expected: Vec<String> = held.flat_map(|held| vec![held; TIMES]).collect();
    expected.sort_unstable();
    for child in children {
        let mut said = child.ended();
        said.sort_unstable();
        assert_eq!(said, expected);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_other_process() {
    let Some((file, _)) = file_and_role() else { return };
    let subject = subject(&file).await;
    say("ready");
    assert_eq!(hear().as_deref(), Some("go"));
    for _ in 0..TIMES {
        let mut rules = JoinSet::new();
        for rule in RULES {
            let subject = subject.clone();
            rules.spawn(async move {
                let answer = rule.check(subject).await;
                // A violation has several lines.
                say(&format!("{}: {answer:?}", rule.name()).replace('\n', " "));
            });
        }
        rules.join_all().await;
    }
}

async fn subject(file: &Path) -> Subject {
    let options = options(file).busy_timeout(PATIENCE);
    let store = SqliteStore::open(file).await.unwrap().deadline(PATIENCE);
    Subject::new(store).corrupted_by(move |id| {
        let options = options.clone();
        async move { spoil(&mut options.connect().await.unwrap(), id, "digest_key = 65536").await.unwrap() }
    })
}
