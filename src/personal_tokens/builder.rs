use std::sync::Arc;

use time::Duration;

use crate::clock::{Clock, SystemClock};
use crate::record::{InvalidScope, Policy, Scopes};
use crate::store::TokenStore;
use crate::token::{InvalidPrefix, TokenPrefix};
use crate::usage::Usage;

use super::fence::Fence;
use super::{Inner, Observer, PersonalTokens};

/// Builds a [`PersonalTokens`]: its store, prefix, policy and clock.
///
/// Defaults: no scopes, no longest life, no expiry wanted, at most 7 days of grace, at most 100 active tokens
/// per owner, last use to the minute, flushed every 10 seconds, nothing pruned, the system's clock.
#[must_use = "call build"]
pub struct Builder {
    store: Arc<dyn TokenStore>,
    prefix: Option<Result<TokenPrefix, InvalidPrefix>>,
    former: Result<Vec<TokenPrefix>, InvalidPrefix>,
    scopes: Result<Scopes, InvalidScope>,
    allow_never: Option<bool>,
    policy: Policy,
    resolution: Duration,
    flush_interval: Duration,
    retention: Option<Duration>,
    observers: Vec<Box<dyn Observer>>,
    clock: Arc<dyn Clock>,
}

/// Why no handle could be built: a mistake in the host's configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// No prefix was given.
    #[error("a token prefix is needed: call prefix(…) with a short name of your service")]
    PrefixMissing,
    /// The prefix, or a former one, breaks its rules.
    #[error(transparent)]
    Prefix(#[from] InvalidPrefix),
    /// A scope breaks its rules.
    #[error(transparent)]
    Scope(#[from] InvalidScope),
    /// A span is out of its range.
    #[error("{what} must be {allowed}")]
    Span {
        /// Which.
        what: &'static str,
        /// What is allowed.
        allowed: &'static str,
    },
}

impl Builder {
    pub(super) fn new(store: Arc<dyn TokenStore>) -> Self {
        Self {
            store,
            prefix: None,
            former: Ok(Vec::new()),
            scopes: Ok(Scopes::none()),
            allow_never: None,
            policy: Policy::default(),
            resolution: Duration::seconds(60),
            flush_interval: Duration::seconds(10),
            retention: None,
            observers: Vec::new(),
            clock: Arc::new(SystemClock),
        }
    }

    /// What tokens begin with; see [`TokenPrefix`]. Choose it once: it is part of every digest.
    pub fn prefix(mut self, prefix: &str) -> Self {
        self.prefix = Some(TokenPrefix::new(prefix));
        self
    }

    /// Prefixes of earlier days: tokens that have them are still accepted, new ones do not get them.
    pub fn former_prefixes<I>(mut self, prefixes: I) -> Self
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        self.former = prefixes.into_iter().map(|prefix| TokenPrefix::new(prefix.as_ref())).collect();
        self
    }

    /// The closed list of scopes: a token asks for some of these, any other is refused. Without it tokens have
    /// no scopes.
    pub fn scopes<I>(mut self, scopes: I) -> Self
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        self.scopes = Scopes::new(scopes);
        self
    }

    /// The longest life, counted from the issue, edit or rotation. Every token then needs an expiry, unless
    /// [`allow_never`](Self::allow_never) says otherwise.
    pub fn max_lifetime(mut self, span: Duration) -> Self {
        self.policy.max_lifetime = Some(span);
        self
    }

    /// Whether tokens may live without an expiry. Unless said, they may where there is no longest life.
    pub fn allow_never(mut self, allow: bool) -> Self {
        self.allow_never = Some(allow);
        self
    }

    /// The longest grace of a rotated token. Zero allows none.
    pub fn max_grace(mut self, span: Duration) -> Self {
        self.policy.max_grace = span;
        self
    }

    /// How many current, unexpired tokens an owner may have; none for no limit.
    pub fn max_active_per_owner(mut self, limit: impl Into<Option<u32>>) -> Self {
        self.policy.max_active = limit.into();
        self
    }

    /// How fine last use is kept: a token's next use is noted so long after the last one that was.
    pub fn usage_resolution(mut self, span: Duration) -> Self {
        self.resolution = span;
        self
    }

    /// How often `maintain` (feature `tokio`) writes the uses that were noted: what a crash loses at most, while the
    /// store works, and how long other nodes do not know of them.
    pub fn flush_interval(mut self, span: Duration) -> Self {
        self.flush_interval = span;
        self
    }

    /// How long a token is kept after it ended; then [`prune`](PersonalTokens::prune) and `maintain` (feature `tokio`)
    /// delete it. Without a retention nothing is ever deleted.
    pub fn retention(mut self, span: Duration) -> Self {
        self.retention = Some(span);
        self
    }

    /// Tells this observer of every change that was committed. May be called more than once: all are told.
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.observers.push(Box::new(observer));
        self
    }

    /// Another clock than the system's; for tests.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// The handle.
    ///
    /// # Errors
    /// [`BuildError`] says what in the configuration is wrong.
    pub fn build(self) -> Result<PersonalTokens, BuildError> {
        let prefix = self.prefix.ok_or(BuildError::PrefixMissing)??;
        let mut prefixes = vec![prefix];
        prefixes.extend(self.former?);
        let mut policy = self.policy;
        policy.scopes = self.scopes?;
        policy.allow_never = self.allow_never.unwrap_or(policy.max_lifetime.is_none());
        if policy.max_lifetime.is_some_and(|span| span < Duration::MICROSECOND) {
            return Err(BuildError::Span { what: "the longest life of a token", allowed: "a microsecond at least" });
        }
        if policy.max_grace.is_negative() {
            return Err(BuildError::Span { what: "the longest grace", allowed: "zero or positive" });
        }
        if self.resolution < Duration::MICROSECOND {
            return Err(BuildError::Span { what: "the resolution of last use", allowed: "a microsecond at least" });
        }
        if self.flush_interval < Duration::MILLISECOND {
            return Err(BuildError::Span { what: "the flush interval", allowed: "a millisecond at least" });
        }
        if self.retention.is_some_and(Duration::is_negative) {
            return Err(BuildError::Span { what: "the retention", allowed: "zero or positive" });
        }
        let mut observers: Vec<Box<dyn Observer>> = Vec::new();
        #[cfg(feature = "tracing")]
        observers.push(Box::new(super::trace::Events));
        observers.extend(self.observers);
        let lag = i64::try_from(self.clock.lag().as_micros()).unwrap_or(i64::MAX);
        let inner = Inner {
            store: self.store,
            prefixes: prefixes.into(),
            prefix,
            policy: Arc::new(policy),
            clock: self.clock,
            lag,
            usage: Usage::new(self.resolution),
            flush_interval: self.flush_interval,
            retention: self.retention,
            observers: observers.into(),
            fence: Fence::new(),
        };
        Ok(PersonalTokens { inner: Arc::new(inner), actor: None, grantable: None })
    }
}

impl std::fmt::Debug for Builder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Builder").field("prefix", &self.prefix).field("policy", &self.policy).finish_non_exhaustive()
    }
}
