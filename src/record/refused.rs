use time::Duration;

use crate::timestamp::{Timestamp, TimestampOutOfRange};
use crate::token::TokenId;

use super::{InvalidScope, InvalidText, Scope, Scopes, TokenState};

/// Why a change was refused. Nothing was written; asking again for the same brings the same answer until
/// something else changes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChangeRefused {
    /// The owner has no token of this id. Another owner's token is no different from none.
    #[error("no such token")]
    NotFound,
    /// The token is revoked or was rotated away (also while its grace lasts): it cannot be changed any more.
    #[error("the token is {0} and cannot be changed any more")]
    Ended(TokenState),
    /// Another current token of the owner has this name.
    #[error("the name is taken by the {state} token {holder}: choose another, or rename or revoke that one")]
    NameTaken {
        /// Who holds it.
        holder: TokenId,
        /// Active, or Expired: an expired token can be extended, so it keeps its name.
        state: TokenState,
    },
    /// The owner has as many active tokens as the policy allows.
    #[error("the limit of {max} active tokens is reached: revoke one first")]
    LimitReached {
        /// The limit.
        max: u32,
    },
    /// The new token's id exists already. With a sound random generator this does not happen.
    #[error("the new token's id exists already: the random generator repeats itself")]
    IdTaken,
    /// The expiry is not in the future.
    #[error("the expiry {expiry} is not in the future: revoke the token to end it now")]
    ExpiryInPast {
        /// What was asked for.
        expiry: Timestamp,
    },
    /// The token would live longer than the policy allows.
    #[error("the token would live too long: at most {} from now", in_words(*max))]
    LifetimeTooLong {
        /// The longest life, counted from now.
        max: Duration,
    },
    /// The policy wants an expiry.
    #[error("the token needs an expiry{}", max.map(|max| format!(": at most {} from now", in_words(max))).unwrap_or_default())]
    NeverNotAllowed {
        /// The longest life, counted from now, if there is a limit.
        max: Option<Duration>,
    },
    /// The grace of a rotation is negative or longer than the policy allows.
    #[error("the grace is out of range: {}", longest_grace(*max))]
    GraceOutOfRange {
        /// The longest grace.
        max: Duration,
    },
    /// A scope is not on the host's list.
    #[error("the scope {scope} is not offered; {}", offered(allowed))]
    UnknownScope {
        /// The first such scope.
        scope: Scope,
        /// The host's list.
        allowed: Scopes,
    },
    /// The person who asks may not grant a scope of the token: see [`PersonalTokens::granting`](crate::PersonalTokens::granting).
    #[error("the scope {scope} is not yours to grant; {}", yours(grantable))]
    NotGrantable {
        /// The first such scope.
        scope: Scope,
        /// What the person may grant.
        grantable: Scopes,
    },
    /// An owner id, actor or token name breaks its rules.
    #[error(transparent)]
    Text(#[from] InvalidText),
    /// A scope breaks the rules of RFC 6749 §3.3.
    #[error(transparent)]
    Scope(#[from] InvalidScope),
    /// The expiry lies outside years 1 to 9999.
    #[error("the expiry lies outside years 1 to 9999 (UTC)")]
    Expiry(#[from] TimestampOutOfRange),
}

fn offered(allowed: &Scopes) -> String {
    if allowed.is_empty() { "tokens have no scopes here".to_owned() } else { format!("these are: {allowed}") }
}

fn yours(grantable: &Scopes) -> String {
    if grantable.is_empty() { "you may grant none".to_owned() } else { format!("you may grant: {grantable}") }
}

fn longest_grace(max: Duration) -> String {
    if max.is_zero() { "none is allowed".to_owned() } else { format!("at most {}", in_words(max)) }
}

/// `30 days`, `36 hours`, `1 minute`, or seconds with their fraction.
fn in_words(span: Duration) -> String {
    let (seconds, nanoseconds) = (span.whole_seconds(), span.subsec_nanoseconds());
    if nanoseconds != 0 {
        return format!("{} seconds", span.as_seconds_f64());
    }
    let units = [("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1)];
    let exact = |(name, length): &(&'static str, i64)| {
        let whole = seconds.checked_rem(*length) == Some(0) && seconds >= *length;
        whole.then(|| (seconds.checked_div(*length).unwrap_or_default(), *name))
    };
    match units.iter().find_map(exact) {
        Some((1, name)) => format!("1 {name}"),
        Some((count, name)) => format!("{count} {name}s"),
        None => format!("{seconds} seconds"),
    }
}
