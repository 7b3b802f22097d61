//! A token is driven through every path, and all that comes out is written down: by a store that logs its arguments, by
//! observers, hooks, renderers, handlers and panics, by a subscriber at `TRACE`. Nothing of its secret stands there, nor of its
//! digest (failures 28).
#![cfg(all(feature = "memory", feature = "testing", feature = "axum", feature = "tokio", feature = "tracing"))]

mod common;

use std::any::Any;
use std::convert::Infallible;
use std::panic::catch_unwind;
use std::pin::pin;
use std::sync::Arc;

use base64::engine::general_purpose::STANDARD;
use common::door::with_lines;
use common::forge::{RANDOM_LEN, forge, random_of};
use common::logging_store::LoggingStore;
use common::recorder::Recorder;
use common::remote_store::{Fault, Method, RemoteStore};
use common::search::base64;
use common::trail::Trail;
use common::{noon, other_owner, owner};
use http::{Request, Response};
use personal_tokens::http::{
    BearerAuthLayer, ProblemDetails, Refusal, RefusedRequest, RenderRefusal, RequireScopeLayer,
};
use personal_tokens::store::{ListQuery, MemoryStore, TokenStore};
use personal_tokens::{
    Duration, Issued, ManualClock, NewToken, Observer, PersonalTokens, Rotation, StoreError, Token, TokenChange,
    TokenEvent, VerifiedToken,
};
use tower::{Layer as _, Service, ServiceExt as _, service_fn};

struct Audit(Trail);

impl Observer for Audit {
    fn changed(&self, event: &TokenEvent) {
        self.0.show(event);
    }

    fn maintenance_failed(&self, error: &StoreError) {
        self.0.error(error);
    }
}

fn handle(store: impl TokenStore + 'static, clock: &ManualClock, trail: &Trail) -> PersonalTokens {
    let builder = PersonalTokens::builder(LoggingStore(store, trail.clone())).prefix("shop").retention(Duration::DAY);
    let builder = builder.scopes(["products:read", "products:write"]).observer(Audit(trail.clone()));
    builder.clock(clock.clone()).build().unwrap()
}

async fn issue(tokens: &PersonalTokens, trail: &Trail, name: &str) -> Issued {
    let new = NewToken::new(owner(), name).scopes(["products:read"]).expires_in(Duration::days(10));
    trail.show(&new);
    trail.answer(tokens.issue(new).await).unwrap()
}

/// What a client may make of a token, by design or by mistake: values of `Authorization`.
fn spoilt(token: &Token) -> Vec<Vec<String>> {
    let text = token.expose();
    let mut other_secret = random_of(text);
    other_secret[RANDOM_LEN - 1] ^= 1;
    let bearer = |token: &str| vec![format!("Bearer {token}")];
    vec![
        bearer(text),
        bearer(&forge("shop", &other_secret)),
        bearer(&forge("till", &random_of(text))),
        bearer(&text[1..]),
        bearer(&text[..text.len() - 1]),
        bearer(&format!("{text}=")),
        bearer(&format!("{text}%")),
        bearer(&format!("{text} {text}")),
        bearer(&text.repeat(4)),
        bearer(&format!("\"{text}\"")),
        vec![text.to_owned()],
        vec![format!("Token {text}")],
        vec![format!("Bearer={text}")],
        vec![format!("Basic {}", base64(&STANDARD, format!("me:{text}").as_bytes()))],
        vec![format!("Bearer {text}"), format!("Bearer {text}")],
    ]
}

/// Verified, inspected, and at each kind of guard.
async fn present(tokens: &PersonalTokens, trail: &Trail, token: &Token) {
    for lines in spoilt(token) {
        let presented = lines[0].trim_start_matches("Bearer ");
        drop(trail.answer(tokens.verify(presented).await));
        drop(trail.answer(tokens.inspect(presented).await));
        let lines: Vec<&[u8]> = lines.iter().map(|line| line.as_bytes()).collect();
        let hook = trail.clone();
        let guard = BearerAuthLayer::new(tokens.clone()).on_refusal(move |refused: &RefusedRequest<'_>| {
            hook.show(refused).show(refused.refusal()).show(refused.parts()).show(&refused.owner());
            hook.show(&refused.token_id()).show(&refused.parts().headers);
            if let Refusal::Unavailable(error) = refused.refusal() {
                hook.error(&**error);
            }
        });
        let render = trail.clone();
        let renderer = move |refusal: &Refusal, request: &http::request::Parts| {
            render.show(refusal).show(request);
            ProblemDetails::new().render(refusal, request)
        };
        knock(guard.clone().renderer(renderer), trail, &lines).await;
        knock(guard.clone().optional().strip_authorization(), trail, &lines).await;
        // It panics with all that it was given, and so does the handler.
        let panics = |refusal: &Refusal, request: &http::request::Parts| -> Response<String> {
            panic!("{PLANTED} {refusal:?} {request:?}");
        };
        knock(guard.renderer(panics), trail, &lines).await;
    }
}

