//! How a guard answers what it refuses; shared with the scope layers below it.

use std::sync::Arc;

use ::http::header::{CACHE_CONTROL, RETRY_AFTER, WWW_AUTHENTICATE};
use ::http::request::Parts;
use ::http::{HeaderValue, Response};

use super::challenge::{Realm, challenge};
use super::{Refusal, RenderRefusal};

/// In seconds: time for a database to come back, not so long that a script gives up.
const RETRY_AFTER_SECONDS: HeaderValue = HeaderValue::from_static("5");
pub(super) const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

pub(super) struct Door<R: ?Sized> {
    pub(super) realm: Realm,
    pub(super) renderer: R,
}

/// The door of the guard above, in a request's extensions: a scope layer answers with its realm and renderer.
pub(super) struct GuardedBy<B>(pub(super) Arc<Door<dyn RenderRefusal<B>>>);

impl<B> Clone for GuardedBy<B> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<R: ?Sized> Door<R> {
    pub(super) fn refuse<B>(&self, refusal: &Refusal, request: &Parts) -> Response<B>
    where
        R: RenderRefusal<B>,
    {
        finish(self.renderer.render(refusal, request), Some(&self.realm), refusal)
    }
}

/// For a scope layer that does not know its guard: the [`VerifiedToken`](crate::VerifiedToken) came from
/// elsewhere, or a layer between the two changes the body's type.
pub(super) fn refuse_without_door<B: Default>(refusal: &Refusal) -> Response<B> {
    finish(Response::new(B::default()), None, refusal)
}

/// After rendering, so that a renderer can't get these wrong. The challenge is appended: a renderer may offer
/// another scheme's beside it (RFC 9110 §11.6.1).
fn finish<B>(mut response: Response<B>, realm: Option<&Realm>, refusal: &Refusal) -> Response<B> {
    *response.status_mut() = refusal.status();
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, NO_STORE);
    if let Some(challenge) = challenge(realm, refusal) {
        headers.append(WWW_AUTHENTICATE, challenge);
    }
    if matches!(refusal, Refusal::Unavailable(_)) {
        headers.insert(RETRY_AFTER, RETRY_AFTER_SECONDS);
    }
    response
}
