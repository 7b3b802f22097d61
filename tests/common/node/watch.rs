//! A thread that verifies some tokens on and on, as a busy service does, and remembers when each was accepted last.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use personal_tokens::{PersonalTokens, VerifyError};
use tokio::runtime::Handle;

use super::now;

/// Between two rounds: the resolution of what is measured.
const PAUSE: Duration = Duration::from_micros(200);

pub struct Watch {
    watched: Arc<Mutex<HashMap<String, Arc<Watched>>>>,
}

struct Watched {
    token: String,
    seen: Mutex<Seen>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    accepted: u64,
    /// When that verification began.
    last_accepted: u64,
    rejected: u64,
    /// Without a verdict.
    failed: u64,
    /// One is under way that waits for the database.
    waits: bool,
}

impl Watch {
    pub fn over(tokens: PersonalTokens) -> Self {
        let watched: Arc<Mutex<HashMap<String, Arc<Watched>>>> = Arc::default();
        let (all, runtime) = (Arc::clone(&watched), Handle::current());
        // It ends with the process.
        std::thread::spawn(move || {
            loop {
                let round: Vec<_> = all.lock().unwrap().values().cloned().collect();
                round.into_iter().for_each(|watched| verify(&tokens, watched, &runtime));
                std::thread::sleep(PAUSE);
            }
        });
        Self { watched }
    }

    /// Returns once it was accepted a few times, so that it is sure to stand in the cache, or refused.
    pub async fn begin(&self, token: &str) -> String {
        let watched = Arc::new(Watched { token: token.to_owned(), seen: Mutex::default() });
        self.watched.lock().unwrap().insert(token.to_owned(), watched);
        self.until(token, |seen| seen.accepted > 2 || seen.rejected > 0).await
    }

    /// Returns once it was refused a few times.
    pub async fn refused(&self, token: &str) -> String {
        self.until(token, |seen| seen.rejected > 2).await
    }

    pub fn end(&self, token: &str) -> String {
        let watched = self.watched.lock().unwrap().remove(token).unwrap();
        let seen = *watched.seen.lock().unwrap();
        seen.to_words()
    }

    async fn until(&self, token: &str, enough: impl Fn(&Seen) -> bool) -> String {
        let watched = Arc::clone(&self.watched.lock().unwrap()[token]);
        loop {
            let seen = *watched.seen.lock().unwrap();
            if enough(&seen) {
                return seen.to_words();
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

impl Seen {
    fn to_words(self) -> String {
        format!("{} {} {} {}", self.accepted, self.last_accepted, self.rejected, self.failed)
    }
}

impl Watched {
    fn saw<T>(&self, start: u64, verdict: &Result<T, VerifyError>) {
        let mut seen = self.seen.lock().unwrap();
        seen.waits = false;
        match verdict {
            Ok(_) => {
                seen.accepted += 1;
                seen.last_accepted = seen.last_accepted.max(start);
            }
            Err(VerifyError::Rejected(_)) => seen.rejected += 1,
            Err(_) => seen.failed += 1,
        }
    }
}

/// One that waits keeps no other waiting.
fn verify(tokens: &PersonalTokens, watched: Arc<Watched>, runtime: &Handle) {
    if watched.seen.lock().unwrap().waits {
        return;
    }
    let (start, of, tokens) = (now(), Arc::clone(&watched), tokens.clone());
    let mut verdict = Box::pin(async move { tokens.verify(&of.token).await });
    let guard = runtime.enter();
    match verdict.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(verdict) => watched.saw(start, &verdict),
        Poll::Pending => {
            watched.seen.lock().unwrap().waits = true;
            runtime.spawn(async move {
                let verdict = verdict.await;
                watched.saw(start, &verdict);
            });
        }
    }
    drop(guard);
}
