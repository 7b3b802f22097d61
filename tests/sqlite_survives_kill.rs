//! What a `SqliteStore` acknowledged outlives its process, which is killed in the middle of its work again and again, and
//! nothing of what was under way is half-written (failures 19).
#![cfg(all(feature = "sqlite", feature = "memory", feature = "testing", unix))]

mod common;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration as StdDuration, SystemTime};

use common::child::{Child, file_and_role, say};
use common::folder::Folder;
use common::random::split_mix;
use common::rulebook::{after, name, with};
use common::{noon, verdict};
use personal_tokens::store::sqlx::{self, SqlitePool};
use personal_tokens::store::{ListQuery, SqliteStore, TokenStore};
use personal_tokens::{
    Change, ManualClock, NewToken, OwnerId, PersonalTokens, Rejection, Rotated, Rotation, Token, TokenChange,
    TokenDigest, TokenId, TokenRecord,
};
use rand::rngs::SysRng;
use tokio::task::JoinSet;

const KILLS: u32 = 200;
const OWNERS: usize = 4;
/// So that a file stays small enough to be read whole after each kill.
const MANY: usize = 600;

#[tokio::test]
async fn what_was_acknowledged_outlives_two_hundred_kills() {
    let seed = seed();
    let (mut random, folder) = (split_mix(seed), Folder::new());
    let file = folder.file("tokens.db");
    let (mut expected, mut watcher, mut changes) = (Expected::default(), None, 0);
    for kill in 1..=KILLS {
        changes += expected.killed_in_the_middle("works", &file, &mut random);
        // Now and then another process has the file open all the while.
        let store = match watcher.take() {
            Some(store) => store,
            None => Arc::new(SqliteStore::open(&file).await.unwrap()),
        };
        let checked = expected.check(&store, &file).await;
        checked.unwrap_or_else(|what| panic!("seed {seed}, kill {kill}: {what}"));
        if expected.rows() > MANY {
            expected.clear(&store).await;
        }
        match random() % 3 {
            0 => watcher = Some(store),
            _ => store.close().await,
        }
    }
    eprintln!("seed {seed}: {changes} changes");
    assert!(changes > KILLS as usize / 4, "it was killed before it did anything");
}

#[tokio::test]
async fn the_same_check_finds_a_store_that_acknowledges_before_it_writes() {
    for planted in ["revokes too late", "rotates in two steps"] {
        let (mut random, folder) = (split_mix(seed()), Folder::new());
        let file = folder.file("tokens.db");
        let mut expected = Expected::default();
        let mut found = false;
        for _ in 0..KILLS {
            expected.killed_in_the_middle(planted, &file, &mut random);
            let store = Arc::new(SqliteStore::open(&file).await.unwrap());
            found = expected.check(&store, &file).await.is_err();
            if found {
                break;
            }
            store.close().await;
        }
        assert!(found, "{planted}");
    }
}

