//! What a form needs to know: the scopes on offer, and the limits.

use axum::Json;
use serde::Serialize;
use time::Duration;
use utoipa::ToSchema;

use crate::management::Rights;
use crate::management::person::Person;

use super::refusals::Plain;

/// The closed list of scopes; empty: tokens have no scopes here.
#[derive(Serialize, ToSchema)]
pub(super) struct OfferedScopes {
    scopes: Vec<OfferedScope>,
}

/// A scope on offer.
#[derive(Serialize, ToSchema)]
struct OfferedScope {
    /// As it stands in a token.
    name: String,
    /// What it allows, in the host's words.
    #[schema(required)]
    description: Option<String>,
    /// Whether the person may give it to a token.
    grantable: bool,
}

/// What the person may do, and what the host allows.
#[derive(Serialize, ToSchema)]
#[schema(as = Policy)]
pub(super) struct ShownPolicy {
    /// Stands for owner and actor. A request that sends it back as `Personal-Tokens-Principal` is refused with 412 once
    /// somebody else is signed in.
    principal: String,
    rights: ShownRights,
    /// Whether a token may live without an expiry.
    never_allowed: bool,
    /// The longest life of a token, in whole seconds from the issue, edit or rotation; null: no limit.
    #[schema(required)]
    max_lifetime_seconds: Option<i64>,
    /// The longest grace of a rotated token, in whole seconds; 0: none is allowed.
    max_grace_seconds: i64,
    /// How many active tokens one owner may have; null: no limit.
    #[schema(required)]
    max_active: Option<u32>,
}

/// What the person may do.
#[derive(Serialize, ToSchema)]
#[schema(as = Rights)]
struct ShownRights {
    list: bool,
    issue: bool,
    edit: bool,
    revoke: bool,
}

/// The scopes on offer.
#[utoipa::path(
    get,
    path = "/scopes",
    operation_id = "list_scopes",
    tag = "forms",
    responses((status = 200, description = "The list", body = OfferedScopes), Plain)
)]
pub(super) async fn scopes(person: Person) -> Json<OfferedScopes> {
    let Person { setup, who } = person;
    let offered = setup.offered().iter().map(|scope| OfferedScope {
        name: scope.to_owned(),
        description: setup.describe(scope),
        grantable: who.grantable.contains(scope),
    });
    Json(OfferedScopes { scopes: offered.collect() })
}

/// The person's rights and the host's limits.
#[utoipa::path(
    get,
    path = "/policy",
    operation_id = "get_policy",
    tag = "forms",
    responses((status = 200, description = "What this person may do", body = ShownPolicy), Plain)
)]
pub(super) async fn policy(person: Person) -> Json<ShownPolicy> {
    let policy = person.setup.policy();
    Json(ShownPolicy {
        principal: person.who.mark(),
        rights: person.who.rights.into(),
        never_allowed: policy.allow_never,
        max_lifetime_seconds: policy.max_lifetime.map(Duration::whole_seconds),
        max_grace_seconds: policy.max_grace.whole_seconds(),
        max_active: policy.max_active,
    })
}

impl From<Rights> for ShownRights {
    fn from(rights: Rights) -> Self {
        Self { list: rights.list, issue: rights.issue, edit: rights.edit, revoke: rights.revoke }
    }
}
