//! Whatever stands in a body, a write answers it, by its schema or by a problem, and never by a failure.
#![cfg(all(feature = "memory", feature = "testing", feature = "management"))]

use crate::common;

use common::cases;
use common::management::{Answer, Ask, host_with_token};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

/// Near to JSON that is in order: each field with any value.
fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,9}".prop_map(Value::from),
        "2026-[0-1][0-9]-[0-3][0-9]T[0-2][0-9]:00:00(Z|[+-]0[0-9]:00)".prop_map(Value::from),
        Just(json!("all")),
        Just(json!("products:read")),
    ];
    let value = leaf.prop_recursive(2, 6, 3, |inner| vec(inner, 0..3).prop_map(Value::from));
    let name = prop_oneof![9 => prop::sample::select(vec!["name", "scopes", "expires_at", "grace_seconds", "confirm"]).prop_map(str::to_owned), 1 => ".{0,5}"];
    vec((name, value), 0..4).prop_map(|fields| Value::Object(fields.into_iter().collect()))
}

fn is_an_answer(answer: &Answer) -> Result<(), TestCaseError> {
    prop_assert!(matches!(answer.status, 200 | 201 | 400 | 403 | 409 | 422), "{}", answer);
    prop_assert!(answer.json().is_object());
    Ok(())
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn whatever_stands_in_a_body_is_answered(bytes in vec(any::<u8>(), 0..99), value in anything()) {
        common::block_on(async {
            let (host, id) = host_with_token().await;
            for ask in Ask::with_bodies(&id) {
                is_an_answer(&host.ask_with(&ask, bytes.clone()).await)?;
                is_an_answer(&host.ask_with(&ask, value.to_string()).await)?;
            }
            Ok::<(), TestCaseError>(())
        })?;
    }
}
