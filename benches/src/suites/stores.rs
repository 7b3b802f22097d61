//! A store itself, as the number of its tokens grows.

use std::hint::black_box;
use std::sync::Arc;

use personal_tokens::store::{LastUse, Lookup, TokenStore};
use personal_tokens::{Change, Duration, TokenId, TokenRecord};

use crate::contest::Contest;
use crate::fixture::{self, Cycle};
use crate::wait::{runtime, wait};

/// So many ids are asked for, at random; where the store has more tokens, no more of them.
const ASKED: usize = 60_000;
const TOUCHED: usize = 100;
/// Numbers of tokens that no store here has.
const NOWHERE: u64 = 1_000_000_000;

/// What a verification asks of a store that holds the [ordinary tokens](fixture::fill) `0..tokens`. A cache is warm: nothing
/// is changed meanwhile, and what is asked for fits into one of the default capacity.
pub fn stores(name: &str, tokens: u64, store: Arc<dyn TokenStore>) -> Contest {
    let mut contest = Contest::new(&format!("stores, {name}, {tokens} tokens"));
    let known = known(tokens);
    let unknown = (NOWHERE..NOWHERE + known.len() as u64).map(|n| fixture::token(n).id()).collect();
    let _entered = runtime().enter();
    known.iter().for_each(|id| assert!(find(&*store, *id).is_some()));
    for (what, ids, store) in [("find", known, Arc::clone(&store)), ("find, unknown id", unknown, store)] {
        let mut ids = Cycle::new(ids);
        contest.case(&format!("{name} {what} @ {tokens}"), move || _ = black_box(&find(&*store, *ids.turn())));
    }
    contest
}

/// What is written to it: last uses, a hundred in a call, and issues.
pub fn writes(name: &str, tokens: u64, store: Arc<dyn TokenStore>) -> Contest {
    let mut contest = Contest::new(&format!("writes, {name}, {tokens} tokens"));
    if tokens >= 1_000_000 {
        // What was issued is pruned again, for which some stores read all.
        contest.rounds(21);
    }
    let touches = touches(Arc::clone(&store), known(tokens));
    contest.prepared(&format!("{name} touch 100 @ {tokens}"), touches, |(store, batches)| {
        wait(store.touch(&batches.pop().unwrap(), Duration::MICROSECOND)).unwrap();
    });
    contest.prepared(&format!("{name} issue @ {tokens}"), issues(store), |(store, changes)| {
        _ = black_box(&wait(store.change(&changes.pop().unwrap())).unwrap());
    });
    contest
}

fn known(tokens: u64) -> Vec<TokenId> {
    fixture::shuffled(tokens, ASKED).into_iter().map(|n| fixture::token(n).id()).collect()
}

/// As the handle does.
pub(crate) fn find(store: &dyn TokenStore, id: TokenId) -> Option<Arc<TokenRecord>> {
    match store.find_cached(id) {
        Lookup::Hit(record) => Some(record),
        Lookup::Absent => None,
        Lookup::Ask => wait(store.find(id)).unwrap(),
    }
}

/// Each use a little later than the last of the same token, so that each is written.
fn touches(
    store: Arc<dyn TokenStore>,
    known: Vec<TokenId>,
) -> impl FnMut(u64) -> (Arc<dyn TokenStore>, Vec<Vec<LastUse>>) {
    let (mut ids, mut at) = (Cycle::new(known), fixture::now());
    move |turns| {
        let mut batch = |_| {
            at = at.saturating_add(Duration::MICROSECOND);
            (0..TOUCHED).map(|_| LastUse::new(*ids.turn(), at)).collect()
        };
        (Arc::clone(&store), (0..turns).map(&mut batch).collect())
    }
}

/// Issues of tokens that have ended long ago, so that what the turns before put there is pruned before the next: the store
/// stays as large as it is.
fn issues(store: Arc<dyn TokenStore>) -> impl FnMut(u64) -> (Arc<dyn TokenStore>, Vec<Change>) {
    let (policy, now) = (fixture::policy(), fixture::now());
    let long_ago = now.saturating_add(-Duration::days(60));
    let mut next = 2 * NOWHERE;
    move |turns| {
        wait(store.prune(now.saturating_add(-Duration::days(1)), u32::MAX)).unwrap();
        let numbers = next..next + turns;
        next += turns;
        let changes = numbers.map(|n| Change::issue(fixture::record(n, long_ago), Arc::clone(&policy)));
        (Arc::clone(&store), changes.collect())
    }
}
