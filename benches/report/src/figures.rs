//! What was measured: `target/bench/<bench>.json`.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Display;
use std::fs;
use std::path::Path;

use serde::Deserialize;

/// The tables of each bench.
pub struct Figures(BTreeMap<String, Vec<Table>>);

#[derive(Deserialize)]
pub struct Table {
    pub title: String,
    pub rows: Vec<Row>,
}

/// Each bench fills in what it measures.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct Row {
    pub name: String,
    pub ns: Option<f64>,
    /// The median of the ratio to U, and where 80 % of the rounds lie.
    pub units: Option<f64>,
    pub low: Option<f64>,
    pub high: Option<f64>,
    pub allocations: Option<f64>,
    /// Throughput of several threads over that of one.
    pub factor: Option<f64>,
    /// As the allocator counts, and by how much the process grew.
    pub bytes: Option<f64>,
    pub resident: Option<f64>,
    pub ratio: Option<f64>,
    pub requests_per_second: Option<f64>,
    pub p50_us: Option<f64>,
    pub p99_us: Option<f64>,
    pub cpu_us: Option<f64>,
    pub rounds: Option<u64>,
    /// What a peer does not do.
    pub revocation: Option<String>,
    pub expiry: Option<String>,
    pub comparison: Option<String>,
}

impl Figures {
    pub fn read(folder: &Path) -> Result<Self, Box<dyn Error>> {
        let failed = |path: &Path, error: &dyn Display| format!("{}: {error}; run the benches first", path.display());
        let files = fs::read_dir(folder).map_err(|error| failed(folder, &error))?.flatten().map(|entry| entry.path());
        let mut tables = BTreeMap::new();
        for path in files.filter(|path| path.extension().is_some_and(|extension| extension == "json")) {
            let bench = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let of_it = serde_json::from_slice(&fs::read(&path)?).map_err(|error| failed(&path, &error))?;
            tables.insert(bench, of_it);
        }
        Ok(Self(tables))
    }

    /// None where it did not run.
    pub fn tables(&self, bench: &str) -> &[Table] {
        self.0.get(bench).map_or(&[], Vec::as_slice)
    }

    pub fn table(&self, bench: &str, title: &str) -> Option<&Table> {
        self.tables(bench).iter().find(|table| table.title == title)
    }

    pub fn row(&self, bench: &str, title: &str, name: &str) -> Option<&Row> {
        self.table(bench, title)?.rows.iter().find(|row| row.name == name)
    }
}
