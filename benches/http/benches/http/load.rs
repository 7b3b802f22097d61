//! wrk: 64 connections that stay open, on one thread of the second core.

use crate::cpu;
use crate::server::Server;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/http/load.lua");

/// What the clients saw.
pub struct Load {
    pub requests: u64,
    pub requests_per_second: f64,
    pub p50_us: f64,
    pub p99_us: f64,
}

pub fn run(server: &Server, seconds: usize) -> Load {
    let mut wrk = cpu::on_core(1, "wrk");
    wrk.args(["--threads=1", "--connections=64", &format!("--duration={seconds}s"), "--script", SCRIPT, &server.url]);
    wrk.arg("--").arg(&server.credentials);
    let output = wrk.output().expect("taskset (util-linux)");
    let said = String::from_utf8_lossy(&output.stdout);
    let numbers = said.lines().last().unwrap_or_default().split(' ').map(str::parse::<f64>);
    let numbers: Vec<f64> = numbers.collect::<Result<_, _>>().unwrap_or_default();
    let [requests, microseconds, failures, p50_us, p99_us] = numbers[..] else {
        panic!("wrk (apt-get install wrk): {said}{}", String::from_utf8_lossy(&output.stderr));
    };
    assert_eq!(failures, 0.0, "of {requests} requests to the server with {:?}: {said}", server.guard);
    Load { requests: requests as u64, requests_per_second: requests / microseconds * 1e6, p50_us, p99_us }
}
