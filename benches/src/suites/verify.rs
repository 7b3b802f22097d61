//! A verdict on what a client presents.

use std::hint::black_box;

use personal_tokens::store::TokenStore;
use personal_tokens::{PersonalTokens, Rejection, VerifyError};

use crate::contest::Contest;
use crate::fixture::{self, Cycle, Presented, Stock};
use crate::wait::{runtime, wait};

/// `verify` over this store with 1,000 valid tokens in it: all of them in turns, and what is refused. Each was asked for
/// once before, so a cache is warm.
pub fn verify(name: &str, store: impl TokenStore + 'static) -> Contest {
    let mut contest = Contest::new(&format!("verify, {name}"));
    let stock = Stock::of(1_000);
    let tokens = fixture::shop(store, &stock);
    for Presented { what, texts, expected } in stock.presented() {
        let _entered = runtime().enter();
        for text in &texts {
            assert_eq!(verdict(&tokens, text), expected, "{what}");
        }
        let (tokens, mut texts) = (tokens.clone(), Cycle::new(texts));
        contest.case(what, move || _ = black_box(&wait(tokens.verify(texts.turn()))));
    }
    contest
}

fn verdict(tokens: &PersonalTokens, text: &str) -> Option<Rejection> {
    match wait(tokens.verify(text)) {
        Ok(_) => None,
        Err(VerifyError::Rejected(rejection)) => Some(rejection),
        Err(error) => panic!("no verdict: {error}"),
    }
}
