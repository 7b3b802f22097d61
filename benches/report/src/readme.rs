//! The block of the README that holds figures.

use std::error::Error;
use std::fs;
use std::path::Path;

use crate::figures::Figures;
use crate::goals::{OURS, bytes_of, goals};
use crate::machine::Machine;
use crate::say;

const BEGIN: &str = "<!-- measured by scripts/bench: begin -->\n";
const END: &str = "<!-- measured by scripts/bench: end -->\n";

pub fn rewrite(readme: &Path, figures: &Figures, machine: &Machine) -> Result<(), Box<dyn Error>> {
    let text = fs::read_to_string(readme)?;
    let (before, rest) = text.split_once(BEGIN).ok_or("the README has no block for figures")?;
    let (_, after) = rest.split_once(END).ok_or("the README's block for figures has no end")?;
    fs::write(readme, format!("{before}{BEGIN}{}{END}{after}", block(figures, machine)))?;
    Ok(())
}

fn block(figures: &Figures, machine: &Machine) -> String {
    let said = [verification(figures), request(figures), memory(figures)].into_iter().flatten();
    let lines: String = said.map(|(what, figure)| format!("| {what} | {figure} |\n")).collect();
    let Machine { processor, .. } = machine;
    let missed = goals(figures).iter().filter(|goal| goal.met == Some(false)).count();
    let missed = match missed {
        0 => String::new(),
        1 => "; one goal is missed there".to_owned(),
        _ => format!("; {missed} goals are missed there"),
    };
    format!(
        "\n![What accepting a credential costs, by what people use](benches/verification.svg)\n\n\
         | what | measured |\n|---|---|\n{lines}\n\
         On one core of this processor: {processor}. Yours: `scripts/bench`. All of it is in \
         [benches/REPORT.md](benches/REPORT.md){missed}.\n\n"
    )
}

fn verification(figures: &Figures) -> Option<(&'static str, String)> {
    let row = figures.row("verify", "verify, MemoryStore", "valid")?;
    let figure =
        format!("{}, {:.1} times one SHA-256, {:.0} allocations", say::time(row.ns?), row.units?, row.allocations?);
    Some(("a verification from memory", figure))
}

fn request(figures: &Figures) -> Option<(&'static str, String)> {
    let rows = &figures.tables("http").first()?.rows;
    let row = rows.iter().find(|row| row.name == OURS)?;
    let ratio = row.ratio?;
    let figure = format!(
        "{:.1} % ({:.1} to {:.1} in {} rounds)",
        percent(ratio),
        percent(row.low?),
        percent(row.high?),
        row.rounds?
    );
    Some(("CPU that the guard adds to a request under axum", figure))
}

fn percent(ratio: f64) -> f64 {
    (ratio - 1.0) * 100.0
}

fn memory(figures: &Figures) -> Option<(&'static str, String)> {
    let (memory, cached) = (bytes_of(figures, "MemoryStore")?, bytes_of(figures, "CachedStore")?);
    let figure = format!("{memory:.0} bytes in `MemoryStore`, {cached:.0} in a cache");
    Some(("memory that a token takes, of a million", figure))
}
