//! A test of the same executable, run as a process of its own. It is told what to do by its environment and its standard
//! input, and says line by line what it has done.

use std::env::{current_exe, var};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// For anything that a loaded machine may take long for.
const PATIENCE: Duration = Duration::from_secs(60);
/// The harness prints lines too.
const MARK: &str = "said: ";
const FILE: &str = "PERSONAL_TOKENS_TEST_FILE";
const ROLE: &str = "PERSONAL_TOKENS_TEST_ROLE";

/// It is killed when it goes out of scope.
pub struct Child {
    process: std::process::Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
}

/// In the process: which file, and in which role. None where the test runs as one of many.
pub fn file_and_role() -> Option<(PathBuf, String)> {
    Some((std::env::var_os(FILE)?.into(), var(ROLE).unwrap()))
}

/// In the process: a line that the parent is sure to get, once this returns.
pub fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    // In one piece, so that a kill cuts none in two.
    out.write_all(format!("{MARK}{line}\n").as_bytes()).unwrap();
    out.flush().unwrap();
}

/// In the process: what the parent says next; none once it says no more.
pub fn hear() -> Option<String> {
    std::io::stdin().lines().next().map(Result::unwrap)
}

impl Child {
    pub fn start(test: &str, file: &Path, role: &str) -> Self {
        let mut command = Command::new(current_exe().unwrap());
        command.args(["--exact", test, "--nocapture"]).env(FILE, file).env(ROLE, role);
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let stdin = process.stdin.take();
        let out = BufReader::new(process.stdout.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            let said = |line: String| line.split_once(MARK).map(|(_, said)| said.to_owned());
            out.lines().map_while(Result::ok).filter_map(said).try_for_each(|line| sender.send(line))
        });
        Self { process, stdin, lines }
    }

    pub fn tell(&mut self, line: &str) {
        writeln!(self.stdin.as_mut().unwrap(), "{line}").unwrap();
    }

    /// The next line that it says.
    pub fn line(&self) -> String {
        self.lines.recv_timeout(PATIENCE).expect("the process says something")
    }

    pub fn asked(&mut self, line: &str) -> String {
        self.tell(line);
        self.line()
    }

    /// With SIGKILL, on Unix; then all that it said since.
    pub fn killed(mut self) -> Vec<String> {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        self.rest()
    }

    /// Once it ends by itself, and well: all that it said since.
    pub fn ended(mut self) -> Vec<String> {
        self.stdin = None;
        let rest = self.rest();
        assert!(self.process.wait().unwrap().success(), "the process failed after {:?}", rest.last());
        rest
    }

    fn rest(&self) -> Vec<String> {
        let mut rest = Vec::new();
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => rest.push(line),
                Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => return rest,
                Err(timeout) => panic!("the process neither ends nor says anything: {timeout}"),
            }
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
