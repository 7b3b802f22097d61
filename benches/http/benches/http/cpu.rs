//! Processes and cores.

use std::fs;
use std::process::Command;
use std::time::Duration;

/// How long all threads of a process ran, to the nanosecond. Those that ended are not counted.
pub fn time_of(pid: u32) -> Duration {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).expect("a process that runs");
    let ran = threads.flatten().filter_map(|thread| {
        let stat = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        stat.split(' ').next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(ran.sum())
}

/// This process, and those that it starts.
pub fn pin_this_process(core: usize) {
    let pid = std::process::id().to_string();
    let pinned = Command::new("taskset").args(["-cp", &core.to_string(), &pid]).output().expect("taskset (util-linux)");
    assert!(pinned.status.success(), "two cores are wanted: {}", String::from_utf8_lossy(&pinned.stderr));
}

/// A command on another core.
pub fn on_core(core: usize, program: &str) -> Command {
    let mut command = Command::new("taskset");
    command.args(["-c", &core.to_string(), program]);
    command
}
