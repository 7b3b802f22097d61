//! A token's string stands in one answer, the one that made it; no other answer, no header, no log line and no error
//! shows any part of it, and none shows a digest (failures 28).
#![cfg(all(feature = "memory", feature = "testing", feature = "management", feature = "tracing"))]

use crate::common;

use common::management::{Answer, Ask, Host, host, host_with};
use common::noon;
use common::recorder::Recorder;
use common::remote_store::{Fault, Method};
use common::search::{KeptBack, secret_of};
use common::trail::Trail;
use personal_tokens::management::{Asked, Settings, Unconfirmed};
use personal_tokens::{Duration, Token, TokenEvent, TokenPrefix};
use serde_json::{Value, json};

/// What was answered to what.
#[derive(Default)]
struct Log(Vec<(Ask, Answer)>);

impl Log {
    async fn ask(&mut self, host: &Host, ask: Ask) -> Value {
        let answer = host.ask(&ask).await;
        let json = serde_json::from_slice(&answer.body).unwrap_or_default();
        self.0.push((ask, answer));
        json
    }

    /// Each route before, and each refusal after.
    async fn live(&mut self, host: &Host) {
        let made = self.ask(host, Ask::post("tokens", json!({"name": "sync", "scopes": ["products:read"]}))).await;
        let id = made["record"]["id"].as_str().unwrap_or("AAAAAAAAAAAAAAAA").to_owned();
        self.ask(host, Ask::post("tokens", json!({"name": "sync"}))).await;
        self.ask(host, Ask::post("tokens", json!({"name": "sell", "scopes": ["products:sell"]}))).await;
        for ask in Ask::each(&id).into_iter().chain(Ask::each(&id)) {
            self.ask(host, ask).await;
        }
        for (presented, ask) in
            [(&made["token"], Ask::get("tokens")), (&made["record"]["id"], Ask::get("tokens?state=ended"))]
        {
            let mut request = ask.request();
            let line = format!("Bearer {}", presented.as_str().unwrap_or_default());
            request.headers_mut().insert("authorization", line.parse().unwrap());
            self.0.push((ask, host.send(request).await));
        }
        host.clock.advance(Duration::days(30));
        for state in ["active", "ended", "all"] {
            self.ask(host, Ask::get(&format!("tokens?state={state}&limit=100"))).await;
        }
    }
}

fn string_in(answer: &Answer) -> Option<String> {
    let json: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    Some(json.get("token")?.as_str()?.to_owned())
}

fn parsed(text: &str) -> Token {
    Token::parse(text.as_bytes(), &[TokenPrefix::new("shop").unwrap()]).unwrap()
}

#[tokio::test]
async fn the_string_stands_in_one_answer_and_a_digest_in_none() {
    let (host, mut log) = (host(), Log::default());
    log.live(&host).await;
    let strings: Vec<_> = log.0.iter().filter_map(|(_, answer)| string_in(answer)).collect();
    assert_eq!(strings.len(), 4, "three were made, and one rotated in");
    for text in &strings {
        let token = parsed(text);
        let (secret, digest) = (KeptBack::new(secret_of(&token)), KeptBack::new([token.digest().as_bytes()]));
        let mut shown_by = 0;
        for (ask, answer) in &log.0 {
            let all = answer.to_string();
            shown_by += all.matches(text.as_str()).count();
            let all = all.replace(text.as_str(), "");
            assert_eq!(secret.forms_in(all.as_bytes()), [""; 0].into(), "{ask:?}");
            assert_eq!(digest.forms_in(all.as_bytes()), [""; 0].into(), "{ask:?}");
            assert!(!all.contains("digest"), "{ask:?}: {all}");
        }
        assert_eq!(shown_by, 1);
    }
}

/// Not for a moment did a cache, a frame or another origin get one: each answer is held to that in
/// `common::management`.
#[tokio::test]
async fn it_is_shown_to_the_page_and_kept_nowhere() {
    let (host, mut log) = (host(), Log::default());
    log.live(&host).await;
    for (ask, answer) in log.0 {
        let policy = answer.lines("content-security-policy").join("; ");
        let page = ask.path.trim_matches('/').is_empty() && answer.status == 200;
        assert_eq!(policy.contains("connect-src 'self'"), page, "{ask:?}");
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{ask:?}: {policy}");
        let loose = ["set-cookie", "etag", "last-modified", "expires", "access-control-allow-origin", "server"];
        assert!(loose.iter().all(|name| !answer.headers.contains_key(*name)), "{ask:?}: {answer}");
    }
}

/// With a store that fails after the work, a hook, an observer that panics, and a subscriber that keeps all.
#[tokio::test]
async fn no_log_shows_it() {
    let (recorder, _guard) = Recorder::start();
    let (trail, hook) = (Trail::default(), Trail::default());
    let seen = hook.clone();
    let settings = Settings::new().confirm(move |asked: Asked| {
        seen.show(&asked).show(asked.principal());
        std::future::ready(Ok::<(), Unconfirmed>(()))
    });
    let observer = move |event: &TokenEvent| assert!(event.at == noon(), "planted: {event:?}");
    let host = host_with(|builder| builder.observer(observer), settings);
    let mut log = Log::default();
    log.live(&host).await;
    // From now on the observer panics.
    log.live(&host).await;
    for fault in [Fault::Corrupt, Fault::AnswerLost] {
        for method in [Method::Change, Method::Get, Method::List] {
            host.store.fail(method, fault);
            log.live(&host).await;
        }
    }
    let events = recorder.take_events();
    assert!(events.iter().any(|event| event.field("error").is_some_and(|error| error.contains("planted: TokenEvent"))));
    for emitted in recorder.spans().iter().chain(&events) {
        trail.show(emitted);
    }
    let tokens: Vec<_> = log.0.iter().filter_map(|(_, answer)| string_in(answer)).map(|text| parsed(&text)).collect();
    assert!(tokens.len() >= 3);
    assert_eq!((trail.leaks(&tokens), hook.leaks(&tokens)), (vec![], vec![]));
    // The control.
    assert!(!trail.print(tokens[0].expose()).leaks(&tokens).is_empty());
}
