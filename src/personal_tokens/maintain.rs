//! Housekeeping on a schedule.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use crate::store::StoreError;

use super::PersonalTokens;

/// The longest wait between tries while the store fails, unless the flush interval is longer.
const LONGEST_BACKOFF: Duration = Duration::from_secs(300);
/// How long one flush, and one batch of what is pruned, may take.
const DEADLINE: Duration = Duration::from_secs(10);
const PRUNE_INTERVAL: Duration = Duration::from_secs(3_600);

impl PersonalTokens {
    /// Housekeeping, to be spawned once a process: it [flushes](Self::flush) at the
    /// [flush interval](super::Builder::flush_interval) and, given a [retention](super::Builder::retention),
    /// [prunes](Self::prune) every hour. It ends once `shutdown` does, after a last flush; wait for it before the process
    /// ends.
    ///
    /// It survives whatever the store does: a failure, or no answer within 10 seconds, is told to the
    /// [observers](super::Observer), and the next try comes after twice the interval, then four times, up to 5 minutes.
    /// What was not written waits for it. A process that ends without the last flush loses the uses of one interval (of one
    /// backoff, while the store fails).
    ///
    /// To be polled on a Tokio runtime with its time enabled; tokio panics on another.
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
        let (mut wait, mut prune_at) = (interval, Instant::now());
        while unless(shutdown.as_mut(), sleep(wait)).await.is_some() {
            let Some(well) = unless(shutdown.as_mut(), self.round(&mut prune_at)).await else {
                break;
            };
            wait = if well { interval } else { wait.saturating_mul(2).min(LONGEST_BACKOFF).max(interval) };
        }
        self.went_well(&in_time(self.flush()).await);
    }

    /// Whether all went well. A flush that fails keeps nobody from pruning.
    async fn round(&self, prune_at: &mut Instant) -> bool {
        let flushed = self.went_well(&in_time(self.flush()).await);
        if Instant::now() < *prune_at {
            return flushed;
        }
        let pruned = self.went_well(&self.prune_in_time().await);
        if pruned {
            *prune_at = Instant::now().checked_add(PRUNE_INTERVAL).unwrap_or(*prune_at);
        }
        flushed && pruned
    }

    async fn prune_in_time(&self) -> Result<(), StoreError> {
        while in_time(self.prune_batch()).await? > 0 {}
        Ok(())
    }

    fn went_well(&self, outcome: &Result<(), StoreError>) -> bool {
        if let Err(error) = outcome {
            self.inner.observers.iter().for_each(|observer| observer.maintenance_failed(error));
        }
        outcome.is_ok()
    }
}

async fn in_time<T>(work: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    timeout(DEADLINE, work).await.unwrap_or_else(|late| Err(StoreError::timed_out(late)))
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
