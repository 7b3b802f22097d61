//! No `Debug` and no error of any public type shows a secret or a digest, whatever the form (failures 28; peer mistake: the
//! secret in a derived `Debug`, modo-rs, headers).
#![cfg(all(
    feature = "memory",
    feature = "testing",
    feature = "management",
    feature = "sqlite",
    feature = "postgres",
    feature = "cache",
    feature = "conformance"
))]

mod common;

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::FromRequestParts as _;
use common::door::{bearer, with_lines};
use common::flaky_store::{FlakyStore, Mood};
use common::management;
use common::postgres;
use common::random::draws;
use common::trail::Trail;
use common::{builder, issue, noon, now, owner, shop};
use http::{Request, Response};
use personal_tokens::http::{
    Anonymous, BearerAuthLayer, EmptyBody, ProblemDetails, Refusal, RefusedRequest, RequireScopeLayer, acting_as,
};
use personal_tokens::management::{Asked, Settings, Unconfirmed};
use personal_tokens::store::conformance::Subject;
use personal_tokens::store::conformance::rules::RULES;
use personal_tokens::store::{
    CachedStore, Cursor, ExpiringQuery, LastUse, ListQuery, MemoryStore, PostgresStore, SqliteStore, TokenStore as _,
};
use personal_tokens::{
    Actor, BuildError, Change, Duration, Edit, NewToken, Notice, OwnerId, PersonalTokens, Rotation, Scope, Scopes,
    StoreError, Successor, SystemClock, Timestamp, Token, TokenChange, TokenEvent, TokenId, TokenName, TokenPrefix,
    VerifiedToken,
};
use tower::{Layer as _, Service as _, ServiceExt as _, service_fn};

/// A token whose bytes are a canary: every run is the same.
fn canary() -> Token {
    let draw: Vec<u8> = (0..44).map(|n| n * 5 + 1).collect();
    Token::generate(&TokenPrefix::new("shop").unwrap(), &mut draws([&draw[..]])).unwrap()
}

/// The handle, what it asks for and what it answers.
async fn show_the_handle(trail: &Trail, tokens_seen: &mut Vec<Token>) {
    let store = Arc::new(MemoryStore::new());
    let (events, (builder, clock)) = (trail.clone(), builder());
    trail.show(&builder);
    trail.show(&PersonalTokens::builder(Arc::clone(&store)).prefix("shop"));
    let builder = PersonalTokens::builder(Arc::clone(&store)).prefix("shop").scopes(["products:read"]);
    let builder = builder.clock(clock.clone()).observer(move |event: &TokenEvent| {
        events.show(&event.kind);
        events.show(event);
    });
    let tokens = builder.build().unwrap();
    trail.show(&tokens).show(tokens.policy()).show(&clock).show(&SystemClock);
    let by_actor = tokens.by(Actor::new("admin-7").unwrap());
    trail.show(&by_actor);

    let new = NewToken::new(owner(), "sync").scopes(["products:read"]).expires_in(Duration::DAY);
    trail.show(&new);
    let issued = trail.answer(tokens.issue(new).await).unwrap();
    let record = &issued.record;
    trail.show(&issued.token).show(&issued.token.digest()).show(&issued.token.prefix()).show(record);
    trail.show(&record.id).show(&record.owner).show(&record.name).show(&record.scopes);
    trail.show(&record.created).show(&record.expiry).show(&record.state(noon()));
    trail.show(&Scope::new("products:read").unwrap());
    trail.print(format_args!("{} {} {} {}", record.id, record.owner, record.name, record.scopes));

    let verified = trail.answer(tokens.verify(issued.token.expose()).await).unwrap();
    trail.show(&verified).show(&verified.clone());
    let found = trail.answer(tokens.get(&owner(), record.id).await).unwrap().unwrap();
    trail.show(&tokens.last_used(&found).unwrap());
    let query = ListQuery::all().after(Cursor::in_list(record));
    trail.show(&query).show(&query.states).show(&query.after);
    trail.answer(tokens.list(&owner(), ListQuery::all()).await).unwrap();
    trail.answer(tokens.expiring(Duration::DAY, None).await).unwrap();
    let notice: Option<Notice> = trail.answer(tokens.claim_notice(record, &[Duration::DAY]).await).unwrap();
    trail.show(&notice.unwrap());

    let change = TokenChange::new().name("till");
    trail.show(&change);
    trail.answer(tokens.update(&owner(), record.id, change).await).unwrap();
    let rotation = Rotation::new().grace(Duration::HOUR).created_by("admin-7");
    trail.show(&rotation);
    let rotated = trail.answer(by_actor.rotate(&owner(), record.id, rotation).await).unwrap();
    trail.show(&tokens.get(&owner(), record.id).await.unwrap().unwrap().rotated.unwrap());
    trail.show(&rotated.record.created_by.as_ref().unwrap());
    trail.answer(tokens.revoke(&owner(), rotated.record.id).await).unwrap();
    trail.show(&store).show(&*store).show(&store.find_cached(issued.token.id()));
    trail.show(&store.prune(Timestamp::MAX, 9).await.unwrap()[0]);
    tokens_seen.extend([issued.token, rotated.token]);
}

