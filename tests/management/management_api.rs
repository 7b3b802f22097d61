//! A token is issued, shown and changed by the JSON API: what is shown of it is what was asked for and what the guard
//! sees, and who asked is kept.
#![cfg(all(feature = "memory", feature = "testing", feature = "management"))]

use crate::common;

use std::sync::{Arc, Mutex};

use common::management::{Host, host, host_with, person};
use common::{owner, rejection};
use personal_tokens::management::Settings;
use personal_tokens::{Actor, Duration, EventKind, Rejection, TokenEvent};
use serde_json::{Value, json};

fn id(token: &Value) -> String {
    token["id"].as_str().unwrap().to_owned()
}

/// Why the guard would refuse it.
async fn verdict(host: &Host, issued: &Value) -> Option<Rejection> {
    rejection(&host.tokens, issued["token"].as_str().unwrap()).await
}

#[tokio::test]
async fn a_new_token_is_shown_whole_and_opens_the_service() {
    let host = host();
    let body = json!({"name": "Shopify sync", "scopes": ["products:write", "products:read"], "expires_at": "2026-01-31T00:00:00+01:00"});
    let answer = host.post("tokens", body).await;
    let issued = answer.is(201);
    let record = &issued["record"];
    let id = id(record);
    assert_eq!(answer.lines("location"), [format!("tokens/{id}")]);
    assert_eq!(answer.lines("content-type"), ["application/json"]);
    assert_eq!(
        *record,
        json!({
            "id": id,
            "name": "Shopify sync",
            "scopes": ["products:read", "products:write"],
            "created_at": "2026-01-01T12:00:00Z",
            "created_by": null,
            "expires_at": "2026-01-30T23:00:00Z",
            "expiry_set_at": "2026-01-01T12:00:00Z",
            "state": "active",
            "ends_at": "2026-01-30T23:00:00Z",
            "last_used": null,
            "revoked_at": null,
            "predecessor": null,
            "rotated": null,
            "actions": ["edit", "rotate", "revoke"],
        })
    );
    assert_eq!(issued.as_object().unwrap().len(), 2);
    assert!(issued["token"].as_str().unwrap().starts_with(&format!("shop_{id}")));
    assert_eq!(host.get(&format!("tokens/{id}")).await.is(200), *record);
    assert_eq!(host.get("tokens").await.is(200), json!({"tokens": [record], "next": null}));

    let verified = host.tokens.verify(issued["token"].as_str().unwrap()).await.unwrap();
    assert_eq!((verified.owner(), verified.name().as_str()), (&owner(), "Shopify sync"));
    assert!(verified.allows("products:write"));
}

#[tokio::test]
async fn what_is_not_said_of_a_new_token_is_none_and_never() {
    let host = host();
    for (number, more) in [json!({}), json!({"expires_at": null}), json!({"scopes": []})].into_iter().enumerate() {
        let mut body = more;
        body["name"] = json!(format!("token {number}"));
        let record = host.post("tokens", body).await.is(201)["record"].clone();
        assert_eq!(
            (&record["scopes"], &record["expires_at"], &record["ends_at"]),
            (&json!([]), &Value::Null, &Value::Null)
        );
    }
}

#[tokio::test]
async fn an_instant_is_read_in_any_offset_and_shown_in_utc() {
    let table = [
        ("2026-06-30T12:00:00Z", "2026-06-30T12:00:00Z"),
        ("2026-06-30T12:00:00+00:00", "2026-06-30T12:00:00Z"),
        ("2026-06-30T23:59:59-11:30", "2026-07-01T11:29:59Z"),
        ("2026-06-30T00:00:00+14:00", "2026-06-29T10:00:00Z"),
        ("2026-06-30T12:00:00.5Z", "2026-06-30T12:00:00.500000Z"),
        ("2026-06-30T12:00:00.123456Z", "2026-06-30T12:00:00.123456Z"),
        // Finer than is kept: rounded down.
        ("2026-06-30T12:00:00.123456999Z", "2026-06-30T12:00:00.123456Z"),
        ("2028-02-29T12:00:00Z", "2028-02-29T12:00:00Z"),
        ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
    ];
    let host = host();
    let token = id(&host.issue("sync", &[]).await["record"]);
    for (sent, shown) in table {
        let changed = host.patch(&format!("tokens/{token}"), json!({"expires_at": sent})).await.is(200);
        assert_eq!(changed["expires_at"], shown, "{sent}");
    }
}

