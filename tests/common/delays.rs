//! Nodes that verify on and on while tokens are revoked, and how late each hears of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use personal_tokens::store::PostgresStore;
use personal_tokens::store::sqlx::{self, PgConnection};
use tokio::sync::{Mutex, MutexGuard};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use super::node::{Node, Settings};
use super::postgres::Server;
use super::proxy::Proxy;

pub const NODES: usize = 3;
/// No bound of a cache comes to the help of what is to be quick.
pub const NO_BOUND: Duration = Duration::from_secs(3_600);
/// How many tokens are revoked, and watched, at once.
const AT_ONCE: usize = 12;
/// For whatever takes no longer unless it hangs.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long a token is watched after it was refused everywhere.
const AFTERWARDS: Duration = Duration::from_millis(20);

pub struct Fleet {
    /// One fleet at a time: they share the processors.
    _alone: MutexGuard<'static, ()>,
    pub server: Arc<Server>,
    pub database: String,
    /// Between the followers and the server.
    pub proxy: Option<Proxy>,
    nodes: Arc<Vec<Node>>,
}

/// A token that each node has in its cache.
pub struct Watched {
    pub owner: String,
    pub id: String,
    pub token: String,
}

/// In microseconds, from the end of a revoke to the begin of the last verification that was accepted; 0 if that was
/// before. In order.
#[derive(Debug, Default)]
pub struct Delays {
    /// By each node but the one that revoked, which accepts none.
    elsewhere: Vec<u64>,
    accepted: u64,
    took: Duration,
}

impl Fleet {
    pub async fn start(choose: impl Fn(Settings) -> Settings) -> Self {
        Self::start_with(choose, false).await
    }

    pub async fn start_by_proxy(choose: impl Fn(Settings) -> Settings) -> Self {
        Self::start_with(choose, true).await
    }

    async fn start_with(choose: impl Fn(Settings) -> Settings, by_proxy: bool) -> Self {
        static ALONE: Mutex<()> = Mutex::const_new(());
        let alone = ALONE.lock().await;
        let server = Arc::new(Server::start(&[]));
        let database = server.new_database().await;
        let url = server.url(&database);
        let store = PostgresStore::connect(&url).await.unwrap();
        store.create_tables().await.unwrap();
        store.close().await;
        let mut settings = Settings::new(url);
        let proxy = if by_proxy { Some(Proxy::to(server.port()).await) } else { None };
        if let Some(proxy) = &proxy {
            settings.follow = Some(format!("postgres://postgres@127.0.0.1:{}/{database}", proxy.port()));
        }
        let mut nodes = Vec::new();
        for number in 0..NODES {
            nodes.push(Node::start("the_node", number, &choose(settings.clone())).await);
        }
        let fleet = Self { _alone: alone, server, database, proxy, nodes: Arc::new(nodes) };
        if choose(settings).follow.is_some() {
            fleet.listens(NODES).await;
        }
        fleet
    }

    /// Until so many connections listen, or did until they died.
    pub async fn listens(&self, count: usize) {
        let mut connection = self.server.connect(&self.database).await;
        let listening = async {
            while listeners(&mut connection).await < count as i64 {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(PATIENCE, listening).await.expect("they listen");
    }

    /// So many tokens, by each node in turn, while all verify them.
    pub async fn revoke(&self, count: usize) -> Delays {
        let began = Instant::now();
        let (next, mut workers) = (Arc::new(AtomicUsize::new(0)), JoinSet::new());
        for _ in 0..AT_ONCE {
            let (nodes, next) = (Arc::clone(&self.nodes), Arc::clone(&next));
            workers.spawn(async move {
                let mut delays = Delays::default();
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count {
                        return delays;
                    }
                    timeout(PATIENCE, revoke(&nodes, number % NODES, &mut delays))
                        .await
                        .expect("it is refused in the end");
                }
            });
        }
        let mut delays = Delays::default();
        workers.join_all().await.into_iter().for_each(|some| delays.add(some));
        delays.took = began.elapsed();
        assert_eq!(delays.elsewhere.len(), count * (NODES - 1));
        delays
    }

    /// A new token.
    pub async fn watched(&self) -> Watched {
        watched(&self.nodes, 0).await
    }

    /// Until each node has refused it.
    pub async fn is_refused(&self, token: &str) {
        for node in &*self.nodes {
            timeout(PATIENCE, node.ask(&format!("refused {token}"))).await.expect("it is refused in the end");
            node.ask(&format!("forget {token}")).await;
        }
    }
}

impl Delays {
    pub fn add(&mut self, other: Self) {
        self.elsewhere.extend(other.elsewhere);
        self.elsewhere.sort_unstable();
        self.accepted += other.accepted;
        self.took += other.took;
    }

    pub fn print(&self, circumstances: &str) {
        let at = |share: f64| self.elsewhere[((self.elsewhere.len() - 1) as f64 * share) as usize] as f64 / 1_000.0;
        let (revokes, accepted, took) = (self.elsewhere.len() / (NODES - 1), self.accepted, self.took.as_secs_f64());
        println!(
            "{circumstances}: {revokes} revokes in {took:.1} s, {accepted} verifications accepted; from a revoke's return to \
             the last accepted elsewhere: median {} ms, 99 % {} ms, worst {} ms",
            at(0.5),
            at(0.99),
            at(1.0)
        );
    }

    pub fn worst(&self) -> Duration {
        Duration::from_micros(*self.elsewhere.last().unwrap())
    }
}

async fn listeners(connection: &mut PgConnection) -> i64 {
    let count = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'";
    sqlx::query_scalar(count).fetch_one(connection).await.unwrap()
}

async fn watched(nodes: &[Node], by: usize) -> Watched {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    // A change of another token of the same owner would have nodes look again.
    let owner = format!("store-{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    let issued = nodes[by].ask(&format!("issue {owner} sync")).await.unwrap();
    let [_, id, token] = &issued.words[..] else { panic!("{issued:?}") };
    for node in nodes {
        let [accepted, ..] = seen(node, "watch", token).await;
        assert!(accepted > 0, "node {}", node.number);
    }
    Watched { owner, id: id.clone(), token: token.clone() }
}

async fn revoke(nodes: &[Node], by: usize, delays: &mut Delays) {
    let Watched { owner, id, token } = watched(nodes, by).await;
    let revoked = nodes[by].ask(&format!("revoke {owner} {id}")).await.unwrap();
    assert!(revoked.is("done"), "{revoked:?}");
    for node in nodes {
        seen(node, "refused", &token).await;
    }
    sleep(AFTERWARDS).await;
    for (number, node) in nodes.iter().enumerate() {
        let [accepted, last_accepted, ..] = seen(node, "forget", &token).await;
        delays.accepted += accepted;
        let delay = last_accepted.saturating_sub(revoked.end);
        if number == by {
            assert_eq!(delay, 0, "accepted by the node that revoked it");
        } else {
            delays.elsewhere.push(delay);
        }
    }
}

async fn seen(node: &Node, verb: &str, token: &str) -> [u64; 4] {
    let answer = node.ask(&format!("{verb} {token}")).await.unwrap();
    let numbers: Vec<u64> = answer.words.iter().map(|word| word.parse().unwrap()).collect();
    numbers.try_into().unwrap()
}
