//! What people ask for, as JSON.

use ::http::Uri;
use axum::extract::Query;
use serde::{Deserialize, Deserializer};
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};
use utoipa::{IntoParams, ToSchema};

use crate::record::{ChangeRefused, Expiry, OwnerId};
use crate::store::{Cursor, ListQuery};
use crate::timestamp::Timestamp;
use crate::{NewToken, Rotation, TokenChange};

use super::body::Fields;
use super::problem::Problem;

const DEFAULT_PAGE: u32 = 50;
const LARGEST_PAGE: u32 = 100;

const SCOPES: &str = "a list of scopes, each a text";
const EXPIRES_AT: &str = "an instant as RFC 3339 writes it, 2027-01-31T00:00:00Z say, or null for never";

/// A token to be issued.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TokenRequest {
    /// What to call it: unique among the person's tokens that are not revoked or rotated away. 1 to 255 bytes of UTF-8
    /// without control characters and bidirectional overrides, without white space at the ends, and no token.
    #[schema(min_length = 1, max_length = 255)]
    name: String,
    /// What it may do, from the list that `scopes` answers, each once. None unless given.
    #[serde(default)]
    #[schema(max_items = 100)]
    scopes: Vec<String>,
    /// When it ends by itself (RFC 3339); null, or absent: never.
    #[serde(default)]
    #[schema(format = DateTime)]
    expires_at: Option<String>,
}

/// What to change in a token; what is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TokenPatch {
    /// Another name.
    #[serde(default, deserialize_with = "given")]
    #[schema(min_length = 1, max_length = 255, nullable = false)]
    name: Option<String>,
    /// Other scopes, in place of all that it has.
    #[serde(default, deserialize_with = "given")]
    #[schema(max_items = 100, nullable = false)]
    scopes: Option<Vec<String>>,
    /// Another expiry (RFC 3339), or null for never. It revives an expired token.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Option<String>>,
}

/// How to rotate a token.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RotationRequest {
    /// How long the old token is accepted beside the new one, in seconds; 0 unless given.
    #[serde(default)]
    grace_seconds: u64,
    /// When the new token ends by itself (RFC 3339); null: never. Absent: it lives as long as the old one was last given.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Option<String>>,
}

/// That all tokens are to be revoked.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RevokeAllRequest {
    /// The word `all`.
    #[schema(value_type = All)]
    confirm: String,
}

/// All of them.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "for the document only")]
enum All {
    All,
}

/// Which tokens to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListParameters {
    /// Those that are accepted, those that are not any more, or all (unless given).
    #[param(inline, value_type = Option<WhichState>)]
    state: Option<String>,
    /// How many at most; 50 unless given.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    limit: Option<String>,
    /// The `next` of the page before; absent: begin at the newest.
    cursor: Option<String>,
}

/// Those that are accepted, those that are not any more, or all.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "for the document only")]
enum WhichState {
    Active,
    Ended,
    All,
}

impl Fields for TokenRequest {
    const FIELDS: &'static [(&'static str, &'static str)] =
        &[("name", "a text of 1 to 255 bytes"), ("scopes", SCOPES), ("expires_at", EXPIRES_AT)];
}

impl Fields for TokenPatch {
    const FIELDS: &'static [(&'static str, &'static str)] = TokenRequest::FIELDS;
}

impl Fields for RotationRequest {
    const FIELDS: &'static [(&'static str, &'static str)] =
        &[("grace_seconds", "a whole number of seconds, 0 or more"), ("expires_at", EXPIRES_AT)];
}

impl Fields for RevokeAllRequest {
    const FIELDS: &'static [(&'static str, &'static str)] = &[("confirm", "the word \"all\"")];
}

impl TokenRequest {
    pub(super) fn for_owner(self, owner: &OwnerId) -> Result<NewToken, Problem> {
        let expiry = expiry(self.expires_at.as_deref())?;
        Ok(NewToken::new(owner, self.name).scopes(self.scopes).expiry(expiry))
    }
}

impl TokenPatch {
    pub(super) fn gives_scopes(&self) -> bool {
        self.scopes.is_some()
    }

    pub(super) fn into_change(self) -> Result<TokenChange, Problem> {
        let mut change = TokenChange::new();
        if let Some(name) = self.name {
            change = change.name(name);
        }
        if let Some(scopes) = self.scopes {
            change = change.scopes(scopes);
        }
        if let Some(expires_at) = self.expires_at {
            change = change.expiry(expiry(expires_at.as_deref())?);
        }
        Ok(change)
    }
}

impl RotationRequest {
    pub(super) fn into_rotation(self) -> Result<Rotation, Problem> {
        let grace = Duration::seconds(i64::try_from(self.grace_seconds).unwrap_or(i64::MAX));
        let rotation = Rotation::new().grace(grace);
        Ok(match self.expires_at {
            Some(expires_at) => rotation.expiry(expiry(expires_at.as_deref())?),
            None => rotation,
        })
    }
}

impl RevokeAllRequest {
    pub(super) fn check(&self) -> Result<(), Problem> {
        if self.confirm == "all" {
            return Ok(());
        }
        Err(Problem::invalid_field(Some("confirm"), "confirm is to be the word \"all\""))
    }
}

impl ListParameters {
    pub(super) fn of(uri: &Uri) -> Result<Self, Problem> {
        let wrong = |_| Problem::invalid_query(None, "the query takes state, limit and cursor, each once at most");
        Query::try_from_uri(uri).map(|Query(parameters)| parameters).map_err(wrong)
    }

    pub(super) fn into_query(self) -> Result<ListQuery, Problem> {
        let query = match self.state.as_deref() {
            Some("active") => ListQuery::active(),
            Some("ended") => ListQuery::ended(),
            Some("all") | None => ListQuery::all(),
            Some(_) => return Err(Problem::invalid_query(Some("state"), "state is to be active, ended or all")),
        };
        let whole = |text: String| text.parse::<u32>().ok().filter(|limit| limit.to_string() == text);
        let limit = self.limit.map_or(Some(DEFAULT_PAGE), whole).filter(|limit| (1..=LARGEST_PAGE).contains(limit));
        let limit = limit
            .ok_or_else(|| Problem::invalid_query(Some("limit"), "limit is to be a whole number from 1 to 100"))?;
        let cursor = self.cursor.map(|text| text.parse::<Cursor>()).transpose();
        let cursor = cursor.map_err(|error| Problem::invalid_query(Some("cursor"), &error.to_string()))?;
        let query = query.limit(limit);
        Ok(cursor.map_or(query, |cursor| query.after(cursor)))
    }
}

fn expiry(instant: Option<&str>) -> Result<Expiry, Problem> {
    let Some(text) = instant else {
        return Ok(Expiry::Never);
    };
    // The parser takes anything between date and time.
    let parted = matches!(text.as_bytes().get(10), Some(b'T' | b't'));
    let instant = OffsetDateTime::parse(text, &Rfc3339).ok().filter(|_| parted);
    let instant = instant.ok_or_else(|| Problem::invalid_expiry(format!("expires_at is to be {EXPIRES_AT}")))?;
    Ok(Timestamp::try_from(instant).map_err(ChangeRefused::from)?.into())
}

/// Null is not the same as absent.
fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}
