//! Setup → Personal Tokens: a router with the page on which people manage their tokens, and the JSON API beneath it.
//!
//! A host nests it wherever it likes, below a layer of its own that puts a [`Principal`] into the extensions of each
//! request of a session: whose tokens they are, who asks, and what they may do.
//!
//! ```
//! use axum::Router;
//! use axum::extract::Request;
//! use axum::middleware::{Next, from_fn};
//! use axum::response::Response;
//! use personal_tokens::management::{self, Principal, Rights, Settings};
//! use personal_tokens::store::MemoryStore;
//! use personal_tokens::{OwnerId, PersonalTokens, Scopes};
//!
//! /// Of the host: reads the session, and says who it is.
//! async fn who_is_it(mut request: Request, next: Next) -> Response {
//!     # fn shop_of_the_session(_: &Request) -> Option<u64> { None }
//!     if let Some(shop) = shop_of_the_session(&request) {
//!         let all = Scopes::new(["products:read", "products:write"]).unwrap_or_default();
//!         request.extensions_mut().insert(Principal::new(OwnerId::from(shop), Rights::all()).grantable(all));
//!     }
//!     next.run(request).await
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let tokens = PersonalTokens::builder(MemoryStore::new())
//!     .prefix("shop")
//!     .scopes(["products:read", "products:write"])
//!     .build()?;
//! let settings = Settings::new().product("The shop").describe("products:read", "See all products");
//! let setup = management::router(tokens, settings)?;
//! let app: Router = Router::new().nest_service("/setup/personal-tokens", setup).layer(from_fn(who_is_it));
//! # Ok(())
//! # }
//! ```
//!
//! # Who may do what
//!
//! - Without a [`Principal`] every request is answered 401 and does nothing.
//! - A request with a bearer token in `Authorization`, or one that a guard above let in with a
//!   [`VerifiedToken`](crate::VerifiedToken), is 403: a token never manages tokens.
//! - A person sees the tokens of their owner only; another's id is 404. What they do is told to
//!   [observers](crate::Observer) with their name.
//! - To issue, to rotate, to add a scope and to prolong a token one must have all its scopes oneself
//!   ([`Principal::grantable`]).
//! - Writes need `Sec-Fetch-Site: same-origin`, which every current browser sends by itself to https and to loopback, or an
//!   `Origin` that the host lists ([`Settings::origin`]).
//!
//! # The API
//!
//! | request | body or query | answer |
//! |---|---|---|
//! | `GET /` | | the page |
//! | `GET tokens` | `state` (`active`, `ended`, `all`), `limit` (1 to 100), `cursor` | 200: tokens, newest first, and `next` |
//! | `POST tokens` | `name`, `scopes`, `expires_at` (RFC 3339, or null for never) | 201: the token, once |
//! | `GET tokens/{id}` | | 200: the token without its secret |
//! | `PATCH tokens/{id}` | any of `name`, `scopes`, `expires_at` | 200: the same |
//! | `DELETE tokens/{id}` | | 200: the same, revoked |
//! | `POST tokens/{id}/rotate` | `grace_seconds`, `expires_at` | 201: the new token, once |
//! | `POST tokens/revoke-all` | `{"confirm": "all"}` | 200: how many |
//! | `GET scopes`, `GET policy` | | 200: what a form needs to know |
//! | `GET openapi.json` | | all of this as OpenAPI 3.1 |
//!
//! Bodies are JSON, said to be so, and at most 16 KiB; an unknown field is an error. What is refused is told as problem
//! details (RFC 9457) with a `type` that stays, and the `field` at fault. Every answer carries `Cache-Control:
//! no-store`.
//!
//! A name is held by one token, so a request that is sent twice makes one; the second is told who holds the name.
//! Secrets are kept nowhere, so an answer that was lost cannot be had again: revoke that token, and make another.
//!
//! A page that sends back what `policy` answered as `principal`, in the header `Personal-Tokens-Principal`, is refused
//! with 412 once somebody else has signed in: else a form that was opened by one person would make a token of
//! another's.
//!
//! # Where to mount it
//!
//! `nest_service` answers with and without a slash at the end, and goes into a router with a state of any type; `nest`
//! answers as it is written, and wants a router without a state. The page finds the API from its own address, so a
//! proxy may strip or change the path. A layer of the host that sets a Content-Security-Policy of its own should let
//! this one's stand.
//!
//! # Colours
//!
//! [`Settings::css`] sets the page's variables: `--pt-accent`, `--pt-accent-text`, `--pt-background`, `--pt-surface`,
//! `--pt-text`, `--pt-muted`, `--pt-border`, `--pt-danger`, `--pt-warning`, `--pt-success`, `--pt-font`, `--pt-radius`.
//! The page is light or dark as the person's system is; `light-dark(…, …)` gives a value for each.

mod api;
mod body;
mod confirm;
mod gate;
mod link;
mod page;
mod person;
mod principal;
mod problem;
mod problems;
mod requests;
mod settings;
mod setup;
mod shown;
mod trace;

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::get;

use crate::personal_tokens::PersonalTokens;

use person::Person;
use problem::Problem;
use setup::Setup;

pub use confirm::{Asked, Unconfirmed};
pub use principal::{Principal, Rights};
pub use settings::{InvalidSettings, Settings};

/// The page and its API, to be nested under any path; see [the module](self).
///
/// # Errors
/// [`InvalidSettings`] says what in the settings is wrong.
pub fn router(tokens: PersonalTokens, settings: Settings) -> Result<Router, InvalidSettings> {
    let setup = Arc::new(Setup::new(tokens, settings)?);
    let router = api::routes()
        .route("/", get(page))
        .fallback(async || Problem::not_found("there is nothing at this path"))
        .method_not_allowed_fallback(async || Problem::method_not_allowed())
        .layer(from_fn_with_state(Arc::clone(&setup), gate::gate));
    Ok(router.with_state(setup))
}

async fn page(person: Person) -> Response {
    person.setup.page.respond()
}
