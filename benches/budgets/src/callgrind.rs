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
    valgrind.arg("--dump-after=*one_batch*");
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
        // The first is the warm-up, and what it writes at the program's end is of no batch and has no number.
        if path.extension().is_none_or(|number| number == "1") {
            continue;
        }
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

/// Of equally frequent ones the least.
fn most_frequent(dumps: Vec<Profile>) -> Option<Profile> {
    let mut times: BTreeMap<u64, usize> = BTreeMap::new();
    dumps.iter().for_each(|dump| *times.entry(dump.instructions).or_default() += 1);
    let (usual, _) = times.into_iter().rev().max_by_key(|(_, times)| *times)?;
    dumps.into_iter().find(|dump| dump.instructions == usual)
}

/// How many instructions an allocation counts, with its end. What it takes in truth depends on what was freed before it.
const AN_ALLOCATION: u64 = 150;
const ALLOCATIONS: &str = "(allocations, 150 each)";
const ALLOCATING: [&str; 5] = ["malloc", "calloc", "realloc", "posix_memalign", "aligned_alloc"];
const ALLOCATOR: [&str; 10] = [
    "_int_",
    "_mid_memalign",
    "alloc_perturb",
    "free",
    "malloc_consolidate",
    "sys",
    "tcache_",
    "unlink_chunk",
    "arena_get",
    "munmap_chunk",
];

/// Callgrind's format: `fn=` begins a function, lines of numbers are its costs, and the one after `calls=` is what it called.
fn parse(dump: &str) -> Profile {
    let mut names: HashMap<&str, String> = HashMap::new();
    let mut functions: BTreeMap<String, u64> = BTreeMap::new();
    let (mut current, mut callee, mut called) = (String::new(), String::new(), false);
    for line in dump.lines() {
        if let Some(function) = line.strip_prefix("fn=") {
            current = name(function, &mut names);
        } else if let Some(function) = line.strip_prefix("cfn=") {
            callee = name(function, &mut names);
        } else if let Some(calls) = line.strip_prefix("calls=") {
            called = true;
            if ALLOCATING.contains(&&*callee) && !is_allocator(&current) {
                *functions.entry(ALLOCATIONS.to_owned()).or_default() += first_number(calls) * AN_ALLOCATION;
            }
        } else if line.starts_with(|first: char| first.is_ascii_digit() || "+-*".contains(first)) {
            if !called && !is_allocator(&current) {
                let own = line.split_ascii_whitespace().next_back().map_or(0, first_number);
                *functions.entry(current.clone()).or_default() += own;
            }
            called = false;
        }
    }
    Profile { instructions: functions.values().sum(), functions }
}

fn is_allocator(function: &str) -> bool {
    ALLOCATING.contains(&function) || ALLOCATOR.iter().any(|begin| function.starts_with(begin))
}

fn first_number(text: &str) -> u64 {
    text.split_ascii_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or(0)
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

#[cfg(test)]
mod tests {
    use super::*;

    /// `verify` calls `compress`, and `malloc`, which calls its own.
    const DUMP: &str = "\
events: Ir

fn=(1) shop::verify::h0123456789abcdef
0 10
+3 4
cfn=(2) sha2::compress'2
calls=4 0
0 13500
cfn=(3) malloc
calls=3 0
0 270
fn=(2)
0 13500
fn=(3)
* 150
cfn=(4) _int_malloc
calls=1 0
0 120
fn=(4)
0 120
totals: 13784
";

    #[test]
    fn each_function_counts_what_it_takes_itself_and_an_allocation_its_price() {
        let profile = parse(DUMP);
        let expected = [(ALLOCATIONS, 3 * AN_ALLOCATION), ("sha2::compress", 13_500), ("shop::verify", 14)];
        let expected = expected.map(|(name, own)| (name.to_owned(), own));
        assert_eq!(profile.functions, BTreeMap::from(expected));
        assert_eq!(profile.instructions, 14 + 13_500 + 3 * AN_ALLOCATION);
    }

    #[test]
    fn a_batch_is_shared_among_its_calls() {
        assert_eq!(parse(DUMP).of_one(4).functions["sha2::compress"], 3_375);
    }

    #[test]
    fn of_dumps_the_most_frequent_counts_and_of_equals_the_least() {
        let dump = |instructions| Profile { instructions, ..Profile::default() };
        assert_eq!(most_frequent([9, 7, 8, 9, 7, 1].map(dump).into()), Some(dump(7)));
        assert_eq!(most_frequent(Vec::new()), None);
    }
}
