//! One chromedriver for all tests of a process. It ends with that process, however that ends.

use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::channel;
use std::time::Duration;

/// Chromedriver, and the browsers that it starts, live in a process group that kills itself once its standard input
/// ends: the pipe is closed by the system even where the test was killed. What they left is taken away when they are
/// gone.
const GROUP: &str = r#"chromedriver --port=0 & cat >/dev/null
setsid --fork sh -c 'sleep 1; rm -rf -- "$HOME"'; sleep 0.2
kill -KILL 0"#;

struct Chromedriver {
    url: String,
    _alive: ChildStdin,
}

/// Where the tests of this process find it.
pub fn url() -> &'static str {
    static RUNNING: OnceLock<Chromedriver> = OnceLock::new();
    &RUNNING.get_or_init(start).url
}

fn start() -> Chromedriver {
    let home = home();
    let mut command = Command::new("sh");
    command.args(["-c", GROUP]).process_group(0).env("HOME", &home).env("TMPDIR", &home);
    // Whoever runs the tests may go through a proxy; the host that is looked at stands on this machine.
    for proxy in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
        command.env_remove(proxy);
    }
    let mut group =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("a shell");
    let alive = group.stdin.take().expect("a pipe");
    let lines = BufReader::new(group.stdout.take().expect("a pipe")).lines();
    let (sender, ports) = channel();
    // To its end: with nobody reading, chromedriver would stand still.
    std::thread::spawn(move || {
        lines.map_while(Result::ok).filter_map(|line| port(&line)).for_each(|port| {
            let _ = sender.send(port);
        });
        group.wait()
    });
    let port = ports.recv_timeout(Duration::from_secs(60)).expect("chromedriver starts; scripts/test installs it");
    Chromedriver { url: format!("http://127.0.0.1:{port}"), _alive: alive }
}

fn port(line: &str) -> Option<u16> {
    line.split_once("was started successfully on port ")?.1.trim_end_matches('.').parse().ok()
}

/// A home of its own, beside what the tests were built into.
fn home() -> PathBuf {
    let executable = std::env::current_exe().expect("this test");
    let target = executable.ancestors().nth(3).unwrap_or(Path::new("."));
    let home = target.join("tmp").join(format!("browser-{}", std::process::id()));
    std::fs::create_dir_all(&home).expect("a folder");
    home
}
