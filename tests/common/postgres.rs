//! A PostgreSQL server of a test binary's own, on loopback, which ends with its process, however that ends; and
//! pgbouncer before it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock};

use personal_tokens::store::sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use personal_tokens::store::sqlx::{AssertSqlSafe, ConnectOptions as _, PgConnection, PgPool, raw_sql};

use super::guarded::{Guarded, free_port, new_folder, signal};

const INSTALL: &str = "apt-get install -y --no-install-recommends postgresql pgbouncer";

/// Nothing here outlives the machine.
const SETTINGS: &str = "listen_addresses = '127.0.0.1'
unix_socket_directories = ''
dynamic_shared_memory_type = mmap
max_connections = 200
wal_level = minimal
max_wal_senders = 0
fsync = off
full_page_writes = off
";

pub struct Server {
    port: u16,
    guarded: Mutex<Guarded>,
}

/// One for all tests of a binary, each of which makes a database of its own there.
pub fn shared() -> &'static Server {
    static SHARED: OnceLock<Server> = OnceLock::new();
    SHARED.get_or_init(|| Server::start(&[]))
}

impl Server {
    /// With these settings beside, or instead of, those that make it fast; `fsync` for one.
    pub fn start(settings: &[(&str, &str)]) -> Self {
        let (folder, port, bin) = (new_folder("postgres"), free_port(), bin());
        let settings: String = settings.iter().map(|(name, value)| format!("{name} = '{value}'\n")).collect();
        std::fs::write(folder.join("settings"), format!("{SETTINGS}port = {port}\n{settings}")).unwrap();
        let bin = bin.display();
        let init = format!(
            "$as {bin}/initdb --no-sync --auth=trust --username=postgres -E UTF8 --locale=C.UTF-8 data >log 2>&1 \
             && cat settings >>data/postgresql.conf"
        );
        let mut guarded = Guarded::new(folder, &init, &format!("exec $as {bin}/postgres -D data"), "QUIT");
        guarded.start(is_ready);
        Self { port, guarded: Mutex::new(guarded) }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    pub fn options(&self, database: &str) -> PgConnectOptions {
        self.url(database).parse().unwrap()
    }

    /// A host's pool.
    pub fn pool(&self, database: &str, connections: u32) -> PgPool {
        PgPoolOptions::new().max_connections(connections).connect_lazy_with(self.options(database))
    }

    pub async fn connect(&self, database: &str) -> PgConnection {
        self.options(database).connect().await.unwrap()
    }

    pub async fn new_database(&self) -> String {
        self.new_database_with("").await
    }

    /// With options of CREATE DATABASE, as `LOCALE_PROVIDER icu ICU_LOCALE 'und-u-ks-level2'`.
    pub async fn new_database_with(&self, options: &str) -> String {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("tokens_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let create = format!("CREATE DATABASE {name} TEMPLATE template0 {options}");
        run(&mut self.connect("postgres").await, &create).await;
        name
    }

    /// Of the process that the others are children of.
    pub fn pid(&self) -> u32 {
        self.guarded().pid()
    }

    /// To the server and all of its backends: `STOP`, `CONT`.
    pub fn signal_all(&self, name: &str) {
        signal(name, &self.guarded().processes());
    }

    /// With SIGKILL, the backends too.
    pub fn kill(&self) {
        self.guarded().kill();
    }

    /// After [`kill`](Self::kill): on the same port, with the same data.
    pub fn start_again(&self) {
        self.guarded().start(is_ready);
    }

    /// Where its data stands.
    pub fn folder(&self) -> PathBuf {
        self.guarded().folder().to_owned()
    }

    /// What it said.
    pub fn log(&self) -> String {
        self.guarded().log()
    }

    fn guarded(&self) -> MutexGuard<'_, Guarded> {
        self.guarded.lock().unwrap()
    }
}

/// Pgbouncer in transaction mode, without a password. It ends as the server does.
pub struct Bouncer {
    port: u16,
    _guarded: Guarded,
}

impl Bouncer {
    /// With so many connections to each database, however many clients it has.
    pub fn start(server: &Server, connections: u32) -> Self {
        let (folder, port) = (new_folder("pgbouncer"), free_port());
        let settings = format!(
            "[databases]\n* = host=127.0.0.1 port={} user=postgres\n[pgbouncer]\nlisten_addr = 127.0.0.1\n\
             listen_port = {port}\nunix_socket_dir =\nauth_type = any\npool_mode = transaction\n\
             default_pool_size = {connections}\nmax_client_conn = 1000\n\
             ignore_startup_parameters = extra_float_digits\n",
            server.port
        );
        std::fs::write(folder.join("pgbouncer.ini"), settings).unwrap();
        let pgbouncer = [Path::new("/usr/sbin/pgbouncer"), Path::new("/usr/bin/pgbouncer")];
        let pgbouncer = pgbouncer.into_iter().find(|path| path.exists()).unwrap_or_else(|| panic!("{INSTALL}"));
        let run = format!("exec $as {} -q pgbouncer.ini", pgbouncer.display());
        let mut guarded = Guarded::new(folder, ":", &run, "TERM");
        guarded.start(|_| std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
        Self { port, _guarded: guarded }
    }

    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    pub fn options(&self, database: &str) -> PgConnectOptions {
        self.url(database).parse().unwrap()
    }

    pub fn pool(&self, database: &str, connections: u32) -> PgPool {
        PgPoolOptions::new().max_connections(connections).connect_lazy_with(self.options(database))
    }
}

/// Statements, one after the other.
pub async fn run(connection: &mut PgConnection, sql: &str) {
    raw_sql(AssertSqlSafe(sql.to_owned())).execute(connection).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
}

/// As it says itself, in the file that bears its process's number.
fn is_ready(guarded: &Guarded) -> bool {
    let file = std::fs::read_to_string(guarded.folder().join("data/postmaster.pid")).unwrap_or_default();
    let lines: Vec<_> = file.lines().map(str::trim).collect();
    lines.first().is_some_and(|pid| *pid == guarded.pid().to_string()) && lines.get(7) == Some(&"ready")
}

/// Where Debian, or whoever installed it, puts what a server consists of.
fn bin() -> PathBuf {
    let told = Command::new("pg_config").arg("--bindir").output().ok();
    let told = told.and_then(|output| Some(PathBuf::from(String::from_utf8(output.stdout).ok()?.trim_end())));
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<_> = versions.map(|version| version.path().join("bin")).collect();
    found.sort_by_key(|bin| bin.parent().and_then(|v| v.file_name()?.to_str()?.parse::<u32>().ok()));
    let all = told.into_iter().chain(found.into_iter().rev());
    all.into_iter().find(|bin| bin.join("initdb").exists()).unwrap_or_else(|| panic!("no PostgreSQL: {INSTALL}"))
}