#[tokio::test]
async fn a_kill_while_the_tables_are_made_leaves_a_file_that_opens() {
    let (seed, folder) = (seed(), Folder::new());
    let mut random = split_mix(seed);
    for number in 0..30 {
        let file = folder.file(&format!("{number}.db"));
        let child = Child::start("the_process_that_is_killed", &file, "opens");
        assert_eq!(child.line(), "opening");
        std::thread::sleep(StdDuration::from_micros(random() % 15_000));
        child.killed();
        let store = SqliteStore::open(&file).await.unwrap_or_else(|error| panic!("seed {seed}: {error:?}"));
        let tokens = handle(Arc::new(store));
        let issued = tokens.issue(NewToken::new(owner(0), "sync")).await.unwrap();
        tokens.verify(issued.token.expose()).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_process_that_is_killed() {
    let Some((file, role)) = file_and_role() else { return };
    say("opening");
    let store = Arc::new(SqliteStore::open(&file).await.unwrap());
    if role == "opens" {
        return;
    }
    say("working");
    let mut tasks = JoinSet::new();
    for number in 0..OWNERS {
        tasks.spawn(work(number, Arc::clone(&store), role.clone(), file.clone()));
    }
    tasks.join_all().await;
}

/// Changes the owner's tokens for ever. Before each change it says what it asks for, after it what came of it.
async fn work(number: usize, store: Arc<SqliteStore>, role: String, file: PathBuf) {
    let (owner, tokens, mut random) = (owner(number), handle(Arc::clone(&store)), split_mix(seed()));
    let ask = |what: String| say(&format!("{number} asks {what}"));
    let done = |token: &str| say(&format!("{number} done {token}"));
    loop {
        let active = tokens.list(&owner, ListQuery::active()).await.unwrap().tokens;
        let old = if active.len() > 2 { active.get(random() as usize % active.len()) } else { None };
        let new = format!("token-{:x}", random());
        match (old, random() % 4) {
            (Some(old), 0) => {
                ask(format!("rename {} {new}", old.id));
                tokens.update(&owner, old.id, TokenChange::new().name(new)).await.unwrap();
                done("");
            }
            (Some(old), 1) => {
                ask(format!("rotate {}", old.id));
                let token = match role.as_str() {
                    "rotates in two steps" => in_two_steps(&store, &file, old).await,
                    _ => tokens.rotate(&owner, old.id, Rotation::new()).await.unwrap().token,
                };
                done(token.expose());
            }
            (Some(old), 2) => {
                ask(format!("revoke {}", old.id));
                if role == "revokes too late" {
                    done("");
                }
                tokens.revoke(&owner, old.id).await.unwrap();
                if role != "revokes too late" {
                    done("");
                }
            }
            _ => {
                ask(format!("issue {new}"));
                done(tokens.issue(NewToken::new(&owner, new)).await.unwrap().token.expose());
            }
        }
    }
}

/// The planted rotation.
async fn in_two_steps(store: &SqliteStore, file: &Path, old: &TokenRecord) -> Token {
    let token = Token::generate(&"shop".parse().unwrap(), &mut SysRng).unwrap();
    let pool = SqlitePool::connect(file.to_str().unwrap()).await.unwrap();
    let first = "UPDATE personal_tokens SET rotated = ?1, grace_ends = ?1, successor = ?2 WHERE id = ?3";
    let first = sqlx::query(first).bind(noon().as_micros()).bind(token.id().as_bytes().to_vec());
    first.bind(old.id.as_bytes().to_vec()).execute(&pool).await.unwrap();
    let base = TokenRecord::new(token.id(), old.owner.clone(), old.name.clone(), token.digest(), noon());
    let second = with(base, |record| record.predecessor = Some(old.id));
    store.change(&Change::issue(second, Arc::default())).await.unwrap();
    token
}

/// What the file must hold.
#[derive(Default)]
struct Expected {
    owners: [Owned; OWNERS],
}

#[derive(Default)]
struct Owned {
    rows: BTreeMap<TokenId, TokenRecord>,
    /// Of those tokens whose issue or rotation was acknowledged.
    strings: HashMap<TokenId, String>,
    under_way: Option<Asked>,
}

/// What a process asked for.
enum Asked {
    Issue(OwnerId, String),
    Rename(TokenId, String),
    Rotate(TokenId),
    Revoke(TokenId),
}

impl Expected {
    /// A process works on the file and is killed. Answers how many changes it acknowledged.
    fn killed_in_the_middle(&mut self, role: &str, file: &Path, random: &mut impl FnMut() -> u64) -> usize {
        let child = Child::start("the_process_that_is_killed", file, role);
        assert_eq!(child.line(), "opening");
        // Sometimes while it still recovers what the one before it left.
        if !random().is_multiple_of(4) {
            assert_eq!(child.line(), "working");
        }
        std::thread::sleep(StdDuration::from_micros(random() % 60_000));
        let said = child.killed();
        for line in said.iter().filter(|line| *line != "working") {
            self.hear(line);
        }
        said.iter().filter(|line| line.contains(" done ")).count()
    }

    fn hear(&mut self, line: &str) {
        let words: Vec<&str> = line.split(' ').collect();
        let number: usize = words[0].parse().unwrap();
        let owned = &mut self.owners[number];
        match words[1..] {
            ["asks", ref what @ ..] => owned.under_way = Some(Asked::of(owner(number), what)),
            ["done", token] => {
                let asked = owned.under_way.take().expect("it was asked for");
                let new =
                    (!token.is_empty()).then(|| Token::parse(token.as_bytes(), &["shop".parse().unwrap()]).unwrap());
                if let Some(new) = &new {
                    owned.strings.insert(new.id(), token.to_owned());
                }
                asked.made(&mut owned.rows, new.map(|new| (new.id(), new.digest())));
            }
            _ => panic!("{line}"),
        }
    }

    fn rows(&self) -> usize {
        self.owners.iter().map(|owned| owned.rows.len()).sum()
    }

    /// All that was acknowledged is there, and what was under way is there as a whole or not at all.
    async fn check(&mut self, store: &Arc<SqliteStore>, file: &Path) -> Result<(), String> {
        for (number, owned) in self.owners.iter_mut().enumerate() {
            let all = ListQuery::all().limit(u32::MAX);
            let found = store.list(&owner(number), &all, noon()).await.map_err(|error| format!("{error:?}"))?;
            let found: BTreeMap<_, _> = found.into_iter().map(|record| (record.id, record)).collect();
            if let Some(asked) = owned.under_way.take()
                && found != owned.rows
            {
                let new = found.values().find(|record| !owned.rows.contains_key(&record.id));
                asked.made(&mut owned.rows, new.map(|new| (new.id, new.digest)));
            }
            if found != owned.rows {
                return Err(format!("of owner {number} the file holds {found:#?}\n\nand not {:#?}", owned.rows));
            }
            let tokens = handle(Arc::clone(store));
            for (id, string) in &owned.strings {
                let expected = match &owned.rows[id] {
                    TokenRecord { revoked: Some(_), .. } => Some(Rejection::Revoked),
                    TokenRecord { rotated: Some(_), .. } => Some(Rejection::Rotated),
                    _ => None,
                };
                if verdict(tokens.verify(string).await) != expected {
                    return Err(format!("the token {id} of owner {number} should be {expected:?}"));
                }
            }
        }
        let pool = SqlitePool::connect(file.to_str().unwrap()).await.unwrap();
        let count: i64 = sqlx::query_scalar("SELECT count(*) FROM personal_tokens").fetch_one(&pool).await.unwrap();
        let sound: String = sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&pool).await.unwrap();
        pool.close().await;
        if (count, sound.as_str()) == (self.rows() as i64, "ok") {
            Ok(())
        } else {
            Err(format!("{count} rows, {sound}"))
        }
    }

    /// Revokes and prunes all.
    async fn clear(&mut self, store: &SqliteStore) {
        for number in 0..OWNERS {
            store.change(&Change::revoke_all(owner(number), noon())).await.unwrap();
        }
        assert_eq!(store.prune(after(1), u32::MAX).await.unwrap().len(), self.rows());
        *self = Self::default();
    }
}

impl Asked {
    fn of(owner: OwnerId, words: &[&str]) -> Self {
        match *words {
            ["issue", name] => Self::Issue(owner, name.to_owned()),
            ["rename", id, name] => Self::Rename(id.parse().unwrap(), name.to_owned()),
            ["rotate", id] => Self::Rotate(id.parse().unwrap()),
            ["revoke", id] => Self::Revoke(id.parse().unwrap()),
            _ => panic!("{words:?}"),
        }
    }

    /// `new` is the token that it brought; without one, an issue and a rotation change nothing.
    fn made(self, rows: &mut BTreeMap<TokenId, TokenRecord>, new: Option<(TokenId, TokenDigest)>) {
        match (self, new) {
            (Self::Issue(owner, text), Some((id, digest))) => {
                rows.insert(id, TokenRecord::new(id, owner, name(&text), digest, noon()));
            }
            (Self::Rotate(id), Some((successor, digest))) => {
                let old = rows.get_mut(&id).unwrap();
                old.rotated = Some(Rotated { at: noon(), successor, grace_ends: noon() });
                let base = TokenRecord::new(successor, old.owner.clone(), old.name.clone(), digest, noon());
                rows.insert(successor, with(base, |record| record.predecessor = Some(id)));
            }
            (Self::Rename(id, text), _) => rows.get_mut(&id).unwrap().name = name(&text),
            (Self::Revoke(id), _) => rows.get_mut(&id).unwrap().revoked = Some(noon()),
            (Self::Issue(..) | Self::Rotate(_), None) => {}
        }
    }
}

fn owner(number: usize) -> OwnerId {
    OwnerId::new(&format!("store-{number}")).unwrap()
}

fn handle(store: Arc<SqliteStore>) -> PersonalTokens {
    let builder = PersonalTokens::builder(store).prefix("shop").max_active_per_owner(None);
    builder.clock(ManualClock::new(noon())).build().unwrap()
}

/// Another one each time: what a kill meets is chance anyhow.
fn seed() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_nanos() as u64
}
