//! A store itself, as the number of its tokens grows.

use std::hint::black_box;
use std::sync::Arc;

use personal_tokens::store::{LastUse, Lookup, TokenStore};
use personal_tokens::{Change, Duration, TokenId, TokenRecord};

use crate::contest::Contest;
use crate::fixture::{self, Cycle};
use crate::wait::wait;

/// So many ids are asked for, at random; where the store has more tokens, no more of them.
const ASKED: usize = 65_536;
const TOUCHED: usize = 100;
/// Numbers of tokens that no store here has.
const NOWHERE: u64 = 1_000_000_000;

/// What a verification and its maintenance ask of a store that holds the [ordinary tokens](fixture::fill) `0..tokens`.
pub fn stores(name: &str, tokens: u64, store: Arc<dyn TokenStore>) -> Contest {
    let known: Vec<TokenId> = fixture::shuffled(tokens, ASKED).into_iter().map(|n| fixture::token(n).id()).collect();
    let unknown = (NOWHERE..NOWHERE + known.len() as u64).map(|n| fixture::token(n).id());
    let mut contest = Contest::new(&format!("stores, {name}, {tokens} tokens"));
    let row = |what: &str| format!("{name} {what} @ {tokens}");
    for (what, ids) in [("find", known.clone()), ("find, unknown id", unknown.collect())] {
        let (store, mut ids) = (Arc::clone(&store), Cycle::new(ids));
        contest.case(&row(what), move || drop(black_box(find(&*store, *ids.turn()))));
    }
    contest.prepared(
        &row("touch 100"),
        {
            let (store, mut ids, mut at) = (Arc::clone(&store), Cycle::new(known), fixture::now());
            move |turns| {
                let batches = (0..turns).map(|_| {
                    at = at.saturating_add(Duration::MICROSECOND);
                    (0..TOUCHED).map(|_| LastUse::new(*ids.turn(), at)).collect::<Vec<_>>()
                });
                (Arc::clone(&store), batches.collect::<Vec<_>>())
            }
        },
        |(store, batches)| {
            let uses = batches.pop().unwrap();
            wait(store.touch(&uses, Duration::MICROSECOND)).unwrap();
        },
    );
    contest.prepared(&row("issue"), issues(store), |(store, changes)| {
        drop(black_box(wait(store.change(&changes.pop().unwrap())).unwrap()));
    });
    contest
}

/// As the handle does.
pub(crate) fn find(store: &dyn TokenStore, id: TokenId) -> Option<Arc<TokenRecord>> {
    match store.find_cached(id) {
        Lookup::Hit(record) => Some(record),
        Lookup::Absent => None,
        Lookup::Ask => wait(store.find(id)).unwrap(),
    }
}

type Issues = (Arc<dyn TokenStore>, Vec<Change>);

/// Issues of tokens that have ended long ago, so that what the turns before put there is pruned before the next: the store
/// stays as large as it is.
fn issues(store: Arc<dyn TokenStore>) -> impl FnMut(u64) -> Issues {
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
