//! How many bytes a token takes, all included: its record, its place in the map, the indexes, and what the allocator
//! adds.
//!
//! Each figure comes from a process of its own, twice: what the allocator has handed out, with its overhead (by glibc's
//! `malloc_info`; elsewhere there is none), and by how much the process grew. `-- --full`: up to ten million tokens.

mod computed;
mod numbered;

use std::process::Command;
use std::time::Duration;
use std::{env, fs};

use personal_tokens::store::{CachedStore, MemoryStore, TokenStore};
use personal_tokens_benches::{folder, wait};
use serde::Serialize;

use computed::Computed;

/// Ordinary tokens first.
const CASES: [(&str, Fill); 4] = [
    ("MemoryStore, a token, ten an owner", |tokens| in_memory(tokens, 10)),
    ("MemoryStore, a token, one an owner", |tokens| in_memory(tokens, 1)),
    ("MemoryStore, a token, a thousand an owner", |tokens| in_memory(tokens, 1_000)),
    ("CachedStore, an entry", in_a_cache),
];

type Fill = fn(u64) -> Box<dyn TokenStore>;

#[derive(Serialize)]
struct Table {
    title: String,
    rows: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    name: &'static str,
    /// What the allocator has handed out, or by how much the process grew where that is not known.
    bytes: f64,
    resident: f64,
}

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let [flag, case, tokens] = &arguments[..]
        && flag == "--measure"
    {
        return measure(case.parse().unwrap(), tokens.parse().unwrap());
    }
    let asked = |flag| arguments.iter().any(|argument| argument == flag);
    let sizes: &[u64] = match (asked("--bench"), asked("--full")) {
        (false, _) => &[1_000],
        (true, false) => &[1_000_000, 100_000],
        (true, true) => &[1_000_000, 10_000_000, 100_000],
    };
    let tables: Vec<Table> = sizes.iter().map(|tokens| table(*tokens)).collect();
    fs::create_dir_all(folder()).unwrap();
    fs::write(folder().join("memory.json"), serde_json::to_vec_pretty(&tables).unwrap()).unwrap();
}

fn table(tokens: u64) -> Table {
    let title = format!("memory, {tokens} tokens");
    println!("\n{title}\n\n{:45}  {:>12}  {:>12}", "", "bytes", "resident");
    let row = |case: usize| {
        let measuring = ["--measure", &case.to_string(), &tokens.to_string()];
        let output = Command::new(env::current_exe().unwrap()).args(measuring).output().unwrap();
        let figures = String::from_utf8(output.stdout).unwrap();
        let (allocated, resident) = figures.trim().split_once(' ').unwrap();
        let resident = resident.parse().unwrap();
        let row = Row { name: CASES[case].0, bytes: allocated.parse().unwrap_or(resident), resident };
        println!("{:45}  {:>12.1}  {:>12.1}", row.name, row.bytes, row.resident);
        row
    };
    Table { title, rows: (0..CASES.len()).map(row).collect() }
}

/// In a process that has done nothing else, but for what is allocated once.
fn measure(case: usize, tokens: u64) {
    let (_, fill) = CASES[case];
    drop(fill(10));
    let (allocated_before, resident_before) = (allocated(), resident());
    let store = fill(tokens);
    let (allocated, resident) = (allocated(), resident());
    drop(store);
    let a_token = |bytes: f64| bytes / tokens as f64;
    let allocated = allocated.zip(allocated_before).map(|(now, before)| a_token(now - before).to_string());
    println!("{} {}", allocated.as_deref().unwrap_or("unknown"), a_token(resident - resident_before));
}

fn in_memory(tokens: u64, of_an_owner: u64) -> Box<dyn TokenStore> {
    let (store, policy) = (MemoryStore::new(), numbered::policy());
    for n in 0..tokens {
        wait(store.change(&numbered::issue(numbered::record(n, of_an_owner, n), &policy))).unwrap();
    }
    Box::new(store)
}

fn in_a_cache(tokens: u64) -> Box<dyn TokenStore> {
    let day = Duration::from_secs(86_400);
    let inner = Computed { tokens, created: |n, _| n };
    let store = CachedStore::builder(inner).capacity(tokens as usize).max_staleness(day).build();
    for n in 0..tokens {
        assert!(wait(store.find(numbered::id(n))).unwrap().is_some());
    }
    assert_eq!(store.stats().len as u64, tokens);
    Box::new(store)
}

/// What is in use, with the allocator's overhead.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn allocated() -> Option<f64> {
    use malloc_info::info::{SystemType, TotalType};

    let info = malloc_info::malloc_info().unwrap();
    let held = info.system.iter().find(|system| system.r#type == SystemType::Current)?.size;
    let of = |kind| info.total.iter().filter(|total| total.r#type == kind).map(|total| total.size).sum::<usize>();
    Some((held + of(TotalType::Mmap) - of(TotalType::Fast) - of(TotalType::Rest)) as f64)
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn allocated() -> Option<f64> {
    None
}

/// Of this process, in bytes; pages have 4 KiB.
fn resident() -> f64 {
    let pages = fs::read_to_string("/proc/self/statm").unwrap();
    pages.split(' ').nth(1).unwrap().parse::<f64>().unwrap() * 4_096.0
}
