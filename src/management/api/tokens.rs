use std::sync::Arc;

use ::http::StatusCode;
use ::http::header::LOCATION;
use axum::extract::{Path, Request, State};
use axum::{Extension, Json};
use serde::Serialize;
use utoipa::ToSchema;

use crate::management::body::json;
use crate::management::principal::Right;
use crate::management::requests::{ListParameters, RevokeAllRequest, RotationRequest, TokenPatch, TokenRequest};
use crate::management::setup::{Setup, to_the_end};
use crate::management::shown::{IssuedToken, ShownToken, TokenPage};
use crate::management::{Principal, Problem};
use crate::token::TokenId;

use super::refusals::{Changed, Issued, Listed, Read, Revoked, RevokedAll};

type Answer<T> = Result<Json<T>, Problem>;
/// With where the new token is, seen from the request's own URL.
type Created = Result<(StatusCode, [(::http::HeaderName, String); 1], Json<IssuedToken>), Problem>;

/// How many tokens were revoked.
#[derive(Serialize, ToSchema)]
pub(super) struct RevokedTokens {
    revoked: u64,
}

/// One page of the tokens, newest first.
#[utoipa::path(get, path = "/tokens", operation_id = "list_tokens", tag = "tokens", params(ListParameters),
    responses((status = 200, description = "The tokens", body = TokenPage), Listed))]
pub(super) async fn list(
    State(setup): State<Arc<Setup>>,
    Extension(who): Extension<Principal>,
    request: Request,
) -> Answer<TokenPage> {
    who.needs(Right::List)?;
    let query = ListParameters::of(request.uri())?.into_query()?;
    let page = setup.tokens_for(&who).list(&who.owner, query).await?;
    Ok(Json(setup.show(&who)?.page(&page)))
}

/// A token.
#[utoipa::path(get, path = "/tokens/{id}", operation_id = "get_token", tag = "tokens", params(("id" = String, Path, description = "The token's id")),
    responses((status = 200, description = "The token as it is now", body = ShownToken), Read))]
pub(super) async fn get(
    State(setup): State<Arc<Setup>>,
    Extension(who): Extension<Principal>,
    Path(id): Path<String>,
) -> Answer<ShownToken> {
    who.needs(Right::List)?;
    let found = setup.tokens_for(&who).get(&who.owner, token_id(&id)?).await?;
    let record = found.ok_or_else(no_such_token)?;
    Ok(Json(setup.show(&who)?.token(&record)))
}

/// Issues a token. Its string is in this answer and nowhere else, ever.
///
/// A name is held by one token, so of two requests for the same one makes a token, and the other is told which holds the name.
#[utoipa::path(post, path = "/tokens", operation_id = "issue_token", tag = "tokens", request_body = TokenRequest,
    responses((status = 201, description = "The new token; its string is shown here only", body = IssuedToken,
        headers(("Location" = String, description = "Where the token is"))), Issued))]
pub(super) async fn issue(
    State(setup): State<Arc<Setup>>,
    Extension(who): Extension<Principal>,
    request: Request,
) -> Created {
    who.needs(Right::Issue)?;
    let (parts, body) = request.into_parts();
    let new = json::<TokenRequest>(&parts.headers, body).await?.for_owner(&who.owner)?;
    setup.confirm(&who, None, parts).await?;
    // First what may fail: once it is issued, it must be shown.
    let (tokens, show) = (setup.tokens_for(&who), setup.show(&who)?);
    let issued = to_the_end(async move { tokens.issue(new).await }).await??;
    let location = format!("tokens/{}", issued.record.id);
    Ok((StatusCode::CREATED, [(LOCATION, location)], Json(show.issued(&issued))))
}

/// Renames a token, changes its scopes or its expiry. Its secret stays.
#[utoipa::path(patch, path = "/tokens/{id}", operation_id = "update_token", tag = "tokens", params(("id" = String, Path, description = "The token's id")),
    request_body = TokenPatch, responses((status = 200, description = "The token as it is now", body = ShownToken), Changed))]