#[tokio::test]
async fn an_edit_changes_what_it_names() {
    let host = host();
    let record = host.issue("sync", &["products:read"]).await["record"].clone();
    let path = format!("tokens/{}", id(&record));
    let steps = [
        (json!({}), json!({})),
        (json!({"name": "till"}), json!({"name": "till"})),
        (
            json!({"expires_at": "2026-01-02T00:00:00Z"}),
            json!({"expires_at": "2026-01-02T00:00:00Z", "ends_at": "2026-01-02T00:00:00Z"}),
        ),
        (json!({"scopes": ["products:write"]}), json!({"scopes": ["products:write"]})),
        (json!({"scopes": [], "name": "sync"}), json!({"scopes": [], "name": "sync"})),
        (json!({"expires_at": null}), json!({"expires_at": null, "ends_at": null})),
        (json!({"expires_at": null}), json!({})),
    ];
    let mut expected = record;
    for (body, change) in steps {
        expected.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        assert_eq!(host.patch(&path, body).await.is(200), expected);
        assert_eq!(host.get(&path).await.is(200), expected);
    }
}

#[tokio::test]
async fn an_expired_token_is_revived_by_an_edit() {
    let host = host();
    let issued = host.post("tokens", json!({"name": "sync", "expires_at": "2026-01-01T13:00:00Z"})).await.is(201);
    let path = format!("tokens/{}", id(&issued["record"]));
    host.clock.advance(Duration::HOUR);
    assert_eq!(verdict(&host, &issued).await, Some(Rejection::Expired));
    assert_eq!(host.get(&path).await.is(200)["state"], "expired");
    let revived = host.patch(&path, json!({"expires_at": "2026-01-01T13:00:00.000001Z"})).await.is(200);
    assert_eq!((&revived["state"], &revived["actions"]), (&json!("active"), &json!(["edit", "rotate", "revoke"])));
    assert_eq!(verdict(&host, &issued).await, None);
}

#[tokio::test]
async fn a_taken_name_is_told_with_who_holds_it() {
    let host = host();
    let holder = host.issue("sync", &[]).await["record"].clone();
    let other = id(&host.issue("till", &[]).await["record"]);
    let path = format!("tokens/{other}");
    for answer in [host.post("tokens", json!({"name": "sync"})).await, host.patch(&path, json!({"name": "sync"})).await]
    {
        assert_eq!(answer.problem(), (409, "name-taken".into(), Some("name".into())));
        assert_eq!(answer.json()["holder"], json!({"id": holder["id"], "state": "active"}));
    }
}

/// A Save that was clicked twice, or was sent again since its answer got lost.
#[tokio::test]
async fn a_form_that_is_sent_twice_makes_one_token() {
    let host = host();
    let save = || host.post("tokens", json!({"name": "sync"}));
    // All are under way before the first is answered.
    let gate = host.store.hold_changes().await;
    let (first, second, third, ()) = tokio::join!(save(), save(), save(), async { drop(gate) });
    let mut answers = [first, second, third];
    answers.sort_by_key(|answer| answer.status);
    let made = answers[0].is(201)["record"]["id"].clone();
    for refused in &answers[1..] {
        assert_eq!(refused.refused(409), "name-taken");
        assert_eq!(refused.json()["holder"]["id"], made);
    }
    assert_eq!(host.rows().await.len(), 1);
    // One that is rotated twice has one successor.
    let path = format!("tokens/{}/rotate", made.as_str().unwrap());
    let rotate = || host.post(&path, json!({"grace_seconds": 60}));
    let (first, second) = tokio::join!(rotate(), rotate());
    assert_eq!([first.status, second.status].iter().sum::<u16>(), 201 + 409);
    assert_eq!(host.rows().await.len(), 2);
}

#[tokio::test]
async fn who_asks_is_kept_and_told_to_observers() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let observer = {
        let told = Arc::clone(&told);
        move |event: &TokenEvent| told.lock().unwrap().push((event.kind, event.actor.clone()))
    };
    let host = host_with(|builder| builder.observer(observer), Settings::new());
    let ann = Actor::new("ann").unwrap();
    let [by_ann, by_nobody] = [host.seen_by(person().actor(ann.clone())), host];
    let first = by_ann.issue("sync", &[]).await["record"].clone();
    assert_eq!(first["created_by"], "ann");
    let path = format!("tokens/{}", id(&first));
    by_ann.patch(&path, json!({"name": "till"})).await.is(200);
    let second = by_ann.post(&format!("{path}/rotate"), json!({"grace_seconds": 9})).await.is(201)["record"].clone();
    assert_eq!(second["created_by"], "ann");
    by_ann.delete(&format!("tokens/{}", id(&second))).await.is(200);
    by_ann.issue("sync", &[]).await;
    by_ann.post("tokens/revoke-all", json!({"confirm": "all"})).await.is(200);
    let told_by_ann = std::mem::take(&mut *told.lock().unwrap());
    assert_eq!(told_by_ann.len(), 7, "{told_by_ann:?}");
    assert!(told_by_ann.iter().all(|(_, actor)| *actor == Some(ann.clone())), "{told_by_ann:?}");
    assert_eq!(by_nobody.issue("sync", &[]).await["record"]["created_by"], Value::Null);
    assert_eq!(*told.lock().unwrap(), [(EventKind::Issued, None)]);
}
