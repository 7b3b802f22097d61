//! A server for each guard, under load by turns. `ROUNDS` is for how many rounds (9), `SECONDS` how long each server is
//! under load in a round (2); those with a database take part in every third.

mod cpu;
mod folder;
#[path = "../../../../tests/common/guarded.rs"]
mod guarded;
mod load;
#[path = "../../../../tests/common/postgres.rs"]
#[expect(dead_code, reason = "it does more for the tests")]
mod postgres;
mod server;
mod table;

use personal_tokens_http::Guard;

use server::Server;
use table::{Measured, Table};

fn main() {
    let rounds = setting("ROUNDS", 9);
    let seconds = setting("SECONDS", 2);
    // The servers have a core of their own; the load, and the database, have the other.
    cpu::pin_this_process(1);

    let folder = folder::Folder::new();
    let postgres = postgres::Server::start(&[]);
    let servers: Vec<Server> = Guard::ALL.into_iter().map(|guard| Server::start(guard, &folder, &postgres)).collect();
    for server in &servers {
        load::run(server, 1);
    }

    let mut table = Table::default();
    for round in 0..rounds {
        let mut taking_part: Vec<&Server> = servers.iter().filter(|s| round % 3 == 0 || is_compared(s.guard)).collect();
        // Each comes first, last and in between.
        let turn = round % taking_part.len();
        taking_part.rotate_left(turn);
        let measured = taking_part.into_iter().map(|server| measure(server, seconds)).collect();
        table.add(measured);
        eprintln!("round {} of {rounds}", round + 1);
    }
    table.print();
    table.save();
}

/// What the goal is about.
fn is_compared(guard: Guard) -> bool {
    matches!(guard, Guard::None | Guard::Empty | Guard::Memory | Guard::Jwt)
}

fn measure(server: &Server, seconds: usize) -> Measured {
    let before = server.cpu();
    let load = load::run(server, seconds);
    let cpu = server.cpu() - before;
    Measured {
        guard: server.guard,
        requests_per_second: load.requests_per_second,
        p50_us: load.p50_us,
        p99_us: load.p99_us,
        cpu_us: cpu.as_secs_f64() * 1e6 / load.requests as f64,
    }
}

fn setting(name: &str, default: usize) -> usize {
    std::env::var(name).map_or(default, |value| value.parse().unwrap_or_else(|_| panic!("{name}={value}")))
}
