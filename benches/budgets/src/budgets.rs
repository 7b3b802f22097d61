//! The file of what each operation may take.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Command;
use std::{env, fs};

use crate::callgrind::Profile;

const HEAD: &str = "\
# What each operation may take in instructions, as counted by callgrind, and in which functions they were when this was
# recorded. Where an operation is to take more, or takes less by now, or the compiler is another: scripts/budgets --record
";

/// Functions of fewer instructions than this are counted together.
const SMALL: u64 = 10;
const OTHERS: &str = "(others)";

/// What was recorded.
pub struct Budgets {
    /// What figures depend on beside the code.
    pub machine: String,
    pub operations: BTreeMap<String, Profile>,
}

impl Budgets {
    pub fn read() -> Result<Self, String> {
        let text = fs::read_to_string(file()).map_err(|error| format!("{}: {error}", file().display()))?;
        let mut budgets = Self { machine: String::new(), operations: BTreeMap::new() };
        let mut current = None;
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            if let Some(machine) = line.strip_prefix("measured with: ") {
                budgets.machine = machine.to_owned();
                continue;
            }
            let wrong = || format!("{}: {line:?} is no budget", file().display());
            let (instructions, name) = line.trim_start().split_once("  ").ok_or_else(wrong)?;
            let instructions = instructions.parse().map_err(|_| wrong())?;
            if line.starts_with(' ') {
                let operation: Option<&mut Profile> =
                    current.as_ref().and_then(|name| budgets.operations.get_mut(name));
                operation.ok_or_else(wrong)?.functions.insert(name.to_owned(), instructions);
            } else {
                budgets.operations.insert(name.to_owned(), Profile { instructions, ..Profile::default() });
                current = Some(name.to_owned());
            }
        }
        Ok(budgets)
    }

    /// In the order in which they were measured.
    pub fn write(measured: &[(&str, Profile)]) -> Result<(), String> {
        let mut text = format!("{HEAD}\nmeasured with: {}\n", machine());
        for (name, profile) in measured {
            let _ = writeln!(text, "\n{}  {name}", profile.instructions);
            let mut functions: Vec<(String, u64)> = without_small(profile).into_iter().collect();
            functions.sort_by(|(a, x), (b, y)| y.cmp(x).then(a.cmp(b)));
            for (function, own) in functions {
                let _ = writeln!(text, "{own:>8}  {function}");
            }
        }
        fs::write(file(), text).map_err(|error| format!("{}: {error}", file().display()))
    }
}

/// The functions of a profile, small ones together.
pub fn without_small(profile: &Profile) -> BTreeMap<String, u64> {
    let mut functions = BTreeMap::new();
    for (name, own) in &profile.functions {
        let name = if *own < SMALL { OTHERS } else { name };
        *functions.entry(name.to_owned()).or_default() += own;
    }
    functions.retain(|_, own| *own > 0);
    functions
}

/// The compiler, the library that copies and allocates, what counts, and what the processor offers to them.
pub fn machine() -> String {
    let first_line = |program: &str, argument: &str| {
        let output = Command::new(program).arg(argument).output().ok();
        let line = output.and_then(|output| String::from_utf8(output.stdout).ok()?.lines().next().map(str::to_owned));
        line.unwrap_or_else(|| format!("no {program}"))
    };
    let features = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let flags = features.lines().find(|line| line.starts_with("flags")).unwrap_or_default();
    let has = |feature: &str| flags.split_ascii_whitespace().any(|flag| flag == feature);
    let offered: Vec<&str> = ["avx2", "bmi2", "erms", "fsrm"].into_iter().filter(|feature| has(feature)).collect();
    let parts = [
        first_line("rustc", "--version"),
        first_line("getconf", "GNU_LIBC_VERSION"),
        first_line("valgrind", "--version"),
    ];
    format!("{}; {}; {}", parts.join("; "), env::consts::ARCH, offered.join(" "))
}

fn file() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("budgets.txt")
}
