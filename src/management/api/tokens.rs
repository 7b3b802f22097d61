use ::http::header::LOCATION;
use ::http::{HeaderName, StatusCode};
use axum::Json;
use axum::extract::Request;
use serde::Serialize;
use utoipa::ToSchema;

use crate::management::body::json;
use crate::management::person::Person;
use crate::management::principal::Right;
use crate::management::problem::Problem;
use crate::management::requests::{ListParameters, RevokeAllRequest, RotationRequest, TokenPatch, TokenRequest};
use crate::management::shown::{IssuedToken, ShownToken, TokenPage};
use crate::record::ChangeRefused;
use crate::store::ChangeError;

use super::id::Id;
use super::refusals::{Changed, Issued, Listed, Read, Revoked, RevokedAll};

type Answer<T> = Result<Json<T>, Problem>;
/// With where the new token is, seen from the request's own URL.
type Created = Result<(StatusCode, [(HeaderName, String); 1], Json<IssuedToken>), Problem>;

/// How many tokens were revoked.
#[derive(Serialize, ToSchema)]
pub(super) struct RevokedTokens {
    revoked: u64,
}

/// One page of the tokens, newest first.
#[utoipa::path(
    get,
    path = "/tokens",
    operation_id = "list_tokens",
    tag = "tokens",
    params(ListParameters),
    responses((status = 200, description = "The tokens", body = TokenPage), Listed)
)]
pub(super) async fn list(person: Person, request: Request) -> Answer<TokenPage> {
    person.needs(Right::List)?;
    let query = ListParameters::of(request.uri())?.into_query()?;
    let page = person.setup.tokens.list(person.owner(), query).await?;
    Ok(Json(person.show()?.page(&page)))
}

/// A token.
#[utoipa::path(
    get,
    path = "/tokens/{id}",
    operation_id = "get_token",
    tag = "tokens",
    params(("id" = String, Path, description = "The token's id", pattern = "^[A-Za-z0-9_-]{16}$")),
    responses((status = 200, description = "The token", body = ShownToken), Read)
)]
pub(super) async fn get(person: Person, Id(id): Id) -> Answer<ShownToken> {
    person.needs(Right::List)?;
    let found = person.setup.tokens.get(person.owner(), id).await?;
    let record = found.ok_or(ChangeRefused::NotFound)?;
    Ok(Json(person.show()?.token(&record)))
}

/// Issues a token. Its string is in this answer and nowhere else, ever.
///
/// A name is held by one token, so of two requests for the same one makes a token, and the other is told which holds
/// the name.
#[utoipa::path(
    post,
    path = "/tokens",
    operation_id = "issue_token",
    tag = "tokens",
    request_body = TokenRequest,
    responses(
        (status = 201, description = "The new token", body = IssuedToken,
            headers(("Location" = String, description = "Where the token is"))),
        Issued
    )
)]
pub(super) async fn issue(person: Person, request: Request) -> Created {
    person.needs(Right::Issue)?;
    let (parts, body) = request.into_parts();
    let new = json::<TokenRequest>(&parts.headers, body).await?.for_owner(person.owner())?;
    person.confirms(None, parts).await?;
    let show = person.show()?;
    let issued = person.change(|tokens, _| async move { tokens.issue(new).await }).await?;
    let location = format!("tokens/{}", issued.record.id);
    Ok((StatusCode::CREATED, [(LOCATION, location)], Json(show.issued(&issued))))
}

/// Renames a token, changes its scopes or its expiry. Its secret stays.
#[utoipa::path(
    patch,
    path = "/tokens/{id}",
    operation_id = "update_token",
    tag = "tokens",
    params(("id" = String, Path, description = "The token's id", pattern = "^[A-Za-z0-9_-]{16}$")),
    request_body = TokenPatch,
    responses((status = 200, description = "The token as it is now", body = ShownToken), Changed)
)]
pub(super) async fn update(person: Person, Id(id): Id, request: Request) -> Answer<ShownToken> {
    person.needs(Right::Edit)?;
    let (parts, body) = request.into_parts();
    let patch = json::<TokenPatch>(&parts.headers, body).await?;
    let gives_scopes = patch.gives_scopes();
    let (change, show) = (patch.into_change()?, person.show()?);
    let changed = person.change(|tokens, owner| async move { Ok(tokens.update(&owner, id, change).await) }).await?;
    match changed {
        Ok(changed) => Ok(Json(show.token(&changed))),
        Err(ChangeError::Refused(ChangeRefused::NotGrantable { scope, .. })) if !gives_scopes => {
            Err(Problem::not_prolongable(&scope))
        }
        Err(error) => Err(error.into()),
    }
}

/// Ends a token for good, and the grace of the one that it replaced. Doing it again changes nothing.
#[utoipa::path(
    delete,
    path = "/tokens/{id}",
    operation_id = "revoke_token",
    tag = "tokens",
    params(("id" = String, Path, description = "The token's id", pattern = "^[A-Za-z0-9_-]{16}$")),
    responses((status = 200, description = "The token as it is now", body = ShownToken), Revoked)
)]
pub(super) async fn revoke(person: Person, Id(id): Id) -> Answer<ShownToken> {
    person.needs(Right::Revoke)?;
    let show = person.show()?;
    let revoked = person.change(|tokens, owner| async move { tokens.revoke(&owner, id).await }).await?;
    Ok(Json(show.token(&revoked)))
}

/// Replaces a token by a new one of the same name and scopes. Its string is in this answer and nowhere else, ever.
#[utoipa::path(
    post,
    path = "/tokens/{id}/rotate",
    operation_id = "rotate_token",
    tag = "tokens",
    params(("id" = String, Path, description = "The id of the token to replace", pattern = "^[A-Za-z0-9_-]{16}$")),
    request_body = RotationRequest,
    responses(
        (status = 201, description = "The new token", body = IssuedToken,
            headers(("Location" = String, description = "Where the token is"))),
        Changed
    )
)]
pub(super) async fn rotate(person: Person, Id(id): Id, request: Request) -> Created {
    person.needs(Right::Issue)?;
    person.needs(Right::Edit)?;
    let (parts, body) = request.into_parts();
    let rotation = json::<RotationRequest>(&parts.headers, body).await?.into_rotation()?;
    person.confirms(Some(id), parts).await?;
    let show = person.show()?;
    let issued = person.change(|tokens, owner| async move { tokens.rotate(&owner, id, rotation).await }).await?;
    let location = format!("../{}", issued.record.id);
    Ok((StatusCode::CREATED, [(LOCATION, location)], Json(show.issued(&issued))))
}

/// Ends every token of the person's that is or could become active.
#[utoipa::path(
    post,
    path = "/tokens/revoke-all",
    operation_id = "revoke_all_tokens",
    tag = "tokens",
    request_body = RevokeAllRequest,
    responses((status = 200, description = "How many", body = RevokedTokens), RevokedAll)
)]
pub(super) async fn revoke_all(person: Person, request: Request) -> Answer<RevokedTokens> {
    person.needs(Right::Revoke)?;
    let (parts, body) = request.into_parts();
    json::<RevokeAllRequest>(&parts.headers, body).await?.check()?;
    let revoked = person.change(|tokens, owner| async move { tokens.revoke_all(&owner).await }).await?;
    Ok(Json(RevokedTokens { revoked }))
}
