//! Threads that do the same at once.

use std::hint;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::allocations;
use crate::case::{COUNTED, Case};
use crate::wait::runtime;

/// Threads that live as long as their case and wait for the next round.
pub(crate) struct Crew<F> {
    op: Arc<F>,
    workers: Vec<Worker>,
}

struct Worker {
    orders: Option<Sender<u64>>,
    took: Receiver<Duration>,
    thread: Option<JoinHandle<()>>,
}

impl<F: Fn(usize, u64) + Send + Sync + 'static> Crew<F> {
    pub(crate) fn new(threads: usize, op: F) -> Self {
        let op = Arc::new(op);
        let started = Arc::new(AtomicUsize::new(0));
        let workers = (0..threads).map(|number| Worker::new(number, threads, &op, &started)).collect();
        Self { op, workers }
    }
}

impl<F: Fn(usize, u64) + Send + Sync + 'static> Case for Crew<F> {
    /// How long so many turns take when they are shared: the turns over the sum of the threads' speeds, so that it does not
    /// count that one of them ends a little later.
    fn run(&mut self, turns: u64) -> Duration {
        let each = (turns / self.workers.len() as u64).max(1);
        for worker in &self.workers {
            worker.orders.as_ref().unwrap().send(each).unwrap();
        }
        let took = self.workers.iter().map(|worker| worker.took.recv().unwrap());
        let speed: f64 = took.map(|took| each as f64 / took.as_secs_f64()).sum();
        Duration::from_secs_f64(turns as f64 / speed)
    }

    /// To begin together takes a while.
    fn pieces(&self) -> u64 {
        1
    }

    fn allocations(&mut self) -> f64 {
        allocations::a_turn(COUNTED, || (0..u64::from(COUNTED)).for_each(|turn| (self.op)(0, turn)))
    }
}

impl Worker {
    fn new<F>(number: usize, of: usize, op: &Arc<F>, started: &Arc<AtomicUsize>) -> Self
    where
        F: Fn(usize, u64) + Send + Sync + 'static,
    {
        let (orders, ordered) = channel::<u64>();
        let (done, took) = channel();
        let (op, started) = (Arc::clone(op), Arc::clone(started));
        let thread = thread::spawn(move || {
            let _entered = runtime().enter();
            let mut turn = 0;
            for (round, turns) in ordered.into_iter().enumerate() {
                let mut work = |turns| {
                    for _ in 0..turns {
                        op(number, turn);
                        turn += 1;
                    }
                };
                // A thread that has just been woken is slow.
                work(turns / 4);
                start_together(&started, (round + 1) * of);
                let began = Instant::now();
                work(turns);
                done.send(began.elapsed()).unwrap();
            }
        });
        Self { orders: Some(orders), took, thread: Some(thread) }
    }
}

/// Spinning: a thread that sleeps wakes up late by a good part of a round.
fn start_together(started: &AtomicUsize, all: usize) {
    started.fetch_add(1, Ordering::AcqRel);
    let mut spins = 0_u32;
    while started.load(Ordering::Acquire) < all {
        spins += 1;
        if spins.is_multiple_of(1_000) { thread::yield_now() } else { hint::spin_loop() }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        drop(self.orders.take());
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}
