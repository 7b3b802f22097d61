//! What was measured against what was recorded.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::thread;

use crate::budgets::{Budgets, machine, without_small};
use crate::callgrind::{Profile, count};
use crate::operations::{CONTROL, OPERATIONS, Operation, PLANTED, SPOILT, all, find};

/// Where compiler and machine are those that the budgets were recorded with, figures repeat, but a change elsewhere may have
/// a function laid out otherwise. A read lock is 24.
const SLACK: u64 = 12;
/// In per cent, where they are others.
const SLACK_ELSEWHERE: u64 = 5;

/// Measures all and compares.
pub fn check() -> Result<(), String> {
    let budgets = Budgets::read()?;
    let here = machine();
    let same = budgets.machine == here;
    if !same {
        println!("recorded with {}\nthis is       {here}", budgets.machine);
        println!("so {SLACK_ELSEWHERE} % more is allowed. To hold it closely, record anew: scripts/budgets --record\n");
    }
    let measured: BTreeMap<&str, Profile> = measure(all())?.into_iter().collect();
    let mut broken = 0;
    println!("{:>8}  {:>8}  instructions of", "measured", "budget");
    for Operation { name, .. } in OPERATIONS {
        let Some(budget) = budgets.operations.get(*name) else {
            println!("{:>8}  {:>8}  {name}", measured[name].instructions, "none yet");
            broken += 1;
            continue;
        };
        let (now, may) = (measured[name].instructions, budget.instructions);
        let slack = if same { SLACK } else { may * SLACK_ELSEWHERE / 100 };
        println!("{now:>8}  {may:>8}  {name}");
        if now > may + slack {
            println!("{:>20}FAILED: {} more than its budget. What changed:", "", now - may);
            tell_changes(budget, &measured[name]);
            broken += 1;
        } else if now + slack < may {
            println!("{:>20}it takes {} less: lower its budget", "", may - now);
        }
    }
    let of_spoilt = |profiles: Option<&Profile>| profiles.map_or(0, |profile| profile.instructions);
    // Where figures are others, the budget is what the operation takes here.
    let may = of_spoilt(if same { budgets.operations.get(SPOILT) } else { measured.get(SPOILT) });
    let control = measured[CONTROL.name].instructions;
    println!("\n\"{SPOILT}\" with a slowdown on purpose, which the budget must not let pass:");
    println!("{control:>8}  {may:>8}  {}", CONTROL.name);
    for Operation { name, .. } in PLANTED {
        let now = measured[name].instructions;
        println!("{now:>8}  {may:>8}  {name}");
        if now <= control.max(may) + SLACK {
            println!("{:>20}FAILED: nobody would notice. Is the budget too large?", "");
            broken += 1;
        }
    }
    if broken > 0 {
        Err(format!("\n{broken} budgets do not hold. Where that is meant: scripts/budgets --record"))
    } else {
        Ok(())
    }
}

/// Measures all and keeps what was measured.
pub fn record() -> Result<(), String> {
    let measured = measure(OPERATIONS.iter())?;
    measured.iter().for_each(|(name, profile)| println!("{:>8}  {name}", profile.instructions));
    Budgets::write(&measured)
}

/// Tells in which functions an operation's instructions are.
pub fn profile(name: &str) -> Result<(), String> {
    let profile = count(find(name)?)?;
    let mut functions: Vec<(String, u64)> = profile.functions.into_iter().filter(|(_, own)| *own > 0).collect();
    functions.sort_by_key(|(_, own)| Reverse(*own));
    println!("{:>8}  {name}", profile.instructions);
    functions.iter().for_each(|(function, own)| println!("{own:>8}    {function}"));
    Ok(())
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
    changes.sort_by_key(|(change, ..)| Reverse(change.abs()));
    for (change, was, now, name) in changes {
        println!("{:>20}{change:>+6}  {name} ({was} -> {now})", "");
    }
}

/// As many at a time as there are cores.
fn measure(operations: impl Iterator<Item = &'static Operation>) -> Result<Vec<(&'static str, Profile)>, String> {
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
