use time::Duration;

use crate::timestamp::Timestamp;

use super::{ChangeRefused, Expiry, Scope, Scopes};

/// What a host allows. The handle's builder fills it; every issue, update and rotation is judged by it in the
/// same atomic step that writes the change.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Policy {
    /// The longest life of a token, counted from the issue, edit or rotation that sets its expiry. None: no
    /// limit. Default: none.
    pub max_lifetime: Option<Duration>,
    /// Whether a token may live without an expiry. Default: yes.
    pub allow_never: bool,
    /// The longest grace of a rotated token. Default: 7 days.
    pub max_grace: Duration,
    /// How many current, unexpired tokens an owner may have. None: no limit. Default: 100.
    pub max_active: Option<u32>,
    /// The scopes that tokens may have; any other is refused. Default: none at all.
    pub scopes: Scopes,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            max_lifetime: None,
            allow_never: true,
            max_grace: Duration::days(7),
            max_active: Some(100),
            scopes: Scopes::none(),
        }
    }
}

impl Policy {
    /// Whether somebody may ask at `at` for this expiry.
    pub(super) fn judge_expiry(&self, expiry: Expiry, at: Timestamp) -> Result<(), ChangeRefused> {
        match expiry {
            Expiry::Never if self.allow_never => Ok(()),
            Expiry::Never => Err(ChangeRefused::NeverNotAllowed { max: self.max_lifetime }),
            Expiry::At(end) if at >= end => Err(ChangeRefused::ExpiryInPast { expiry: end }),
            Expiry::At(end) => match self.max_lifetime {
                Some(max) if end.since(at) > max => Err(ChangeRefused::LifetimeTooLong { max }),
                _ => Ok(()),
            },
        }
    }

    /// The expiry that a successor gets when nobody says another: the span that its predecessor was last
    /// given, cut to the longest that is allowed now.
    pub(super) fn inherited_expiry(&self, expiry: Expiry, expiry_set: Timestamp, at: Timestamp) -> Expiry {
        let span = expiry.instant().map(|end| end.since(expiry_set));
        let longest = match self.max_lifetime {
            Some(max) if span.is_some() || !self.allow_never => Some(max),
            _ => None,
        };
        match [span, longest].into_iter().flatten().min() {
            Some(span) => Expiry::At(at.saturating_add(span)),
            None => Expiry::Never,
        }
    }

    pub(super) fn judge_scopes(&self, scopes: &Scopes) -> Result<(), ChangeRefused> {
        // As often as not a token may do all that there is to be done.
        if *scopes == self.scopes {
            return Ok(());
        }
        let Some(unknown) = scopes.iter().find(|scope| !self.scopes.contains(scope)) else {
            return Ok(());
        };
        // It stands in a set of scopes, so it is one.
        let scope = Scope::new(unknown)?;
        Err(ChangeRefused::UnknownScope { scope, allowed: self.scopes.clone() })
    }

    pub(super) fn judge_grace(&self, grace: Duration) -> Result<(), ChangeRefused> {
        if grace.is_negative() || grace > self.max_grace {
            return Err(ChangeRefused::GraceOutOfRange { max: self.max_grace });
        }
        Ok(())
    }

    /// Whether an owner with so many active tokens may have one more.
    pub(super) fn judge_one_more(&self, active: u32) -> Result<(), ChangeRefused> {
        match self.max_active {
            Some(max) if active >= max => Err(ChangeRefused::LimitReached { max }),
            _ => Ok(()),
        }
    }
}
