//! A place in a list is opaque text in a page's URL, and any other text is refused.
#![cfg(all(feature = "memory", feature = "testing"))]

use crate::common;

use common::rulebook::{after, expiring_at, record, token_id, with};
use personal_tokens::store::Cursor;
use personal_tokens::{Timestamp, TokenId};
use proptest::prelude::*;

#[test]
fn a_record_has_a_place_in_a_list_and_among_those_that_expire() {
    let created = with(expiring_at(1, after(60)), |record| record.created = after(-60));
    assert_eq!(Cursor::in_list(&created), Cursor::new(after(-60), token_id(1)));
    assert_eq!(Cursor::in_expiring(&created), Some(Cursor::new(after(60), token_id(1))));
    assert_eq!(Cursor::in_expiring(&record(1)), None);
}

#[test]
fn other_texts_are_refused() {
    let id = token_id(1);
    let good = format!("0.{id}");
    assert!(good.parse::<Cursor>().is_ok());
    let wrong = [
        String::new(),
        ".".into(),
        "0".into(),
        "0.".into(),
        format!(".{id}"),
        format!("{id}"),
        format!("1.5.{id}"),
        format!("0.{id}."),
        format!("0.{id}A"),
        format!("0 .{id}"),
        format!(" 0.{id}"),
        format!("x.{id}"),
        format!("1e6.{id}"),
        format!("\u{661}.{id}"),
        format!("{}.{id}", Timestamp::MAX.as_micros() + 1),
        format!("{}.{id}", Timestamp::MIN.as_micros() - 1),
        format!("{}.{id}", i64::MAX),
        format!("{}0.{id}", i64::MAX),
    ];
    for text in wrong {
        let error = text.parse::<Cursor>().unwrap_err();
        assert_eq!(error.to_string(), "this is no place in a list: pass on what the previous page gave, unchanged");
    }
}

proptest! {
    #[test]
    fn a_cursor_comes_back_from_its_text(
        micros in Timestamp::MIN.as_micros()..=Timestamp::MAX.as_micros(),
        id in any::<[u8; 12]>(),
    ) {
        let cursor = Cursor::new(Timestamp::from_micros(micros).unwrap(), TokenId::from_bytes(id));
        let text = cursor.to_string();
        prop_assert_eq!(text.parse(), Ok(cursor));
        // It stands in a URL as it is.
        prop_assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte)), "{text}");
    }

    #[test]
    fn the_order_is_by_instant_then_by_id(one in (0..3_i64, 0..3_u32), other in (0..3_i64, 0..3_u32)) {
        let place = |(seconds, id)| Cursor::new(after(seconds), token_id(id));
        prop_assert_eq!(place(one).cmp(&place(other)), one.cmp(&other));
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,30}|-?[0-9]{1,20}\\.[A-Za-z0-9_-]{15,17}") {
        let _ = text.parse::<Cursor>();
    }
}
