//! `openapi.json` is true: what it lists is there and what it does not list is not, its references lead somewhere, and
//! each answer of a scripted life has a status that it names and the fields that it describes, all that are required
//! and no other.
#![cfg(all(feature = "memory", feature = "testing", feature = "management"))]

mod common;

use std::collections::BTreeSet;

use common::management::{Answer, Ask, Host, host_with, person, scopes};
use common::remote_store::{Fault, Method};
use personal_tokens::Duration;
use personal_tokens::management::{Principal, Settings, Unconfirmed};
use serde_json::{Value, json};

struct Document(Value);

impl Document {
    async fn of(host: &Host) -> Self {
        Self(host.get("openapi.json").await.is(200))
    }

    /// Each path and method, and what is said of it.
    fn operations(&self) -> impl Iterator<Item = (&str, &str, &Value)> {
        let paths = self.0["paths"].as_object().unwrap().iter();
        paths.flat_map(|(path, item)| {
            let methods = item.as_object().unwrap().iter();
            methods.map(move |(method, operation)| (path.as_str(), method.as_str(), operation))
        })
    }

    fn operation(&self, ask: &Ask) -> Option<&Value> {
        let path = ask.path.split('?').next().unwrap().trim_start_matches('/');
        let template: Vec<_> = path.split('/').map(|part| if part.len() == 16 { "{id}" } else { part }).collect();
        let path = format!("/{}", template.join("/"));
        self.0["paths"].get(path)?.get(ask.method.as_str().to_lowercase())
    }

    fn resolve<'d>(&'d self, schema: &'d Value) -> &'d Value {
        match schema.get("$ref").and_then(Value::as_str) {
            Some(reference) => self.0.pointer(reference.strip_prefix('#').unwrap()).expect(reference),
            None => schema,
        }
    }

    /// What of the value is not as the schema says.
    fn fault(&self, schema: &Value, value: &Value, at: &str) -> Option<String> {
        let schema = self.resolve(schema);
        if let Some(choices) = schema.get("oneOf").and_then(Value::as_array) {
            let fits = choices.iter().any(|choice| self.fault(choice, value, at).is_none());
            return (!fits).then(|| format!("{at}: {value} is none of {choices:?}"));
        }
        if let Some(known) = schema.get("enum").and_then(Value::as_array) {
            return (!known.contains(value)).then(|| format!("{at}: {value} is none of {known:?}"));
        }
        let kind = match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(_) => "integer",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        let types = schema["type"].as_array().cloned().unwrap_or_else(|| vec![schema["type"].clone()]);
        if !types.contains(&json!(kind)) {
            return Some(format!("{at}: {value} is none of {types:?}"));
        }
        match value {
            Value::Array(items) => items.iter().find_map(|item| self.fault(&schema["items"], item, &format!("{at}[]"))),
            Value::Object(fields) => {
                let required = schema["required"].as_array().cloned().unwrap_or_default();
                let missing = required.iter().find(|name| !fields.contains_key(name.as_str().unwrap()));
                let fault = |(name, value)| match schema["properties"].get(name) {
                    Some(property) => self.fault(property, value, &format!("{at}.{name}")),
                    None => Some(format!("{at}.{name} is not described")),
                };
                missing.map(|name| format!("{at}.{name} is missing")).or_else(|| fields.iter().find_map(fault))
            }
            _ => None,
        }
    }

    #[track_caller]
    fn describes(&self, ask: &Ask, answer: &Answer) {
        let operation = self.operation(ask).unwrap_or_else(|| panic!("{ask:?} is not listed"));
        let response = &operation["responses"][answer.status.to_string()];
        let schema = &response["content"][answer.lines("content-type")[0]]["schema"];
        assert!(schema.is_object(), "{ask:?}: {answer}");
        assert_eq!(self.fault(schema, &answer.json(), "body"), None, "{ask:?}: {answer}");
        for header in response["headers"].as_object().into_iter().flatten().map(|(name, _)| name) {
            assert_eq!(answer.lines(header).len(), 1, "{header} of {ask:?}");
        }
    }
}

#[tokio::test]
async fn it_is_in_order() {
    let host = host_with(|builder| builder, Settings::new());
    let document = Document::of(&host).await;
    assert_eq!(host.get("openapi.json").await.lines("content-type"), ["application/json"]);
    assert!(document.0["openapi"].as_str().unwrap().starts_with("3.1."));
    let ids: Vec<_> =
        document.operations().map(|(_, _, operation)| operation["operationId"].as_str().unwrap()).collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
    let text = document.0.to_string();
    for reference in text.split("\"$ref\":\"#").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        assert!(document.0.pointer(reference).is_some(), "{reference}");
    }
    // Of a schema that nothing refers to, nobody learns.
    for name in document.0["components"]["schemas"].as_object().unwrap().keys() {
        assert!(text.contains(&format!("\"#/components/schemas/{name}\"")), "{name}");
    }
    assert!(!text.contains("digest"));
    // What is answered is whole, or a problem; what is asked may leave out what it does not say.
    for (name, schema) in document.0["components"]["schemas"].as_object().unwrap() {
        let names = schema["properties"].as_object().into_iter().flatten().map(|(name, _)| name.as_str());
        let required: BTreeSet<_> =
            schema["required"].as_array().into_iter().flatten().flat_map(Value::as_str).collect();
        let expected = match name.as_str() {
            "TokenRequest" => ["name"].into(),
            "TokenPatch" | "RotationRequest" => BTreeSet::new(),
            "Problem" => ["type", "title", "status", "detail"].into(),
            _ => names.collect(),
        };
        assert_eq!(required, expected, "{name}");
    }
}

