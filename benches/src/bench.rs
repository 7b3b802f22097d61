//! How a bench target runs its contests.

use std::env;

use criterion::Criterion;

use crate::contest::Contest;
use crate::wait::runtime;

/// A bench target: with `--table` it prints each contest as one table, else criterion measures each case by itself.
pub struct Bench {
    name: &'static str,
    criterion: Option<Criterion>,
}

impl Bench {
    /// As the command line says.
    pub fn from_args(name: &'static str) -> Self {
        let criterion = (!asked("--table")).then(|| Criterion::default().configure_from_args());
        Self { name, criterion }
    }

    /// Measures this contest, and keeps its figures.
    pub fn run(&mut self, mut contest: Contest) {
        let Some(criterion) = &mut self.criterion else {
            let table = contest.run();
            table.print();
            table.save(self.name);
            return;
        };
        let _entered = runtime().enter();
        let mut group = criterion.benchmark_group(&contest.title);
        for entry in &mut contest.entries {
            group.bench_function(&entry.name, |bencher| bencher.iter_custom(|turns| entry.case.run(turns)));
        }
        group.finish();
    }

    /// To how many tokens a store shall grow: a million, ten with `--table --full`, a thousand where cargo only tries
    /// whether the bench works.
    pub fn sizes(&self) -> Vec<u64> {
        let largest = match (asked("--bench"), asked("--full")) {
            (false, _) => 1_000,
            (true, false) => 1_000_000,
            (true, true) => 10_000_000,
        };
        [1_000, 10_000, 100_000, 1_000_000, 10_000_000].into_iter().filter(|size| *size <= largest).collect()
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        if let Some(criterion) = &mut self.criterion {
            criterion.final_summary();
        }
    }
}

fn asked(flag: &str) -> bool {
    env::args().any(|given| given == flag)
}
