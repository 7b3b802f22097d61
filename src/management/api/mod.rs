//! The JSON API. Each handler asks for the person's right first, then reads what is asked for.

mod id;
mod lists;
mod refusals;
mod tokens;

use std::sync::Arc;

use ::http::header::CONTENT_TYPE;
use axum::Router;
use axum::body::Bytes;
use axum::response::IntoResponse;
use axum::routing::get;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::problem::{Details, Holder};
use super::setup::Setup;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Personal tokens",
        description = "By which people, in a session of the host's, manage the personal tokens of their scripts. Every \
                       request needs that session, and none may carry a bearer token. Writes need `Sec-Fetch-Site: \
                       same-origin`, which browsers send by themselves, or an `Origin` that the host lists.",
        license(name = "MIT")
    ),
    components(schemas(Details, Holder)),
    servers((url = ".", description = "Where the host mounted it"))
)]
struct Document;

/// The routes, and `openapi.json` made from them.
pub(super) fn routes() -> Router<Arc<Setup>> {
    let (router, document) = OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(tokens::list, tokens::issue))
        .routes(routes!(tokens::get, tokens::update, tokens::revoke))
        .routes(routes!(tokens::rotate))
        .routes(routes!(tokens::revoke_all))
        .routes(routes!(lists::scopes))
        .routes(routes!(lists::policy))
        .split_for_parts();
    // Texts and numbers: it cannot fail.
    let document = Bytes::from(document.to_json().unwrap_or_default());
    let answer = async move || ([(CONTENT_TYPE, "application/json")], document.clone()).into_response();
    router.route("/openapi.json", get(answer))
}
