//! A body that is no object of the fields that a write takes is refused, each field by its name. The type of the
//! problem is stable, and nothing changes.
#![cfg(all(feature = "memory", feature = "testing", feature = "management"))]

use crate::common;

use common::management::{Ask, host_with_token};

#[tokio::test]
async fn a_body_that_is_no_object_is_refused() {
    let (host, id) = host_with_token().await;
    let rows = host.rows().await;
    // The field stands for whichever the write takes.
    let malformed = [
        ["", " ", "{", "}", "{FIELD", "{FIELD,}"],
        ["{FIELD} {}", "{FIELD} x", "{FIELD}\0", "{\"\\ud800\": 1}", "{\"a\u{1}\": 1}", "\u{feff}{FIELD}"],
        ["{'name': 'x'}", "{name: \"x\"}", "name=x&scopes=", "<name>x</name>", "undefined", "NaN"],
    ];
    for ask in Ask::with_bodies(&id) {
        let object = ask.body.as_ref().unwrap().to_string();
        for body in malformed.as_flattened() {
            let body = body.replace("FIELD", &object[1..object.len() - 1]);
            let answer = host.ask_with(&ask, body.clone()).await;
            assert_eq!(answer.problem(), (400, "malformed-body".into(), None), "{ask:?} {body:?}");
        }
        for body in [b"{\"\xff\": 1}".to_vec(), b"\xff\xfe{\0}\0".to_vec(), vec![0; 9]] {
            assert_eq!(host.ask_with(&ask, body).await.refused(400), "malformed-body", "{ask:?}");
        }
        for depth in [1, 100, 200, 8_000] {
            let nested = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
            let (status, kind, _) = host.ask_with(&ask, nested).await.problem();
            assert!(matches!((status, &kind[..]), (400, "malformed-body") | (422, "invalid-field")), "{status} {kind}");
        }
        for body in ["null", "true", "0", "\"all\"", "[]", "[\"all\"]", "[0]", "[{}]", " [\"x\", [], null] "] {
            let answer = host.ask_with(&ask, body).await;
            assert_eq!(answer.problem(), (422, "invalid-field".into(), None), "{ask:?} {body}");
        }
        assert_eq!(host.rows().await, rows, "{ask:?}");
    }
}

#[tokio::test]
async fn each_field_takes_its_type_once_and_no_other_is_known() {
    let (host, id) = host_with_token().await;
    let rows = host.rows().await;
    let [issue, patch, rotate, revoke_all] = Ask::with_bodies(&id);
    let text = r#"null true 7 1.5 [] ["x"] {}"#;
    let scopes = r#"null true 7 "products:read" {} [7] [null] [["products:read"]] ["products:read",{}]"#;
    let instant = "true 7 1767268800 [] {}";
    let seconds = r#"null true -1 0.5 60.0 1e2 "60" [] {} 18446744073709551616 -9223372036854775809"#;
    let word = r#"null true 7 "" "ALL" ["all"] {"all":null} {}"#;
    // With a value that is taken.
    let table = [
        (&issue, "name", r#""x""#, text),
        (&issue, "scopes", "[]", scopes),
        (&issue, "expires_at", "null", instant),
        (&patch, "name", r#""x""#, text),
        (&patch, "scopes", "[]", scopes),
        (&patch, "expires_at", "null", instant),
        (&rotate, "grace_seconds", "0", seconds),
        (&rotate, "expires_at", "null", instant),
        (&revoke_all, "confirm", r#""all""#, word),
    ];
    let wrong = |field: &str| (422, "invalid-field".to_owned(), Some(field.to_owned()));
    for (ask, field, taken, values) in table {
        let others = ask.body.as_ref().unwrap().as_object().unwrap().clone();
        let others =
            others.iter().filter(|(name, _)| *name != field).map(|(name, value)| format!(", \"{name}\": {value}"));
        let others = others.collect::<String>();
        for value in values.split(' ') {
            let body = format!("{{\"{field}\": {value}{others}}}");
            assert_eq!(host.ask_with(ask, body.clone()).await.problem(), wrong(field), "{ask:?} {body}");
        }
        let twice = host.ask_with(ask, format!("{{\"{field}\": {taken}, \"{field}\": {taken}{others}}}")).await;
        assert_eq!(twice.problem(), wrong(field), "{field} twice");
        assert_eq!(twice.json()["detail"], format!("{field} is given twice"));
        for unknown in ["owner", "id", "created_by", "digest", "state", "Name", "x"] {
            let body = format!("{{\"{unknown}\": {taken}{others}}}");
            assert_eq!(host.ask_with(ask, body).await.problem(), wrong(unknown), "{ask:?} {unknown}");
        }
    }
    for (ask, field) in [(&issue, "name"), (&revoke_all, "confirm")] {
        assert_eq!(host.ask_with(ask, "{}").await.problem(), wrong(field), "{field} missing");
    }
    // However it is spelt.
    assert_eq!(host.ask_with(&issue, r#"{"name": "a", "n\u0061me": "b"}"#).await.problem(), wrong("name"));
    assert_eq!(host.rows().await, rows);
}
