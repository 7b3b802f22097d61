//! What making a token costs, and parsing what a client presented.

use std::hint::black_box;
use std::vec;

use personal_tokens::store::MemoryStore;
use personal_tokens::{Duration, NewToken, PersonalTokens, Token};
use personal_tokens_benches::fixture::{self, Cheap, Cycle, Presented, Stock};
use personal_tokens_benches::{Bench, Contest, wait};
use rand::TryRng as _;
use rand::rngs::SysRng;

/// One draw in so many holds no `-`: (64/63)⁶⁴.
const DRAWS: f64 = 2.74;

fn main() {
    let mut bench = Bench::from_args("token");
    bench.run(parse());
    bench.run(issue());
}

fn parse() -> Contest {
    let mut contest = Contest::new("parse");
    let accepted = [fixture::prefix()];
    for Presented { what, texts, .. } in Stock::of(1_000).presented() {
        if what == "valid" || what.starts_with("malformed") {
            let mut texts = Cycle::new(texts);
            contest.case(what, move || drop(black_box(Token::parse(texts.turn().as_bytes(), &accepted))));
        }
    }
    let mut tokens = Cycle::new((0..1_000).map(fixture::token));
    contest.case("the digest of a parsed token", move || {
        black_box(tokens.turn().digest());
    });
    contest
}

/// The handle draws from the operating system's generator. Its cost is measured beside it and taken off.
fn issue() -> Contest {
    let mut contest = Contest::new("issue");
    contest.prepared("issue, MemoryStore", people(), |(tokens, asked)| {
        let new = asked.next().unwrap();
        _ = black_box(&wait(tokens.issue(new)));
    });
    contest.case("44 bytes of the system's generator", || {
        let mut bytes = [0; 44];
        SysRng.try_fill_bytes(&mut bytes).unwrap();
        black_box(bytes);
    });
    let (prefix, mut cheap) = (fixture::prefix(), Cheap(7));
    contest.case("a token by the system's generator", move || drop(black_box(Token::generate(&prefix, &mut SysRng))));
    contest.case("a token by a generator for nothing", move || drop(black_box(Token::generate(&prefix, &mut cheap))));
    let draws = [(DRAWS, "44 bytes of the system's generator")];
    contest.difference("issue, MemoryStore, without the generator", "issue, MemoryStore", &draws);
    contest
}

/// People who ask for a token each, ten of them in the name of one owner. Their shop grows to 10,000 tokens; then there is
/// a new one.
fn people() -> impl FnMut(u64) -> (PersonalTokens, vec::IntoIter<NewToken>) {
    let (mut shop, mut issued) = (fixture::handle(MemoryStore::new()), 0);
    move |turns| {
        if issued > 10_000 {
            (shop, issued) = (fixture::handle(MemoryStore::new()), 0);
        }
        let new = |n| {
            let new = NewToken::new(fixture::owner(n), fixture::name(n)).scopes([fixture::SCOPE]);
            new.expires_in(Duration::days(30))
        };
        let asked: Vec<NewToken> = (issued..issued + turns).map(new).collect();
        issued += turns;
        (shop.clone(), asked.into_iter())
    }
}
