//! [`Follower`]: hears of what other nodes change, so that a cache forgets it.

use std::future::Future;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::{Either, select};
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgPool};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::store::Invalidate;
use crate::token::TokenId;

/// How long connecting and LISTEN may take, and sending a heartbeat.
const PATIENCE: Duration = Duration::from_secs(5);
const SHORTEST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
const SHORTEST_HEARTBEAT: Duration = Duration::from_millis(10);

/// Tells a cache what other nodes, or hands in psql, have changed. From
/// [`PostgresStore::follower`](super::PostgresStore::follower).
///
/// ```no_run
/// # #[cfg(feature = "cache")]
/// # async fn open(url: &str) -> Result<(), Box<dyn std::error::Error>> {
/// use std::sync::Arc;
///
/// use personal_tokens::PersonalTokens;
/// use personal_tokens::store::{CachedStore, PostgresStore};
///
/// let postgres = PostgresStore::connect(url).await?;
/// let follower = postgres.follower(url.parse()?);
/// let cached = Arc::new(CachedStore::new(postgres));
/// let tokens = PersonalTokens::builder(Arc::clone(&cached)).prefix("shop").build()?;
///
/// let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
/// let following = tokio::spawn(follower.follow(cached, async { drop(stopped.await) }));
/// // … serve …
/// drop(stop);
/// following.await?;
/// # Ok(())
/// # }
/// ```
///
/// Triggers on the table notify every change but those of last use and notices. The follower listens on a connection of
/// its own and has the cache forget what it hears of. Whatever was said before it listened it cannot hear: it clears
/// the whole cache each time that it begins to listen, and once the connection is lost or in doubt. A connection that
/// is dead without a word is found by a heartbeat: a notification that is sent through the store's pool, and is to
/// arrive.
///
/// It makes revocation quick, and is no promise: that is the cache's `max_staleness`, which holds without it.
pub struct Follower {
    options: PgConnectOptions,
    pool: PgPool,
    channel: String,
    /// Of its own: what others send there nobody hears.
    heartbeats: String,
    heartbeat: Duration,
    status: FollowerStatus,
}

/// Whether a [`Follower`] listens; from [`Follower::status`].
#[derive(Clone, Debug, Default)]
pub struct FollowerStatus {
    is_listening: Arc<AtomicBool>,
}

impl FollowerStatus {
    /// Whether it listens, as far as it knows. While it does not, changes that are made elsewhere are noticed within the
    /// cache's `max_staleness` only.
    #[must_use]
    pub fn is_listening(&self) -> bool {
        self.is_listening.load(Ordering::Relaxed)
    }
}

/// Why it begins anew.
#[derive(Debug, thiserror::Error)]
enum Lost {
    #[error("cannot listen")]
    CannotListen(#[source] sqlx::Error),
    #[error("the server did not answer in time")]
    NoAnswer,
    #[error("the connection was lost")]
    Connection,
    #[error("the connection failed")]
    Failed(#[source] sqlx::Error),
    #[error(
        "a heartbeat that was sent did not arrive: the connection is dead, or the follower's options lead to another \
         database than the store's pool, or through a pooler"
    )]
    Silent,
}

impl Follower {
    pub(super) fn new(options: PgConnectOptions, pool: PgPool, channel: String) -> Self {
        let name = RandomState::new().build_hasher().finish();
        Self {
            options,
            pool,
            channel,
            heartbeats: format!("personal_tokens_heartbeat:{name:016x}"),
            heartbeat: Duration::from_secs(5),
            status: FollowerStatus::default(),
        }
    }

    /// How long after one heartbeat the next is sent, and how long it may take to arrive. Default: 5 seconds; at least 10
    /// milliseconds. A connection that is dead without a word is found within twice this span, while the store's pool
    /// gives a connection to send it by; where it gives none, nothing is concluded from that.
    #[must_use]
    pub fn heartbeat(mut self, every: Duration) -> Self {
        self.heartbeat = every.max(SHORTEST_HEARTBEAT);
        self
    }

    /// To be asked whether it listens, for readiness and alarms.
    #[must_use]
    pub fn status(&self) -> FollowerStatus {
        self.status.clone()
    }

    /// Listens until `stop` ends, connecting again as often as it takes. To be spawned on the Tokio runtime.
    pub async fn follow(self, cache: impl Invalidate, stop: impl Future<Output = ()>) {
        let following = async {
            let mut pause = SHORTEST_PAUSE;
            loop {
                let lost = self.listen(&cache).await;
                pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
                if self.status.is_listening.swap(false, Ordering::Relaxed) {
                    cache.invalidate_all();
                    pause = SHORTEST_PAUSE;
                }
                trace::lost(&lost);
                sleep(pause).await;
            }
        };
        let (following, stop) = (pin!(following), pin!(stop));
        let _ends = Ends(&self.status);
        select(stop, following).await;
    }

