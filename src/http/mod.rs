//! The door guard: tower layers that let in only requests with a good token.
//!
//! [`BearerAuthLayer`] judges the `Authorization` header before anything else runs and puts a
//! [`VerifiedToken`](crate::VerifiedToken) into the request's extensions; [`RequireScopeLayer`] below it wants
//! scopes. What is refused is answered by RFC 6750 and RFC 9110:
//!
//! | situation | status | challenge (`WWW-Authenticate`) |
//! |---|---|---|
//! | no `Authorization`, an empty one, or another scheme | 401 | `Bearer realm="…"`, no error code |
//! | more than one `Authorization` line, or not `Bearer 1*SP b64token` | 400 | `error="invalid_request"` |
//! | malformed, unknown, expired, revoked or rotated token | 401 | `error="invalid_token"`; a description only to the holder of the secret |
//! | a scope is missing | 403 | `error="insufficient_scope", scope="…"` |
//! | the store fails, or does not answer in time | 503 with `Retry-After` | none |
//!
//! Every refusal carries `Cache-Control: no-store`. A token is never read from the query, a form or a cookie. In
//! [optional mode](BearerAuthLayer::optional) the first row comes in as [`Anonymous`].
//!
//! ```
//! use axum::{Router, routing::get};
//! use personal_tokens::http::BearerAuthLayer;
//! use personal_tokens::{PersonalTokens, VerifiedToken, store::MemoryStore};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let tokens = PersonalTokens::builder(MemoryStore::new()).prefix("shop").scopes(["products:read"]).build()?;
//!
//! async fn products(token: axum::Extension<VerifiedToken>) -> String {
//!     format!("the products of {}", token.owner())
//! }
//!
//! let app: Router = Router::new()
//!     .route("/api/products", get(products).layer(tokens.require_scope("products:read")?))
//!     .layer(BearerAuthLayer::new(tokens));
//! # Ok(())
//! # }
//! ```

#[cfg(feature = "testing")]
mod acting_as;
pub mod bearer_auth;
mod challenge;
mod credentials;
mod door;
#[cfg(feature = "axum")]
mod extract;
#[cfg(feature = "axum")]
mod problem_details;
mod refusal;
mod refused_request;
pub mod require_scope;
mod rules;
mod unverified;

#[cfg(feature = "testing")]
pub use acting_as::{ActingAs, ActingAsLayer, acting_as};
#[doc(inline)]
pub use bearer_auth::{BearerAuth, BearerAuthLayer};
pub use challenge::InvalidRealm;
#[cfg(feature = "management")]
pub(crate) use credentials::names_bearer;
#[cfg(feature = "axum")]
pub use extract::NoVerifiedToken;
#[cfg(feature = "axum")]
pub use problem_details::ProblemDetails;
pub use refusal::{BadRequest, EmptyBody, Refusal, RenderRefusal};
pub use refused_request::RefusedRequest;
#[doc(inline)]
pub use require_scope::{RequireScope, RequireScopeLayer, RequiredScopes, ScopeNotOffered};
pub use unverified::Anonymous;