/// What goes to a store, of a token that is to be rotated in.
fn show_the_rulebook(trail: &Trail, token: &Token) {
    let (id, digest, policy) = (token.id(), token.digest(), Arc::default());
    let successor = Successor { id, digest, created_by: None, expiry: None, grace: Duration::ZERO };
    trail.show(&successor);
    trail.show(&Edit::default());
    let old = personal_tokens::TokenRecord::new(
        TokenId::from_bytes([1; TokenId::LEN]),
        owner(),
        TokenName::new("sync").unwrap(),
        digest,
        noon(),
    );
    let change = Change::rotate(owner(), old.id, successor, noon(), policy);
    trail.show(&change).show(&change.needs());
    let view = change.needs().gather([&old]);
    trail.show(&view);
    let plan = change.decide(view).unwrap();
    trail.show(&plan).show(&plan.changed);
    trail.show(&LastUse::new(id, noon()));
    trail.show(&ExpiringQuery::between(noon(), noon()));
}

/// A store with a token in it, and its errors.
async fn show_the_sqlite_store(trail: &Trail, tokens_seen: &mut Vec<Token>) {
    let store = Arc::new(SqliteStore::open(":memory:").await.unwrap());
    let tokens = PersonalTokens::builder(Arc::clone(&store)).prefix("shop").build().unwrap();
    let issued = trail.answer(tokens.issue(NewToken::new(owner(), "sync")).await).unwrap();
    trail.show(&store).show(&*store).show(&store.find(issued.record.id).await.unwrap());
    store.close().await;
    trail.error(&store.find(issued.record.id).await.unwrap_err());
    trail.error(&tokens.verify(issued.token.expose()).await.unwrap_err());
    trail.error(&SqliteStore::open("sqlite:none.db?mode=none").await.unwrap_err());
    tokens_seen.push(issued.token);
}

/// A store with a token in it behind a cache, and its errors. The password of its URL is a token too.
async fn show_the_postgres_store(trail: &Trail, tokens_seen: &mut Vec<Token>) {
    let server = postgres::shared();
    let store = PostgresStore::connect(&server.url(&server.new_database().await)).await.unwrap();
    trail.show(&store);
    store.create_tables().await.unwrap();
    let builder = CachedStore::builder(store);
    trail.show(&builder);
    let cached = Arc::new(builder.build());
    let tokens = PersonalTokens::builder(Arc::clone(&cached)).prefix("shop").build().unwrap();
    let issued = trail.answer(tokens.issue(NewToken::new(owner(), "sync")).await).unwrap();
    trail.answer(tokens.verify(issued.token.expose()).await).unwrap();
    trail.show(&cached).show(&*cached).show(&cached.stats()).show(&cached.find_cached(issued.record.id));
    cached.inner().close().await;
    cached.invalidate_all();
    trail.error(&tokens.verify(issued.token.expose()).await.unwrap_err());
    let url = format!("postgres://shop:{}@127.0.0.1:1/shop", issued.token.expose());
    trail.error(&PostgresStore::connect(&url).await.unwrap_err());
    trail.error(&PostgresStore::connect(&url.replace("127.0.0.1:1", "127.0.0.1:x")).await.unwrap_err());
    let follower = cached.inner().follower(url.parse().unwrap());
    trail.show(&follower).show(&follower.status());
    let pool = server.pool("postgres", 1);
    trail.error(&PostgresStore::from_pool(pool).schema(issued.token.expose()).unwrap_err());
    tokens_seen.push(issued.token);
}

