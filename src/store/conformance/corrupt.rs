//! A row that cannot be read is an error, never a pass and never a gap.

use time::Duration;

use crate::record::{Change, Expiry, TokenRecord};
use crate::store::{ExpiringQuery, LastUse, ListQuery, Lookup};

use super::Corrupt;
use super::kit::{Kit, done, expire, new_id, same, same_record};
use super::violation::{Broken, Outcome, is_corrupt};

pub(super) async fn a_corrupt_row_is_an_error(kit: &Kit, corrupt: &Corrupt) -> Outcome {
    let good = kit.insert(kit.record("good")?).await?;
    let other = kit.insert(kit.record("other")?).await?;
    let bad = kit.insert(kit.expiring("bad", 60)?).await?;
    // Whatever the store remembers, it remembers now.
    kit.stands("before it is corrupted", &bad).await?;
    corrupt(bad.id).await;

    let (store, owner) = (&kit.store, &kit.owner);
    // They may answer as the row stood, and nothing else.
    match store.find_cached(bad.id) {
        Lookup::Hit(cached) => same_record("find_cached of a corrupt row", Some(&cached), Some(&bad))?,
        Lookup::Absent => return Err(Broken::new("find_cached of a corrupt row", "Ask", "Absent")),
        Lookup::Ask => {}
    }
    let found = store.find(bad.id).await;
    if !matches!(&found, Ok(Some(remembered)) if **remembered == bad) {
        is_corrupt("find of a corrupt row", found.map(|found| format!("{found:?}")))?;
    }
    is_corrupt("get of a corrupt row", store.get(owner, bad.id).await.map(|found| format!("{found:?}")))?;
    let list = store.list(owner, &ListQuery::all(), kit.now).await;
    is_corrupt("a list with a corrupt row", list.map(|list| format!("{} records", list.len())))?;
    let soon = ExpiringQuery::between(bad_expiry(&bad, -1), bad_expiry(&bad, 0));
    let soon = store.expiring(&soon).await;
    is_corrupt("expiring, with a corrupt row in the window", soon.map(|found| format!("{} records", found.len())))?;
    for (what, change) in [
        ("an extension of a corrupt row", kit.update(bad.id, expire(Expiry::Never))),
        ("a rotation of a corrupt row", kit.rotate(bad.id, new_id())),
        ("a revocation of a corrupt row", kit.revoke(bad.id)),
    ] {
        is_corrupt(what, kit.change(change).await.map(|changed| format!("{changed:?}")))?;
    }

    // The others' uses are written all the same.
    let uses = [bad.id, good.id].map(|id| LastUse::new(id, kit.after(1)));
    store.touch(&uses, Duration::ZERO).await?;
    let found = store.get(owner, good.id).await?;
    let used = TokenRecord { last_used: Some(kit.after(1)), ..good };
    same_record("a good row, used with a corrupt one", found.as_ref(), Some(&used))?;

    // And the others can be ended, one whose predecessor cannot be read included.
    let rotated = kit.of_another_owner();
    let (predecessor, successor) = (rotated.insert(rotated.record("rotated")?).await?, new_id());
    done("a rotation", rotated.change(rotated.rotate(predecessor.id, successor)).await)?;
    corrupt(predecessor.id).await;
    done("a revocation of the successor of a corrupt row", rotated.change(rotated.revoke(successor)).await)?;
    done("a revocation beside a corrupt row", kit.change(kit.revoke(other.id)).await)?;
    done("revoke all with a corrupt row", kit.change(Change::revoke_all(owner.clone(), kit.now)).await)?;
    for id in [other.id, used.id] {
        let found = store.get(owner, id).await?.and_then(|record| record.revoked);
        same("revoked, beside a corrupt row", found, Some(kit.now))?;
    }
    super::prune::prune_leaves_what_is_corrupt(kit, corrupt).await
}

fn bad_expiry(bad: &TokenRecord, micros: i64) -> crate::Timestamp {
    let expiry = bad.expiry.instant().unwrap_or(bad.created);
    expiry.saturating_add(Duration::microseconds(micros))
}
