//! Counting by valgrind's callgrind.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::process::Command;
use std::{env, fs};

use crate::operations::Operation;

/// What one call of an operation takes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    pub instructions: u64,
    /// What each function takes by itself, without those that it calls.
    pub functions: BTreeMap<String, u64>,
}

/// Counts an operation in a process of its own.
pub fn count(operation: &Operation) -> Result<Profile, String> {
    let folder = folder(operation.name);
    drop(fs::remove_dir_all(&folder));
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut valgrind = Command::new("valgrind");
    // An empty environment: the place of the stack, and so some instructions, would depend on its size.
    valgrind.env_clear().envs(env::var_os("PATH").map(|path| ("PATH", path)));
    valgrind.args(["--tool=callgrind", "--collect-atstart=no", "--toggle-collect=*counted*"]);
    if operation.random {
        valgrind.arg("--dump-after=*counted*");
    }
    valgrind.arg(format!("--callgrind-out-file={}", folder.join("out").display()));
    let program = env::current_exe().map_err(|error| error.to_string())?;
    let done = valgrind.arg(program).args(["run", operation.name]).output();
    let done = done.map_err(|error| format!("valgrind does not run: {error}"))?;
    if !done.status.success() {
        return Err(format!("{}:\n{}", operation.name, String::from_utf8_lossy(&done.stderr)));
    }
    let mut dumps = Vec::new();
    for file in fs::read_dir(&folder).map_err(|error| error.to_string())? {
        let path = file.map_err(|error| error.to_string())?.path();
        dumps.push(parse(&fs::read_to_string(path).map_err(|error| error.to_string())?));
    }
    let (_, calls) = operation.batches();
    most_frequent(dumps)
        .map(|profile| profile.of_one(u64::from(calls)))
        .ok_or_else(|| format!("{}: nothing was counted", operation.name))
}

impl Profile {
    fn of_one(self, calls: u64) -> Self {
        let each = |instructions: u64| (instructions + calls / 2) / calls;
        Self {
            instructions: each(self.instructions),
            functions: self.functions.into_iter().map(|(name, own)| (name, each(own))).collect(),
        }
    }
}

/// Of equally frequent ones the least. What dumps are empty does not count.
fn most_frequent(mut dumps: Vec<Profile>) -> Option<Profile> {
    dumps.retain(|dump| dump.instructions > 0);
    let mut times: BTreeMap<u64, usize> = BTreeMap::new();
    dumps.iter().for_each(|dump| *times.entry(dump.instructions).or_default() += 1);
    let (usual, _) = times.into_iter().rev().max_by_key(|(_, times)| *times)?;
    dumps.into_iter().find(|dump| dump.instructions == usual)
}

/// Callgrind's format: `fn=` begins a function, lines of numbers are its costs, and the one after `calls=` is what it called.
fn parse(dump: &str) -> Profile {
    let mut names: HashMap<&str, String> = HashMap::new();
    let mut profile = Profile::default();
    let (mut current, mut called) = (String::new(), false);
    for line in dump.lines() {
        if let Some(function) = line.strip_prefix("fn=") {
            current = name(function, &mut names);
        } else if let Some(function) = line.strip_prefix("cfn=") {
            name(function, &mut names);
        } else if line.starts_with("calls=") {
            called = true;
        } else if line.starts_with(|first: char| first.is_ascii_digit() || "+-*".contains(first)) {
            let own = line.split_ascii_whitespace().next_back().and_then(|cost| cost.parse::<u64>().ok());
            if let Some(own) = own.filter(|_| !called) {
                profile.instructions += own;
                *profile.functions.entry(current.clone()).or_default() += own;
            }
            called = false;
        }
    }
    profile
}

/// `(7) name` says a name for the first time, `(7)` again.
fn name<'a>(text: &'a str, names: &mut HashMap<&'a str, String>) -> String {
    let (number, name) = text.split_once(' ').unwrap_or((text, ""));
    if !name.is_empty() {
        names.insert(number, plain(name));
    }
    names.get(number).cloned().unwrap_or_else(|| text.to_owned())
}

/// Without the compiler's hash, and callgrind's mark of a recursion.
fn plain(name: &str) -> String {
    let name = name.split_once('\'').filter(|(_, level)| level.parse::<u32>().is_ok()).map_or(name, |(name, _)| name);
    match name.rsplit_once("::h") {
        Some((name, hash)) if hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) => name.to_owned(),
        _ => name.to_owned(),
    }
}

/// Under the folder of what cargo built: `target/release/budgets/…`.
fn folder(operation: &str) -> PathBuf {
    let program = env::current_exe().unwrap_or_default();
    let name: String = operation.chars().map(|c| if c.is_alphanumeric() { c } else { '-' }).collect();
    program.with_file_name("budgets").join(name)
}