/// Past a guard to a handler that shows its request, to one that panics with it, and to a route that wants a scope.
async fn knock<R>(guard: BearerAuthLayer<R>, trail: &Trail, lines: &[&[u8]])
where
    R: RenderRefusal<String> + Clone + 'static,
{
    trail.show(&guard);
    let shows = trail.clone();
    let shows = service_fn(move |request: Request<()>| {
        shows.show(&request).show(&request.extensions().get::<VerifiedToken>());
        std::future::ready(Ok::<_, Infallible>(Response::new(String::new())))
    });
    let panics = service_fn(async |request: Request<()>| -> Result<Response<String>, Infallible> {
        panic!("{PLANTED} {request:?} {:?}", request.extensions().get::<VerifiedToken>());
    });
    let wants_scope = RequireScopeLayer::new("products:write").unwrap().layer(shows.clone());
    call(guard.layer(shows), trail, lines).await;
    call(guard.layer(panics), trail, lines).await;
    call(guard.layer(wants_scope), trail, lines).await;
}

async fn call<S>(mut service: S, trail: &Trail, lines: &[&[u8]])
where
    S: Service<Request<()>, Response = Response<String>, Error = Infallible, Future: Send + std::fmt::Debug>
        + Send
        + 'static,
{
    let trail = trail.clone();
    let lines: Vec<Vec<u8>> = lines.iter().map(|line| line.to_vec()).collect();
    let task = tokio::spawn(async move {
        let lines: Vec<&[u8]> = lines.iter().map(Vec::as_slice).collect();
        let answer = service.ready().await.unwrap().call(with_lines(&lines));
        trail.show(&answer);
        trail.show(&answer.await.unwrap());
        trail
    });
    if let Err(panic) = task.await {
        remember(panic.into_panic());
    }
}

fn remember(panic: Box<dyn Any + Send>) {
    let text = panic.downcast::<String>().unwrap();
    assert!(text.starts_with(PLANTED), "{text}");
    PANICS.with_borrow_mut(|panics| panics.push(*text));
}

/// What begins the panics that are wanted: there are hundreds.
const PLANTED: &str = "planted:";

fn be_silent_about_planted_panics() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let text = panic.payload().downcast_ref::<String>();
        if !text.is_some_and(|text| text.starts_with(PLANTED)) {
            usual(panic);
        }
    }));
}

thread_local! {
    static PANICS: std::cell::RefCell<Vec<String>> = const { std::cell::RefCell::new(Vec::new()) };
}

/// All that people, administrators and jobs do with a token.
async fn live(tokens: &PersonalTokens, clock: &ManualClock, trail: &Trail) -> Vec<Token> {
    trail.show(tokens).show(tokens.policy());
    let (first, id) = (issue(tokens, trail, "sync").await, |issued: &Issued| issued.record.id);
    let name_taken = NewToken::new(owner(), "sync");
    trail.answer(tokens.issue(name_taken).await).unwrap_err();
    present(tokens, trail, &first.token).await;
    trail.answer(tokens.get(&owner(), id(&first)).await).unwrap();
    trail.answer(tokens.get(&other_owner(), id(&first)).await).unwrap();
    trail.answer(tokens.list(&owner(), ListQuery::all()).await).unwrap();
    let page = trail.answer(tokens.expiring(Duration::days(30), None).await).unwrap();
    trail.show(&tokens.last_used(&page.tokens[0]));
    trail.answer(tokens.claim_notice(&page.tokens[0], &[Duration::days(30)]).await).unwrap();
    trail.answer(tokens.flush().await).unwrap();

    trail.answer(tokens.update(&owner(), id(&first), TokenChange::new().name("till")).await).unwrap();
    let pasted = format!("{}\n", first.token.expose());
    trail.answer(tokens.update(&owner(), id(&first), TokenChange::new().name(&pasted)).await).unwrap_err();
    trail.answer(tokens.update(&owner(), id(&first), TokenChange::new().scopes([&pasted])).await).unwrap_err();
    trail.answer(tokens.issue(NewToken::new(&pasted, "till")).await).unwrap_err();

    let grace = Rotation::new().grace(Duration::DAY);
    let second = trail.answer(tokens.rotate(&owner(), id(&first), grace).await).unwrap();
    trail.answer(tokens.rotate(&owner(), id(&first), Rotation::new()).await).unwrap_err();
    let pasted = Rotation::new().created_by(&pasted);
    trail.answer(tokens.rotate(&owner(), id(&second), pasted).await).unwrap_err();
    present(tokens, trail, &first.token).await;
    clock.advance(Duration::DAY);
    present(tokens, trail, &first.token).await;
    trail.answer(tokens.revoke(&owner(), id(&second)).await).unwrap();
    present(tokens, trail, &second.token).await;
    let third = issue(tokens, trail, "sync").await;
    clock.advance(Duration::days(10));
    present(tokens, trail, &third.token).await;
    trail.answer(tokens.revoke_all(&owner()).await).unwrap();
    clock.advance(Duration::days(2));
    trail.answer(tokens.prune().await).unwrap();
    present(tokens, trail, &third.token).await;
    vec![first.token, second.token, third.token]
}

