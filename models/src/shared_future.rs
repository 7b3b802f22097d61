//! `futures_util::future::Shared` in its steps (0.3.34): many wait for one future, one of them at a time polls it, and when it
//! wakes, all of them are woken. And the nudge that `src/store/cache/flights.rs` adds.

use std::sync::PoisonError;
use std::task::Poll;

use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::sync::{Condvar, Mutex, MutexGuard};

use crate::flaw::Flaw;

/// Of two who wait.
pub(crate) struct SharedFuture {
    state: AtomicUsize,
    /// Who is to be woken; none once it is complete.
    wakers: Mutex<Option<[bool; 2]>>,
    woken: [(Mutex<bool>, Condvar); 2],
    inner: Mutex<Inner>,
    /// Whether the future can be told to wake all.
    nudge: Mutex<bool>,
}

/// Ready once somebody says so, whom the poll before asks to wake.
#[derive(Default)]
struct Inner {
    is_ready: bool,
    is_registered: bool,
}

const IDLE: usize = 0;
const POLLING: usize = 1;
const COMPLETE: usize = 2;

impl SharedFuture {
    pub(crate) fn new() -> Self {
        Self {
            state: AtomicUsize::new(IDLE),
            wakers: Mutex::new(Some([false; 2])),
            woken: [(); 2].map(|()| (Mutex::new(false), Condvar::new())),
            inner: Mutex::default(),
            nudge: Mutex::new(false),
        }
    }

    pub(crate) fn poll(&self, who: usize) -> Poll<()> {
        if self.state.load(Ordering::Acquire) == COMPLETE {
            return Poll::Ready(());
        }
        if let Some(wakers) = &mut *lock(&self.wakers) {
            wakers[who] = true;
        }
        match self.state.compare_exchange(IDLE, POLLING, Ordering::SeqCst, Ordering::SeqCst) {
            Ok(_) => {}
            Err(COMPLETE) => return Poll::Ready(()),
            // Who polls it sees to it.
            Err(_) => return Poll::Pending,
        }
        *lock(&self.nudge) = true;
        if self.poll_inner().is_pending() {
            self.state.store(IDLE, Ordering::SeqCst);
            return Poll::Pending;
        }
        self.state.store(COMPLETE, Ordering::SeqCst);
        let mut wakers = lock(&self.wakers);
        self.wake_all(&mut wakers);
        *wakers = None;
        Poll::Ready(())
    }

    fn poll_inner(&self) -> Poll<()> {
        let mut inner = lock(&self.inner);
        inner.is_registered = true;
        if inner.is_ready { Poll::Ready(()) } else { Poll::Pending }
    }

    /// What the future waits for has come.
    pub(crate) fn make_ready(&self) {
        let is_registered = {
            let mut inner = lock(&self.inner);
            inner.is_ready = true;
            std::mem::take(&mut inner.is_registered)
        };
        if is_registered {
            self.wake_all(&mut lock(&self.wakers));
        }
    }

    /// One who waits gives up.
    pub(crate) fn leave(&self, who: usize) {
        if !Flaw::NoNudge.is_planted() && std::mem::take(&mut *lock(&self.nudge)) {
            self.wake_all(&mut lock(&self.wakers));
        }
        if let Some(wakers) = &mut *lock(&self.wakers) {
            wakers[who] = false;
        }
    }

    pub(crate) fn sleep(&self, who: usize) {
        let (woken, condvar) = &self.woken[who];
        let mut woken = lock(woken);
        while !std::mem::take(&mut *woken) {
            woken = condvar.wait(woken).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn wake_all(&self, wakers: &mut Option<[bool; 2]>) {
        for (is_to_be_woken, (woken, condvar)) in wakers.iter_mut().flatten().zip(&self.woken) {
            if std::mem::take(is_to_be_woken) {
                *lock(woken) = true;
                condvar.notify_one();
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
