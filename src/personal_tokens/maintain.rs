//! Housekeeping on a schedule.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

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
    /// Housekeeping, to be spawned once a process: it [flushes](Self::flush) at the
    /// [flush interval](super::Builder::flush_interval) and, given a [retention](super::Builder::retention),
    /// [prunes](Self::prune) every hour, beginning with the first flush. It ends once `shutdown` does, after a last flush of 30
    /// seconds at most; wait for it before the process ends.
    ///
    /// A store may fail, or not answer a call within 10 seconds: that is told to the [observers](super::Observer), and the
    /// next try comes after twice the interval, then four times, up to 5 minutes. Flushing and pruning do not wait for each
    /// other. What was not written is kept for the next try. A process that ends without the last flush loses the uses that
    /// were noted since the last flush that succeeded: those of one interval, while the store works.
    ///
    /// To be polled on a Tokio runtime with its time enabled; tokio panics on another. A panic of the store or of an observer
    /// ends it.
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

    async fn keep_house(&self, mut shutdown: Pin<&mut impl Future<Output = ()>>) {
        let interval = Duration::try_from(self.inner.flush_interval).unwrap_or(Duration::MAX);
        let [mut flushing, mut pruning] = [(); 2].map(|()| Task::due_in(interval));
        loop {
            let next = if self.inner.retention.is_some() { flushing.due.min(pruning.due) } else { flushing.due };
            let round = async {
                sleep_until(next).await;
                if flushing.is_due() {
                    let flushed = self.told(self.inner.usage.flush(&*self.inner.store, Some(DEADLINE)).await);
                    flushing.again_in(flushed.map(|()| interval), interval);
                }
                // One batch, so that a long prune keeps no flush waiting.
                if self.inner.retention.is_some() && pruning.is_due() {
                    let pruned = self.told(within(Some(DEADLINE), self.prune_batch()).await);
                    let wait = pruned.map(|pruned| if pruned == 0 { PRUNE_INTERVAL } else { Duration::ZERO });
                    pruning.again_in(wait, interval);
                }
            };
            if unless(shutdown.as_mut(), round).await.is_none() {
                break;
            }
        }
        let last = self.inner.usage.flush(&*self.inner.store, Some(DEADLINE));
        self.told(within(Some(LAST_FLUSH), last).await);
    }

    fn told<T>(&self, outcome: Result<T, StoreError>) -> Option<T> {
        let failed = |error| self.inner.observers.iter().for_each(|observer| observer.maintenance_failed(&error));
        outcome.map_err(failed).ok()
    }
}

/// When something is to be done next, and how often in a row it failed.
struct Task {
    due: Instant,
    failures: u32,
}

impl Task {
    fn due_in(wait: Duration) -> Self {
        Self { due: in_future(wait), failures: 0 }
    }

    fn is_due(&self) -> bool {
        Instant::now() >= self.due
    }

    /// `wait` is none after a failure.
    fn again_in(&mut self, wait: Option<Duration>, interval: Duration) {
        self.failures = if wait.is_some() { 0 } else { self.failures.saturating_add(1) };
        let backoff =
            || interval.saturating_mul(2_u32.saturating_pow(self.failures)).min(LONGEST_BACKOFF.max(interval));
        self.due = in_future(wait.unwrap_or_else(backoff));
    }
}

/// What is further off than the clock reaches comes in a year.
fn in_future(wait: Duration) -> Instant {
    const YEAR: Duration = Duration::from_secs(365 * 86_400);
    let now = Instant::now();
    now.checked_add(wait).or_else(|| now.checked_add(YEAR)).unwrap_or(now)
}

/// None if the shutdown came first; it must not be asked again then.
async fn unless<T>(mut shutdown: Pin<&mut impl Future<Output = ()>>, work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    poll_fn(|cx| match shutdown.as_mut().poll(cx) {
        Poll::Ready(()) => Poll::Ready(None),
        Poll::Pending => work.as_mut().poll(cx).map(Some),
    })
    .await
}
