use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use ::http::request::Parts;

use crate::token::TokenId;

use super::Principal;
use super::link::is_link;
use super::problem::Problem;

/// A request that would show a secret: a token is to be issued or rotated. The hook of
/// [`Settings::confirm`](super::Settings::confirm) gets it.
#[derive(Clone)]
pub struct Asked {
    pub(super) principal: Principal,
    pub(super) rotated: Option<TokenId>,
    pub(super) parts: Parts,
}

/// Why a secret is not shown yet.
#[derive(Debug)]
pub struct Unconfirmed(Why);

#[derive(Debug)]
enum Why {
    Wanted { at: Option<String> },
    Unavailable(Box<dyn Error + Send + Sync>),
}

type Confirming = Pin<Box<dyn Future<Output = Result<(), Unconfirmed>> + Send>>;

/// The host's hook.
#[derive(Clone)]
pub(super) struct Confirm(Arc<dyn Fn(Asked) -> Confirming + Send + Sync>);

impl Asked {
    /// Who asks.
    #[must_use]
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// The token that is to be rotated; none where a new one is asked for.
    #[must_use]
    pub fn rotated(&self) -> Option<TokenId> {
        self.rotated
    }

    /// The request without its body: its extensions hold what the host's layers put there, a session say.
    #[must_use]
    pub fn parts(&self) -> &Parts {
        &self.parts
    }
}

impl Unconfirmed {
    /// The person shall first show again who they are: 403, and nothing was made.
    #[must_use]
    pub fn wanted() -> Self {
        Self(Why::Wanted { at: None })
    }

    /// Where they can do so: a path of the host, or an http(s) URL. Anything else is not passed on.
    #[must_use]
    pub fn at(self, url: &str) -> Self {
        match self.0 {
            Why::Wanted { .. } => Self(Why::Wanted { at: is_link(url).then(|| url.to_owned()) }),
            why @ Why::Unavailable(_) => Self(why),
        }
    }

    /// It cannot be told, since something of the host's failed: 503, and nothing was made.
    pub fn unavailable(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(Why::Unavailable(source.into()))
    }
}

impl Confirm {
    pub(super) fn new<F, Fut>(hook: F) -> Self
    where
        F: Fn(Asked) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), Unconfirmed>> + Send + 'static,
    {
        Self(Arc::new(move |asked| Box::pin(hook(asked))))
    }

    pub(super) async fn ask(&self, asked: Asked) -> Result<(), Problem> {
        (self.0)(asked).await.map_err(|Unconfirmed(why)| match why {
            Why::Wanted { at } => Problem::confirmation_required(at),
            Why::Unavailable(source) => {
                super::trace::failure(&*source);
                Problem::unavailable("it cannot be told whether you signed in lately; nothing was changed")
            }
        })
    }
}

/// Without the request, whose cookies are nobody's to read.
impl fmt::Debug for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Asked")
            .field("principal", &self.principal)
            .field("rotated", &self.rotated)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Unconfirmed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Why::Wanted { .. } => "a confirmation is wanted first",
            Why::Unavailable(_) => "it cannot be told whether the person confirmed",
        })
    }
}

impl Error for Unconfirmed {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0 {
            Why::Wanted { .. } => None,
            Why::Unavailable(source) => Some(&**source),
        }
    }
}