/// A rule that a store with a token in it breaks, and one that is skipped.
async fn show_the_conformance_kit(trail: &Trail, tokens_seen: &mut Vec<Token>) {
    let store = Arc::new(FlakyStore::default());
    let tokens = PersonalTokens::builder(Arc::clone(&store)).prefix("shop").build().unwrap();
    let issued = tokens.issue(NewToken::new(owner(), "sync")).await.unwrap();
    store.touch.becomes(Mood::Skips);
    let subject = Subject::new(store);
    trail.show(&subject);
    for rule in RULES {
        drop(trail.show(rule).answer(rule.check(subject.clone()).await));
    }
    assert!(["Judgement", "Violation"].iter().all(|name| trail.types().contains(*name)));
    tokens_seen.push(issued.token);
}

/// The guard, what it hands out and what is made of it.
async fn show_the_door(trail: &Trail, tokens_seen: &mut Vec<Token>) {
    let (tokens, _) = shop();
    let issued = issue(&tokens, "sync").await;
    let (hook, renderer) = (trail.clone(), trail.clone());
    let guard = BearerAuthLayer::new(tokens.clone()).on_refusal(move |refused: &RefusedRequest<'_>| {
        hook.show(refused).show(refused.refusal()).show(refused.parts());
        if let Refusal::MissingScope(required) = refused.refusal() {
            hook.show(required);
        }
    });
    trail.show(&guard);
    let guard = guard.renderer(move |refusal: &Refusal, request: &http::request::Parts| {
        renderer.show(refusal).show(request);
        Response::new(String::new())
    });
    let handler = trail.clone();
    let inner = service_fn(move |request: Request<()>| {
        handler.show(&request);
        handler.show(&request.extensions().get::<VerifiedToken>());
        handler.show(&request.extensions().get::<Anonymous>());
        std::future::ready(Ok::<_, Infallible>(Response::new(String::new())))
    });
    #[derive(Clone, Debug)]
    struct Inner;
    let wants = RequireScopeLayer::new("products:write").unwrap();
    trail.show(&guard).show(&guard.layer(Inner)).show(&wants).show(&wants.layer(Inner));
    let presented = bearer(issued.token.expose());
    let mut open = guard.layer(inner.clone());
    let answer = open.call(presented.clone());
    trail.show(&answer);
    trail.show(&answer.await.unwrap());
    drop(guard.clone().optional().layer(inner.clone()).oneshot(with_lines(&[b"Basic eDp5"])).await.unwrap());
    let mut strict = guard.layer(wants.layer(inner));
    for request in [presented, with_lines(&[b"Bearer a", b"Bearer b"]), with_lines(&[])] {
        trail.show(&strict.ready().await.unwrap().call(request).await.unwrap());
    }
    trail.show(&EmptyBody).show(&ProblemDetails::new()).show(&tokens.require_scope("products:read"));
    trail.show(&personal_tokens::http::BadRequest::Grammar);
    let acting = acting_as("store-42", ["products:read"]).unwrap();
    trail.show(&acting).show(&acting.layer(Inner));
    let (mut parts, ()) = Request::new(()).into_parts();
    trail.error(&VerifiedToken::from_request_parts(&mut parts, &()).await.unwrap_err());
    trail.error(&BearerAuthLayer::new(tokens.clone()).realm("\n").unwrap_err());
    trail.error(&tokens.require_scope("products:sell").unwrap_err());
    tokens_seen.push(issued.token);
}

