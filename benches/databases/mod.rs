//! `find` of the stores over databases, beside a bare select of the same columns by sqlx, as the number of tokens grows.

mod growing;
mod postgres;
mod sqlite;

/// What starts a PostgreSQL for the tests.
#[allow(dead_code, unreachable_pub)]
#[path = "../../tests/common"]
mod common {
    pub mod guarded;
    pub mod postgres;
}

use std::cell::RefCell;
use std::hint::black_box;
use std::rc::Rc;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use personal_tokens::TokenId;
use personal_tokens::store::sqlx::pool::PoolConnection;
use personal_tokens::store::sqlx::{Database, Pool};
use personal_tokens::store::{CachedStore, Lookup, TokenStore};
use personal_tokens_benches::fixture::Cycle;
use personal_tokens_benches::{Bench, Contest, fixture};
use tokio::runtime::Runtime;

use growing::Growing;

/// So many ids are asked for, at random.
const ASKED: usize = 65_536;
/// And so many of a cache, which then holds them all.
const CACHED: usize = 1_000;
/// Of one turn each.
const ROUNDS: usize = 1_001;
const NOWHERE: u64 = 1_000_000_000;
const COLUMNS: &str = "id, owner, name, digest_key, digest, scopes, created, created_by, never_expires, expires, \
                       expiry_set, last_used, noticed, revoked, predecessor, rotated, successor, grace_ends";

pub fn run(bench: &mut Bench) {
    grow(bench, sqlite::Database::new());
    grow(bench, postgres::Database::new());
}

fn grow(bench: &mut Bench, mut database: impl Growing) {
    let mut filled = 0;
    for tokens in bench.sizes() {
        database.grow(filled..tokens);
        filled = tokens;
        bench.run(database.find(tokens));
        bench.run(database.node_start(tokens));
    }
}

/// One thread, which waits for the database itself, as a worker of a server does: no other has to wake it.
fn wait<F: Future>(future: F) -> F::Output {
    static RUNTIME: LazyLock<Runtime> =
        LazyLock::new(|| tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap());
    RUNTIME.block_on(future)
}

fn known(tokens: u64) -> Cycle<TokenId> {
    Cycle::new(fixture::shuffled(tokens, ASKED).into_iter().map(|n| fixture::token(n).id()))
}

/// What waits for another process, or for another thread: one turn a round, behind one that is not timed.
fn waiting<T>(
    contest: &mut Contest,
    row: &str,
    mut before: impl FnMut() -> T + 'static,
    op: impl FnMut(&mut T) + 'static,
) {
    contest.rounds(ROUNDS).prepared(row, move |_| before(), op).turns(1);
}

/// `find`, and what sqlx takes for a select of the same columns, on the same connection: the only one of a host's pool.
fn beside<DB: Database>(
    contest: &mut Contest,
    [bare, find, ratio]: [&str; 3],
    tokens: u64,
    (pool, store): (Pool<DB>, impl TokenStore + 'static),
    select: impl AsyncFn(&mut PoolConnection<DB>, TokenId) + 'static,
) {
    let (select, shared, ids) = (Rc::new(select), pool.clone(), Rc::new(RefCell::new(known(tokens))));
    let (again, more) = (Rc::clone(&select), Rc::clone(&ids));
    let before = move || {
        wait(async {
            let mut connection = shared.acquire().await.unwrap();
            let id = *more.borrow_mut().turn();
            again(&mut connection, id).await;
            connection
        })
    };
    waiting(contest, bare, before, move |connection| wait(select(connection, *ids.borrow_mut().turn())));

    let (store, ids) = (Rc::new(store), Rc::new(RefCell::new(known(tokens))));
    let (again, more) = (Rc::clone(&store), Rc::clone(&ids));
    let before = move || {
        wait(async {
            let id = *more.borrow_mut().turn();
            assert!(again.find(id).await.unwrap().is_some());
            // Its pool has it again.
            while pool.num_idle() == 0 {
                tokio::task::yield_now().await;
            }
        });
    };
    waiting(contest, find, before, move |()| {
        assert!(black_box(wait(store.find(*ids.borrow_mut().turn()))).unwrap().is_some());
    });
    contest.ratio(ratio, find, bare);
}

/// Rows of a store with connections of its own, and of a warm cache above it.
fn finds(contest: &mut Contest, name: &str, tokens: u64, store: impl TokenStore + 'static) {
    let store: Arc<dyn TokenStore> = Arc::new(store);
    let nowhere = Cycle::new((NOWHERE..NOWHERE + CACHED as u64).map(|n| fixture::token(n).id()));
    for (what, mut ids, is_there) in [("find", known(tokens), true), ("find, unknown id", nowhere, false)] {
        let asked = Arc::clone(&store);
        let find = move || assert_eq!(black_box(wait(asked.find(*ids.turn()))).unwrap().is_some(), is_there);
        let find = Rc::new(RefCell::new(find));
        let again = Rc::clone(&find);
        waiting(
            contest,
            &format!("{name} {what} @ {tokens}"),
            move || (again.borrow_mut())(),
            move |()| {
                (find.borrow_mut())();
            },
        );
    }
    let ids: Vec<_> = fixture::shuffled(tokens, CACHED).into_iter().map(|n| fixture::token(n).id()).collect();
    let cached = wait(async {
        let cached = CachedStore::builder(store).max_staleness(Duration::from_secs(3_600)).build();
        for id in &ids {
            cached.find(*id).await.unwrap();
        }
        cached
    });
    let mut ids = Cycle::new(ids);
    contest.case(&format!("{name} cached @ {tokens}"), move || {
        assert!(matches!(black_box(cached.find_cached(*ids.turn())), Lookup::Hit(_)));
    });
}
