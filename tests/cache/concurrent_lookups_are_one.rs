//! Look-ups of one id at the same time ask the store once, whoever of those who wait gives up (failures 23). All get its
//! answer; where it is an error, each gets one of its kind, with its causes told once.
#![cfg(all(feature = "cache", feature = "memory", feature = "testing"))]

use crate::common;

use std::error::Error;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::Poll;
use std::time::{Duration as StdDuration, Instant};

use common::cached::{Cached, cached_over};
use common::forge::forge;
use common::stepped_store::SteppedStore;
use common::{issue, poll_once, rejection};
use personal_tokens::store::{StoreError, TokenStore as _};
use personal_tokens::{Issued, Rejection, TokenId, TokenRecord};
use tokio::task::JoinSet;
use tokio::time::timeout;

type Find<'f> = Pin<Box<dyn Future<Output = Result<Option<Arc<TokenRecord>>, StoreError>> + Send + 'f>>;

const PATIENCE: StdDuration = StdDuration::from_secs(60);

/// Whose look-ups stop.
async fn node() -> (Cached<SteppedStore>, Issued) {
    let node = cached_over(SteppedStore::over, |builder| builder);
    let issued = issue(&node.elsewhere, "sync").await;
    node.cache.inner().hold();
    (node, issued)
}

async fn begin(find: &mut Find<'_>) {
    assert!(poll_fn(|cx| Poll::Ready(find.as_mut().poll(cx))).await.is_pending());
}

/// So many look-ups that have begun, in this order.
async fn begun(node: &Cached<SteppedStore>, id: TokenId, many: usize) -> Vec<Find<'_>> {
    let mut finds: Vec<_> = (0..many).map(|_| node.cache.find(id)).collect();
    for find in &mut finds {
        begin(find).await;
    }
    finds
}

async fn all_missed(node: &Cached<SteppedStore>, many: u64) {
    let missed = async {
        while node.cache.stats().misses < many {
            tokio::task::yield_now().await;
        }
    };
    answer(missed).await;
}

async fn answer<T>(future: impl Future<Output = T>) -> T {
    timeout(PATIENCE, future).await.expect("it hangs")
}

#[tokio::test]
async fn thousands_of_one_token_are_one() {
    let (node, issued) = node().await;
    node.finds();
    let mut verifications = Vec::new();
    for _ in 0..5_000 {
        let (tokens, presented) = (node.tokens.clone(), issued.token.expose().to_owned());
        verifications.push(tokio::spawn(async move { rejection(&tokens, presented).await }));
    }
    all_missed(&node, 5_000).await;
    drop(node.cache.inner().held_one());
    for verification in verifications {
        assert_eq!(answer(verification).await.unwrap(), None);
    }
    assert_eq!(node.finds(), 1);
    let stats = node.cache.stats();
    assert_eq!((stats.hits, stats.misses, stats.len), (0, 5_000, 1));
}

#[tokio::test]
async fn so_are_those_of_a_token_that_nobody_issued() {
    let (node, _) = node().await;
    node.finds();
    let text = forge("shop", &[3; 44]);
    let mut verifications = JoinSet::new();
    for _ in 0..1_000 {
        let (tokens, text) = (node.tokens.clone(), text.clone());
        verifications.spawn(async move { rejection(&tokens, text).await });
    }
    all_missed(&node, 1_000).await;
    drop(node.cache.inner().held_one());
    let verdicts = answer(verifications.join_all()).await;
    assert!(verdicts.iter().all(|verdict| *verdict == Some(Rejection::Unknown)));
    assert_eq!(node.finds(), 1);
}

/// On threads of their own: all have begun before it is answered.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn and_those_of_many_threads() {
    let (node, issued) = node().await;
    node.finds();
    let (begun, mut tasks) = (Arc::new(AtomicUsize::new(0)), JoinSet::new());
    for _ in 0..400 {
        let (cache, begun, id) = (Arc::clone(&node.cache), Arc::clone(&begun), issued.record.id);
        tasks.spawn(async move {
            let mut find = cache.find(id);
            begin(&mut find).await;
            begun.fetch_add(1, SeqCst);
            find.await.unwrap().unwrap().id == id
        });
    }
    let all_begun = async {
        while begun.load(SeqCst) < 400 {
            tokio::task::yield_now().await;
        }
    };
    answer(all_begun).await;
    drop(node.cache.inner().held_one());
    assert!(answer(tasks.join_all()).await.into_iter().all(|found| found));
    assert_eq!(node.finds(), 1);
}

#[tokio::test]
async fn whoever_gives_up_the_others_get_their_answer() {
    for gives_up in [0, 1, 4, 9] {
        let (node, issued) = node().await;
        node.finds();
        let mut finds = begun(&node, issued.record.id, 10).await;
        drop(finds.remove(gives_up));
        drop(node.cache.inner().held_one());
        for find in finds {
            assert_eq!(answer(find).await.unwrap().unwrap().id, issued.record.id);
        }
        assert_eq!(node.finds(), 1, "without number {gives_up}");
    }
}

