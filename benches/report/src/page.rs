//! `benches/REPORT.md`.

use std::fmt::Write as _;

use crate::figures::{Figures, Row, Table};
use crate::goals::{Goal, goals};
use crate::machine::Machine;
use crate::say;

/// Benches of one shape, in the order of the report.
const BENCHES: [(&str, &str); 7] = [
    ("verify", "cargo bench -p personal-tokens-benches --bench verify -- --table"),
    ("token", "cargo bench -p personal-tokens-benches --bench token -- --table"),
    ("threads", "cargo bench -p personal-tokens-benches --bench threads -- --table"),
    ("guard", "cargo bench -p personal-tokens-benches --bench guard -- --table"),
    ("stores", "cargo bench -p personal-tokens-benches --features databases --bench stores -- --table"),
    ("memory", "cargo bench -p personal-tokens-benches --bench memory -- --table"),
    ("custom_store", "cargo bench -p personal-tokens-benches --bench custom_store -- --table"),
];

pub fn page(figures: &Figures, machine: &Machine) -> String {
    let mut page = String::from(HEAD);
    describe(&mut page, machine);
    say_goals(&mut page, &goals(figures));
    page.push_str(NOTES);
    peers(&mut page, figures);
    http(&mut page, figures);
    page.push_str(GROWTH);
    for (bench, command) in BENCHES {
        for table in figures.tables(bench) {
            measured(&mut page, table, command);
        }
    }
    page
}

const HEAD: &str = "# What personal tokens cost

Written by `scripts/bench`; no figure here is typed by hand. **U** is one one-shot SHA-256 of 44 bytes, measured in the same rounds as
everything else: times depend on the machine, ratios to U far less. Figures are medians; ratios are taken round by round.

";

/// What stands in the way of a goal that is missed: the one part that a person writes.
const NOTES: &str = include_str!("notes.md");

const GROWTH: &str = "\n## Cost against the number of tokens

![What finding a token costs as their number grows](growth.svg)
";

const PEERS: &str = "
The table of opaque credentials is the application's part with latchkey and prefixed-api-key: here the concurrent map that `MemoryStore`
has too. Of tower-http's bearer guard a service's call is measured; its threads share nothing.
";

const SET_UP: &str = "`cargo bench -p personal-tokens-http`: each server has one thread on one core; wrk, and the database, have another. CPU is
what the server's process ran for, by the system's count.";

fn describe(page: &mut String, machine: &Machine) {
    let Machine { processor, cores, sha_ni, kernel, rustc, releases } = machine;
    let sha_ni = if *sha_ni { "with" } else { "without" };
    let releases: Vec<String> = releases.iter().map(|(name, release)| format!("{name} {release}")).collect();
    let _ = writeln!(page, "| machine | |\n|---|---|");
    let _ = writeln!(page, "| processor | {processor}, {cores} cores, {sha_ni} SHA instructions |");
    let _ = writeln!(page, "| system | {kernel} |\n| compiler | {rustc}, profile `bench` |");
    let _ = writeln!(page, "| releases | {} |", releases.join(", "));
}

fn say_goals(page: &mut String, goals: &[Goal]) {
    page.push_str("\n## Goals\n\nEach by `scripts/bench` and the name of its bench: `scripts/bench verify`.\n\n");
    page.push_str("| what | goal | measured | met | bench |\n|---|---|---|---|---|\n");
    for Goal { what, goal, measured, met, bench } in goals {
        let measured = measured.as_deref().unwrap_or("not measured");
        let met = met.map_or("", |met| if met { "yes" } else { "**no**" });
        let _ = writeln!(page, "| {what} | {goal} | {measured} | {met} | `{bench}` |");
    }
}

fn peers(page: &mut String, figures: &Figures) {
    page.push_str(
        "\n## Beside what people would use instead\n\n![What accepting a credential costs](verification.svg)\n",
    );
    let Some(table) = figures.tables("peers").first() else { return };
    let _ = writeln!(page, "\n{}: `cargo bench -p personal-tokens-peers`.\n", table.title);
    page.push_str("| | ns | U | 10 to 90 % | allocations | two threads | revocation | expiry | comparison |\n");
    page.push_str("|---|---:|---:|---:|---:|---:|---|---|---|\n");
    let limits = figures.tables("peers-limits").first().map_or(&[][..], |table| &table.rows);
    for row in &table.rows {
        let limits = limits.iter().find(|limits| limits.name == row.name).cloned().unwrap_or_default();
        let said = |text: Option<String>| text.unwrap_or_default();
        let Row { revocation, expiry, comparison, .. } = limits;
        let (revocation, expiry, comparison) = (said(revocation), said(expiry), said(comparison));
        let _ = writeln!(page, "{} {revocation} | {expiry} | {comparison} |", columns(row));
    }
    page.push_str(PEERS);
}

fn http(page: &mut String, figures: &Figures) {
    let Some(table) = figures.tables("http").first() else { return };
    let _ = writeln!(page, "\n## {}\n\n{SET_UP}\n", table.title);
    page.push_str(
        "| guard | requests/s | p50 µs | p99 µs | CPU µs a request | over no guard | least and most | rounds |\n",
    );
    page.push_str("|---|---:|---:|---:|---:|---:|---:|---:|\n");
    for row in &table.rows {
        let of =
            |figure: Option<f64>, digits: usize| figure.map(|figure| format!("{figure:.digits$}")).unwrap_or_default();
        let _ = writeln!(
            page,
            "| {} | {} | {} | {} | {} | {} | {} to {} | {} |",
            row.name,
            say::count(row.requests_per_second.unwrap_or_default() as u64),
            of(row.p50_us, 0),
            of(row.p99_us, 0),
            of(row.cpu_us, 2),
            of(row.ratio, 3),
            of(row.low, 3),
            of(row.high, 3),
            row.rounds.unwrap_or_default()
        );
    }
}

/// A table as the benches print it.
fn measured(page: &mut String, table: &Table, command: &str) {
    let in_bytes = table.rows.iter().all(|row| row.bytes.is_some());
    let _ = writeln!(page, "\n### {}\n\n`{command}`\n", table.title);
    if in_bytes {
        page.push_str("| | bytes | by the process's growth |\n|---|---:|---:|\n");
        for Row { name, bytes, resident, .. } in &table.rows {
            let [bytes, resident] =
                [bytes, resident].map(|figure| figure.map(|f| format!("{f:.0}")).unwrap_or_default());
            let _ = writeln!(page, "| {name} | {bytes} | {resident} |");
        }
        return;
    }
    page.push_str("| | ns | U | 10 to 90 % | allocations | factor |\n|---|---:|---:|---:|---:|---:|\n");
    for row in &table.rows {
        let _ = writeln!(page, "{}", columns(row));
    }
}

/// `| name | ns | U | spread | allocations | factor |`
fn columns(row: &Row) -> String {
    let of = |figure: Option<f64>| figure.map(say::digits).unwrap_or_default();
    let spread = row.low.zip(row.high).map(|(low, high)| format!("{} to {}", say::digits(low), say::digits(high)));
    let allocations = row.allocations.map(|count| format!("{count:.0}")).unwrap_or_default();
    let factor = row.factor.map(|factor| format!("{factor:.2}")).unwrap_or_default();
    let Row { name, ns, units, .. } = row;
    format!("| {name} | {} | {} | {} | {allocations} | {factor} |", of(*ns), of(*units), spread.unwrap_or_default())
}