#[tokio::test]
async fn what_it_lists_is_there_and_nothing_else() {
    let host = host_with(|builder| builder, Settings::new());
    let document = Document::of(&host).await;
    let listed: BTreeSet<_> = document.operations().map(|(path, method, _)| format!("{method} {path}")).collect();
    let asks = Ask::each("AAAAAAAAAAAAAAAA").into_iter().filter(|ask| document.operation(ask).is_some());
    assert_eq!(asks.count(), listed.len(), "each is asked for in these tests: {listed:?}");
    let paths: BTreeSet<_> = document.operations().map(|(path, _, _)| path).collect();
    for path in paths {
        for method in ["get", "post", "put", "patch", "delete"] {
            let method_name = method.to_uppercase().parse().unwrap();
            let ask = Ask { method: method_name, path: path.replace("{id}", "AAAAAAAAAAAAAAAA"), body: None };
            let answer = host.ask(&ask).await;
            let there = listed.contains(&format!("{method} {path}"));
            assert_eq!(answer.status == 405, !there, "{method} {path}: {answer}");
        }
    }
}

/// What people ask for, and what is refused them: each status that the router has.
fn life(id: &str) -> Vec<Ask> {
    let one = format!("tokens/{id}");
    let mut asks = Ask::each(id);
    asks.extend([
        Ask::get("tokens?limit=1"),
        Ask::get("tokens?state=ended"),
        Ask::get("tokens?limit=0"),
        Ask::get(&one),
        Ask::get("tokens/AAAAAAAAAAAAAAAA"),
        Ask::patch("tokens/AAAAAAAAAAAAAAAA", json!({})),
        Ask::patch(&one, json!({"expires_at": null})),
        Ask::post("tokens", json!({"name": "a", "expires_at": "2026-01-02T00:00:00Z", "scopes": ["products:write"]})),
        Ask::post("tokens", json!({"name": "a"})),
        Ask::post("tokens", json!({"name": ""})),
        Ask::post("tokens", json!({"name": "b", "scopes": ["sell"]})),
        Ask::post("tokens", json!({"name": "b", "expires_at": "2028-01-01T00:00:00Z"})),
        Ask::post("tokens", json!([])),
        Ask::post("tokens", json!("x".repeat(20_000))),
        Ask::post("tokens", json!({"name": "b"})),
        Ask::post("tokens", json!({"name": "c"})),
        Ask::post("tokens", json!({"name": "d"})),
        Ask::post("tokens/revoke-all", json!({"confirm": "some"})),
        Ask::get("tokens"),
    ]);
    asks.retain(|ask| !matches!(ask.path.as_str(), "" | "/" | "openapi.json"));
    asks
}

#[tokio::test]
async fn each_answer_is_as_it_says() {
    let limits = |builder: personal_tokens::Builder| {
        builder.max_active_per_owner(3).max_lifetime(Duration::days(300)).allow_never(true)
    };
    let settings = Settings::new().sign_in("/in").describe("products:read", "See all").confirm(|asked| async move {
        let ann = asked.principal().actor.is_some();
        if ann { Ok(()) } else { Err(Unconfirmed::wanted().at("/again")) }
    });
    let host = host_with(limits, settings);
    let ann = person().actor("ann".try_into().unwrap());
    let document = Document::of(&host).await;
    let mut statuses = BTreeSet::new();
    let clerk = ann.clone().grantable(scopes(&[]));
    let mut powerless = Principal::new(ann.owner.clone(), ann.rights);
    powerless.rights.list = false;
    for who in [host.seen_by(ann.clone()), host.seen_by(clerk), host.seen_by(powerless), host.without_session()] {
        for fault in [None, Some(Method::List), Some(Method::Get), Some(Method::Change)] {
            let issued = host.seen_by(ann.clone()).issue("sync", &["products:read"]).await;
            host.tokens.verify(issued["token"].as_str().unwrap()).await.unwrap();
            if let Some(method) = fault {
                host.store.fail(method, Fault::Unavailable);
            }
            for ask in life(issued["record"]["id"].as_str().unwrap()) {
                let answer = who.ask(&ask).await;
                document.describes(&ask, &answer);
                statuses.insert(answer.status);
            }
            host.store.work();
            host.seen_by(ann.clone()).post("tokens/revoke-all", json!({"confirm": "all"})).await.is(200);
        }
    }
    // 415 and 500 take another way in.
    assert_eq!(statuses, [200, 201, 400, 401, 403, 404, 409, 413, 422, 503].into());
}

/// The control: what is missing, not described, or of another type is found.
#[tokio::test]
async fn an_answer_that_is_not_as_it_says_is_found() {
    let host = host_with(|builder| builder, Settings::new());
    let document = Document::of(&host).await;
    let token = host.issue("sync", &["products:read"]).await["record"].clone();
    let schema = json!({"$ref": "#/components/schemas/Token"});
    assert_eq!(document.fault(&schema, &token, "token"), None);
    for (field, value) in [
        ("digest", json!("x")),
        ("state", json!("new")),
        ("name", json!(null)),
        ("scopes", json!([7])),
        ("last_used", json!({"at": "x"})),
    ] {
        let mut spoilt = token.clone();
        spoilt[field] = value;
        assert!(document.fault(&schema, &spoilt, "token").is_some(), "{field}");
    }
    let mut short = token;
    short.as_object_mut().unwrap().remove("rotated");
    assert!(document.fault(&schema, &short, "token").is_some());
}