pub(super) async fn update(
    State(setup): State<Arc<Setup>>,
    Extension(who): Extension<Principal>,
    Path(id): Path<String>,
    request: Request,
) -> Answer<ShownToken> {
    who.needs(Right::Edit)?;
    let (parts, body) = request.into_parts();
    let change = json::<TokenPatch>(&parts.headers, body).await?.into_change()?;
    let (tokens, show, owner, id) = (setup.tokens_for(&who), setup.show(&who)?, who.owner.clone(), token_id(&id)?);
    let changed = to_the_end(async move { tokens.update(&owner, id, change).await }).await??;
    Ok(Json(show.token(&changed)))
}

/// Ends a token for good, and the grace of the one that it replaced. Doing it again changes nothing.
#[utoipa::path(delete, path = "/tokens/{id}", operation_id = "revoke_token", tag = "tokens", params(("id" = String, Path, description = "The token's id")),
    responses((status = 200, description = "The token as it is now", body = ShownToken), Revoked))]
pub(super) async fn revoke(
    State(setup): State<Arc<Setup>>,
    Extension(who): Extension<Principal>,
    Path(id): Path<String>,
) -> Answer<ShownToken> {
    who.needs(Right::Revoke)?;
    let (tokens, show, owner, id) = (setup.tokens_for(&who), setup.show(&who)?, who.owner.clone(), token_id(&id)?);
    let revoked = to_the_end(async move { tokens.revoke(&owner, id).await }).await??;
    Ok(Json(show.token(&revoked)))
}

/// Replaces a token by a new one of the same name and scopes. Its string is in this answer and nowhere else, ever.
#[utoipa::path(post, path = "/tokens/{id}/rotate", operation_id = "rotate_token", tag = "tokens",
    params(("id" = String, Path, description = "The id of the token to replace")), request_body = RotationRequest,
    responses((status = 201, description = "The new token; its string is shown here only", body = IssuedToken,
        headers(("Location" = String, description = "Where the token is"))), Changed))]
pub(super) async fn rotate(
    State(setup): State<Arc<Setup>>,
    Extension(who): Extension<Principal>,
    Path(id): Path<String>,
    request: Request,
) -> Created {
    who.needs(Right::Issue)?;
    who.needs(Right::Edit)?;
    let (parts, body) = request.into_parts();
    let rotation = json::<RotationRequest>(&parts.headers, body).await?.into_rotation()?;
    let id = token_id(&id)?;
    setup.confirm(&who, Some(id), parts).await?;
    let (tokens, show, owner) = (setup.tokens_for(&who), setup.show(&who)?, who.owner.clone());
    let issued = to_the_end(async move { tokens.rotate(&owner, id, rotation).await }).await??;
    let location = format!("../{}", issued.record.id);
    Ok((StatusCode::CREATED, [(LOCATION, location)], Json(show.issued(&issued))))
}

/// Ends every token of the person's that is or could become active.
#[utoipa::path(post, path = "/tokens/revoke-all", operation_id = "revoke_all_tokens", tag = "tokens", request_body = RevokeAllRequest,
    responses((status = 200, description = "How many", body = RevokedTokens), RevokedAll))]
pub(super) async fn revoke_all(
    State(setup): State<Arc<Setup>>,
    Extension(who): Extension<Principal>,
    request: Request,
) -> Answer<RevokedTokens> {
    who.needs(Right::Revoke)?;
    let (parts, body) = request.into_parts();
    json::<RevokeAllRequest>(&parts.headers, body).await?;
    let tokens = setup.tokens_for(&who);
    let revoked = to_the_end(async move { tokens.revoke_all(&who.owner).await }).await??;
    Ok(Json(RevokedTokens { revoked }))
}

/// A text that is no id names no token.
fn token_id(text: &str) -> Result<TokenId, Problem> {
    text.parse().map_err(|_| no_such_token())
}

fn no_such_token() -> Problem {
    crate::ChangeRefused::NotFound.into()
}
