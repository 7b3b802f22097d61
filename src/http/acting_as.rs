//! For a host's tests: handlers run as a verified token, with neither store nor header.

use std::sync::Arc;
use std::task::{Context, Poll};

use ::http::{Request, Response};
use tower::{Layer, Service};

use crate::record::{ChangeRefused, InvalidText, OwnerId, Scopes, TokenName, TokenRecord};
use crate::timestamp::Timestamp;
use crate::token::{TokenDigest, TokenId};
use crate::verify::VerifiedToken;

use super::door::{Door, DoorPlate};
use super::{Anonymous, EmptyBody};

/// A layer under which every request runs as if a guard had verified a token of this owner with these scopes, whatever
/// it carries. For tests: it guards nothing. What stands below it, scope layers and extractors too, sees no difference;
/// what these refuse is answered as by a guard of the realm `api` that makes empty bodies and has no hook.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use axum::{Router, body::Body, routing::get};
/// use http::{Request, StatusCode};
/// use personal_tokens::http::{RequireScopeLayer, acting_as};
/// use tower::ServiceExt as _;
///
/// let routes = Router::new()
///     .route("/api/products", get(|| async { "tea" }).layer(RequireScopeLayer::new("products:read")?));
///
/// let reader = routes.clone().layer(acting_as("store-42", ["products:read"])?);
/// let request = || Request::get("/api/products").body(Body::empty());
/// assert_eq!(reader.oneshot(request()?).await?.status(), StatusCode::OK);
///
/// let nobody = routes.layer(acting_as("store-42", [""; 0])?);
/// assert_eq!(nobody.oneshot(request()?).await?.status(), StatusCode::FORBIDDEN);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`ChangeRefused::Text`] or [`ChangeRefused::Scope`] if the owner or a scope breaks its rules.
pub fn acting_as<O, I>(owner: O, scopes: I) -> Result<ActingAsLayer, ChangeRefused>
where
    O: TryInto<OwnerId, Error: Into<InvalidText>>,
    I: IntoIterator<Item: AsRef<str>>,
{
    let owner = owner.try_into().map_err(Into::into)?;
    let (id, digest) = (TokenId::from_bytes([0; TokenId::LEN]), TokenDigest::from_parts(0, [0; TokenDigest::LEN]));
    let base = TokenRecord::new(id, owner, TokenName::new("acting as")?, digest, Timestamp::UNIX_EPOCH);
    Ok(ActingAsLayer::new(TokenRecord { scopes: Scopes::new(scopes)?, ..base }))
}

/// The layer that [`acting_as`] makes.
#[derive(Clone, Debug)]
#[must_use]
pub struct ActingAsLayer {
    record: Option<Arc<TokenRecord>>,
}

/// The service that [`ActingAsLayer`] makes.
#[derive(Clone, Debug)]
pub struct ActingAs<S> {
    inner: S,
    record: Option<Arc<TokenRecord>>,
}

impl ActingAsLayer {
    /// As the token of this record, for a test that minds its id, its name or its expiry.
    pub fn new(record: TokenRecord) -> Self {
        Self { record: Some(Arc::new(record)) }
    }

    /// As nobody: what a guard in [optional mode](super::BearerAuthLayer::optional) lets in without a token.
    pub fn anonymous() -> Self {
        Self { record: None }
    }
}

impl<S> Layer<S> for ActingAsLayer {
    type Service = ActingAs<S>;

    fn layer(&self, inner: S) -> Self::Service {
        ActingAs { inner, record: self.record.clone() }
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for ActingAs<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    ResBody: Default + 'static,
{
    type Response = Response<ResBody>;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<ReqBody>) -> S::Future {
        let door = Arc::new(Door::new(EmptyBody));
        match &self.record {
            Some(record) => {
                let verified = VerifiedToken::of(Arc::clone(record));
                door.admit::<ResBody, _>(&DoorPlate::default(), verified, &mut request);
            }
            None => door.let_in::<_, ResBody>(Anonymous, request.extensions_mut()),
        }
        self.inner.call(request)
    }
}
