//! What verification is to cost, and what it costs.

use crate::figures::{Figures, Row};
use crate::say;

/// A line of the table.
pub struct Goal {
    pub what: String,
    pub goal: String,
    /// None where it was not measured.
    pub measured: Option<String>,
    pub met: Option<bool>,
    /// For `scripts/bench`.
    pub bench: &'static str,
}

/// All of them, as this run met them.
pub fn goals(figures: &Figures) -> Vec<Goal> {
    let mut goals = Vec::new();
    for store in ["MemoryStore", "CachedStore, warm"] {
        let title = format!("verify, {store}");
        let verdict = |what: &str, units: f64| {
            let what = (format!("`verify`, {what}, {store}"), figures.row("verify", &title, what));
            units_without_allocations(what, units, "verify")
        };
        goals.push(verdict("valid", 2.0));
        goals.push(verdict("wrong secret", 2.0));
        // A cache asks its store about ids that it does not have.
        goals.extend((store == "MemoryStore").then(|| verdict("unknown id", 2.0)));
        goals.push(verdict("malformed: prefix", 0.2));
        goals.push(verdict("malformed: length", 0.2));
        goals.push(verdict("malformed: encoding", 0.8));
        goals.push(verdict("malformed: checksum", 0.8));
    }
    for store in ["MemoryStore", "CachedStore, warm"] {
        let factor =
            figures.row("threads", &format!("threads, {store}"), "verify, 2 threads").and_then(|row| row.factor);
        goals.push(Goal {
            what: format!("two threads over one, {store}"),
            goal: "at least 1.9".to_owned(),
            measured: factor.map(|factor| format!("{factor:.2}")),
            met: factor.map(|factor| factor >= 1.9),
            bench: "threads",
        });
    }
    let issue = figures.row("token", "issue", "issue, MemoryStore, without the generator");
    goals.push(at_most(
        "`issue`, MemoryStore, without the system generator",
        8.0,
        "U",
        issue.and_then(|r| r.units),
        "token",
    ));
    for store in ["MemoryStore", "CachedStore, warm"] {
        let guard = figures.row("guard", &format!("guard, {store}"), "the guard beside verify");
        let what = format!("the guard around a tower service, beside `verify`, {store}");
        goals.push(at_most(&what, 1.5, "U", guard.and_then(|row| row.units), "guard"));
    }
    goals.extend(http(figures));
    goals.extend(memory(figures));
    goals.extend(look_ups(figures));
    goals.extend(["SqliteStore", "PostgresStore"].map(|store| node_start(figures, store)));
    goals
}

fn units_without_allocations((what, row): (String, Option<&Row>), units: f64, bench: &'static str) -> Goal {
    let figures = row.and_then(|row| Some((row.units?, row.allocations?)));
    Goal {
        what,
        goal: format!("at most {units} U, 0 allocations"),
        measured: figures.map(|(units, allocations)| format!("{units:.2} U, {allocations:.0}")),
        met: figures.map(|(measured, allocations)| measured <= units && allocations == 0.0),
        bench,
    }
}

fn at_most(what: &str, limit: f64, unit: &str, measured: Option<f64>, bench: &'static str) -> Goal {
    Goal {
        what: what.to_owned(),
        goal: format!("at most {limit} {unit}").trim_end().to_owned(),
        measured: measured.map(|measured| format!("{} {unit}", say::digits(measured)).trim_end().to_owned()),
        met: measured.map(|measured| measured <= limit),
        bench,
    }
}

fn memory(figures: &Figures) -> [Goal; 2] {
    [("a cached entry", "CachedStore", 340.0), ("a token in `MemoryStore` with its indexes", "MemoryStore", 480.0)].map(
        |(what, store, limit)| {
            let bytes = bytes_of(figures, store);
            let what = format!("memory, a million ordinary tokens: {what}");
            at_most(&what, limit, "bytes", bytes, "memory")
        },
    )
}

