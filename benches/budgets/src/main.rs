//! How many instructions each operation takes, held against what it may take.
//!
//! ```sh
//! scripts/budgets             # measures and compares: fails where an operation takes more, and says in which functions
//! scripts/budgets --record    # writes budgets.txt anew
//! scripts/budgets profile "verify, MemoryStore"    # which functions an operation's instructions go to
//! ```
//!
//! Each operation runs in a process of its own under `valgrind --tool=callgrind`, with an empty environment, and is counted
//! only while it runs: no start-up, no set-up. Tokens are the same in every run. So the same program gives the same figures,
//! and a budget can be held to a few instructions. SHA-NI does not exist there: a block of SHA-256 counts some 3,400.
//!
//! Slowdowns that were planted run along. A gate that does not see them would hold nothing, so it fails.

mod budgets;
mod callgrind;
mod fixture;
mod operations;
mod planted;
mod verdict;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => verdict::check(),
        ["--record"] => verdict::record(),
        ["profile", operation] => verdict::profile(operation),
        ["run", operation] => operations::run(operation),
        _ => Err("usage: budgets [--record | profile OPERATION]".to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
