//! What the router shows of tokens. Never a digest, and a secret in one type only.

use serde::Serialize;
use time::Duration;
use utoipa::ToSchema;

use crate::personal_tokens::PersonalTokens;
use crate::record::{Rotated, Scopes, TokenRecord, TokenState};
use crate::timestamp::Timestamp;
use crate::usage::LastUsed;

use super::Principal;

/// A token, without its secret.
#[derive(Serialize, ToSchema)]
#[schema(as = Token)]
pub(super) struct ShownToken {
    /// Its public id: the first 16 characters after its prefix.
    #[schema(min_length = 16, max_length = 16, pattern = "^[A-Za-z0-9_-]{16}$")]
    id: String,
    /// What the person called it.
    name: String,
    /// What it may do, sorted.
    scopes: Vec<String>,
    /// When it was issued (RFC 3339, UTC).
    #[schema(format = DateTime)]
    created_at: String,
    /// Who asked for it, if the host said.
    #[schema(required)]
    created_by: Option<String>,
    /// When it ends by itself; null: never.
    #[schema(required, format = DateTime)]
    expires_at: Option<String>,
    /// When that expiry was set: a rotation gives the new token the same span again (RFC 3339, UTC).
    #[schema(format = DateTime)]
    expiry_set_at: String,
    /// What it is now. One that was rotated is active while its grace lasts.
    state: State,
    /// When it ended or will end: the earliest of revocation, end of grace and expiry; null: nothing ends it.
    #[schema(required, format = DateTime)]
    ends_at: Option<String>,
    /// Its last use; null: none is known, which is not "never".
    #[schema(required)]
    last_used: Option<ShownUse>,
    /// When it was revoked.
    #[schema(required, format = DateTime)]
    revoked_at: Option<String>,
    /// The token that this one replaced.
    #[schema(required, pattern = "^[A-Za-z0-9_-]{16}$")]
    predecessor: Option<String>,
    /// How it was rotated away.
    #[schema(required)]
    rotated: Option<ShownRotation>,
    /// What the person who asks may do with it now.
    actions: Vec<Action>,
}

/// A token and its string, which is shown in this answer and never again.
#[derive(Serialize, ToSchema)]
pub(super) struct IssuedToken {
    /// What a script sends: `Authorization: Bearer <token>`.
    token: String,
    /// The token, as it is listed.
    record: ShownToken,
}

/// One page of tokens, newest first.
#[derive(Serialize, ToSchema)]
pub(super) struct TokenPage {
    tokens: Vec<ShownToken>,
    /// The `cursor` of the next page; null: this is the last.
    #[schema(required)]
    next: Option<String>,
}

/// What a token is.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    Active,
    Expired,
    Revoked,
    Rotated,
}

/// A use, and how exact it is.
#[derive(Serialize, ToSchema)]
#[schema(as = Use)]
struct ShownUse {
    /// A use of the token (RFC 3339, UTC).
    #[schema(format = DateTime)]
    at: String,
    /// The last known use is this one, or came after it by less than so many seconds.
    accuracy_seconds: i64,
}

/// A rotation.
#[derive(Serialize, ToSchema)]
#[schema(as = Rotation)]
struct ShownRotation {
    /// When (RFC 3339, UTC).
    #[schema(format = DateTime)]
    at: String,
    /// The token that took its place.
    #[schema(pattern = "^[A-Za-z0-9_-]{16}$")]
    successor: String,
    /// Until when the old token is accepted beside it; not later than `at`: not at all.
    #[schema(format = DateTime)]
    grace_ends_at: String,
}

#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Action {
    Edit,
    Rotate,
    Revoke,
}

/// Shows tokens to one person at one instant.
pub(super) struct Show<'a> {
    pub(super) tokens: &'a PersonalTokens,
    pub(super) who: &'a Principal,
    pub(super) now: Timestamp,
}

impl Show<'_> {
    pub(super) fn token(&self, record: &TokenRecord) -> ShownToken {
        let text = |at: Timestamp| at.to_string();
        ShownToken {
            id: record.id.to_string(),
            name: record.name.to_string(),
            scopes: words(&record.scopes),
            created_at: text(record.created),
            created_by: record.created_by.as_ref().map(ToString::to_string),
            expires_at: record.expiry.instant().map(text),
            expiry_set_at: text(record.expiry_set),
            state: record.state(self.now).into(),
            ends_at: record.ended().map(text),
            last_used: self.tokens.last_used(record).map(ShownUse::from),
            revoked_at: record.revoked.map(text),
            predecessor: record.predecessor.map(|id| id.to_string()),
            rotated: record.rotated.map(ShownRotation::from),
            actions: self.actions(record),
        }
    }

    pub(super) fn issued(&self, issued: &crate::Issued) -> IssuedToken {
        IssuedToken { token: issued.token.expose().to_owned(), record: self.token(&issued.record) }
    }

    pub(super) fn page(&self, page: &crate::Page) -> TokenPage {
        TokenPage {
            tokens: page.tokens.iter().map(|record| self.token(record)).collect(),
            next: page.next.map(|cursor| cursor.to_string()),
        }
    }

    fn actions(&self, record: &TokenRecord) -> Vec<Action> {
        let rights = self.who.rights;
        let current = record.is_current();
        let offered = record.scopes.is_subset_of(&self.tokens.policy().scopes);
        let rotates = rights.issue && rights.edit && offered && record.scopes.is_subset_of(&self.who.grantable);
        let alive = current || record.state(self.now) == TokenState::Active;
        let actions = [
            (Action::Edit, current && rights.edit),
            (Action::Rotate, current && rotates),
            (Action::Revoke, alive && rights.revoke),
        ];
        actions.into_iter().filter_map(|(action, may)| may.then_some(action)).collect()
    }
}

impl From<TokenState> for State {
    fn from(state: TokenState) -> Self {
        match state {
            TokenState::Active => Self::Active,
            TokenState::Expired => Self::Expired,
            TokenState::Revoked => Self::Revoked,
            TokenState::Rotated => Self::Rotated,
        }
    }
}

impl From<LastUsed> for ShownUse {
    fn from(used: LastUsed) -> Self {
        Self { at: used.at.to_string(), accuracy_seconds: seconds_up(used.accuracy) }
    }
}

impl From<Rotated> for ShownRotation {
    fn from(rotated: Rotated) -> Self {
        Self {
            at: rotated.at.to_string(),
            successor: rotated.successor.to_string(),
            grace_ends_at: rotated.grace_ends.to_string(),
        }
    }
}

pub(super) fn words(scopes: &Scopes) -> Vec<String> {
    scopes.iter().map(str::to_owned).collect()
}

/// Rounded up: no claim is finer than what is known.
fn seconds_up(span: Duration) -> i64 {
    let part = i64::from(span.subsec_nanoseconds() > 0);
    span.whole_seconds().saturating_add(part)
}
