//! A shop over a PostgreSQL that fails: what each call answers meanwhile, and at the door.

use std::sync::Arc;
use std::time::Duration as StdDuration;

use http::StatusCode;
use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use personal_tokens::store::sqlx::{self, PgPool};
use personal_tokens::store::{ExpiringQuery, LastUse, ListQuery, PostgresStore, TokenStore as _};
use personal_tokens::{
    ChangeError, Duration, Issued, ManualClock, NewToken, PersonalTokens, Rotation, StoreError, TokenChange,
    TokenRecord, VerifyError,
};
use tokio::time::{Instant, timeout};

use super::door::{bearer, knock};
use super::postgres::Server;
use super::{noon, owner};

pub const DEADLINE: StdDuration = StdDuration::from_millis(600);
/// What a loaded machine may take beyond it.
const SLACK: StdDuration = StdDuration::from_secs(15);

pub struct Shop {
    pub pool: PgPool,
    pub store: Arc<PostgresStore>,
    pub tokens: PersonalTokens,
    pub active: Issued,
    pub revoked: Issued,
}

impl Shop {
    /// On the host's pool of so many connections, in a database of its own.
    pub async fn open(server: &Server, connections: u32) -> Self {
        let database = server.new_database().await;
        Self::on(server.pool(&database, connections)).await
    }

    pub async fn on(pool: PgPool) -> Self {
        let (store, tokens) = over(&pool);
        store.create_tables().await.unwrap();
        let active = tokens.issue(NewToken::new(owner(), "active")).await.unwrap();
        let revoked = tokens.issue(NewToken::new(owner(), "revoked")).await.unwrap();
        tokens.revoke(&owner(), revoked.record.id).await.unwrap();
        Self { pool, store, tokens, active, revoked }
    }

    /// The same tokens, by another pool.
    pub fn by(self, pool: PgPool) -> Self {
        let (store, tokens) = over(&pool);
        Self { pool, store, tokens, ..self }
    }

    /// Each call that reads, all at once.
    pub async fn reads(&self) -> Vec<(&'static str, Result<(), StoreError>)> {
        let (id, owner) = (self.active.record.id, owner());
        let (all, soon) = (ListQuery::all(), ExpiringQuery::between(noon(), noon().saturating_add(Duration::DAY)));
        let (find, get, list, expiring, verify) = tokio::join!(
            in_time(self.store.find(id)),
            in_time(self.store.get(&owner, id)),
            in_time(self.store.list(&owner, &all, noon())),
            in_time(self.store.expiring(&soon)),
            in_time(self.tokens.verify(self.active.token.expose())),
        );
        vec![
            ("find", find.map(drop)),
            ("get", get.map(drop)),
            ("list", list.map(drop)),
            ("expiring", expiring.map(drop)),
            ("verify", verify.map(drop).map_err(of_verify)),
        ]
    }

    /// Each call that writes, all at once; none of them says what the token is called.
    pub async fn writes(&self) -> Vec<(&'static str, Result<(), StoreError>)> {
        let (id, owner) = (self.active.record.id, owner());
        let uses = [LastUse::new(id, noon())];
        let rotation = Rotation::new().grace(Duration::DAY);
        let (issue, update, rotate, revoke, revoke_all, touch, claim, prune) = tokio::join!(
            in_time(self.tokens.issue(NewToken::new(&owner, "another"))),
            in_time(self.tokens.update(&owner, id, TokenChange::new().name("renamed"))),
            in_time(self.tokens.rotate(&owner, id, rotation)),
            in_time(self.tokens.revoke(&owner, id)),
            in_time(self.tokens.revoke_all(&owner)),
            in_time(self.store.touch(&uses, Duration::MINUTE)),
            in_time(self.store.claim_notice(id, None, noon())),
            in_time(self.store.prune(noon().saturating_add(Duration::DAY), 10)),
        );
        vec![
            ("issue", issue.map(drop).map_err(of_change)),
            ("update", update.map(drop).map_err(of_change)),
            ("rotate", rotate.map(drop).map_err(of_change)),
            ("revoke", revoke.map(drop).map_err(of_change)),
            ("revoke all", revoke_all.map(drop).map_err(of_change)),
            ("touch", touch),
            ("claim", claim.map(drop)),
            ("prune", prune.map(drop)),
        ]
    }

    pub async fn rows(&self) -> Vec<TokenRecord> {
        self.store.list(&owner(), &ListQuery::all(), noon()).await.unwrap()
    }

    /// Which process of the server serves a connection of the pool.
    pub async fn backend(&self) -> i32 {
        sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&self.pool).await.unwrap()
    }

    /// Neither of the two is let in, and neither is told that its token is bad.
    pub async fn assert_door_says_503(&self) {
        for token in [&self.active.token, &self.revoked.token] {
            let (answer, calls) = in_time(knock(&self.tokens, bearer(token.expose()))).await;
            assert_eq!((answer.status(), calls), (StatusCode::SERVICE_UNAVAILABLE, 0));
            let headers = answer.headers();
            assert!(headers.contains_key(RETRY_AFTER) && !headers.contains_key(WWW_AUTHENTICATE), "{headers:?}");
        }
    }

    /// All goes on, on every connection of the pool, and the revoked one is refused.
    pub async fn assert_all_goes_on(&self) {
        for _ in 0..20 {
            assert_all_answered(&self.reads().await);
        }
        for (issued, status) in [(&self.active, StatusCode::OK), (&self.revoked, StatusCode::UNAUTHORIZED)] {
            assert_eq!(knock(&self.tokens, bearer(issued.token.expose())).await.0.status(), status);
        }
        let name = format!("after {:?}", Instant::now());
        self.tokens.update(&owner(), self.active.record.id, TokenChange::new().name(&name)).await.unwrap();
        assert_eq!(self.tokens.verify(self.active.token.expose()).await.unwrap().name().as_str(), name);
    }
}

fn over(pool: &PgPool) -> (Arc<PostgresStore>, PersonalTokens) {
    let store = Arc::new(PostgresStore::from_pool(pool.clone()).deadline(DEADLINE));
    let builder = PersonalTokens::builder(Arc::clone(&store)).prefix("shop");
    let tokens = builder.clock(ManualClock::new(noon())).build().unwrap();
    (store, tokens)
}

#[track_caller]
pub fn assert_all_answered(answers: &[(&'static str, Result<(), StoreError>)]) {
    for (call, answer) in answers {
        assert!(answer.is_ok(), "{call}: {answer:?}");
    }
}

#[track_caller]
pub fn assert_all_unavailable(answers: &[(&'static str, Result<(), StoreError>)]) {
    for (call, answer) in answers {
        assert!(matches!(answer, Err(StoreError::Unavailable(_))), "{call}: {answer:?}");
    }
}

/// Within the deadline that the store promises.
pub async fn in_time<T>(call: impl Future<Output = T>) -> T {
    timeout(DEADLINE + SLACK, call).await.expect("it ends within its deadline")
}

fn of_verify(error: VerifyError) -> StoreError {
    match error {
        VerifyError::Store(error) => error,
        other => panic!("a verdict about the token: {other:?}"),
    }
}

fn of_change(error: ChangeError) -> StoreError {
    match error {
        ChangeError::Store(error) => error,
        other => panic!("a verdict about the change: {other:?}"),
    }
}
