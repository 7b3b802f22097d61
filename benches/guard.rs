//! What the guard adds to a service.

use std::convert::Infallible;
use std::future::ready;
use std::hint::black_box;

use http::header::AUTHORIZATION;
use http::{Extensions, HeaderValue, Request, Response};
use personal_tokens::http::BearerAuthLayer;
use personal_tokens::store::{CachedStore, MemoryStore, TokenStore};
use personal_tokens_benches::fixture::{self, Cycle, Stock};
use personal_tokens_benches::{Bench, Contest, wait};
use tower::{Layer as _, Service, service_fn};

fn main() {
    let mut bench = Bench::from_args("guard");
    bench.run(guard("MemoryStore", MemoryStore::new()));
    bench.run(guard("CachedStore, warm", CachedStore::new(MemoryStore::new())));
}

/// A service that gives its request back, so that the next turn can use it again.
type Handed = Option<Request<()>>;

/// The service alone, the same behind the guard, and `verify` alone, of the same 1,000 tokens. What the guard adds beside
/// the verification is one entry in the request's extensions, a mark on a header, and the layer itself.
fn guard(name: &str, store: impl TokenStore + 'static) -> Contest {
    let stock = Stock::of(1_000);
    let tokens = fixture::shop(store, &stock);
    let texts = stock.presented().remove(0).texts;
    let hand_back = || service_fn(|request: Request<()>| ready(Ok::<_, Infallible>(Response::new(Some(request)))));
    let layer = BearerAuthLayer::new(tokens.clone());
    let mut contest = Contest::new(&format!("guard, {name}"));
    contest.case("the service alone", requests(&texts, hand_back()));
    contest.case("the service behind the guard", requests(&texts, layer.layer(hand_back())));
    contest.case("verify", {
        let mut texts = Cycle::new(texts);
        move || _ = black_box(&wait(tokens.verify(texts.turn())))
    });
    contest.case("no credentials, refused", {
        let mut service = layer.layer(hand_back());
        move || _ = black_box(&wait(service.call(Request::new(()))))
    });
    contest.difference("the guard", "the service behind the guard", &[(1.0, "the service alone")]);
    contest.difference("the guard beside verify", "the guard", &[(1.0, "verify")]);
    contest
}

/// One request after the other with the next token in its header.
fn requests<S>(texts: &[String], mut service: S) -> impl FnMut() + use<S>
where
    S: Service<Request<()>, Response = Response<Handed>, Error = Infallible>,
{
    let mut values = Cycle::new(texts.iter().map(|text| HeaderValue::try_from(format!("Bearer {text}")).unwrap()));
    let mut request = Some(Request::new(()));
    move || {
        let mut next = request.take().unwrap();
        next.headers_mut().insert(AUTHORIZATION, values.turn().clone());
        let Ok(response) = wait(service.call(next));
        let mut done = response.into_body().unwrap();
        *done.extensions_mut() = Extensions::new();
        request = Some(black_box(done));
    }
}