#[tokio::test]
async fn the_last_one_may_be_alone() {
    let (node, issued) = node().await;
    let mut finds = begun(&node, issued.record.id, 10).await;
    let last = finds.pop().unwrap();
    drop(finds);
    let held = node.cache.inner().held_one();
    assert!(!held.is_cancelled());
    drop(held);
    assert_eq!(answer(last).await.unwrap().unwrap().id, issued.record.id);
}

/// As where it stands in a `select!` whose other branch runs.
#[tokio::test]
async fn one_that_nobody_polls_any_more_keeps_nobody_waiting() {
    let (node, issued) = node().await;
    let mut finds = begun(&node, issued.record.id, 3).await;
    drop(node.cache.inner().held_one());
    assert!(answer(finds.pop().unwrap()).await.is_ok());
    assert!(answer(node.cache.find(issued.record.id)).await.is_ok());
    drop(finds);
}

#[tokio::test]
async fn once_all_have_given_up_it_ends_and_the_next_asks_anew() {
    let (node, issued) = node().await;
    let finds = begun(&node, issued.record.id, 10).await;
    let held = node.cache.inner().held_one();
    drop(finds);
    assert!(held.is_cancelled());
    let next = begun(&node, issued.record.id, 1).await.remove(0);
    drop(node.cache.inner().held_one());
    assert!(answer(next).await.unwrap().is_some());
}

#[derive(Debug)]
struct Layer(&'static str, Option<Box<Layer>>);

impl std::fmt::Display for Layer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

impl Error for Layer {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.1.as_ref().map(|inner| inner as _)
    }
}

fn refused() -> Layer {
    Layer("the query failed", Some(Box::new(Layer("the pool is closed", Some(Box::new(Layer("no route", None)))))))
}

fn chain(error: &dyn Error) -> Vec<String> {
    let (mut texts, mut source) = (vec![error.to_string()], error.source());
    while let Some(error) = source {
        texts.push(error.to_string());
        source = error.source();
    }
    texts
}

#[tokio::test]
async fn an_error_reaches_each_with_its_kind_and_its_causes() {
    let planted: [fn() -> StoreError; 4] = [
        || StoreError::unavailable(refused()),
        || StoreError::corrupt(refused()),
        || StoreError::timed_out(io::Error::new(io::ErrorKind::TimedOut, "5 s")),
        || StoreError::unavailable("closed"),
    ];
    for error in planted {
        for many in [1, 2, 100] {
            let (node, issued) = node().await;
            let finds = begun(&node, issued.record.id, many).await;
            node.cache.inner().fail(error);
            drop(node.cache.inner().held_one());
            for find in finds {
                let told = answer(find).await.unwrap_err();
                assert_eq!(std::mem::discriminant(&told), std::mem::discriminant(&error()));
                assert_eq!(chain(&told), chain(&error()), "one of {many}");
            }
            // It is no answer to keep.
            node.cache.inner().work();
            node.cache.inner().let_go();
            assert!(answer(node.cache.find(issued.record.id)).await.unwrap().is_some());
        }
    }
}

#[tokio::test]
async fn look_ups_that_were_never_polled_ask_nothing() {
    let (node, issued) = node().await;
    node.finds();
    let finds: Vec<_> = (0..2_000).map(|_| node.cache.find(issued.record.id)).collect();
    drop(finds);
    assert_eq!((node.finds(), node.cache.stats().misses), (0, 0));
    assert!(poll_once(node.cache.find(issued.record.id)).is_pending());
    assert!(node.cache.inner().held_one().is_cancelled());
}

static PANICS: AtomicUsize = AtomicUsize::new(0);

/// Not before somebody has joined.
fn panics() -> StoreError {
    PANICS.fetch_add(1, SeqCst);
    let begun = Instant::now();
    while PANICS.load(SeqCst) < 2 && begun.elapsed() < PATIENCE {
        std::thread::yield_now();
    }
    panic!("planted")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_panics_keeps_nobody_waiting() {
    let (node, issued) = node().await;
    node.cache.inner().let_go();
    node.cache.inner().fail(panics);
    let (cache, id) = (Arc::clone(&node.cache), issued.record.id);
    let first = tokio::spawn(async move { cache.find(id).await });
    let entered = async {
        while PANICS.load(SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
    };
    answer(entered).await;
    let mut joined = node.cache.find(id);
    begin(&mut joined).await;
    PANICS.fetch_add(1, SeqCst);
    let joined = answer(joined).await;
    assert!(matches!(joined, Err(StoreError::Unavailable(_))), "{joined:?}");
    drop(answer(first).await);

    node.cache.inner().work();
    assert!(answer(node.cache.find(id)).await.unwrap().is_some());
}
