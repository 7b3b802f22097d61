//! A handle over a `SqliteStore` to which something is done, and what each call answers meanwhile.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};
use std::time::Duration as StdDuration;

use http::StatusCode;
use http::header::{CACHE_CONTROL, RETRY_AFTER, WWW_AUTHENTICATE};
use personal_tokens::store::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions};
use personal_tokens::store::sqlx::{ConnectOptions as _, SqliteConnection, SqlitePool};
use personal_tokens::store::{ExpiringQuery, LastUse, ListQuery, SqliteStore, TokenStore};
use personal_tokens::{
    Change, ChangeError, Duration, Edit, Issued, ManualClock, NewToken, PersonalTokens, StoreError, Timestamp,
    TokenRecord, VerifyError,
};
use tokio::time::timeout;

use super::door::{bearer, knock, lines};
use super::remote_store::{Fault, Method};
use super::rulebook::{after, name};
use super::{noon, owner};

/// No call may take as long, however loaded the machine is.
const PATIENCE: StdDuration = StdDuration::from_secs(60);
pub const WRITES: [Method; 4] = [Method::Change, Method::Touch, Method::ClaimNotice, Method::Prune];

pub struct Patient {
    pub store: Arc<SqliteStore>,
    pub tokens: PersonalTokens,
    pub issued: Issued,
    calls: AtomicI64,
}

/// Connections of a host's own, which wait for no lock.
pub fn options(file: &Path, journal: SqliteJournalMode) -> SqliteConnectOptions {
    let options = SqliteConnectOptions::new().filename(file).create_if_missing(true);
    options.journal_mode(journal).busy_timeout(StdDuration::ZERO)
}

/// Opens its connections when they are needed.
pub fn lazy_pool(options: SqliteConnectOptions, connections: u32) -> SqlitePool {
    SqlitePoolOptions::new().max_connections(connections).connect_lazy_with(options)
}

pub async fn connect(file: &Path) -> SqliteConnection {
    SqliteConnectOptions::new().filename(file).connect().await.unwrap()
}

/// What the error says, and its sources.
pub fn chain(error: &dyn Error) -> String {
    let mut texts = vec![error.to_string()];
    let mut source = error.source();
    while let Some(error) = source {
        texts.push(error.to_string());
        source = error.source();
    }
    texts.join(": ")
}

impl Patient {
    /// With a token, and others that can be pruned.
    pub async fn of(store: SqliteStore) -> Self {
        store.create_tables().await.unwrap();
        let store = Arc::new(store);
        let tokens = handle(&store);
        for number in 0..30 {
            let ended = tokens.issue(NewToken::new(owner(), format!("ended {number}"))).await.unwrap();
            tokens.revoke(&owner(), ended.record.id).await.unwrap();
        }
        let issued = tokens.issue(NewToken::new(owner(), "sync").expires_in(Duration::DAY)).await.unwrap();
        Self { store, tokens, issued, calls: AtomicI64::new(0) }
    }

    /// The same tokens through another store on the same file.
    pub fn through(self, store: SqliteStore) -> Self {
        let store = Arc::new(store);
        Self { tokens: handle(&store), store, ..self }
    }

    /// These methods fail in this way, and the others work. The error tells why. Where look-ups fail the guard says 503.
    pub async fn assert_fails(&self, methods: &[Method], fault: Fault, because: &str) {
        self.assert_each_fails(methods, |_| (fault, because)).await;
    }

