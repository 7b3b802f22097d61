//! A page that was loaded by one person does nothing for another who has signed in beside it since.
#![cfg(all(feature = "memory", feature = "management", feature = "testing"))]

use crate::common;

use common::management::{Ask, Host, host, person, person_of, scopes};
use common::other_owner;
use personal_tokens::Actor;
use personal_tokens::management::{Principal, Rights};
use serde_json::json;

const HEADER: &str = "personal-tokens-principal";

async fn mark(host: &Host) -> String {
    host.get("policy").await.is(200)["principal"].as_str().unwrap().to_owned()
}

async fn status(host: &Host, ask: &Ask, marks: &[&str]) -> (u16, Option<String>) {
    let mut request = ask.request();
    for mark in marks {
        request.headers_mut().append(HEADER, mark.parse().unwrap());
    }
    let answer = host.send(request).await;
    let kind = (answer.status >= 400).then(|| answer.problem().1);
    (answer.status, kind)
}

#[tokio::test]
async fn a_mark_of_somebody_else_is_refused_and_nothing_is_changed() {
    let host = host();
    let own = mark(&host).await;
    let id = host.issue("sync", &["products:read"]).await["record"]["id"].as_str().unwrap().to_owned();
    let clerk = || person().actor(Actor::new("clerk").unwrap());
    let others = [clerk(), person().actor(Actor::new("ann").unwrap()), person_of(other_owner())];
    let rows = host.rows().await;
    for other in others {
        let host = host.seen_by(other);
        for ask in [
            Ask::get("tokens"),
            Ask::post("tokens", json!({"name": "for another"})),
            Ask::patch(&format!("tokens/{id}"), json!({"name": "renamed"})),
            Ask::post(&format!("tokens/{id}/rotate"), json!({})),
            Ask::delete(&format!("tokens/{id}")),
            Ask::post("tokens/revoke-all", json!({"confirm": "all"})),
        ] {
            let changed = (412, Some("principal-changed".to_owned()));
            assert_eq!(status(&host, &ask, &[&own]).await, changed, "{ask:?}");
            assert_eq!(status(&host, &ask, &[&mark(&host).await, &own]).await, changed, "{ask:?}");
        }
    }
    assert_eq!(host.rows().await, rows);
}

#[tokio::test]
async fn the_mark_is_of_owner_and_actor_and_of_nothing_else() {
    let host = host();
    let own = mark(&host).await;
    let narrower = Principal::new(person().owner, Rights::none().list()).grantable(scopes(&[]));
    assert_eq!(mark(&host.seen_by(narrower)).await, own);
    assert_eq!(status(&host, &Ask::post("tokens", json!({"name": "mine"})), &[&own]).await, (201, None));

    let named = |owner: &str, actor: &str| {
        Principal::new(owner.parse().unwrap(), Rights::all()).actor(Actor::new(actor).unwrap())
    };
    let mut marks = vec![own];
    for who in [named("ab", "c"), named("a", "bc"), person_of(other_owner())] {
        marks.push(mark(&host.seen_by(who.clone())).await);
        assert!(!marks.last().unwrap().contains(who.owner.as_str()));
    }
    marks.sort();
    marks.dedup();
    assert_eq!(marks.len(), 4);
}
