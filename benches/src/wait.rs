//! Awaiting without a runtime's cost, where nothing has to wait.

use std::pin::{Pin, pin};
use std::sync::LazyLock;
use std::task::{Context, Poll, Waker};

use tokio::runtime::Runtime;

/// What the future answers: from the first poll where it never waits, as a verification from memory; else tokio drives it.
/// Inlined, as `.await` is: a future that is passed on is copied.
#[inline(always)]
pub fn wait<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => drive(future),
    }
}

#[cold]
fn drive<F: Future>(future: Pin<&mut F>) -> F::Output {
    runtime().block_on(future)
}

/// The runtime for stores that want one. A [`Contest`](crate::Contest) has entered it while it runs.
pub fn runtime() -> &'static Runtime {
    static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());
    &RUNTIME
}