    /// Until the connection is lost, or cannot be made.
    async fn listen(&self, cache: &impl Invalidate) -> Lost {
        let mut listener = match timeout(PATIENCE, self.connect()).await {
            Ok(Ok(listener)) => listener,
            Ok(Err(error)) => return Lost::CannotListen(error),
            Err(_) => return Lost::NoAnswer,
        };
        // What was said before is not heard.
        cache.invalidate_all();
        self.status.is_listening.store(true, Ordering::Relaxed);
        trace::listening();
        let (heard, last_heard) = watch::channel(0_u64);
        let hearing = pin!(hear(&mut listener, &self.heartbeats, cache, heard));
        let beating = pin!(self.beat(last_heard));
        let (Either::Left((lost, _)) | Either::Right((lost, _))) = select(hearing, beating).await;
        lost
    }

    async fn connect(&self) -> Result<PgListener, sqlx::Error> {
        // Without a pool, which would try again until it is late, and tell nobody why.
        self.options.connect().await?.close().await?;
        let pool = PgPoolOptions::new().max_connections(1).max_lifetime(None).idle_timeout(None);
        let mut listener = PgListener::connect_with(&pool.connect_lazy_with(self.options.clone())).await?;
        listener.eager_reconnect(false);
        // It asks for nothing, so that a role's time limit for idle sessions would end it. Not every server has one.
        drop(sqlx::raw_sql("SET idle_session_timeout = 0").execute(&mut listener).await);
        listener.listen_all([self.channel.as_str(), self.heartbeats.as_str()]).await?;
        Ok(listener)
    }

    /// Sends heartbeats; ends when one does not arrive.
    async fn beat(&self, mut last_heard: watch::Receiver<u64>) -> Lost {
        let mut number = 0_u64;
        loop {
            sleep(self.heartbeat).await;
            number = number.wrapping_add(1);
            if !self.send(number).await {
                // It says nothing about the connection that listens.
                continue;
            }
            let arrives = last_heard.wait_for(|heard| *heard == number);
            if timeout(self.heartbeat, arrives).await.is_err() {
                return Lost::Silent;
            }
        }
    }

    /// Whether it was sent.
    async fn send(&self, number: u64) -> bool {
        let Ok(Ok(mut connection)) = timeout(PATIENCE, self.pool.acquire()).await else {
            return false;
        };
        let heartbeats = &self.heartbeats;
        // In one message, so that a pooler runs it on one connection.
        let notify = sqlx::raw_sql(AssertSqlSafe(format!("NOTIFY \"{heartbeats}\", '{number}'")));
        let sent = timeout(PATIENCE, notify.execute(&mut *connection)).await;
        let sent = matches!(sent, Ok(Ok(_)));
        if !sent {
            connection.close_on_drop();
        }
        sent
    }
}

/// It listens no more, also where its task was aborted.
struct Ends<'f>(&'f FollowerStatus);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.is_listening.store(false, Ordering::Relaxed);
    }
}

impl std::fmt::Debug for Follower {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Follower")
            .field("channel", &self.channel)
            .field("heartbeat", &self.heartbeat)
            .finish_non_exhaustive()
    }
}

/// Has the cache forget what it hears of, until the connection is lost.
async fn hear(listener: &mut PgListener, heartbeats: &str, cache: &impl Invalidate, heard: watch::Sender<u64>) -> Lost {
    loop {
        match listener.try_recv().await {
            Ok(Some(told)) if told.channel() == heartbeats => {
                heard.send_replace(told.payload().parse().unwrap_or_default());
            }
            Ok(Some(told)) => match told.payload().parse::<TokenId>() {
                Ok(id) => cache.invalidate(id),
                // A TRUNCATE, or what no trigger of ours said.
                Err(_) => cache.invalidate_all(),
            },
            Ok(None) => return Lost::Connection,
            Err(error) => return Lost::Failed(error),
        }
    }
}

/// What the feature `tracing` emits here.
mod trace {
    use super::Lost;

    #[cfg(feature = "tracing")]
    pub(super) fn listening() {
        tracing::info!("hears of changes by other nodes");
    }

    #[cfg(feature = "tracing")]
    pub(super) fn lost(lost: &Lost) {
        let error: &dyn std::error::Error = lost;
        tracing::warn!(error, "does not hear of changes by other nodes; connecting again");
    }

    #[cfg(not(feature = "tracing"))]
    pub(super) fn listening() {}

    #[cfg(not(feature = "tracing"))]
    pub(super) fn lost(_: &Lost) {}
}
