//! Cases measured in turns, beside U.

use std::env;
use std::iter;
use std::time::Duration;

use crate::case::{Case, Plain, Prepared};
use crate::crew::Crew;
use crate::fixture::Cheap;
use crate::table::{Row, Table, median, quantile};
use crate::unit::unit;
use crate::wait::runtime;

const BLOCK: Duration = Duration::from_millis(1);
const ROUNDS: usize = 101;

/// Cases that are measured in turns, so that whatever slows the machine down slows all of them down. U is the first.
pub struct Contest {
    pub(crate) title: String,
    pub(crate) entries: Vec<Entry>,
    derived: Vec<Derived>,
    rounds: usize,
}

pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) case: Box<dyn Case>,
    /// In a block; else as many as fill a millisecond.
    turns: Option<u64>,
    /// What it is called without its number of threads, and that number.
    crew: Option<(String, usize)>,
}

/// A row that is computed from others, round by round.
struct Derived {
    name: String,
    of: String,
    what: Computed,
}

enum Computed {
    Difference(Vec<(f64, String)>),
    Ratio(String),
}

/// What was measured of a case: nanoseconds a turn, by round.
#[derive(Clone)]
struct Measured {
    name: String,
    ns: Vec<f64>,
    allocations: f64,
    factor: Option<f64>,
    /// Of a ratio: what stands in place of the ratio to U.
    ratios: Option<Vec<f64>>,
}

