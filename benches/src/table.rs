//! What a contest found.

use std::path::PathBuf;
use std::{env, fs};

use serde::{Deserialize, Serialize};

/// The rows of a contest, U first.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Table {
    pub title: String,
    pub rows: Vec<Row>,
}

/// What a case costs, a turn.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Row {
    pub name: String,
    /// Nanoseconds, the median.
    pub ns: f64,
    /// The median of the ratio to the U of the same round.
    pub units: f64,
    /// A tenth of the rounds' ratios lie below.
    pub low: f64,
    /// A tenth of the rounds' ratios lie above.
    pub high: f64,
    pub allocations: f64,
    /// Of several threads: their throughput over that of one. Of a ratio: its median; low and high are its own then.
    pub factor: Option<f64>,
}

impl Table {
    pub fn print(&self) {
        let wide = self.rows.iter().map(|row| row.name.chars().count()).max().unwrap_or(0);
        println!("\n{}\n", self.title);
        println!("{:wide$}  {:>10}  {:>8}  {:>15}  {:>6}  {:>6}", "", "ns", "U", "10 to 90 %", "allocs", "factor");
        for Row { name, ns, units, low, high, allocations, factor } in &self.rows {
            let factor = factor.map(|factor| format!("{factor:.2}")).unwrap_or_default();
            println!(
                "{name:wide$}  {ns:>10.1}  {units:>8.2}  {:>15}  {allocations:>6.1}  {factor:>6}",
                format!("{low:.2} to {high:.2}")
            );
        }
    }

    /// Keeps it in `target/bench/<bench>.json`, beside tables of other titles and in place of one of the same.
    pub fn save(&self, bench: &str) {
        let path = folder().join(format!("{bench}.json"));
        let mut tables: Vec<Self> =
            fs::read(&path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
        match tables.iter_mut().find(|table| table.title == self.title) {
            Some(table) => *table = self.clone(),
            None => tables.push(self.clone()),
        }
        fs::create_dir_all(folder()).unwrap();
        fs::write(path, serde_json::to_vec_pretty(&tables).unwrap()).unwrap();
    }
}

pub(crate) fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    quantile(&figures, 0.5)
}

pub(crate) fn quantile(sorted: &[f64], part: f64) -> f64 {
    sorted[((sorted.len() - 1) as f64 * part).round() as usize]
}

/// Where benches leave their figures: `target/bench`, wherever cargo has its target: a bench runs as `target/release/deps/<bench>-…`.
pub fn folder() -> PathBuf {
    let bench = env::current_exe().unwrap();
    let target = bench.ancestors().find(|folder| folder.join("CACHEDIR.TAG").exists());
    target.map_or_else(|| PathBuf::from("target"), PathBuf::from).join("bench")
}
