//! A server in a folder of its own. Both are gone when the test process is, however that ended.

use std::ffi::OsStr;
use std::fs::DirBuilder;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::DirBuilderExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU16, AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// For anything that a loaded machine may take long for.
const PATIENCE: Duration = Duration::from_secs(60);

/// A shell in a process group of its own. Each line of its standard input starts the server, and is answered with the
/// process; the end of that input, which the system brings about where the test was killed, ends the server and its
/// folder. Neither server runs as root, so root lends it to `postgres`. What was killed by SIGKILL leaves a segment of
/// shared memory.
const GUARD: &str = r#"folder=$1 prepare=$2 run=$3 stop=$4
# The system hangs up a group that nobody waits for and that has processes which a test stopped; and a test that was
# killed while the folder is prepared reads no answer.
trap '' HUP PIPE
as= server=
if [ "$(id -u)" = 0 ]; then
  as='setpriv --reuid=postgres --regid=postgres --clear-groups'
  chown -R postgres: "$folder"
fi
cd "$folder" && eval "$prepare" && echo prepared
while read -r _; do
  [ -n "$server" ] && wait "$server"
  eval "$run" </dev/null >>log 2>&1 & server=$!
  echo "$server"
done
if [ -n "$server" ]; then
  children=$(grep -ls "^PPid:.$server\$" /proc/[0-9]*/status | cut -d/ -f3)
  kill -CONT $server $children
  kill "-$stop" $server
  wait
fi
memory=$(sed -n '7s/.* //p' data/postmaster.pid) && [ -n "$memory" ] && ipcrm --shmem-id "$memory"
cd / && rm -rf -- "$folder""#;

pub struct Guarded {
    folder: PathBuf,
    shell: Child,
    starts: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    pid: u32,
}

/// A folder that other users can reach, and nobody else can read.
pub fn new_folder(name: &str) -> PathBuf {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let folder = std::env::temp_dir().join(format!("personal-tokens-{name}-{}-{number}", std::process::id()));
    // That of an older process of the same number.
    let _ = std::fs::remove_dir_all(&folder);
    DirBuilder::new().mode(0o700).create(&folder).unwrap();
    folder
}

/// On loopback; below the ports that the system gives to whoever connects, so that it stays free while a server is down.
pub fn free_port() -> u16 {
    static TRIED: AtomicU16 = AtomicU16::new(0);
    let first = 12_000 + (std::process::id() % 199) as u16 * 100;
    let mut ports = std::iter::repeat_with(|| first + TRIED.fetch_add(1, Ordering::Relaxed) % 100).take(100);
    ports.find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok()).expect("a free port")
}

impl Guarded {
    /// `prepare` and `run` are lines for a shell that stands in the folder; `$as` makes a command run as the server's
    /// user. `stop` is a signal.
    pub fn new(folder: PathBuf, prepare: &str, run: &str, stop: &str) -> Self {
        let mut command = Command::new("sh");
        let arguments = [folder.as_os_str(), prepare.as_ref(), run.as_ref(), stop.as_ref()];
        command.args([OsStr::new("-c"), GUARD.as_ref(), "guard".as_ref()]).args(arguments).process_group(0);
        // What reads these may be told by whoever runs the tests where their own server is.
        std::env::vars_os().filter(|(name, _)| name.as_encoded_bytes().starts_with(b"PG")).for_each(|(name, _)| {
            command.env_remove(name);
        });
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut shell = command.spawn().unwrap();
        let answers = BufReader::new(shell.stdout.take().unwrap());
        let mut guarded = Self { folder, starts: shell.stdin.take(), shell, answers, pid: 0 };
        assert_eq!(guarded.answer().as_deref(), Some("prepared"), "{}", guarded.log());
        guarded
    }

    /// Starts it, and waits until it is ready.
    pub fn start(&mut self, ready: impl Fn(&Self) -> bool) {
        self.starts.as_mut().unwrap().write_all(b"start\n").unwrap();
        self.pid = self.answer().expect("a process").parse().unwrap();
        let began = Instant::now();
        while !ready(self) {
            assert!(alive(self.pid) && began.elapsed() < PATIENCE, "it does not start: {}", self.log());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// All of its processes, as one kills a machine; returns when they are gone.
    pub fn kill(&self) {
        let processes = self.processes();
        signal("KILL", &processes);
        let began = Instant::now();
        while processes.iter().any(|pid| alive(*pid)) {
            assert!(began.elapsed() < PATIENCE, "{processes:?} outlive SIGKILL");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    pub fn pid(&self) -> u32 {
        self.pid
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The server, and what it started.
    pub fn processes(&self) -> Vec<u32> {
        let all =
            std::fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        let of_it = all.filter(|pid| stat(*pid).is_some_and(|(_, parent)| parent == self.pid));
        std::iter::once(self.pid).chain(of_it).collect()
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    fn answer(&mut self) -> Option<String> {
        let mut line = String::new();
        self.answers.read_line(&mut line).ok().filter(|length| *length > 0).map(|_| line.trim_end().to_owned())
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        self.starts = None;
        let _ = self.shell.wait();
    }
}

pub fn signal(name: &str, processes: &[u32]) {
    let processes = processes.iter().map(u32::to_string);
    // Some may be gone by now.
    let _ = Command::new("kill").arg(format!("-{name}")).args(processes).stderr(Stdio::null()).status().unwrap();
}

fn alive(pid: u32) -> bool {
    stat(pid).is_some_and(|(state, _)| state != 'Z')
}

/// Its state, and its parent.
fn stat(pid: u32) -> Option<(char, u32)> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(") ")?;
    let mut fields = rest.split(' ');
    Some((fields.next()?.chars().next()?, fields.next()?.parse().ok()?))
}