/// What a failing store makes of it: at each of its methods, in each way.
async fn fail(store: &RemoteStore, tokens: &PersonalTokens, trail: &Trail) -> Vec<Token> {
    let issued = issue(tokens, trail, "failing").await;
    let (id, record) = (issued.record.id, &issued.record);
    for method in Method::ALL {
        for fault in Fault::BEFORE {
            tokens.verify(issued.token.expose()).await.unwrap();
            store.fail(method, fault);
            drop(trail.answer(tokens.update(&owner(), id, TokenChange::new().name("till")).await));
            drop(trail.answer(tokens.get(&owner(), id).await));
            drop(trail.answer(tokens.list(&owner(), ListQuery::all()).await));
            drop(trail.answer(tokens.expiring(Duration::DAY, None).await));
            drop(trail.answer(tokens.claim_notice(record, &[Duration::days(30)]).await));
            drop(trail.answer(tokens.flush().await));
            drop(trail.answer(tokens.prune().await));
            if (method, fault) == (Method::Find, Fault::Corrupt) {
                present(tokens, trail, &issued.token).await;
            }
            let mut house = pin!(tokens.maintain(std::future::pending()));
            tokio::time::timeout(std::time::Duration::from_secs(30), &mut house).await.unwrap_err();
            tokio::time::timeout(std::time::Duration::from_secs(1), tokens.maintain(async {})).await.unwrap();
            store.work();
        }
    }
    vec![issued.token]
}

fn collect(log: &Recorder, trail: &Trail) {
    for text in PANICS.take() {
        trail.print(text);
    }
    for emitted in log.spans().iter().chain(&log.take_events()) {
        trail.show(emitted);
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_that_is_written_anywhere_shows_it() {
    be_silent_about_planted_panics();
    let (log, _guard) = Recorder::start();
    let (trail, clock) = (Trail::default(), ManualClock::new(noon()));
    let memory = Arc::new(MemoryStore::new());
    let mut secrets = live(&handle(Arc::clone(&memory), &clock, &trail), &clock, &trail).await;
    trail.show(&memory);
    let remote = RemoteStore::default();
    let tokens = handle(remote.clone(), &clock, &trail);
    secrets.extend(live(&tokens, &clock, &trail).await);
    secrets.extend(fail(&remote, &tokens, &trail).await);
    PANICS.with_borrow(|panics| {
        for known in ["VerifiedToken", "Revoked", "Sensitive", "NoCredentials"] {
            assert!(panics.iter().any(|text| text.contains(known)), "no panic tells {known}");
        }
    });
    collect(&log, &trail);
    assert_eq!(trail.leaks(&secrets), [""; 0]);
}

/// The control: a hook, a handler that panics, a subscriber and a store, each with a leak of its own.
#[tokio::test(start_paused = true)]
async fn what_is_planted_at_each_place_is_found() {
    be_silent_about_planted_panics();
    let (log, _guard) = Recorder::start();
    let clock = ManualClock::new(noon());
    for place in ["hook", "panic", "field of an event", "store"] {
        let trail = Trail::default();
        let tokens = handle(MemoryStore::new(), &clock, &trail);
        let issued = tokens.issue(NewToken::new(owner(), place)).await.unwrap();
        let text = issued.token.expose();
        let guard = BearerAuthLayer::new(tokens.clone()).on_refusal({
            let hook = trail.clone();
            move |refused: &RefusedRequest<'_>| {
                hook.show(refused.parts().headers["authorization"].as_bytes());
            }
        });
        match place {
            "hook" => knock(guard, &trail, &[format!("Token {text}").as_bytes()]).await,
            "panic" => remember(catch_unwind(|| panic!("{PLANTED} no route for {text:?}")).unwrap_err()),
            "field of an event" => tracing::trace!(authorization = text, "a request came"),
            // As it is it would be refused; with another last character its checksum is wrong.
            _ => {
                let last = if text.ends_with('a') { "b" } else { "a" };
                let owner = [&text[..text.len() - 1], last].concat().try_into().unwrap();
                drop(tokens.get(&owner, issued.record.id).await.unwrap());
            }
        }
        collect(&log, &trail);
        assert!(!trail.leaks([&issued.token]).is_empty(), "{place}");
    }
}
