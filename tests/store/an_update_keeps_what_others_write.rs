//! A change writes neither last use nor notices, which others write meanwhile: `written_over` is the rule as a function.
#![cfg(all(feature = "memory", feature = "testing"))]

use crate::common;

use common::rulebook::{after, name, record, with};
use personal_tokens::Expiry;

#[test]
fn all_but_last_use_and_notice_come_from_the_plan() {
    // Planned from an older view of the row.
    let planned = with(record(1), |new| {
        (new.name, new.expiry, new.expiry_set) = (name("renamed"), Expiry::At(after(60)), after(1));
        (new.last_used, new.noticed) = (None, Some(after(-9)));
    });
    let stored = with(record(1), |old| (old.last_used, old.noticed) = (Some(after(2)), Some(after(3))));
    let written = with(planned.clone(), |row| (row.last_used, row.noticed) = (Some(after(2)), Some(after(3))));
    assert_eq!(planned.written_over(&stored), written);
}
