//! The router, and credentials that its guard lets in.

use axum::Router;
use axum::routing::get;
use personal_tokens::http::BearerAuthLayer;
use personal_tokens::store::{CachedStore, MemoryStore, PostgresStore, SqliteStore, TokenStore};
use personal_tokens::{Duration, NewToken, OwnerId, PersonalTokens};
use personal_tokens_peers::{SCOPE, holders};
use tower::layer::util::Identity;

use crate::{Guard, jwt};

const CREDENTIALS: usize = 1000;

/// A server's routes, and who may call them.
pub struct App {
    pub router: Router,
    pub credentials: Vec<String>,
}

/// `database` is a file for SQLite, a URL for PostgreSQL.
pub async fn app(guard: Guard, database: &str) -> App {
    match guard {
        // These get the requests of the next, and judge none.
        Guard::None => App { router: routes(), ..guarded(MemoryStore::new()).await },
        Guard::Empty => App { router: routes().layer(Identity::new()), ..guarded(MemoryStore::new()).await },
        Guard::Memory => guarded(MemoryStore::new()).await,
        Guard::Jwt => by_jwt(),
        Guard::Sqlite => guarded(SqliteStore::open(database).await.unwrap()).await,
        Guard::SqliteCached => guarded(CachedStore::new(SqliteStore::open(database).await.unwrap())).await,
        Guard::Postgres => guarded(postgres(database).await).await,
        Guard::PostgresCached => guarded(CachedStore::new(postgres(database).await)).await,
    }
}

fn routes() -> Router {
    Router::new().route("/api/products", get(products))
}

async fn products() -> &'static str {
    r#"[{"id":1,"name":"Earl Grey","price":"7.90"}]"#
}

/// As the README mounts it, with its maintenance running.
async fn guarded(store: impl TokenStore + 'static) -> App {
    let tokens = PersonalTokens::builder(store).prefix("shop").scopes([SCOPE]).build().unwrap();
    let mut credentials = Vec::new();
    for holder in holders(CREDENTIALS) {
        let owner = OwnerId::new(&holder.owner).unwrap();
        let new = NewToken::new(&owner, &holder.name).scopes([SCOPE]).expires_in(Duration::days(30));
        credentials.push(tokens.issue(new).await.unwrap().token.expose().to_owned());
    }
    tokio::spawn(tokens.maintain(std::future::pending()));
    App { router: routes().layer(BearerAuthLayer::new(tokens)), credentials }
}

async fn postgres(url: &str) -> PostgresStore {
    let store = PostgresStore::connect(url).await.unwrap();
    store.create_tables().await.unwrap();
    store
}

fn by_jwt() -> App {
    let (layer, credentials) = jwt::layer(&holders(CREDENTIALS));
    App { router: routes().layer(layer), credentials }
}