    /// The same, each in its way.
    pub async fn assert_each_fails<'b>(&self, methods: &[Method], how: impl Fn(Method) -> (Fault, &'b str)) {
        for method in Method::ALL {
            let (fault, because) = how(method);
            match again(fault, async || self.call(method).await).await {
                Ok(()) => assert!(!methods.contains(&method), "{method:?} works, though {because}"),
                Err(error) => {
                    assert!(methods.contains(&method), "{method:?} fails: {error:?}");
                    assert!(fault.made(&error), "{method:?} made {error:?} of {fault:?}");
                    assert!(chain(&error).contains(because), "{method:?}: {}", chain(&error));
                }
            }
        }
        if !methods.contains(&Method::Find) {
            return self.assert_lets_in().await;
        }
        let (fault, because) = how(Method::Find);
        let error = self.verified(fault).await.unwrap_err();
        assert!(chain(&error).contains(because), "{}", chain(&error));
        let (response, calls) = knock(&self.tokens, bearer(self.issued.token.expose())).await;
        assert_eq!((response.status(), calls), (StatusCode::SERVICE_UNAVAILABLE, 0));
        assert_eq!(lines(response.headers(), RETRY_AFTER.as_str()), ["5"]);
        assert_eq!(response.headers().get(WWW_AUTHENTICATE), None);
        assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
    }

    pub async fn assert_works(&self) {
        for method in Method::ALL {
            let answer = again(Fault::Unavailable, async || self.call(method).await).await;
            answer.unwrap_or_else(|error| panic!("{method:?}: {error:?}"));
        }
        self.assert_lets_in().await;
    }

    pub async fn rows(&self) -> Vec<TokenRecord> {
        let all = ListQuery::all().limit(u32::MAX);
        again(Fault::Unavailable, async || self.store.list(&owner(), &all, noon()).await).await.unwrap()
    }

    async fn assert_lets_in(&self) {
        self.verified(Fault::Unavailable).await.unwrap();
        let mut answers = Vec::new();
        while answers.len() < 10 && !answers.contains(&(StatusCode::OK, 1)) {
            let (response, calls) = knock(&self.tokens, bearer(self.issued.token.expose())).await;
            answers.push((response.status(), calls));
        }
        assert_eq!(answers.last(), Some(&(StatusCode::OK, 1)));
    }

    /// What is wrong, if anything is: never that the token is.
    async fn verified(&self, fault: Fault) -> Result<(), StoreError> {
        again(fault, async || match self.tokens.verify(self.issued.token.expose()).await {
            Err(VerifyError::Store(error)) => Err(error),
            verdict => {
                verdict.unwrap();
                Ok(())
            }
        })
        .await
    }

    pub async fn call(&self, method: Method) -> Result<(), StoreError> {
        timeout(PATIENCE, self.call_alone(method)).await.unwrap_or_else(|_| panic!("{method:?} hangs"))
    }

    /// Each write has something to write.
    pub async fn call_alone(&self, method: Method) -> Result<(), StoreError> {
        let (store, owner, id) = (&self.store, owner(), self.issued.record.id);
        let number = self.calls.fetch_add(1, SeqCst);
        match method {
            Method::Find => store.find(id).await.map(|found| drop(found.unwrap())),
            Method::Get => store.get(&owner, id).await.map(|found| drop(found.unwrap())),
            Method::List => store.list(&owner, &ListQuery::active(), noon()).await.map(|all| assert_eq!(all.len(), 1)),
            Method::Expiring => {
                let all = ExpiringQuery::between(noon(), Timestamp::MAX);
                store.expiring(&all).await.map(|all| assert_eq!(all.len(), 1))
            }
            Method::Change => {
                let edit = Edit { name: Some(name(&format!("sync {number}"))), ..Edit::default() };
                let change = Change::update(owner, id, edit, noon(), Arc::default());
                match store.change(&change).await {
                    Err(ChangeError::Store(error)) => Err(error),
                    changed => {
                        changed.unwrap();
                        Ok(())
                    }
                }
            }
            Method::Touch => store.touch(&[LastUse::new(id, after(number))], Duration::ZERO).await,
            Method::ClaimNotice => {
                let was = store.find(id).await?.unwrap().noticed;
                store.claim_notice(id, was, after(number)).await.map(|claimed| assert!(claimed))
            }
            Method::Prune => store.prune(after(1), 1).await.map(|pruned| assert_eq!(pruned.len(), 1)),
        }
    }
}

/// On a loaded machine a short deadline strikes before the store can tell what else is wrong: then again, unless that is
/// what is expected.
async fn again<T>(expected: Fault, call: impl AsyncFn() -> Result<T, StoreError>) -> Result<T, StoreError> {
    for _ in 0..10 {
        match timeout(PATIENCE, call()).await.expect("it hangs") {
            Err(StoreError::TimedOut(_)) if expected != Fault::TimedOut => {}
            answer => return answer,
        }
    }
    call().await
}

fn handle(store: &Arc<SqliteStore>) -> PersonalTokens {
    let builder = PersonalTokens::builder(Arc::clone(store)).prefix("shop").clock(ManualClock::new(noon()));
    builder.build().unwrap()
}
