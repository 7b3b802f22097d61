//! A database file that `SqliteStore` makes is for its owner's eyes only, with its logs; one that is there keeps its permissions.
#![cfg(all(feature = "sqlite", feature = "memory", feature = "testing", unix))]

mod common;

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use common::folder::Folder;
use common::rulebook::record;
use personal_tokens::Change;
use personal_tokens::store::{SqliteStore, TokenStore as _};

async fn make_and_write(file: &Path) -> SqliteStore {
    let store = SqliteStore::open(file).await.unwrap();
    store.change(&Change::issue(record(1), Arc::default())).await.unwrap();
    store
}

fn mode(file: &Path) -> u32 {
    std::fs::metadata(file).unwrap().permissions().mode() & 0o777
}

fn with_its_logs(file: &Path) -> [PathBuf; 3] {
    ["", "-wal", "-shm"].map(|log| format!("{}{log}", file.display()).into())
}

/// In a process of its own, since every thread of one has the same umask.
#[test]
fn a_new_file_and_its_logs_are_for_its_owner_only_whatever_the_umask() {
    let folder = Folder::new();
    for umask in ["000", "022", "027", "077"] {
        let file = folder.file(umask);
        let test = "make_a_file_and_leave_its_logs";
        let script = format!("umask {umask}; exec \"$0\" --exact {test} --ignored");
        let me = std::env::current_exe().unwrap();
        let made = Command::new("sh").args(["-c", &script]).arg(me).env(FILE, &file).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stdout));
        assert_eq!(with_its_logs(&file).map(|file| mode(&file)), [0o600; 3], "umask {umask}");
    }
}

const FILE: &str = "PERSONAL_TOKENS_TEST_FILE";

#[tokio::test]
#[ignore = "another test runs it, as a process"]
async fn make_a_file_and_leave_its_logs() {
    let Some(file) = std::env::var_os(FILE) else { return };
    let _store = make_and_write(Path::new(&file)).await;
    std::process::exit(0);
}

#[tokio::test]
async fn a_file_that_is_there_keeps_its_permissions() {
    let folder = Folder::new();
    for wanted in [0o600, 0o640, 0o644, 0o660] {
        let file = folder.file(&format!("{wanted:o}.db"));
        std::fs::write(&file, "").unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(wanted)).unwrap();
        let _store = make_and_write(&file).await;
        assert_eq!(with_its_logs(&file).map(|file| mode(&file)), [wanted; 3], "{wanted:o}");
    }
}
