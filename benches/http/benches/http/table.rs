//! Medians over the rounds; ratios are taken within a round, so that what disturbs the machine disturbs both sides.

use std::fs;

use personal_tokens_benches::folder;
use personal_tokens_http::Guard;
use serde::Serialize;
use serde_json::json;

/// One server in one round.
pub struct Measured {
    pub guard: Guard,
    pub requests_per_second: f64,
    pub p50_us: f64,
    pub p99_us: f64,
    pub cpu_us: f64,
}

/// All rounds.
#[derive(Default)]
pub struct Table(Vec<Vec<Measured>>);

#[derive(Serialize)]
struct Row {
    name: &'static str,
    rounds: usize,
    requests_per_second: f64,
    p50_us: f64,
    p99_us: f64,
    cpu_us: f64,
    /// CPU a request over that without a guard in the same round.
    ratio: f64,
    /// Of all rounds the least and the greatest.
    low: f64,
    high: f64,
}

impl Table {
    pub fn add(&mut self, round: Vec<Measured>) {
        self.0.push(round);
    }

    pub fn print(&self) {
        println!("\n| server | requests/s | p50 µs | p99 µs | CPU µs a request | over no guard | from – to | rounds |");
        println!("|---|---:|---:|---:|---:|---:|---:|---:|");
        for row in self.rows() {
            let Row { name, rounds, requests_per_second, p50_us, p99_us, cpu_us, ratio, low, high } = row;
            println!(
                "| {name} | {requests_per_second:.0} | {p50_us:.0} | {p99_us:.0} | {cpu_us:.2} | {ratio:.3} \
                 | {low:.3} – {high:.3} | {rounds} |"
            );
        }
    }

    /// Beside what the other benches say.
    pub fn save(&self) {
        fs::create_dir_all(folder()).unwrap();
        let tables = json!([{ "title": "An axum server, 64 connections that stay open", "rows": self.rows() }]);
        fs::write(folder().join("http.json"), serde_json::to_vec_pretty(&tables).unwrap()).unwrap();
    }

    fn rows(&self) -> Vec<Row> {
        Guard::ALL.into_iter().filter_map(|guard| self.row(guard)).collect()
    }

    fn row(&self, guard: Guard) -> Option<Row> {
        let measured: Vec<&Measured> = self.0.iter().flatten().filter(|measured| measured.guard == guard).collect();
        let ratios = sorted(self.0.iter().filter_map(|round| {
            let of = |guard| round.iter().find(|measured| measured.guard == guard);
            Some(of(guard)?.cpu_us / of(Guard::None)?.cpu_us)
        }));
        let median_of = |figure: fn(&Measured) -> f64| median(&sorted(measured.iter().map(|m| figure(m))));
        Some(Row {
            name: guard.name(),
            rounds: ratios.len(),
            requests_per_second: median_of(|m| m.requests_per_second),
            p50_us: median_of(|m| m.p50_us),
            p99_us: median_of(|m| m.p99_us),
            cpu_us: median_of(|m| m.cpu_us),
            ratio: median(&ratios),
            low: *ratios.first()?,
            high: *ratios.last()?,
        })
    }
}

fn sorted(figures: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_by(f64::total_cmp);
    figures
}

fn median(sorted: &[f64]) -> f64 {
    let middle = sorted.len() / 2;
    match sorted {
        [] => f64::NAN,
        _ if sorted.len() % 2 == 1 => sorted[middle],
        _ => (sorted[middle - 1] + sorted[middle]) / 2.0,
    }
}
