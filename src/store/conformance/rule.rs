use std::fmt;
use std::future::Future;
use std::io::{self, Write as _};
use std::pin::Pin;
use std::sync::{LazyLock, mpsc};
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

use super::violation::{Broken, with_sources};
use super::{Subject, Violation};

/// How long a rule may take, whatever the store: one that hangs is told, and does not hang the tests.
const PATIENCE: Duration = Duration::from_secs(300);

/// A rule of the contract.
#[derive(Clone, Copy)]
pub struct Rule {
    pub(super) name: &'static str,
    pub(super) check: fn(Subject) -> Checking,
}

type Checking = Pin<Box<dyn Future<Output = Result<Judgement, Violation>> + Send>>;

/// What a rule says of a store that does not break it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Judgement {
    /// It holds.
    Held,
    /// It was not tried; why.
    Skipped(&'static str),
}

impl Rule {
    /// The name of its function.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Tries it. Wants a Tokio runtime; [`conformance_tests!`](crate::conformance_tests) brings one.
    ///
    /// # Errors
    /// [`Violation`] if the store breaks it.
    pub async fn check(&self, subject: Subject) -> Result<Judgement, Violation> {
        (self.check)(subject).await
    }

    /// Tries it on the kit's runtime, one for the whole process, so that rules can share a store that lives on it; what
    /// a test made by [`conformance_tests!`](crate::conformance_tests) does. It blocks the thread. A rule that is
    /// skipped says so on standard error. A panic of the factory or the store is passed on to the caller.
    ///
    /// # Errors
    /// [`Violation`] if the store breaks it, or has no answer after five minutes.
    pub fn run<F, S>(self, factory: impl FnOnce() -> F + Send + 'static) -> Result<(), Violation>
    where
        F: Future<Output = S> + Send,
        S: Into<Subject>,
    {
        let broken =
            |what, expected: &str, found: String| Err(Violation::new(self.name, Broken::new(what, expected, found)));
        let runtime = match &*RUNTIME {
            Ok(runtime) => runtime,
            Err(error) => return broken("the kit's runtime", "it starts", error.to_string()),
        };
        let (answer, answered) = mpsc::channel();
        // On a task, so that a store which blocks its thread is told too.
        let checked = runtime.spawn(async move { self.check(factory().await.into()).await });
        let hanging = checked.abort_handle();
        runtime.spawn(async move { answer.send(checked.await) });
        match answered.recv_timeout(PATIENCE) {
            Ok(Ok(Ok(Judgement::Held))) => Ok(()),
            Ok(Ok(Ok(Judgement::Skipped(why)))) => {
                // Past what captures a test's output; nobody reads it where it cannot be written.
                let _ = writeln!(io::stderr(), "SKIPPED {}: {why}", self.name);
                Ok(())
            }
            Ok(Ok(Err(violation))) => Err(violation),
            Ok(Err(died)) if died.is_panic() => std::panic::resume_unwind(died.into_panic()),
            Ok(Err(died)) => broken("the rule", "an end", with_sources(&died)),
            Err(_) => {
                hanging.abort();
                broken("the rule", "an end within five minutes", "none; others that hang may keep the threads".into())
            }
        }
    }
}

/// Its threads end with the process.
static RUNTIME: LazyLock<io::Result<Runtime>> =
    LazyLock::new(|| Builder::new_multi_thread().worker_threads(4).enable_all().build());

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Rule").field(&self.name).finish()
    }
}
