//! What the store of `examples/custom_store.rs` answered outlives a crash, though the disk forgets all that it was not
//! told to sync. What changes nothing writes nothing, a failing disk is no verdict, and a writer that waits keeps no
//! reader from reading.
#![cfg(all(feature = "memory", feature = "testing"))]

mod common;
#[allow(dead_code)]
#[path = "../examples/custom_store.rs"]
mod custom_store;

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, mpsc};
use std::task::{Context, Poll, Waker};
use std::time::Duration as StdDuration;

use common::rulebook::{after, digest, record, revoked_at, token_id, with};
use common::{block_on, noon, owner};
use custom_store::RedbStore;
use personal_tokens::store::{LastUse, ListQuery, TokenStore};
use personal_tokens::{
    Change, ChangeError, ChangeRefused, Duration, Edit, Expiry, StoreError, Successor, TokenRecord, TokenState,
};
use redb::{Database, StorageBackend};

/// A disk in memory, which keeps apart what was synced.
#[derive(Clone, Debug, Default)]
struct Disk(Arc<Mutex<Plates>>);

#[derive(Debug, Default)]
struct Plates {
    written: Vec<u8>,
    synced: Vec<u8>,
    touched: u32,
    fails: bool,
}

impl Disk {
    fn plates(&self) -> io::Result<MutexGuard<'_, Plates>> {
        let plates = self.0.lock().unwrap();
        if plates.fails { Err(io::Error::other("the disk is gone")) } else { Ok(plates) }
    }

    fn set_failing(&self) {
        self.0.lock().unwrap().fails = true;
    }

    /// How often it was written to or synced.
    fn touched(&self) -> u32 {
        self.0.lock().unwrap().touched
    }

    /// As a crash leaves it.
    fn after_a_crash(&self) -> Self {
        let synced = self.0.lock().unwrap().synced.clone();
        Self(Arc::new(Mutex::new(Plates { written: synced.clone(), synced, ..Plates::default() })))
    }

    fn database(&self) -> Arc<Database> {
        Arc::new(Database::builder().create_with_backend(self.clone()).unwrap())
    }

    fn store(&self) -> RedbStore {
        RedbStore::new(self.database()).unwrap()
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.plates()?.written.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let from = offset as usize;
        out.copy_from_slice(self.plates()?.written.get(from..from + out.len()).ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.plates()?.written.resize(len as usize, 0);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut plates = self.plates()?;
        plates.touched += 1;
        plates.synced = plates.written.clone();
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut plates = self.plates()?;
        plates.touched += 1;
        plates.written[offset as usize..][..data.len()].copy_from_slice(data);
        Ok(())
    }
}

fn issue(record: TokenRecord) -> Change {
    Change::issue(record, Arc::default())
}

async fn all(store: &RedbStore) -> Vec<TokenRecord> {
    store.list(&owner(), &ListQuery::all(), noon()).await.unwrap()
}

#[tokio::test]
async fn what_was_answered_outlives_a_crash() {
    let disk = Disk::default();
    let store = disk.store();
    let held = async |what: &str| {
        let found = all(&disk.after_a_crash().store()).await;
        assert_eq!(found, all(&store).await, "after {what}");
    };
    store.change(&issue(record(1))).await.unwrap();
    held("an issue").await;
    store.touch(&[LastUse::new(token_id(1), after(1))], Duration::ZERO).await.unwrap();
    held("a use").await;
    assert!(store.claim_notice(token_id(1), None, after(1)).await.unwrap());
    held("a claim").await;
    let edit = Edit { expiry: Some(Expiry::At(after(60))), ..Edit::default() };
    store.change(&Change::update(owner(), token_id(1), edit, after(2), Arc::default())).await.unwrap();
    held("an update").await;
    let grace = Duration::SECOND;
    let successor = Successor { id: token_id(2), digest: digest(2), created_by: None, expiry: None, grace };
    store.change(&Change::rotate(owner(), token_id(1), successor, after(3), Arc::default())).await.unwrap();
    held("a rotation").await;
    store.change(&Change::revoke(owner(), token_id(2), after(4))).await.unwrap();
    held("a revocation").await;
    let found = disk.after_a_crash().store().find(token_id(2)).await.unwrap().unwrap();
    assert_eq!(found.state(after(4)), TokenState::Revoked);
    assert_eq!(store.prune(after(60), 1).await.unwrap().len(), 1);
    held("a prune").await;
    assert_eq!(all(&store).await.len(), 1);
}

