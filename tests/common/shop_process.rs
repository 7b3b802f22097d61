//! The shop as a process of its own, with curl as its client. It ends when it goes out of scope.
// Each test uses a part of it.
#![allow(dead_code)]

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::Value;

/// For anything that a loaded machine may take long for; an answer usually comes at once.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Shop {
    process: Child,
    stdin: Option<ChildStdin>,
    stdout: Receiver<String>,
    pub addr: String,
    pub greeting: Vec<String>,
}

pub struct IssuedToken {
    pub id: String,
    pub token: String,
}

impl IssuedToken {
    /// From what the shop said.
    pub fn of(said: &str) -> Self {
        let token = said.lines().last().unwrap().to_owned();
        assert!(token.starts_with("shop_"), "{said}");
        Self { id: token["shop_".len()..][..16].to_owned(), token }
    }
}

impl Shop {
    /// On a free port, with its tokens in memory; returns when it listens and has said its greeting.
    pub fn start() -> Self {
        Self::start_on(":memory:".as_ref())
    }

    /// The same, with its tokens in this file.
    pub fn start_on(file: &Path) -> Self {
        Self::start_with(&[("SHOP_DB", file.as_os_str())])
    }

    /// The same, with these in its environment.
    pub fn start_with(environment: &[(&str, &OsStr)]) -> Self {
        let mut command = Self::command_line("127.0.0.1:0");
        command.envs(environment.iter().copied());
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let stdin = process.stdin.take();
        let out = BufReader::new(process.stdout.take().unwrap());
        let (sender, stdout) = channel();
        std::thread::spawn(move || out.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let mut shop = Self { process, stdin, stdout, addr: String::new(), greeting: Vec::new() };
        let first = shop.line();
        shop.addr = first.strip_prefix("listening on http://").expect("the address first").to_owned();
        while shop.greeting.last().is_none_or(|line| line != "type `help` for commands") {
            let line = shop.line();
            shop.greeting.push(line);
        }
        shop
    }

    pub fn command_line(addr: &str) -> Command {
        let mut command = Command::new(executable());
        command
            .env("SHOP_ADDR", addr)
            .env("SHOP_DB", ":memory:")
            .env_remove("SHOP_PASSWORD")
            .env_remove("SHOP_CONFIRM")
            .env_remove("SHOP_ORIGIN");
        command
    }

    /// The token of the greeting.
    pub fn first_token(&self) -> String {
        self.greeting.iter().find(|line| line.starts_with("shop_")).expect("a token in the greeting").clone()
    }

    /// The password of the greeting.
    pub fn password(&self) -> String {
        let said = self.greeting.iter().find_map(|line| line.split_once("; password: "));
        said.expect("a password in the greeting").1.to_owned()
    }

    /// What it answers to a command. A second command, whose answer no other gives, tells where it ends.
    pub fn command(&mut self, command: impl AsRef<[u8]>) -> String {
        let stdin = self.stdin.as_mut().unwrap();
        stdin.write_all(&[command.as_ref(), b"\nextend 0000000000000000 end-of-answer\n"].concat()).unwrap();
        let mut lines = Vec::new();
        loop {
            let line = self.line();
            if line.contains("end-of-answer") {
                return lines.join("\n");
            }
            lines.push(line);
        }
    }

    /// A command that shows a token.
    pub fn issue(&mut self, command: &str) -> IssuedToken {
        IssuedToken::of(&self.command(command))
    }

    pub fn get(&self, path: &str, token: &str) -> Answer {
        self.request("GET", path, &[format!("Authorization: Bearer {token}")])
    }

    pub fn request(&self, method: &str, path: &str, headers: &[String]) -> Answer {
        Answer::of(self.curl(method, path).args(headers.iter().flat_map(|header| ["-H", header])))
    }

    pub fn curl(&self, method: &str, path: &str) -> Command {
        let mut curl = untouched_by_the_user("curl");
        curl.args(["-sS", "-i", "--max-time", "60", "-X", method, "--url", &format!("http://{}{path}", self.addr)]);
        curl
    }

    pub fn close_stdin(&mut self) {
        self.stdin = None;
    }

    /// With the shell's own `kill`: a slim machine has no other.
    pub fn send(&self, signal: &str) {
        let kill = format!("kill -{signal} {}", self.process.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    }

    pub fn stopped(&mut self) -> ExitStatus {
        poll("the shop stops", || self.process.try_wait().unwrap())
    }

    /// What it says until it ends.
    pub fn rest(&self) -> String {
        self.stdout.iter().collect::<Vec<_>>().join("\n")
    }

    fn line(&self) -> String {
        self.stdout.recv_timeout(PATIENCE).expect("the shop says something")
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        // It may have stopped already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What curl printed with `-i`.
pub struct Answer {
    pub status: u16,
    headers: Vec<(String, String)>,
    pub body: String,
}

impl Answer {
    pub fn of_shell(line: &str) -> Self {
        Self::of(untouched_by_the_user("sh").args(["-c", line]).stderr(Stdio::null()))
    }

    pub fn of(curl: &mut Command) -> Self {
        let output = curl.output().expect("curl is installed");
        assert!(output.status.success(), "{curl:?}: {}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let mut lines = head.split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers = lines.map(|line| line.split_once(": ").unwrap());
        let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
        Self { status, headers, body: body.to_owned() }
    }

    pub fn header(&self, name: &str) -> Vec<String> {
        self.headers.iter().filter(|(n, _)| n == name).map(|(_, value)| value.clone()).collect()
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// For curl: no proxy and no `.curlrc` of whoever runs the test.
pub fn untouched_by_the_user(program: &str) -> Command {
    let mut command = Command::new(program);
    for proxy in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
        command.env_remove(proxy);
    }
    // An empty `.curlrc`, for curl looks in further folders where this one has none.
    let home = concat!(env!("CARGO_TARGET_TMPDIR"), "/curl_home");
    std::fs::create_dir_all(home).unwrap();
    std::fs::write(format!("{home}/.curlrc"), "").unwrap();
    command.env("CURL_HOME", home);
    command
}

/// Asks again until there is an answer.
pub fn poll<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < deadline, "{what}: not within {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Built here if it is not yet, and as this test is: a run of this test alone builds no examples.
fn executable() -> &'static str {
    static EXECUTABLE: OnceLock<String> = OnceLock::new();
    EXECUTABLE.get_or_init(|| {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--package", "personal-tokens", "--example", "shop", "--all-features"]);
        cargo.args(["--message-format", "json"]);
        if !cfg!(debug_assertions) {
            cargo.arg("--release");
        }
        let output = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).stderr(Stdio::inherit()).output().unwrap();
        assert!(output.status.success());
        let messages = String::from_utf8(output.stdout).unwrap();
        let built = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        built
            .filter(|message| message["target"]["name"] == "shop")
            .find_map(|message| message["executable"].as_str().map(str::to_owned))
            .expect("cargo names the example's executable")
    })
}
