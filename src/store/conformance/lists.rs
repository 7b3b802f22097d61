//! A list holds the owner's tokens, newest first, page by page.

use std::cmp::Reverse;

use crate::record::{Rotated, TokenRecord};
use crate::store::{Cursor, ListQuery};

use super::kit::{Kit, done, ids, new_id, same};
use super::violation::{Broken, Outcome};

pub(super) async fn lists_come_newest_first(kit: &Kit) -> Outcome {
    let others = kit.of_another_owner();
    let mut records = Vec::new();
    for number in 0..12_i64 {
        // Three of an instant: their ids decide.
        let created = kit.after(number.checked_rem(4).unwrap_or_default());
        for kit in [kit, &others] {
            let record = TokenRecord { created, ..kit.record(&format!("{number}"))? };
            records.push(kit.insert(record).await?);
        }
    }
    records.retain(|record| record.owner == kit.owner);
    records.sort_by_key(|record| Reverse(Cursor::in_list(record)));
    same("the order of a list", ids(&kit.all().await?), ids(&records))?;
    let query = ListQuery::all().limit(5);
    let listed = kit.store.list(&kit.owner, &query, kit.now).await?;
    same("a list of at most five", ids(&listed), ids(records.iter().take(5)))?;
    same("the list of who has none", kit.of_another_owner().all().await?, Vec::new())
}

pub(super) async fn lists_show_the_states_that_are_asked_for(kit: &Kit) -> Outcome {
    let rotated = |at: i64, grace_ends: i64| {
        Some(Rotated { at: kit.after(at), successor: new_id(), grace_ends: kit.after(grace_ends) })
    };
    let mut records = vec![
        kit.record("active")?,
        kit.expiring("expires in a second", 1)?,
        kit.expiring("expires now", 0)?,
        kit.expiring("expired", -1)?,
        TokenRecord { revoked: Some(kit.after(-1)), ..kit.record("revoked")? },
        TokenRecord { revoked: Some(kit.after(60)), ..kit.record("revoked by a clock ahead")? },
        TokenRecord { rotated: rotated(-1, 1), ..kit.record("in grace")? },
        TokenRecord { rotated: rotated(-1, 0), ..kit.record("grace ends now")? },
        TokenRecord { rotated: rotated(60, 60), ..kit.record("grace cut by a clock ahead")? },
        TokenRecord { rotated: rotated(-1, 60), ..kit.expiring("in grace, expired", -1)? },
        TokenRecord { rotated: rotated(-1, 60), revoked: Some(kit.now), ..kit.record("in grace, revoked")? },
    ];
    kit.insert_all(records.clone()).await?;
    records.sort_by_key(|record| Reverse(Cursor::in_list(record)));
    for at in [kit.after(-120), kit.now, kit.after(1), kit.after(120)] {
        for query in [ListQuery::active(), ListQuery::ended(), ListQuery::all()] {
            let listed = kit.store.list(&kit.owner, &query, at).await?;
            let expected = records.iter().filter(|record| query.matches(record, at));
            let names = |records: Vec<&TokenRecord>| {
                records.into_iter().map(|record| record.name.to_string()).collect::<Vec<_>>()
            };
            let seconds = at.since(kit.now).whole_seconds();
            let what = format!("the list of {:?}, {seconds} seconds from now", query.states);
            same(what, names(listed.iter().collect()), names(expected.collect()))?;
        }
    }
    Ok(())
}

pub(super) async fn pages_neither_skip_nor_repeat(kit: &Kit) -> Outcome {
    for (limit, query) in [
        (1, ListQuery::all()),
        (4, ListQuery::all()),
        (22, ListQuery::all()),
        (30_u32, ListQuery::all()),
        // What was shown leaves these lists before the next page is asked for.
        (1, ListQuery::active()),
        (4, ListQuery::active()),
    ] {
        let kit = kit.of_another_owner();
        let mut records = Vec::new();
        for number in 0..22_i64 {
            let created = kit.after(number.checked_div(3).unwrap_or_default());
            records.push(kit.insert(TokenRecord { created, ..kit.record(&format!("{number}"))? }).await?);
            // Between them such as are not asked for: they take no place on a page.
            let ended = TokenRecord { created, revoked: Some(created), ..kit.record(&format!("ended {number}"))? };
            records.push(kit.insert(ended).await?);
        }
        records.retain(|record| query.matches(record, kit.now));
        records.sort_by_key(|record| Reverse(Cursor::in_list(record)));

        let mut found = Vec::new();
        let mut query = query.limit(limit);
        loop {
            let page = kit.store.list(&kit.owner, &query, kit.now).await?;
            let Some(last) = page.last() else {
                break;
            };
            if page.len() > usize::try_from(limit)? {
                return Err(Broken::new("a page", format!("at most {limit} tokens"), page.len()));
            }
            query = query.after(Cursor::in_list(last));
            found.extend(ids(&page));
            if found.len() > records.len() {
                break;
            }
            // A newer one arrives, and one that was shown changes.
            let newer = TokenRecord { created: kit.after(100), ..kit.record(&format!("after {}", last.name))? };
            kit.insert(newer).await?;
            done("a revocation", kit.change(kit.revoke(last.id)).await)?;
        }
        same(format!("the tokens of all pages of {limit}, {:?}", query.states), found, ids(&records))?;
    }
    Ok(())
}