impl Contest {
    /// A contest of this title, with U in it.
    pub fn new(title: &str) -> Self {
        let rounds = env::var("ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(ROUNDS);
        let mut contest = Self { title: title.to_owned(), entries: Vec::new(), derived: Vec::new(), rounds };
        contest.case("U: SHA-256 of 44 bytes", unit);
        contest
    }

    /// One operation. What it computes it hands to `black_box`.
    pub fn case(&mut self, name: &str, op: impl FnMut() + 'static) -> &mut Self {
        self.enter(name.to_owned(), Plain(op), None)
    }

    /// An operation that uses something up: `prepare` makes enough for so many turns, and is not timed, nor is its drop.
    pub fn prepared<T>(
        &mut self,
        name: &str,
        prepare: impl FnMut(u64) -> T + 'static,
        op: impl FnMut(&mut T) + 'static,
    ) -> &mut Self {
        self.enter(name.to_owned(), Prepared { prepare, op }, None)
    }

    /// The throughput of so many threads at once: the operation gets the thread's number and how often that thread has run
    /// it. The row's factor is over the case of the same name and one thread.
    pub fn threads(
        &mut self,
        name: &str,
        threads: usize,
        op: impl Fn(usize, u64) + Send + Sync + 'static,
    ) -> &mut Self {
        let row = format!("{name}, {threads} thread{}", if threads == 1 { "" } else { "s" });
        self.enter(row, Crew::new(threads, op), Some((name.to_owned(), threads)))
    }

    /// A row for what remains of a case (or of a row computed before) without so many times the others.
    pub fn difference(&mut self, name: &str, of: &str, minus: &[(f64, &str)]) -> &mut Self {
        let minus = minus.iter().map(|(times, name)| (*times, (*name).to_owned())).collect();
        self.derive(name, of, Computed::Difference(minus))
    }

    /// A row for what a case costs over another: its factor, and from where to where it goes.
    pub fn ratio(&mut self, name: &str, of: &str, over: &str) -> &mut Self {
        self.derive(name, of, Computed::Ratio(over.to_owned()))
    }

    /// So many turns of the last case in each round. One, where it waits for another process: what keeps the two from being
    /// run then spoils that turn alone, and the median is one of turns.
    pub fn turns(&mut self, turns: u64) -> &mut Self {
        self.entries.last_mut().unwrap().turns = Some(turns);
        self
    }

    /// So many rounds, for cases that take long; `ROUNDS` in the environment overrides it.
    pub fn rounds(&mut self, rounds: usize) -> &mut Self {
        if env::var_os("ROUNDS").is_none() {
            self.rounds = rounds;
        }
        self
    }

    /// Runs each case for about a millisecond in each round, in an order of its own, and tells the medians.
    pub fn run(mut self) -> Table {
        let _entered = runtime().enter();
        let turns: Vec<u64> = self.entries.iter_mut().map(Entry::turns).collect();
        let mut ns: Vec<Vec<f64>> = vec![Vec::with_capacity(self.rounds); self.entries.len()];
        for round in 0..self.rounds {
            for at in order(self.entries.len(), round) {
                ns[at].push(ns_a_turn(self.entries[at].case.as_mut(), turns[at]));
            }
        }
        let mut measured: Vec<Measured> = Vec::new();
        for (entry, ns) in iter::zip(&mut self.entries, ns) {
            let allocations = entry.case.allocations();
            measured.push(Measured { name: entry.name.clone(), ns, allocations, factor: None, ratios: None });
        }
        self.compare_threads(&mut measured);
        for derived in &self.derived {
            let row = derived.from(&measured);
            measured.push(row);
        }
        let units = measured[0].ns.clone();
        Table { title: self.title, rows: measured.iter().map(|case| case.row(&units)).collect() }
    }

    fn enter(&mut self, name: String, case: impl Case + 'static, crew: Option<(String, usize)>) -> &mut Self {
        assert!(self.entries.iter().all(|entry| entry.name != name), "two cases called {name}");
        self.entries.push(Entry { name, case: Box::new(case), turns: None, crew });
        self
    }

    fn derive(&mut self, name: &str, of: &str, what: Computed) -> &mut Self {
        self.derived.push(Derived { name: name.to_owned(), of: of.to_owned(), what });
        self
    }

    fn compare_threads(&self, measured: &mut [Measured]) {
        for (at, entry) in self.entries.iter().enumerate() {
            let Some((name, threads)) = &entry.crew else { continue };
            let alone = |other: &Entry| other.crew.as_ref().is_some_and(|(same, one)| same == name && *one == 1);
            if *threads > 1
                && let Some(alone) = self.entries.iter().position(alone)
            {
                let factors = iter::zip(&measured[alone].ns, &measured[at].ns).map(|(one, all)| one / all);
                measured[at].factor = Some(median(factors.collect()));
            }
        }
    }
}

impl Derived {
    fn from(&self, measured: &[Measured]) -> Measured {
        let find = |name: &str| measured.iter().find(|case| case.name == name).unwrap();
        let mut row = Measured { name: self.name.clone(), factor: None, ..find(&self.of).clone() };
        match &self.what {
            Computed::Difference(minus) => {
                for (times, name) in minus {
                    let other = find(name);
                    iter::zip(&mut row.ns, &other.ns).for_each(|(rest, ns)| *rest -= times * ns);
                    row.allocations -= times * other.allocations;
                }
            }
            Computed::Ratio(over) => {
                let ratios: Vec<f64> = iter::zip(&row.ns, &find(over).ns).map(|(of, over)| of / over).collect();
                row.factor = Some(median(ratios.clone()));
                row.ratios = Some(ratios);
            }
        }
        row
    }
}

impl Entry {
    /// After some that warm it up.
    fn turns(&mut self) -> u64 {
        let of_a_block = turns_of_a_block(self.case.as_mut());
        self.turns.unwrap_or(of_a_block)
    }
}

impl Measured {
    fn row(&self, units: &[f64]) -> Row {
        let to_unit: Vec<f64> = iter::zip(&self.ns, units).map(|(ns, unit)| ns / unit).collect();
        let units = median(to_unit.clone());
        let mut spread = self.ratios.clone().unwrap_or(to_unit);
        spread.sort_by(f64::total_cmp);
        Row {
            name: self.name.clone(),
            ns: median(self.ns.clone()),
            units,
            low: quantile(&spread, 0.1),
            high: quantile(&spread, 0.9),
            allocations: self.allocations,
            factor: self.factor,
        }
    }
}

/// Each once, and not always behind the same other, which may leave caches cold or a processor asleep.
fn order(cases: usize, round: usize) -> Vec<usize> {
    let mut random = Cheap(round as u64);
    let mut order: Vec<usize> = (0..cases).collect();
    for place in (1..cases).rev() {
        order.swap(place, random.word() as usize % (place + 1));
    }
    order
}

/// The median of a block's pieces, so that a block in which the machine did something else for a while counts as the others.
fn ns_a_turn(case: &mut dyn Case, turns: u64) -> f64 {
    let pieces = case.pieces().min(turns);
    let turns = turns / pieces;
    median((0..pieces).map(|_| case.run(turns).as_secs_f64() * 1e9 / turns as f64).collect())
}

/// Found by doubling, which warms the case up too.
fn turns_of_a_block(case: &mut dyn Case) -> u64 {
    let mut turns = 1;
    loop {
        let took = case.run(turns);
        if took >= BLOCK / 2 {
            return (turns as f64 * BLOCK.as_secs_f64() / took.as_secs_f64()).max(1.0) as u64;
        }
        turns *= 2;
    }
}
