//! Three nodes with caches over one PostgreSQL issue, verify, rename, rotate and revoke at once, while nodes and the server
//! are killed: whatever they say, one truth explains it. What ended is accepted nowhere beyond the bound, and nowhere at all
//! where it was ended; nothing that was acknowledged is lost (failures 19, 20). Some 25 seconds.
#![cfg(all(feature = "postgres", feature = "cache", feature = "memory", feature = "testing"))]

mod common;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::history::{Deed, Event, Outcome, State, Successor, Wrong, check};
use common::node::served::serve;
use common::node::{Answer, Node, Settings, now};
use common::postgres::Server;
use common::random::split_mix;
use personal_tokens::store::{Cursor, ListQuery, PostgresStore, TokenStore as _};
use personal_tokens::{OwnerId, Timestamp, TokenState};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

const NODES: usize = 3;
const WORKERS: usize = 16;
/// Many, since a node forgets an owner's tokens whenever it changes one of them.
const OWNERS: u64 = 100;
const BOUND: Duration = Duration::from_secs(2);
/// How many tokens are in use at once.
const TOKENS: usize = 200;
/// How many are verified at a time.
const TOGETHER: usize = 8;
/// For whatever takes no longer unless it hangs.
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_truth_explains_what_a_fleet_says_while_its_parts_are_killed() {
    run_for(Duration::from_secs(16)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "five minutes"]
async fn one_truth_explains_five_minutes_of_it() {
    run_for(Duration::from_secs(300)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fleet_that_forgets_later_than_it_says_is_found() {
    let mut fleet = Fleet::start().await;
    fleet.settings.follow = None;
    fleet.settings.max_staleness = PATIENCE;
    let fleet = Arc::new(fleet);
    fleet.replace_all().await;
    fleet.work(Duration::from_secs(6), async {}).await;
    let found = fleet.found().await;
    println!("{} wrong of {:?}", found.len(), fleet.told());
    assert!(found.iter().any(|(wrong, _)| *wrong == Wrong::AcceptedAfterItsEnd), "nothing is found");
}

/// A process of its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_node() {
    serve().await;
}

async fn run_for(span: Duration) {
    let fleet = Arc::new(Fleet::start().await);
    fleet.replace_all().await;
    let (killer, mut random) = (Arc::clone(&fleet), split_mix(now()));
    let until = Instant::now() + span.saturating_sub(Duration::from_secs(2));
    let kills = async move {
        for round in 1_u64.. {
            if Instant::now() > until {
                break;
            }
            sleep(Duration::from_millis(1_200 + random() % 800)).await;
            killer.replace(random() as usize % NODES).await;
            if round.is_multiple_of(3) {
                killer.restart_the_server(Duration::from_millis(random() % 400)).await;
            }
        }
    };
    fleet.work(span, kills).await;
    let found = fleet.found().await;
    let told = fleet.told();
    println!("{told:?}");
    assert!(found.is_empty(), "{} are wrong: {}", found.len(), found[0].1);
    // Else it shows little.
    assert!(told.accepted > 500 && told.rejected > 50, "{told:?}");
    assert!(told.changed > 100 && told.unknown > 0 && told.killed > 3, "{told:?}");
}

struct Fleet {
    server: Arc<Server>,
    database: String,
    settings: Settings,
    /// The last of each three that was started; the others are gone.
    nodes: Vec<Mutex<Option<Arc<Node>>>>,
    started: AtomicUsize,
    known: Mutex<Vec<Known>>,
    history: Mutex<Vec<Event>>,
}

/// A token that workers may ask about.
#[derive(Clone)]
struct Known {
    owner: String,
    id: String,
    token: String,
}

#[derive(Debug, Default)]
struct Told {
    accepted: usize,
    rejected: usize,
    changed: usize,
    unknown: usize,
    killed: usize,
}

impl Fleet {
    async fn start() -> Self {
        let server = Arc::new(Server::start(&[]));
        let database = server.new_database().await;
        let url = server.url(&database);
        let store = PostgresStore::connect(&url).await.unwrap();
        store.create_tables().await.unwrap();
        store.close().await;
        let (heartbeat, deadline) = (Duration::from_millis(500), Duration::from_secs(2));
        let settings = Settings { heartbeat, max_staleness: BOUND, deadline, ..Settings::new(url) };
        let nodes = (0..NODES).map(|_| Mutex::default()).collect();
        let (known, history, started) = (Mutex::default(), Mutex::default(), AtomicUsize::new(0));
        Self { server, database, settings, nodes, started, known, history }
    }

    async fn replace_all(&self) {
        for place in 0..NODES {
            self.replace(place).await;
        }
    }

    /// By a new one, after it was killed in the middle of its work.
    async fn replace(&self, place: usize) {
        let old = self.nodes[place].lock().unwrap().take();
        old.inspect(|node| node.kill());
        let number = self.started.fetch_add(1, Ordering::Relaxed);
        let node = timeout(PATIENCE, Node::start("the_node", number, &self.settings)).await.expect("it starts");
        *self.nodes[place].lock().unwrap() = Some(Arc::new(node));
    }

    async fn restart_the_server(&self, after: Duration) {
        self.server.kill();
        sleep(after).await;
        let server = Arc::clone(&self.server);
        tokio::task::spawn_blocking(move || server.start_again()).await.unwrap();
    }

    /// While `meanwhile` goes on.
    async fn work(self: &Arc<Self>, span: Duration, meanwhile: impl Future<Output = ()> + Send + 'static) {
        let until = Instant::now() + span;
        let mut workers = JoinSet::new();
        // Of one instant: two that begin a moment apart might else draw the same names.
        let seed = now();
        for worker in 0..WORKERS as u64 {
            let fleet = Arc::clone(self);
            workers.spawn(async move {
                let mut random = split_mix(seed + worker);
                while Instant::now() < until {
                    // What hangs is a bug of its own.
                    timeout(PATIENCE, fleet.one(&mut random)).await.expect("it ends");
                }
            });
        }
        let meanwhile = tokio::spawn(meanwhile);
        workers.join_all().await;
        timeout(PATIENCE, meanwhile).await.expect("it ends").unwrap();
    }

    /// Whatever a worker may ask of whichever node.
    async fn one(&self, random: &mut (impl FnMut() -> u64 + Send)) {
        let Some(node) = self.nodes[random() as usize % NODES].lock().unwrap().clone() else {
            return sleep(Duration::from_millis(5)).await;
        };
        let (owner, name) = (format!("store-{}", random() % OWNERS), format!("name-{:x}", random()));
        let some = self.some(random);
        let Some(Known { owner: of, id, .. }) = some.first().cloned() else {
            return self.issue(&node, owner, name).await;
        };
        match random() % 1_000 {
            0..40 => self.issue(&node, owner, name).await,
            40..100 => {
                let ask = format!("rename {of} {id} {name}");
                self.change(&node, &ask, |outcome| Deed::Rename { id, name, outcome }).await;
            }
            100..130 => self.rotate(&node, of, id, random() % 2 * (random() % 1_500)).await,
            130..160 => {
                let ask = format!("revoke {of} {id}");
                self.change(&node, &ask, |outcome| Deed::Revoke { id, outcome }).await;
            }
            160..170 => {
                let ask = format!("revoke_all {owner}");
                self.change(&node, &ask, |outcome| Deed::RevokeAll { owner, outcome }).await;
            }
            _ => self.verify(&node, &some).await,
        }
    }

    /// Of the tokens of late, ended ones among them; none while there are few.
    fn some(&self, random: &mut impl FnMut() -> u64) -> Vec<Known> {
        let known = self.known.lock().unwrap();
        let late = &known[known.len().saturating_sub(TOKENS)..];
        let picked = (0..TOGETHER).map(|_| late.get(random() as usize % TOKENS).cloned());
        picked.collect::<Option<_>>().unwrap_or_default()
    }

    async fn issue(&self, node: &Node, owner: String, name: String) {
        let (start, answer) = (now(), node.ask(&format!("issue {owner} {name}")).await);
        let done = answer.as_ref().filter(|answer| answer.is("done"));
        let id = done.map(|answer| {
            self.learn(&owner, answer);
            answer.words[1].clone()
        });
        let end = done.map(|answer| answer.end);
        self.remember(node, start, end, Deed::Issue { owner, name, id });
    }

    async fn rotate(&self, node: &Node, owner: String, id: String, grace: u64) {
        let (start, answer) = (now(), node.ask(&format!("rotate {owner} {id} {grace}")).await);
        let outcome = outcome(answer.as_ref());
        let successor = answer.as_ref().filter(|answer| answer.is("done")).map(|answer| {
            self.learn(&owner, answer);
            let [_, id, _, grace_ends, name] = &answer.words[..] else { panic!("{answer:?}") };
            Successor { id: id.clone(), name: name.clone(), grace_ends: grace_ends.parse().unwrap() }
        });
        self.remember(node, start, heard(&answer), Deed::Rotate { id, outcome, successor });
    }

    async fn change(&self, node: &Node, ask: &str, deed: impl FnOnce(Outcome) -> Deed) {
        let (start, answer) = (now(), node.ask(ask).await);
        self.remember(node, start, heard(&answer), deed(outcome(answer.as_ref())));
    }

    async fn verify(&self, node: &Node, some: &[Known]) {
        let tokens: Vec<&str> = some.iter().map(|known| known.token.as_str()).collect();
        let Some(answer) = node.ask(&format!("verify {}", tokens.join(" "))).await else { return };
        for (Known { id, .. }, verdict) in some.iter().zip(&answer.words) {
            let words: Vec<&str> = verdict.split(',').collect();
            let (state, name) = match words[2..] {
                ["accepted", name] => (State::Active, Some(name.to_owned())),
                ["revoked"] => (State::Revoked, None),
                ["rotated"] => (State::Rotated, None),
                ["absent"] => (State::Absent, None),
                // No verdict, so none against the token.
                ["failed"] => continue,
                _ => panic!("{verdict}"),
            };
            let deed = Deed::See { id: id.clone(), state, name, fresh: false };
            self.remember(node, words[0].parse().unwrap(), words[1].parse().ok(), deed);
        }
    }

    /// What is wrong with all of it, and with what the database holds in the end.
    async fn found(&self) -> Vec<(Wrong, String)> {
        let nodes = self.nodes.iter().filter_map(|node| node.lock().unwrap().take());
        nodes.for_each(|node| node.kill());
        self.look().await;
        let bound = BOUND.as_micros().try_into().unwrap();
        check(&self.history.lock().unwrap(), bound)
    }

    /// At every row.
    async fn look(&self) {
        let store = PostgresStore::connect(&self.server.url(&self.database)).await.unwrap();
        let (reader, start) = (self.started.load(Ordering::Relaxed), now());
        let mut kept = Vec::new();
        for owner in 0..OWNERS {
            let owner = OwnerId::new(&format!("store-{owner}")).unwrap();
            let mut after: Option<Cursor> = None;
            loop {
                let query = after.map_or(ListQuery::all(), |after| ListQuery::all().after(after)).limit(500);
                let page = store.list(&owner, &query, Timestamp::UNIX_EPOCH).await.unwrap();
                after = page.last().map(Cursor::in_list);
                kept.extend(page);
                if after.is_none() {
                    break;
                }
            }
        }
        let (end, mut history) = (now(), self.history.lock().unwrap());
        let mut see = |id, state, name| {
            let deed = Deed::See { id, state, name, fresh: true };
            history.push(Event { node: reader, start, end: Some(end), deed });
        };
        let held: std::collections::HashSet<String> = kept.iter().map(|record| record.id.to_string()).collect();
        for record in kept {
            let state = match record.state(Timestamp::from_micros(end as i64).unwrap()) {
                TokenState::Active => State::Active,
                TokenState::Revoked => State::Revoked,
                TokenState::Rotated => State::Rotated,
                other => panic!("{other:?}"),
            };
            see(record.id.to_string(), state, Some(record.name.to_string()));
        }
        let known = self.known.lock().unwrap();
        known.iter().filter(|known| !held.contains(&known.id)).for_each(|known| {
            see(known.id.clone(), State::Absent, None);
        });
    }

    fn told(&self) -> Told {
        let mut told = Told { killed: self.started.load(Ordering::Relaxed) - NODES, ..Told::default() };
        for Event { deed, end, .. } in &*self.history.lock().unwrap() {
            let changed = match deed {
                Deed::See { fresh: true, .. } => continue,
                Deed::See { state: State::Active, .. } => &mut told.accepted,
                Deed::See { .. } => &mut told.rejected,
                _ if end.is_some() => &mut told.changed,
                _ => &mut told.unknown,
            };
            *changed += 1;
        }
        told
    }

    fn learn(&self, owner: &str, answer: &Answer) {
        let known = Known { owner: owner.to_owned(), id: answer.words[1].clone(), token: answer.words[2].clone() };
        self.known.lock().unwrap().push(known);
    }

    fn remember(&self, node: &Node, start: u64, end: Option<u64>, deed: Deed) {
        self.history.lock().unwrap().push(Event { node: node.number, start, end, deed });
    }
}

/// Of a call that failed it is unknown whether, or when, it was done.
fn outcome(answer: Option<&Answer>) -> Outcome {
    match answer.map(|answer| answer.words[0].as_str()) {
        Some("done") => Outcome::Acknowledged,
        Some("not_found") => Outcome::NotFound,
        Some("ended") => Outcome::Ended,
        _ => Outcome::Unknown,
    }
}

fn heard(answer: &Option<Answer>) -> Option<u64> {
    answer.as_ref().filter(|answer| !answer.is("failed")).map(|answer| answer.end)
}
