//! Writes `benches/REPORT.md`, two charts and the README's figures from what the benches left in `target/bench`:
//! `scripts/bench` runs all of it. Nobody types a figure by hand.

mod charts;
mod figures;
mod goals;
mod machine;
mod page;
mod readme;
mod say;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

use figures::Figures;
use machine::Machine;

fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let figures = Figures::read(&target().join("bench"))?;
    let machine = Machine::this(&root)?;

    let benches = root.join("benches");
    fs::write(benches.join("verification.svg"), charts::verification(&figures)?)?;
    fs::write(benches.join("growth.svg"), charts::growth(&figures)?)?;
    fs::write(benches.join("REPORT.md"), page::page(&figures, &machine))?;
    readme::rewrite(&root.join("README.md"), &figures, &machine)?;
    println!("benches/REPORT.md, benches/verification.svg, benches/growth.svg and README.md are written");
    Ok(())
}

/// Where cargo put this program, and the benches their figures.
fn target() -> PathBuf {
    let program = env::current_exe().unwrap_or_default();
    let target = program.ancestors().find(|folder| folder.join("CACHEDIR.TAG").exists());
    target.map_or_else(|| PathBuf::from("target"), PathBuf::from)
}
