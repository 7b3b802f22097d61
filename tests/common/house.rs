//! A shop whose maintenance runs on a store that fails, hangs or takes time at will.

use std::sync::{Arc, Mutex};
use std::time::Duration as StdDuration;

use personal_tokens::{
    Builder, Clock, Duration, Issued, Observer, PersonalTokens, StoreError, Timestamp, TimestampOutOfRange, TokenEvent,
};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until, timeout};

use super::flaky_store::FlakyStore;
use super::{issue, noon};

/// Noon is when it was made, and time passes as tokio's does: where that is paused, when a test waits.
#[derive(Clone, Copy, Debug)]
pub struct Time(Instant);

impl Time {
    pub fn of(self, instant: Instant) -> u64 {
        instant.duration_since(self.0).as_secs()
    }

    pub async fn comes_to(self, seconds: f64) {
        sleep_until(self.0 + StdDuration::from_secs_f64(seconds)).await;
    }
}

impl Clock for Time {
    fn now(&self) -> Result<Timestamp, TimestampOutOfRange> {
        Ok(noon().saturating_add(self.0.elapsed().try_into().unwrap()))
    }

    fn monotonic(&self) -> StdDuration {
        self.0.elapsed()
    }
}

/// What observers were told of failures, and at which second.
#[derive(Clone)]
pub struct Told(Time, pub Arc<Mutex<Vec<(u64, String)>>>);

impl Observer for Told {
    fn changed(&self, _: &TokenEvent) {}

    fn maintenance_failed(&self, error: &StoreError) {
        self.1.lock().unwrap().push((self.0.of(Instant::now()), error.to_string()));
    }
}

pub struct House {
    pub time: Time,
    pub store: Arc<FlakyStore>,
    pub told: Told,
    pub tokens: PersonalTokens,
    pub issued: Issued,
    pub maintenance: JoinHandle<()>,
    stop: oneshot::Sender<()>,
}

/// Maintenance begins at second 0, its flush interval is 10 seconds unless `configure` says otherwise, and uses are kept
/// to the second.
pub async fn house(store: Arc<FlakyStore>, configure: impl FnOnce(Builder) -> Builder) -> House {
    let time = Time(Instant::now());
    let told = Told(time, Arc::default());
    let builder = PersonalTokens::builder(Arc::clone(&store)).prefix("shop").scopes(["products:read"]);
    let builder = builder.usage_resolution(Duration::SECOND).observer(told.clone()).clock(time);
    let tokens = configure(builder).build().unwrap();
    let issued = issue(&tokens, "sync").await;
    let (stop, stopped) = oneshot::channel();
    // Spawned: it is `Send` and borrows nothing. Polled again after its end, this shutdown would panic.
    let maintenance = tokio::spawn(tokens.maintain(async { drop(stopped.await) }));
    House { time, store, told, tokens, issued, maintenance, stop }
}

impl House {
    pub async fn used_at(&self, seconds: f64) {
        self.time.comes_to(seconds).await;
        self.tokens.verify(self.issued.token.expose()).await.unwrap();
    }

    /// At which second it was to write uses, and how long after noon the token was used then.
    pub fn flushes(&self) -> Vec<(u64, f64)> {
        let calls = self.store.touch.take_calls().into_iter();
        calls.map(|(at, uses)| (self.time.of(at), uses[0].at.since(noon()).as_seconds_f64())).collect()
    }

    pub fn flushed_at(&self) -> Vec<u64> {
        self.flushes().into_iter().map(|(at, _)| at).collect()
    }

    /// At which second it was to prune, what ended before which second, and how many at most.
    pub fn prunes(&self) -> Vec<(u64, i64, u32)> {
        let calls = self.store.prune.take_calls().into_iter();
        calls.map(|(at, (before, most))| (self.time.of(at), before.since(noon()).whole_seconds(), most)).collect()
    }

    pub fn told(&self) -> Vec<(u64, String)> {
        std::mem::take(&mut self.told.1.lock().unwrap())
    }

    pub fn told_at(&self) -> Vec<u64> {
        self.told().into_iter().map(|(at, _)| at).collect()
    }

    pub async fn last_used(&self) -> Option<f64> {
        Some(self.store.last_used(self.issued.record.id).await?.since(noon()).as_seconds_f64())
    }

    /// The second at which it ended, once told to.
    pub async fn stopped(self) -> u64 {
        drop(self.stop);
        timeout(StdDuration::from_secs(1_000), self.maintenance).await.expect("it ends").unwrap();
        self.time.of(Instant::now())
    }
}
