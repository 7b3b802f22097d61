//! Several processes use one SQLite file at once: none loses a change of another, a name has one holder, a limit holds
//! over all of them, and what one revokes the others refuse at once. No lock of theirs is an error.
#![cfg(all(feature = "sqlite", feature = "memory", feature = "testing"))]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use common::child::{Child, file_and_role, hear, say};
use common::folder::Folder;
use common::noon;
use personal_tokens::store::sqlx::{self, SqlitePool};
use personal_tokens::store::{ListQuery, SqliteStore};
use personal_tokens::{
    ChangeError, ChangeRefused, ManualClock, NewToken, OwnerId, PersonalTokens, Rejection, Rotation, TokenChange,
    TokenId, TokenRecord, VerifyError,
};
use tokio::task::JoinSet;

const PROCESSES: usize = 3;
const TASKS: usize = 3;
/// How many tokens each task issues for the owner whom all share.
const TOKENS: usize = 24;
const NAMES: usize = 20;
const LIMIT: u32 = 15;

#[tokio::test]
async fn no_change_is_lost_a_name_has_one_holder_and_a_limit_holds() {
    let folder = Folder::new();
    let file = folder.file("tokens.db");
    let tokens = open(&file).await;
    let mut children: Vec<Child> =
        (0..PROCESSES).map(|process| Child::start("the_other_process", &file, &format!("works {process}"))).collect();
    for child in &children {
        assert_eq!(child.line(), "ready");
    }
    children.iter_mut().for_each(|child| child.tell("go"));
    let said: Vec<String> = children.into_iter().flat_map(Child::ended).collect();

    // The last word on each token: what it is called, or how it ended.
    let mut last: BTreeMap<TokenId, String> = BTreeMap::new();
    let (mut won, mut filled) = (Vec::new(), 0);
    for line in &said {
        match line.split(' ').collect::<Vec<_>>()[..] {
            ["won", name] => won.push(name.to_owned()),
            ["filled"] => filled += 1,
            [id, word] => drop(last.insert(id.parse().unwrap(), word.to_owned())),
            _ => panic!("{line}"),
        }
    }
    let kept = all(&tokens, "shared").await.into_iter().map(|record| (record.id, word(&record)));
    assert_eq!(kept.collect::<BTreeMap<_, _>>(), last);
    assert_eq!(last.len(), PROCESSES * TASKS * (TOKENS + TOKENS / 4));

    let names: BTreeSet<_> = won.iter().cloned().collect();
    assert_eq!((won.len(), names.len()), (NAMES, NAMES), "each name is won once");
    let held = all(&tokens, "contested").await.into_iter().map(|record| record.name.to_string());
    assert_eq!(held.collect::<BTreeSet<_>>(), names);

    assert_eq!(filled, LIMIT);
    assert_eq!(all(&tokens, "limited").await.len(), LIMIT as usize);
}

#[tokio::test]
async fn what_one_process_changes_the_other_sees_at_once() {
    let folder = Folder::new();
    let file = folder.file("tokens.db");
    let (tokens, owner) = (open(&file).await, owner("shared"));
    let mut other = Child::start("the_other_process", &file, "answers");
    assert_eq!(other.line(), "ready");
    for number in 0..20 {
        let issued = tokens.issue(NewToken::new(&owner, format!("sync {number}"))).await.unwrap();
        let (id, string) = (issued.record.id, issued.token.expose());
        assert_eq!(other.asked(&format!("verify {string}")), format!("sync {number}"));
        tokens.update(&owner, id, TokenChange::new().name(format!("till {number}"))).await.unwrap();
        assert_eq!(other.asked(&format!("verify {string}")), format!("till {number}"));
        match number % 4 {
            0 => {
                tokens.revoke(&owner, id).await.unwrap();
                assert_eq!(other.asked(&format!("verify {string}")), "Revoked");
            }
            1 => {
                let successor = tokens.rotate(&owner, id, Rotation::new()).await.unwrap();
                assert_eq!(other.asked(&format!("verify {string}")), "Rotated");
                let string = successor.token.expose();
                assert_eq!(other.asked(&format!("verify {string}")), format!("till {number}"));
            }
            2 => {
                tokens.revoke_all(&owner).await.unwrap();
                assert_eq!(other.asked(&format!("verify {string}")), "Revoked");
            }
            _ => {
                assert_eq!(other.asked(&format!("revoke {id}")), "done");
                let refused = tokens.verify(string).await;
                assert!(matches!(refused, Err(VerifyError::Rejected(Rejection::Revoked))), "{refused:?}");
            }
        }
    }
    other.ended();
}

