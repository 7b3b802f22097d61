//! Housekeeping on a schedule.

use std::convert::Infallible;
use std::future::{Future, pending, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use tokio::time::sleep;

use crate::deadline::within;
use crate::store::StoreError;

use super::PersonalTokens;

/// How long one call of the store may take.
const DEADLINE: Duration = Duration::from_secs(10);
/// How long the last flush may take.
const LAST_FLUSH: Duration = Duration::from_secs(30);
const PRUNE_INTERVAL: Duration = Duration::from_secs(3_600);
/// The longest wait between tries while the store fails, unless the flush interval is longer.
const LONGEST_BACKOFF: Duration = Duration::from_secs(300);

impl PersonalTokens {
    /// Housekeeping, to be spawned once a process: it [flushes](Self::flush) at the [flush
    /// interval](super::Builder::flush_interval) and, given a [retention](super::Builder::retention),
    /// [prunes](Self::prune) every hour, beginning with the first flush. It ends once `shutdown` does, after a last
    /// flush of 30 seconds at most; wait for it before the process ends.
    ///
    /// A store may fail, or not answer a call within 10 seconds: that is told to the [observers](super::Observer), and
    /// the next try comes after twice the interval, then four times, up to 5 minutes. Flushing and pruning do not wait
    /// for each other. What was not written is kept for the next try. A process that ends without the last flush loses
    /// the uses that were noted since the last flush that succeeded: those of one interval, while the store works.
    ///
    /// To be polled on a Tokio runtime with its time enabled; tokio panics on another. A panic of the store or of an
    /// observer ends it.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use personal_tokens::{PersonalTokens, store::MemoryStore};
    ///
    /// let tokens = PersonalTokens::builder(MemoryStore::new()).prefix("shop").build()?;
    /// let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    /// let maintenance = tokio::spawn(tokens.maintain(async { drop(stopped.await) }));
    /// // … serve until it is time to stop, then:
    /// drop(stop);
    /// maintenance.await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use = "spawn it"]
    pub fn maintain<S>(&self, shutdown: S) -> impl Future<Output = ()> + use<S>
    where
        S: Future<Output = ()>,
    {
        let tokens = self.clone();
        async move { tokens.keep_house(pin!(shutdown)).await }
    }

    async fn keep_house(&self, shutdown: Pin<&mut impl Future<Output = ()>>) {
        let interval = Duration::try_from(self.inner.flush_interval).unwrap_or(Duration::MAX);
        until(shutdown, pin!(self.keep_flushing(interval)), pin!(self.keep_pruning(interval))).await;
        let last = self.inner.usage.flush(&*self.inner.store, Some(DEADLINE));
        self.told(within(Some(LAST_FLUSH), last).await);
    }

    async fn keep_flushing(&self, interval: Duration) -> Infallible {
        let mut wait = interval;
        loop {
            sleep(wait).await;
            let flushed = self.told(self.inner.usage.flush(&*self.inner.store, Some(DEADLINE)).await);
            wait = if flushed.is_some() { interval } else { longer(wait, interval) };
        }
    }

    async fn keep_pruning(&self, interval: Duration) -> Infallible {
        if self.inner.retention.is_none() {
            pending::<()>().await;
        }
        let (mut wait, mut retry) = (interval, interval);
        loop {
            sleep(wait).await;
            let pruned = self.told(within(Some(DEADLINE), self.prune_batch()).await);
            retry = if pruned.is_some() { interval } else { longer(retry, interval) };
            wait = match pruned {
                Some(0) => PRUNE_INTERVAL,
                Some(_) => Duration::ZERO,
                None => retry,
            };
        }
    }

    fn told<T>(&self, outcome: Result<T, StoreError>) -> Option<T> {
        let failed = |error| self.inner.observers.iter().for_each(|observer| observer.maintenance_failed(&error));
        outcome.map_err(failed).ok()
    }
}

fn longer(wait: Duration, interval: Duration) -> Duration {
    wait.saturating_mul(2).min(LONGEST_BACKOFF.max(interval))
}

/// Does both works side by side until the shutdown comes.
async fn until(
    mut shutdown: Pin<&mut impl Future<Output = ()>>,
    mut one: Pin<&mut impl Future<Output = Infallible>>,
    mut other: Pin<&mut impl Future<Output = Infallible>>,
) {
    poll_fn(|cx| {
        let over = shutdown.as_mut().poll(cx);
        if over.is_pending() {
            let (Poll::Pending, Poll::Pending) = (one.as_mut().poll(cx), other.as_mut().poll(cx));
        }
        over
    })
    .await;
}