#[tokio::test]
async fn what_changes_nothing_writes_nothing() {
    let disk = Disk::default();
    let store = disk.store();
    store.change(&issue(record(1))).await.unwrap();
    store.change(&issue(revoked_at(2, noon()))).await.unwrap();
    store.touch(&[LastUse::new(token_id(1), after(60))], Duration::ZERO).await.unwrap();
    let touched = disk.touched();
    let unchanged = |what: &str| assert_eq!(disk.touched(), touched, "{what}");

    store.find(token_id(1)).await.unwrap();
    all(&store).await;
    unchanged("a look");
    store.change(&Change::revoke(owner(), token_id(2), after(1))).await.unwrap();
    unchanged("a second revocation");
    let taken = store.change(&issue(with(record(3), |record| record.id = token_id(1)))).await;
    assert!(matches!(taken, Err(ChangeError::Refused(ChangeRefused::IdTaken))), "{taken:?}");
    unchanged("an id that is taken");
    let absent = store.change(&Change::revoke(owner(), token_id(9), after(1))).await;
    assert!(matches!(absent, Err(ChangeError::Refused(ChangeRefused::NotFound))), "{absent:?}");
    unchanged("a refusal");
    let uses = [LastUse::new(token_id(1), after(119)), LastUse::new(token_id(9), after(200))];
    store.touch(&uses, Duration::MINUTE).await.unwrap();
    unchanged("a use within the resolution, and one of a token that is gone");
    assert!(!store.claim_notice(token_id(1), Some(noon()), after(1)).await.unwrap());
    unchanged("a lost claim");
    assert!(store.prune(noon(), 10).await.unwrap().is_empty());
    assert!(store.prune(after(60), 0).await.unwrap().is_empty());
    unchanged("a prune of nothing");

    store.touch(&[LastUse::new(token_id(1), after(120))], Duration::MINUTE).await.unwrap();
    assert!(disk.touched() > touched);
}

#[tokio::test]
async fn a_failing_disk_is_no_verdict_and_leaves_all_or_nothing() {
    let disk = Disk::default();
    let store = disk.store();
    store.change(&issue(record(1))).await.unwrap();
    disk.set_failing();
    let failed = store.change(&Change::revoke(owner(), token_id(1), after(1))).await;
    assert!(matches!(failed, Err(ChangeError::Store(StoreError::Unavailable(_)))), "{failed:?}");

    // With nothing read yet, so that a look fails too.
    let (disk_of_uses, disk_of_looks) = (disk.after_a_crash(), disk.after_a_crash());
    let (uses, looks) = (disk_of_uses.store(), disk_of_looks.store());
    disk_of_uses.set_failing();
    let failed = uses.touch(&[LastUse::new(token_id(1), after(1))], Duration::ZERO).await;
    assert!(matches!(failed, Err(StoreError::Unavailable(_))), "{failed:?}");
    disk_of_looks.set_failing();
    let failed = looks.find(token_id(1)).await;
    assert!(matches!(failed, Err(StoreError::Unavailable(_))), "{failed:?}");

    assert_eq!(all(&disk.after_a_crash().store()).await, [record(1)]);
}

#[test]
fn a_writer_that_waits_keeps_no_reader_waiting() {
    let (done, ended) = mpsc::channel();
    // On a thread of its own: a call that blocks its caller would hang.
    std::thread::spawn(move || {
        block_on(async {
            let database = Disk::default().database();
            let store = RedbStore::new(database.clone()).unwrap();
            store.change(&issue(record(1))).await.unwrap();
            let other_writer = database.begin_write().unwrap();
            let revoke = Change::revoke(owner(), token_id(1), after(1));
            let mut revoking = store.change(&revoke);
            assert!(matches!(revoking.as_mut().poll(&mut Context::from_waker(Waker::noop())), Poll::Pending));
            assert_eq!(store.find(token_id(1)).await.unwrap().as_deref(), Some(&record(1)));
            assert_eq!(all(&store).await, [record(1)]);
            drop(other_writer);
            revoking.await.unwrap();
            assert!(store.find(token_id(1)).await.unwrap().unwrap().revoked.is_some());
        });
        done.send(()).unwrap();
    });
    ended.recv_timeout(StdDuration::from_secs(60)).expect("neither the writer nor the readers end, or one failed");
}
