//! The same on several threads at once.

use std::hint::black_box;
use std::sync::Arc;
use std::thread::available_parallelism;

use personal_tokens::store::TokenStore;

use crate::contest::Contest;
use crate::fixture::{self, Stock};
use crate::unit::unit;
use crate::wait::wait;

/// One, two, and as many as there are cores.
pub fn counts() -> Vec<usize> {
    let cores = available_parallelism().map_or(1, usize::from);
    let mut counts = vec![1, 2, cores];
    counts.sort_unstable();
    counts.dedup();
    counts
}

/// `verify` of valid tokens over this store, each thread with its own of 1,000 tokens, as many whether others run or not;
/// and U, which tells what the machine itself gives to several threads.
pub fn threads(name: &str, store: impl TokenStore + 'static) -> Contest {
    let mut contest = Contest::new(&format!("threads, {name}"));
    let stock = Stock::of(1_000);
    let tokens = fixture::shop(store, &stock);
    let valid = stock.presented().remove(0).texts;
    let share = counts().into_iter().max().map_or(valid.len(), |threads| valid.len() / threads);
    let shares: Arc<[Vec<String>]> = valid.chunks_exact(share).map(<[String]>::to_vec).collect();
    for threads in counts() {
        contest.threads("U", threads, |_, _| unit());
        let (tokens, shares) = (tokens.clone(), Arc::clone(&shares));
        contest.threads("verify", threads, move |thread, turn| {
            let text = &shares[thread][turn as usize % share];
            black_box(&wait(tokens.verify(text)));
        });
    }
    contest
}
