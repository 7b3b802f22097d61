//! What a `SqliteStore` answers while its disk is full or read-only, and that the same store works again once it is not
//! (failures 30, 31). On a file system in memory, which only root can mount; for others these tests are skipped.
#![cfg(all(feature = "sqlite", feature = "memory", feature = "testing", feature = "tower", target_os = "linux"))]

use crate::common;

use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::process::Command;

use common::folder::Folder;
use common::patient::{Patient, WRITES, connect, lazy_pool, options};
use common::remote_store::{Fault, Method};
use personal_tokens::StoreError;
use personal_tokens::store::SqliteStore;
use personal_tokens::store::sqlx::raw_sql;
use personal_tokens::store::sqlx::sqlite::SqliteJournalMode::{Delete, Wal};

/// Of a file system in memory.
const PAGE: usize = 4_096;

#[tokio::test]
async fn on_a_full_disk_writes_fail_reads_do_not_and_space_heals_it() {
    for journal in [Wal, Delete] {
        let Some(disk) = Disk::mounted() else { return };
        let file = disk.file("tokens.db");
        let pool = lazy_pool(options(&file, journal), 2);
        let patient = Patient::of(SqliteStore::from_pool(pool)).await;
        // It keeps SQLite from making room by folding up its log.
        let mut other = connect(&file).await;
        raw_sql("SELECT count(*) FROM personal_tokens").execute(&mut other).await.unwrap();
        for _ in 0..2 {
            let before = patient.rows().await;
            disk.fill();
            patient.assert_fails(&WRITES, Fault::Unavailable, "full").await;
            assert_eq!(patient.rows().await, before, "{journal:?}");
            disk.make_room();
            patient.assert_works().await;
        }
    }
}

/// The commit's log grows until there is no room in the middle of it.
#[tokio::test]
async fn a_disk_that_fills_up_in_the_middle_of_a_change_leaves_it_out_as_a_whole() {
    let Some(disk) = Disk::mounted() else { return };
    let patient = Patient::of(SqliteStore::open(disk.file("tokens.db")).await.unwrap()).await;
    let mut filled = 0;
    for room in (0..60).map(|number| number % 20 * PAGE) {
        disk.fill_but(room);
        let before = patient.rows().await;
        let changed = patient.call(Method::Change).await;
        disk.make_room();
        let unchanged = patient.rows().await == before;
        assert_eq!(changed.is_err(), unchanged, "with {room} bytes left: {changed:?}");
        if let Err(error) = changed {
            assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
            filled += 1;
        }
    }
    eprintln!("{filled} of 60 found the disk full");
    assert!((1..60).contains(&filled));
    patient.assert_works().await;
}

#[tokio::test]
async fn a_new_file_on_a_full_disk_is_unavailable_until_there_is_room() {
    let Some(disk) = Disk::mounted() else { return };
    disk.fill();
    let file = disk.file("tokens.db");
    let opened = SqliteStore::open(&file).await;
    assert!(matches!(opened, Err(StoreError::Unavailable(_))), "{opened:?}");
    disk.make_room();
    Patient::of(SqliteStore::open(&file).await.unwrap()).await.assert_works().await;
}

#[tokio::test]
async fn on_a_read_only_disk_it_is_unavailable_until_it_can_be_written() {
    // SQLite can read a file with WAL only where it can write beside it.
    for (journal, fail) in [(Wal, &Method::ALL[..]), (Delete, &WRITES[..])] {
        let Some(disk) = Disk::mounted() else { return };
        let file = disk.file("tokens.db");
        let host = || SqliteStore::from_pool(lazy_pool(options(&file, journal), 4));
        let patient = Patient::of(host()).await;
        patient.store.close().await;
        let patient = patient.through(host());
        disk.remount("ro");
        let why = if journal == Wal { "unable to open database file" } else { "readonly database" };
        patient.assert_fails(fail, Fault::Unavailable, why).await;
        let opened = SqliteStore::open(&file).await;
        assert!(matches!(opened, Err(StoreError::Unavailable(_))), "{opened:?}");
        disk.remount("rw");
        // Connections that were opened meanwhile stay read-only; they are not used on.
        patient.call(Method::Change).await.unwrap();
        patient.assert_works().await;
    }
}

/// Eight megabytes.
struct Disk(Folder);

impl Disk {
    fn mounted() -> Option<Self> {
        let disk = Self(Folder::new());
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", "size=8m", "tmpfs"]).arg(disk.0.path()).output();
        if mount.is_ok_and(|mount| mount.status.success()) {
            return Some(disk);
        }
        // Past what captures a test's output.
        let _ = writeln!(std::io::stderr(), "SKIPPED: only root can mount the disk that this test fills");
        None
    }

    fn file(&self, name: &str) -> std::path::PathBuf {
        self.0.file(name)
    }

    fn remount(&self, how: &str) {
        let remount = Command::new("mount").args(["-o", &format!("remount,{how}")]).arg(self.0.path()).status();
        assert!(remount.unwrap().success(), "{how}");
    }

    fn fill(&self) {
        self.fill_but(0);
    }

    /// So many bytes are left.
    fn fill_but(&self, room: usize) {
        let mut filler = File::create(self.file("filler")).unwrap();
        let mut written = 0;
        let full = loop {
            match filler.write(&[1; PAGE]) {
                Ok(more) => written += more as u64,
                Err(error) => break error,
            }
        };
        assert_eq!(full.kind(), ErrorKind::StorageFull);
        filler.set_len(written.saturating_sub(room as u64)).unwrap();
    }

    fn make_room(&self) {
        std::fs::remove_file(self.file("filler")).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: what the test holds open is closed later.
        let _ = Command::new("umount").arg("--lazy").arg(self.0.path()).status();
    }
}
