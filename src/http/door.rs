//! How a guard answers what it refuses; shared with the scope layers below it.

use std::sync::{Arc, OnceLock};

use ::http::header::{AUTHORIZATION, CACHE_CONTROL, RETRY_AFTER, WWW_AUTHENTICATE};
use ::http::request::Parts;
use ::http::{Extensions, HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode};

use crate::record::TokenRecord;
use crate::timestamp::Timestamp;
use crate::verify::{self, VerifiedToken};

use super::challenge::{Realm, challenge};
use super::refused_request::Hook;
use super::rules::{Rules, vary_by_authorization};
use super::unverified::Preflight;
use super::{Anonymous, Refusal, RefusedRequest, RenderRefusal};

/// In seconds: time for a database to come back, not so long that a script gives up.
const RETRY_AFTER_SECONDS: HeaderValue = HeaderValue::from_static("5");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

#[derive(Clone)]
pub(super) struct Door<R: ?Sized> {
    pub(super) realm: Realm,
    pub(super) rules: Rules,
    pub(super) hooks: Vec<Hook>,
    pub(super) renderer: R,
}

/// The door of the guard above, with a verified token or else in a request's extensions: a scope layer answers with its
/// realm and renderer.
pub(super) struct GuardedBy<B>(pub(super) Arc<Door<dyn RenderRefusal<B>>>);

/// In an answer's extensions: it was refused below the guard by a layer that did not find the guard's door. The guard
/// tells its hooks when the answer passes.
#[derive(Clone)]
pub(super) struct Untold(Arc<(Refusal, Parts)>);

impl<B> Clone for GuardedBy<B> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// A door's [`GuardedBy`], made once: each verified token takes it along.
#[derive(Default)]
pub(super) struct DoorPlate(OnceLock<Arc<verify::Door>>);

impl DoorPlate {
    fn of<R, B: 'static>(&self, door: &Arc<Door<R>>) -> Arc<verify::Door>
    where
        R: RenderRefusal<B> + 'static,
    {
        let make = || Arc::new(verify::Door(Box::new(GuardedBy::<B>(Arc::clone(door) as _))));
        let plate = self.0.get_or_init(make);
        // A service may make bodies of several types; few do.
        if plate.0.is::<GuardedBy<B>>() { Arc::clone(plate) } else { make() }
    }
}

impl<R> Door<R> {
    pub(super) fn new(renderer: R) -> Self {
        Self { realm: Realm::default(), rules: Rules::default(), hooks: Vec::new(), renderer }
    }

    /// Lets a verified request in. Answers when its token ends.
    pub(super) fn admit<B: 'static, T>(
        self: &Arc<Self>,
        plate: &DoorPlate,
        verified: VerifiedToken,
        request: &mut Request<T>,
    ) -> Option<Timestamp>
    where
        R: RenderRefusal<B> + 'static,
    {
        if self.rules.strip {
            request.headers_mut().remove(AUTHORIZATION);
        }
        let ends = verified.ends();
        forget_verdicts(request.extensions_mut());
        request.extensions_mut().insert(verified.at(plate.of::<R, B>(self)));
        ends
    }

    /// Lets a request in as anonymous or as a preflight.
    pub(super) fn let_in<M, B: 'static>(self: &Arc<Self>, mark: M, extensions: &mut Extensions)
    where
        R: RenderRefusal<B> + 'static,
        M: Clone + Send + Sync + 'static,
    {
        forget_verdicts(extensions);
        let door: Arc<Door<dyn RenderRefusal<B>>> = Arc::clone(self) as _;
        extensions.insert(GuardedBy(door));
        extensions.insert(mark);
    }

    /// Whether there is anything to [see to](Door::see_out) in answers.
    pub(super) fn sees_out(&self) -> bool {
        self.rules.optional || self.rules.expiry_header.is_some() || !self.hooks.is_empty() || cfg!(feature = "tracing")
    }
}

