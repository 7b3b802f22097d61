//! Where the file is, and how it is opened.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::Path;
use std::str::FromStr as _;
use std::time::Duration;

use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use crate::store::StoreError;

use super::calls::BUSY_TIMEOUT;

/// Each is a thread.
const CONNECTIONS: u32 = 4;

pub(super) enum Location {
    Memory,
    File { options: SqliteConnectOptions, mode: Mode },
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    ReadOnly,
    Existing,
    Create,
}

#[derive(Debug, thiserror::Error)]
#[error("cannot create the file {path}")]
struct CannotCreate {
    path: String,
    source: io::Error,
}

impl Location {
    /// A path, `:memory:`, or a URL that begins with `sqlite:`.
    pub(super) fn parse(location: &Path) -> Result<Self, StoreError> {
        let Some(url) = location.to_str().filter(|text| text.starts_with("sqlite:")) else {
            if location.as_os_str() == ":memory:" {
                return Ok(Self::Memory);
            }
            let options = SqliteConnectOptions::new().filename(location);
            return Ok(Self::File { options, mode: Mode::Create });
        };
        let (place, parameters) = url.split_once('?').unwrap_or((url, ""));
        let mode = match parameters.split('&').find_map(|parameter| parameter.strip_prefix("mode=")) {
            Some("memory") => return Ok(Self::Memory),
            _ if place.trim_start_matches("sqlite:").trim_start_matches("//") == ":memory:" => return Ok(Self::Memory),
            Some("ro") => Mode::ReadOnly,
            Some("rw") => Mode::Existing,
            _ => Mode::Create,
        };
        let options = SqliteConnectOptions::from_str(url).map_err(StoreError::unavailable)?;
        Ok(Self::File { options, mode })
    }

    /// Opens no connection yet, but makes the file.
    pub(super) fn open(self, deadline: Duration) -> Result<SqlitePool, StoreError> {
        let pool = SqlitePoolOptions::new().acquire_timeout(deadline).test_before_acquire(false);
        let options = match self {
            Self::Memory => {
                // The tables live as long as their one connection.
                let pool = pool.max_connections(1).min_connections(1).idle_timeout(None).max_lifetime(None);
                let options = SqliteConnectOptions::from_str("sqlite::memory:").map_err(StoreError::unavailable)?;
                return Ok(pool.connect_lazy_with(options));
            }
            Self::File { options, mode: Mode::ReadOnly } => options,
            Self::File { options, mode } => {
                if mode == Mode::Create {
                    create_private(options.get_filename())?;
                }
                options.journal_mode(SqliteJournalMode::Wal)
            }
        };
        // `fullfsync`: on macOS `fsync` alone does not reach the disk.
        let options = options.synchronous(SqliteSynchronous::Full).pragma("fullfsync", "ON").busy_timeout(BUSY_TIMEOUT);
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
    .map_err(|source| StoreError::unavailable(CannotCreate { path: path.display().to_string(), source }))
}

/// So that the new file is still there after a power cut.
fn sync_folder(path: &Path) -> io::Result<()> {
    if !cfg!(unix) {
        return Ok(());
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}