#[tokio::test]
async fn ten_that_open_a_new_file_at_once_make_the_tables_once() {
    let folder = Folder::new();
    for round in 0..3 {
        let file = folder.file(&format!("{round}.db"));
        let children: Vec<Child> = (0..10).map(|_| Child::start("the_other_process", &file, "opens")).collect();
        let mut stores = JoinSet::new();
        for _ in 0..10 {
            let file = file.clone();
            stores.spawn(async move { SqliteStore::open(&file).await.map(drop) });
        }
        for opened in stores.join_all().await {
            opened.unwrap();
        }
        children.into_iter().for_each(|child| assert_eq!(child.ended(), ["ready"]));
        assert_eq!(all(&open(&file).await, "shared").await.len(), 10);
        let pool = SqlitePool::connect(file.to_str().unwrap()).await.unwrap();
        let versions = sqlx::query_scalar("SELECT version FROM personal_tokens_schema");
        let versions: Vec<i64> = versions.fetch_all(&pool).await.unwrap();
        assert_eq!(versions, [SqliteStore::SCHEMA_VERSION]);
    }
}

/// Any error but a refusal that is named here ends it, and fails the test.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_other_process() {
    let Some((file, role)) = file_and_role() else { return };
    let tokens = open(&file).await;
    let role: Vec<&str> = role.split(' ').collect();
    if role[0] == "opens" {
        tokens.issue(NewToken::new(owner("shared"), format!("token {}", std::process::id()))).await.unwrap();
    }
    say("ready");
    match role[..] {
        ["works", process] => {
            assert_eq!(hear().as_deref(), Some("go"));
            let with_limit = open_with(&file, Some(LIMIT)).await;
            let mut tasks = JoinSet::new();
            for task in 0..TASKS {
                tasks.spawn(work(format!("{process}-{task}"), tokens.clone(), with_limit.clone()));
            }
            tasks.join_all().await;
        }
        ["answers"] => {
            while let Some(question) = hear() {
                say(&answer(&tokens, question.split_once(' ').unwrap()).await);
            }
        }
        _ => {}
    }
}

async fn work(task: String, tokens: PersonalTokens, with_limit: PersonalTokens) {
    let (shared, contested, limited) = (owner("shared"), owner("contested"), owner("limited"));
    for number in 0..TOKENS {
        let issued = tokens.issue(NewToken::new(&shared, format!("{task}-{number}"))).await.unwrap();
        let mut id = issued.record.id;
        say(&format!("{id} {task}-{number}"));
        match number % 4 {
            1 => {
                tokens.update(&shared, id, TokenChange::new().name(format!("{task}-{number}-new"))).await.unwrap();
                say(&format!("{id} {task}-{number}-new"));
            }
            2 => {
                tokens.revoke(&shared, id).await.unwrap();
                say(&format!("{id} revoked"));
            }
            3 => {
                let successor = tokens.rotate(&shared, id, Rotation::new()).await.unwrap();
                say(&format!("{id} rotated"));
                id = successor.record.id;
                say(&format!("{id} {task}-{number}"));
            }
            _ => {}
        }
        let verdict = tokens.verify(issued.token.expose()).await;
        assert!(!matches!(verdict, Err(VerifyError::Store(_))), "{verdict:?}");
        tokens.flush().await.unwrap();
    }
    for name in 0..NAMES {
        match tokens.issue(NewToken::new(&contested, format!("name-{name}"))).await {
            Ok(_) => say(&format!("won name-{name}")),
            Err(ChangeError::Refused(ChangeRefused::NameTaken { .. })) => {}
            Err(error) => panic!("{error:?}"),
        }
    }
    for number in 0..LIMIT {
        match with_limit.issue(NewToken::new(&limited, format!("{task}-{number}"))).await {
            Ok(_) => say("filled"),
            Err(ChangeError::Refused(ChangeRefused::LimitReached { max: LIMIT })) => {}
            Err(error) => panic!("{error:?}"),
        }
    }
}

async fn answer(tokens: &PersonalTokens, question: (&str, &str)) -> String {
    match question {
        ("verify", string) => match tokens.verify(string).await {
            Ok(verified) => verified.name().to_string(),
            Err(VerifyError::Rejected(rejection)) => format!("{rejection:?}"),
            Err(error) => panic!("{error:?}"),
        },
        ("revoke", id) => {
            tokens.revoke(&owner("shared"), id.parse().unwrap()).await.unwrap();
            "done".to_owned()
        }
        _ => panic!("{question:?}"),
    }
}

fn word(record: &TokenRecord) -> String {
    match (record.revoked, record.rotated) {
        (Some(_), _) => "revoked".to_owned(),
        (None, Some(_)) => "rotated".to_owned(),
        (None, None) => record.name.to_string(),
    }
}

async fn all(tokens: &PersonalTokens, of: &str) -> Vec<TokenRecord> {
    let page = tokens.list(&owner(of), ListQuery::all().limit(1_000)).await.unwrap();
    assert_eq!(page.next, None);
    page.tokens
}

fn owner(name: &str) -> OwnerId {
    OwnerId::new(name).unwrap()
}

async fn open(file: &Path) -> PersonalTokens {
    open_with(file, None).await
}

async fn open_with(file: &Path, limit: Option<u32>) -> PersonalTokens {
    let builder = PersonalTokens::builder(SqliteStore::open(file).await.unwrap()).prefix("shop");
    builder.clock(ManualClock::new(noon())).max_active_per_owner(limit).build().unwrap()
}
