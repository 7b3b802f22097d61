//! A server under load: a process of its own, on the first core.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Stdio};
use std::time::Duration;

use personal_tokens_http::Guard;

use crate::folder::Folder;
use crate::{cpu, postgres};

pub struct Server {
    pub guard: Guard,
    pub url: String,
    /// One a line.
    pub credentials: PathBuf,
    process: Child,
    /// The server ends with it.
    input: Option<ChildStdin>,
}

impl Server {
    pub fn start(guard: Guard, folder: &Folder, postgres: &postgres::Server) -> Self {
        let mut command = cpu::on_core(0, env!("CARGO_BIN_EXE_http-server"));
        command.args([format!("{guard:?}"), database(guard, folder, postgres)]);
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("taskset (util-linux)");

        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines().map(Result::unwrap);
        let address = lines.next().unwrap_or_else(|| panic!("the server with {guard:?} ended"));
        let issued: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
        let credentials = folder.path().join(format!("{guard:?}.txt"));
        std::fs::write(&credentials, issued.join("\n") + "\n").unwrap();

        let url = format!("http://{address}/api/products");
        let input = process.stdin.take();
        Self { guard, url, credentials, process, input }
    }

    /// What it has used up so far.
    pub fn cpu(&self) -> Duration {
        cpu::time_of(self.process.id())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.input = None;
        let _ = self.process.wait();
    }
}

/// A new one for each server.
fn database(guard: Guard, folder: &Folder, postgres: &postgres::Server) -> String {
    if guard.is_sqlite() {
        folder.path().join(format!("{guard:?}.db")).display().to_string()
    } else if guard.is_postgres() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        postgres.url(&runtime.block_on(postgres.new_database()))
    } else {
        String::new()
    }
}
