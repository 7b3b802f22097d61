//! What is counted.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use http::header::AUTHORIZATION;
use http::{Extensions, HeaderValue, Request, Response};
use personal_tokens::http::BearerAuthLayer;
use personal_tokens::store::{CachedStore, MemoryStore, TokenStore};
use personal_tokens::{Change, Duration, NewToken, PersonalTokens, Token};
use tower::{Layer as _, Service, service_fn};

use crate::fixture::order::Cycle;
use crate::fixture::presented::Stock;
use crate::fixture::tokens;
use crate::planted;

/// So many tokens a store has; each is asked for as often as the others.
const TOKENS: u64 = 250;
const WARM_UP: u32 = 500;
const CALLS: u32 = 500;

/// An operation, under the name of its budget.
pub struct Operation {
    pub name: &'static str,
    /// It draws from the system's generator, so one call costs more than another. Each is counted by itself, and the most
    /// frequent count taken: that of a token whose first draw was good.
    pub random: bool,
    begin: fn() -> Op,
}

type Op = Box<dyn FnMut()>;

pub const OPERATIONS: &[Operation] = &[
    steady("parse", parse),
    steady("verify, MemoryStore", || verify("valid", MemoryStore::new())),
    steady("verify, CachedStore", || verify("valid", CachedStore::new(MemoryStore::new()))),
    steady("verify, wrong secret", || verify("wrong secret", MemoryStore::new())),
    steady("verify, unknown id", || verify("unknown id", MemoryStore::new())),
    steady("verify, malformed: prefix", || verify("malformed: prefix", MemoryStore::new())),
    steady("verify, malformed: length", || verify("malformed: length", MemoryStore::new())),
    steady("verify, malformed: encoding", || verify("malformed: encoding", MemoryStore::new())),
    steady("verify, malformed: checksum", || verify("malformed: checksum", MemoryStore::new())),
    Operation { name: "issue, MemoryStore", random: true, begin: issue },
    steady("no guard", no_guard),
    steady("guard", guard),
    steady("guard, no credentials", guard_without_credentials),
];

/// The operation that is made slower on purpose.
pub const SPOILT: &str = "verify, MemoryStore";

/// That operation by the way that the slowdowns take, without one.
pub const CONTROL: Operation = steady("nothing, the same way", || verify("valid", planted::as_it_is()));

/// What was made slower on purpose. Each must break the budget.
pub const PLANTED: &[Operation] = &[
    steady("a lock around the look-up", || verify("valid", planted::locked())),
    steady("a read lock around the look-up", || verify("valid", planted::read_locked())),
    steady("SipHash for the id", || verify("valid", planted::sip_hashed())),
    steady("a boxed future", || verify("valid", planted::boxed())),
];

/// All that can be run.
pub fn all() -> impl Iterator<Item = &'static Operation> {
    OPERATIONS.iter().chain([&CONTROL]).chain(PLANTED)
}

/// The operation of this name.
pub fn find(name: &str) -> Result<&'static Operation, String> {
    all().find(|operation| operation.name == name).ok_or_else(|| format!("no operation is called {name:?}"))
}

/// What runs under callgrind.
pub fn run(name: &str) -> Result<(), String> {
    let operation = find(name)?;
    let mut op = (operation.begin)();
    let (batches, calls) = operation.batches();
    counted(&mut op, batches, calls);
    Ok(())
}

/// Callgrind counts while this function runs, and finds it by its name. The first batch warms up.
#[inline(never)]
fn counted(op: &mut dyn FnMut(), batches: u32, calls: u32) {
    one_batch(op, WARM_UP);
    (0..batches).for_each(|_| one_batch(op, calls));
}

/// At whose end callgrind writes down what it counted, and begins anew.
#[inline(never)]
fn one_batch(op: &mut dyn FnMut(), calls: u32) {
    (0..calls).for_each(|_| op());
}