/// A token's share, all included.
pub fn bytes_of(figures: &Figures, store: &str) -> Option<f64> {
    let mut rows = figures.tables("memory").iter().flat_map(|table| &table.rows);
    rows.find(|row| row.name.starts_with(store)).and_then(|row| row.bytes)
}

/// A store's look-up over the bare one of the same records: each row `<store> … over … @ <number>` of the largest number.
/// Statements that are sent by name are compared with such, and those without one with those without.
fn look_ups(figures: &Figures) -> Vec<Goal> {
    let rows = figures.tables("stores").iter().flat_map(|table| &table.rows);
    let ratios = rows.filter_map(|row| {
        let (what, tokens) = row.name.rsplit_once(" @ ")?;
        (what.contains(" over ") && !what.contains("unnamed, over")).then_some((
            what,
            tokens.parse::<u64>().ok()?,
            row.factor?,
        ))
    });
    let mut goals: Vec<(u64, Goal)> = Vec::new();
    for (what, tokens, ratio) in ratios {
        let in_memory = what.starts_with("MemoryStore") || what.starts_with("CachedStore");
        let name = format!("{what}, {} tokens", say::count(tokens));
        let goal = at_most(&name, if in_memory { 1.3 } else { 1.15 }, "times", Some(ratio), "stores");
        match goals.iter_mut().find(|(_, earlier)| earlier.what.starts_with(&format!("{what}, "))) {
            Some(earlier) if earlier.0 < tokens => *earlier = (tokens, goal),
            Some(_) => {}
            None => goals.push((tokens, goal)),
        }
    }
    goals.into_iter().map(|(_, goal)| goal).collect()
}

/// A scan takes a thousand times as long with a thousand times as many tokens.
fn node_start(figures: &Figures, store: &str) -> Goal {
    let with = |tokens: u64| {
        let name = format!("{store}, node start @ {tokens}");
        let mut rows = figures.tables("stores").iter().flat_map(|table| &table.rows);
        rows.find(|row| row.name == name).and_then(|row| row.ns)
    };
    let both = with(1_000).zip(with(1_000_000));
    Goal {
        what: format!("node start with 1,000,000 tokens, {store}"),
        goal: "no scan: less than 10 times as long as with 1,000".to_owned(),
        measured: both.map(|(few, many)| format!("{}, with 1,000 {}", say::time(many), say::time(few))),
        met: both.map(|(few, many)| many < 10.0 * few),
        bench: "stores",
    }
}

/// The guard's share of a request, and that of a JWT's guard.
fn http(figures: &Figures) -> Vec<Goal> {
    let rows = figures.tables("http").first().map_or(&[][..], |table| &table.rows);
    let ratio = |name: &str| rows.iter().find(|row| row.name == name).and_then(|row| row.ratio);
    let spread = rows.iter().find(|row| row.name == OURS).and_then(|row| Some((row.low?, row.high?, row.rounds?)));
    let (ours, jwt) = (ratio(OURS), ratio(JWT));
    let over_none = Goal {
        what: "axum, 64 connections: server CPU a request, guarded over unguarded".to_owned(),
        goal: "at most 1.06".to_owned(),
        measured: ours
            .zip(spread)
            .map(|(ratio, (low, high, rounds))| format!("{ratio:.3} ({low:.3} to {high:.3} in {rounds} rounds)")),
        met: ours.map(|ratio| ratio <= 1.06),
        bench: "http",
    };
    let below_jwt = Goal {
        what: "the same, against a JWT HS256 guard".to_owned(),
        goal: "below it".to_owned(),
        measured: ours.zip(jwt).map(|(ours, jwt)| format!("{ours:.3} against {jwt:.3}")),
        met: ours.zip(jwt).map(|(ours, jwt)| ours < jwt),
        bench: "http",
    };
    vec![over_none, below_jwt]
}

pub const OURS: &str = "personal-tokens, MemoryStore";
const JWT: &str = "JWT HS256";