/// What a guard further out said is not this one's word.
fn forget_verdicts(extensions: &mut Extensions) {
    if !extensions.is_empty() {
        extensions.remove::<VerifiedToken>();
        extensions.remove::<Anonymous>();
        extensions.remove::<Preflight>();
    }
}

/// What was not told to this guard's hooks, since it has none, is not for those of a guard further out.
pub(super) fn drop_untold<B>(response: &mut Response<B>) {
    response.extensions_mut().remove::<Untold>();
}

impl<R: ?Sized> Door<R> {
    /// `token` is the record whose secret was proven.
    pub(super) fn refuse<B>(&self, refusal: &Refusal, token: Option<&TokenRecord>, request: &Parts) -> Response<B>
    where
        R: RenderRefusal<B>,
    {
        self.tell(&RefusedRequest::new(refusal, token, request));
        finish(self.renderer.render(refusal, request), Some(&self.realm), refusal)
    }

    /// The last touch to every answer; `ends` is when its token does.
    pub(super) fn see_out<B>(&self, response: &mut Response<B>, ends: Option<Timestamp>) {
        if let Some(Untold(untold)) = response.extensions_mut().remove() {
            let (refusal, request) = &*untold;
            self.tell(&RefusedRequest::new(refusal, verified(request), request));
        }
        if self.rules.optional {
            vary_by_authorization(response.headers_mut());
        }
        if let Some(name) = &self.rules.expiry_header {
            // The guard's alone: what the inner service may have set says nothing.
            response.headers_mut().remove(name);
            if let Some(Ok(instant)) = ends.map(|ends| HeaderValue::try_from(ends.whole_second().to_string())) {
                set(response.headers_mut(), name.clone(), instant);
            }
        }
    }

    fn tell(&self, refused: &RefusedRequest<'_>) {
        #[cfg(feature = "tracing")]
        refused.trace();
        self.hooks.iter().for_each(|hook| hook(refused));
    }
}

/// Refuses what a guard above let in, as that guard would.
pub(super) fn refuse_below<B: Default + 'static>(refusal: Refusal, request: Parts) -> Response<B> {
    let with_token = request.extensions.get().and_then(VerifiedToken::door::<GuardedBy<B>>);
    if let Some(GuardedBy(door)) = with_token.or_else(|| request.extensions.get()) {
        return door.refuse(&refusal, verified(&request), &request);
    }
    // The verdict came from elsewhere, or a layer between the two changes the body's type.
    let mut response = finish(Response::new(B::default()), None, &refusal);
    response.extensions_mut().insert(Untold(Arc::new((refusal, request))));
    response
}

/// For what wants a verdict where no guard has seen the request: the host's mistake, not the client's.
pub(super) fn unguarded<ResBody: Default>() -> Response<ResBody> {
    let mut response = Response::new(ResBody::default());
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response.headers_mut().insert(CACHE_CONTROL, NO_STORE);
    response
}

fn verified(request: &Parts) -> Option<&TokenRecord> {
    request.extensions.get().map(VerifiedToken::record)
}

/// After rendering, so that a renderer can't get these wrong. The challenge is appended: a renderer may offer
/// another scheme's beside it (RFC 9110 §11.6.1).
fn finish<B>(mut response: Response<B>, realm: Option<&Realm>, refusal: &Refusal) -> Response<B> {
    *response.status_mut() = refusal.status();
    let headers = response.headers_mut();
    set(headers, CACHE_CONTROL, NO_STORE);
    if let Some(challenge) = challenge(realm, refusal) {
        let _ = headers.try_append(WWW_AUTHENTICATE, challenge);
    }
    if matches!(refusal, Refusal::Unavailable(_)) {
        set(headers, RETRY_AFTER, RETRY_AFTER_SECONDS);
    }
    response
}

/// A map that is full (24,576 fields) goes without; `insert` panics there. What stands there already is gone in any case.
fn set(headers: &mut HeaderMap, name: HeaderName, value: HeaderValue) {
    headers.remove(&name);
    let _ = headers.try_insert(name, value);
}