/// Who asks for tokens on the page, and what the host makes of it.
async fn show_the_management(trail: &Trail, tokens_seen: &mut Vec<Token>) {
    let hook = trail.clone();
    let settings = Settings::new().product("The shop").sign_in("/sign-in").confirm(move |asked: Asked| {
        hook.show(&asked).show(asked.principal()).show(&asked.rotated());
        hook.error(&Unconfirmed::wanted().at("/sign-in")).error(&Unconfirmed::unavailable("planted"));
        std::future::ready(Ok::<(), Unconfirmed>(()))
    });
    trail.show(&settings).show(&management::person()).show(&management::person().rights);
    let host = management::host_with(|builder| builder, settings);
    let made = host.issue("sync", &["products:read"]).await["token"].as_str().unwrap().to_owned();
    tokens_seen.push(Token::parse(made.as_bytes(), &[TokenPrefix::new("shop").unwrap()]).unwrap());
    // With a token where another word belongs.
    for settings in [Settings::new().home(&made), Settings::new().css("<"), Settings::new().origin("shop.example")] {
        trail.show(&settings).error(&personal_tokens::management::router(host.tokens.clone(), settings).unwrap_err());
    }
    trail.show(&Settings::new().describe("products:read", &made).css(&made));
}

/// Names after `pub use` in the crate's front doors.
fn public_names() -> BTreeSet<String> {
    let doors = [
        include_str!("../src/lib.rs"),
        include_str!("../src/http/mod.rs"),
        include_str!("../src/http/bearer_auth/mod.rs"),
        include_str!("../src/http/require_scope/mod.rs"),
        include_str!("../src/management/mod.rs"),
        include_str!("../src/store/mod.rs"),
        include_str!("../src/store/conformance/mod.rs"),
    ];
    let lists = doors.iter().flat_map(|door| door.split("pub use ").skip(1)).filter_map(|rest| rest.split(';').next());
    let names = lists.flat_map(|list| list.split(['{', '}', ',']).filter(|path| !path.ends_with("::")));
    let names = names.filter_map(|path| path.rsplit("::").next()).map(str::trim).filter(|name| !name.is_empty());
    names.map(str::to_owned).collect()
}

#[tokio::test]
async fn no_public_type_prints_it_and_none_is_forgotten() {
    let (trail, canary) = (Trail::default(), canary());
    let mut tokens = Vec::new();
    show_the_handle(&trail, &mut tokens).await;
    show_the_door(&trail, &mut tokens).await;
    show_the_management(&trail, &mut tokens).await;
    show_the_rulebook(&trail, &canary);
    show_the_sqlite_store(&trail, &mut tokens).await;
    show_the_postgres_store(&trail, &mut tokens).await;
    show_the_conformance_kit(&trail, &mut tokens).await;
    show_the_errors(&trail, &canary).await;
    tokens.push(canary);
    assert_eq!(trail.leaks(&tokens), [""; 0]);

    let shown = trail.types();
    let not_values = [
        "Clock",
        "Corrupt",
        "Duration",
        "Invalidate",
        "Observer",
        "RenderRefusal",
        "TokenStore",
        "async_trait",
        "sqlx",
    ]
    .map(str::to_owned);
    let forgotten: Vec<_> = public_names().into_iter().filter(|name| !shown.contains(name)).collect();
    assert_eq!(forgotten, not_values, "types whose Debug is not looked at, but for traits, functions and crates");
}