impl Operation {
    /// How often it is counted, and how many calls together.
    pub fn batches(&self) -> (u32, u32) {
        if self.random { (CALLS, 1) } else { (1, CALLS) }
    }
}

const fn steady(name: &'static str, begin: fn() -> Op) -> Operation {
    Operation { name, random: false, begin }
}

fn parse() -> Op {
    let (mut texts, accepted) = (texts("valid"), [tokens::prefix()]);
    Box::new(move || drop(black_box(Token::parse(texts.turn().as_bytes(), &accepted))))
}

fn verify(what: &str, store: impl TokenStore + 'static) -> Op {
    let (tokens, mut texts) = (shop(store), texts(what));
    Box::new(move || _ = black_box(&now(tokens.verify(texts.turn()))))
}

/// Each in a shop of its own, which has one token of another owner: how full a table is shall not count.
fn issue() -> Op {
    let new = |owner| NewToken::new(tokens::owner(owner), tokens::name(0)).scopes([tokens::SCOPE]);
    let asked = (0..WARM_UP + CALLS).map(|_| {
        let shop = tokens::handle(MemoryStore::new());
        now(shop.issue(new(10_000))).unwrap();
        (shop, Some(new(20_000).expires_in(Duration::days(30))))
    });
    let mut asked: Vec<(PersonalTokens, Option<NewToken>)> = asked.collect();
    let mut next = 0;
    Box::new(move || {
        let (shop, new) = &mut asked[next];
        next += 1;
        drop(black_box(now(shop.issue(new.take().unwrap()))));
    })
}

fn guard() -> Op {
    requests(BearerAuthLayer::new(shop(MemoryStore::new())).layer(service_fn(hand_back)))
}

/// What of "guard" is the service's own, and the making of requests.
fn no_guard() -> Op {
    requests(service_fn(hand_back))
}

/// A service that gives its request back, so that the next call can use it again.
fn hand_back(request: Request<()>) -> Ready<Result<Response<Option<Request<()>>>, Infallible>> {
    ready(Ok(Response::new(Some(request))))
}

fn requests<S>(mut service: S) -> Op
where
    S: Service<Request<()>, Response = Response<Option<Request<()>>>, Error = Infallible> + 'static,
{
    let mut texts = texts("valid");
    let value = |_| HeaderValue::try_from(format!("Bearer {}", texts.turn())).unwrap();
    let mut values = Cycle::new((0..TOKENS).map(value).collect::<Vec<_>>());
    let mut request = Some(Request::new(()));
    Box::new(move || {
        let mut next = request.take().unwrap();
        next.headers_mut().insert(AUTHORIZATION, values.turn().clone());
        let Ok(response) = now(service.call(next));
        let mut done = response.into_body().unwrap();
        *done.extensions_mut() = Extensions::new();
        request = Some(done);
    })
}

fn guard_without_credentials() -> Op {
    let answer = service_fn(|_: Request<()>| ready(Ok::<_, Infallible>(Response::new(()))));
    let mut service = BearerAuthLayer::new(shop(MemoryStore::new())).layer(answer);
    Box::new(move || _ = black_box(&now(service.call(Request::new(())))))
}

fn shop(store: impl TokenStore + 'static) -> PersonalTokens {
    let (issued_at, policy) = (tokens::now(), tokens::policy());
    for n in Stock::of(TOKENS).valid {
        now(store.change(&Change::issue(tokens::record(n, issued_at), policy.clone()))).unwrap();
        // What a cache keeps it has read.
        now(store.find(tokens::token(n).id())).unwrap();
    }
    tokens::handle(store)
}

fn texts(what: &str) -> Cycle<String> {
    let kinds = Stock::of(TOKENS).presented();
    Cycle::new(kinds.into_iter().find(|kind| kind.what == what).unwrap().texts)
}

/// Nothing here waits. Inlined, as `.await` is.
#[inline(always)]
fn now<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("it waits"),
    }
}
