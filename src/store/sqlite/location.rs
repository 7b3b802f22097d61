//! Where the file is, and how it is opened.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::time::Duration;

use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use crate::store::StoreError;

use super::calls::BUSY_TIMEOUT;

/// Each is a thread.
const CONNECTIONS: u32 = 4;
/// Longer than any deadline that a host sets, which is the one that counts.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(366 * 86_400);

pub(super) struct Location {
    options: SqliteConnectOptions,
    mode: Mode,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Memory,
    ReadOnly,
    Existing,
    Create,
}

#[derive(Debug, thiserror::Error)]
#[error("cannot create the file {}", path.display())]
struct CannotCreate {
    path: PathBuf,
    source: io::Error,
}

impl Location {
    /// A path, `:memory:`, or a URL that begins with `sqlite:`.
    pub(super) fn parse(location: &Path) -> Result<Self, StoreError> {
        if location.as_os_str() == ":memory:" {
            return Self::of_url("sqlite::memory:", Mode::Memory);
        }
        let Some(url) = location.to_str().filter(|text| text.starts_with("sqlite:")) else {
            return Self::of_file(SqliteConnectOptions::new().filename(location), Mode::Create);
        };
        let (place, parameters) = url.split_once('?').unwrap_or((url, ""));
        // Of several the last counts, as it does for sqlx.
        match parameters.split('&').filter_map(|parameter| parameter.strip_prefix("mode=")).next_back() {
            _ if matches!(place, "sqlite::memory:" | "sqlite://:memory:") => Self::of_url(url, Mode::Memory),
            Some("memory") => Self::of_url(url, Mode::Memory),
            Some("ro") => Self::of_url(url, Mode::ReadOnly),
            Some("rw") => Self::of_url(url, Mode::Existing),
            _ => Self::of_url(url, Mode::Create),
        }
    }

    fn of_url(url: &str, mode: Mode) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::from_str(url).map_err(StoreError::unavailable)?;
        if mode == Mode::Memory { Ok(Self { options, mode }) } else { Self::of_file(options, mode) }
    }

    /// From the root, so that SQLite takes no name for a URI or for memory: there each connection has tokens of its own.
    fn of_file(options: SqliteConnectOptions, mode: Mode) -> Result<Self, StoreError> {
        let file = options.get_filename();
        if file == Path::new(":memory:") {
            return Err(StoreError::unavailable("for tokens in memory write :memory:, or sqlite::memory: in a URL"));
        }
        let file = std::path::absolute(file).map_err(|source| cannot_create(file, source))?;
        Ok(Self { options: options.filename(file), mode })
    }

    /// Opens no connection yet, but makes the file.
    pub(super) fn open(self) -> Result<SqlitePool, StoreError> {
        let Self { options, mode } = self;
        let pool = SqlitePoolOptions::new().acquire_timeout(ACQUIRE_TIMEOUT).test_before_acquire(false);
        if mode == Mode::Memory {
            // The tables live as long as their one connection.
            let pool = pool.max_connections(1).min_connections(1).idle_timeout(None).max_lifetime(None);
            return Ok(pool.connect_lazy_with(options));
        }
        // SQLite's names are UTF-8: another is refused when it is opened, and makes no file.
        if mode == Mode::Create && options.get_filename().to_str().is_some() {
            create_private(options.get_filename())?;
        }
        let options = match mode {
            Mode::ReadOnly => options,
            _ => options.journal_mode(SqliteJournalMode::Wal),
        };
        // `fullfsync`: on macOS `fsync` alone does not reach the disk.
        let options =
            options.synchronous(SqliteSynchronous::Extra).pragma("fullfsync", "ON").busy_timeout(BUSY_TIMEOUT);
        Ok(pool.max_connections(CONNECTIONS).connect_lazy_with(options))
    }
}

/// An empty file that only its owner can read, unless there is one. SQLite gives its log files the same permissions.
fn create_private(path: &Path) -> Result<(), StoreError> {
    let mut file = OpenOptions::new();
    file.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut file, 0o600);
    match file.open(path) {
        Ok(_) => sync_folder(path),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
    .map_err(|source| cannot_create(path, source))
}

fn cannot_create(path: &Path, source: io::Error) -> StoreError {
    StoreError::unavailable(CannotCreate { path: path.to_owned(), source })
}

/// So that the new file is still there after a power cut; where the folder cannot be opened for that, the disk's own pace
/// must do.
fn sync_folder(path: &Path) -> io::Result<()> {
    if !cfg!(unix) {
        return Ok(());
    }
    match path.parent().map(File::open) {
        Some(Ok(folder)) => folder.sync_all(),
        Some(Err(error)) if error.kind() != ErrorKind::PermissionDenied => Err(error),
        _ => Ok(()),
    }
}
