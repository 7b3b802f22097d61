//! What was measured against what was recorded.

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;
use std::sync::Mutex;
use std::thread;

use crate::budgets::{Budgets, machine, without_small};
use crate::callgrind::{Profile, count};
use crate::operations::{OPERATIONS, Operation, PLANTED};

/// Where the compiler and the machine are those that the budgets were recorded with, figures repeat exactly.
const SLACK: u64 = 4;
/// In per cent, where they are others.
const SLACK_ELSEWHERE: u64 = 5;

/// Measures all and compares.
pub fn check() -> ExitCode {
    ended(try_check())
}

/// Measures all and keeps what was measured.
pub fn record() -> ExitCode {
    let measured = measure(OPERATIONS.iter());
    ended(measured.and_then(|measured| {
        measured.iter().for_each(|(name, profile)| println!("{:>7}  {name}", profile.instructions));
        Budgets::write(&measured)?;
        Ok(true)
    }))
}

/// Which functions an operation's instructions go to.
pub fn profile(name: &str) -> ExitCode {
    let mut known = OPERATIONS.iter().chain(PLANTED.iter().map(|(operation, _)| operation));
    let operation = known.find(|operation| operation.name == name);
    ended(operation.ok_or_else(|| format!("no operation is called {name:?}")).and_then(count).map(|profile| {
        let mut functions: Vec<(String, u64)> = profile.functions.into_iter().collect();
        functions.sort_by_key(|(_, own)| std::cmp::Reverse(*own));
        println!("{:>7}  {name}", profile.instructions);
        functions.iter().filter(|(_, own)| *own > 0).for_each(|(function, own)| println!("{own:>7}    {function}"));
        true
    }))
}

fn try_check() -> Result<bool, String> {
    let budgets = Budgets::read()?;
    let here = machine();
    let same = budgets.machine == here;
    if !same {
        println!("recorded with {}\nthis is       {here}", budgets.machine);
        println!(
            "so {SLACK_ELSEWHERE} % more are allowed. To hold it closely, record anew: scripts/budgets --record\n"
        );
    }
    let measured = measure(OPERATIONS.iter().chain(PLANTED.iter().map(|(operation, _)| operation)))?;
    let measured: BTreeMap<&str, Profile> = measured.into_iter().collect();
    let mut held = true;
    println!("{:>8}  {:>8}  instructions of", "measured", "budget");
    for Operation { name, .. } in OPERATIONS {
        let (now, Some(budget)) = (&measured[name], budgets.operations.get(*name)) else {
            println!("{:>8}  {:>8}  {name}: has no budget yet", measured[name].instructions, "none");
            held = false;
            continue;
        };
        let slack = if same { SLACK } else { budget.instructions * SLACK_ELSEWHERE / 100 };
        println!("{:>8}  {:>8}  {name}", now.instructions, budget.instructions);
        if now.instructions > budget.instructions + slack {
            println!(
                "{:>20}FAILED: {} more than its budget. What changed:",
                "",
                now.instructions - budget.instructions
            );
            tell_changes(budget, now);
            held = false;
        } else if now.instructions + slack < budget.instructions {
            println!("{:>20}it takes {} less: lower its budget", "", budget.instructions - now.instructions);
        }
    }
    println!("\nmade slower on purpose, which breaks the budget of \"verify, MemoryStore\":");
    for (Operation { name, .. }, of) in PLANTED {
        // Where figures are others, what the operation takes here is its budget.
        let budget = if same {
            budgets.operations.get(*of).map_or(0, |budget| budget.instructions)
        } else {
            measured[of].instructions
        };
        let now = measured[name].instructions;
        println!("{now:>8}  {budget:>8}  {name}");
        if now <= budget + SLACK {
            println!("{:>20}FAILED: nobody would notice. Is the budget too large?", "");
            held = false;
        }
    }
    Ok(held)
}

fn tell_changes(was: &Profile, now: &Profile) {
    let (was, now) = (&was.functions, without_small(now));
    let names: BTreeSet<&String> = was.keys().chain(now.keys()).collect();
    let own = |functions: &BTreeMap<String, u64>, name: &String| functions.get(name).copied().unwrap_or(0);
    let mut changes: Vec<(i64, u64, u64, &String)> = names
        .into_iter()
        .map(|name| (own(was, name), own(&now, name), name))
        .filter(|(was, now, _)| was != now)
        .map(|(was, now, name)| (now as i64 - was as i64, was, now, name))
        .collect();
    changes.sort_by_key(|(change, ..)| std::cmp::Reverse(change.abs()));
    for (change, was, now, name) in changes {
        println!("{:>20}{change:>+6}  {name} ({was} -> {now})", "");
    }
}

/// As many at a time as there are cores.
fn measure<'o>(operations: impl Iterator<Item = &'o Operation>) -> Result<Vec<(&'static str, Profile)>, String> {
    let operations: Vec<&Operation> = operations.collect();
    let next = Mutex::new(0..operations.len());
    let measured = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(at) = { next.lock().unwrap().next() } {
                    let profile = count(operations[at]);
                    measured.lock().unwrap().push((at, profile));
                }
            });
        }
    });
    let mut measured = measured.into_inner().unwrap();
    measured.sort_by_key(|(at, _)| *at);
    measured.into_iter().map(|(at, profile)| Ok((operations[at].name, profile?))).collect()
}

fn ended(held: Result<bool, String>) -> ExitCode {
    match held {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