/// A token that is presented spoilt, or stands where another word belongs, is not repeated.
async fn show_the_errors(trail: &Trail, token: &Token) {
    let (tokens, _) = shop();
    let (text, prefix) = (token.expose(), [TokenPrefix::new("shop").unwrap()]);
    for malformed in [text[1..].to_owned(), text[..60].to_owned(), text.replace('_', "-"), format!("{text}=")] {
        trail.error(&Token::parse(malformed.as_bytes(), &prefix).unwrap_err());
        let error = tokens.verify(&malformed).await.unwrap_err();
        trail.error(&error);
        trail.show(&Refusal::from(error));
    }
    let rejection = common::rejection(&tokens, text).await.unwrap();
    trail.error(&rejection);
    trail.error(&Token::generate(&prefix[0], &mut draws([])).unwrap_err());
    trail.error(&TokenPrefix::new(text).unwrap_err());
    trail.error(&text.parse::<TokenId>().unwrap_err());
    trail.error(&text.parse::<Cursor>().unwrap_err());
    trail.error(&Timestamp::from_micros(i64::MAX).unwrap_err());
    for spoilt in [format!("{text}\n"), format!("{text}\0"), text.repeat(4)] {
        let error = OwnerId::new(&spoilt).unwrap_err();
        trail.error(&error).error(&error.rule());
        trail.error(&Actor::new(&spoilt).unwrap_err());
        trail.error(&TokenName::new(&spoilt).unwrap_err());
        trail.error(&Scopes::new([&spoilt]).unwrap_err());
        trail.error(&BearerAuthLayer::new(tokens.clone()).realm(&spoilt).unwrap_err());
        let new = || NewToken::new(owner(), "sync");
        trail.error(&tokens.issue(NewToken::new(&spoilt, "sync")).await.unwrap_err());
        trail.error(&tokens.issue(NewToken::new(owner(), &spoilt)).await.unwrap_err());
        trail.error(&tokens.issue(new().scopes([&spoilt])).await.unwrap_err());
        trail.error(&tokens.issue(new().created_by(&spoilt)).await.unwrap_err());
        let id = token.id();
        trail.error(&tokens.update(&owner(), id, TokenChange::new().name(&spoilt)).await.unwrap_err());
        trail.error(&tokens.update(&owner(), id, TokenChange::new().scopes([&spoilt])).await.unwrap_err());
        trail.error(&tokens.rotate(&owner(), id, Rotation::new().created_by(&spoilt)).await.unwrap_err());
        trail.show(&NewToken::new(&spoilt, &spoilt).scopes([&spoilt]).created_by(&spoilt));
        trail.show(&TokenChange::new().name(&spoilt).scopes([&spoilt]));
        let builder = || PersonalTokens::builder(MemoryStore::new());
        let wrong: [Result<PersonalTokens, BuildError>; 3] = [
            builder().prefix(&spoilt).build(),
            builder().prefix("shop").former_prefixes([&spoilt]).build(),
            builder().prefix("shop").scopes([&spoilt]).build(),
        ];
        for wrong in wrong {
            trail.error(&wrong.unwrap_err());
        }
        trail.show(&builder().prefix(&spoilt).former_prefixes([&spoilt]).scopes([&spoilt]));
    }
    for error in [StoreError::unavailable("planted"), StoreError::corrupt("planted"), StoreError::timed_out("planted")]
    {
        trail.error(&error);
        trail.error(&personal_tokens::ChangeError::from(error));
    }
    issue(&tokens, "sync").await;
    let Err(personal_tokens::ChangeError::Refused(refused)) = now(tokens.issue(NewToken::new(owner(), "sync"))) else {
        panic!("the name is taken");
    };
    trail.error(&refused);
}

/// The control: what derives its `Debug` over a secret is found.
#[test]
fn a_derived_debug_is_found() {
    #[derive(Debug)]
    #[allow(dead_code)]
    struct Leaky([u8; 32]);

    let (trail, token) = (Trail::default(), canary());
    trail.show(&Leaky(common::forge::random_of(token.expose())[TokenId::LEN..].try_into().unwrap()));
    assert!(trail.leaks([&token]).iter().any(|leak| leak.contains("decimal list")));
}
