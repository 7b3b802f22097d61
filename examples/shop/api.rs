//! The API: for scripts that send a token, and for nobody else. A session does not open it.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use personal_tokens::http::BearerAuthLayer;
use personal_tokens::{PersonalTokens, VerifiedToken};
use serde_json::{Value, json};

use crate::Failure;
use crate::products::Products;

pub const READ: &str = "products:read";
pub const WRITE: &str = "products:write";

pub fn routes(tokens: PersonalTokens, products: Products) -> Result<Router, Failure> {
    let list = get(list_products).layer(tokens.require_scope(READ)?);
    let add = post(add_product).layer(tokens.require_scope(WRITE)?);
    let routes = Router::new().route("/products", list.merge(add)).route("/whoami", get(whoami)).with_state(products);
    Ok(routes.layer(BearerAuthLayer::new(tokens).realm("The shop's API")?))
}

async fn list_products(token: VerifiedToken, State(products): State<Products>) -> Json<Value> {
    let names = products.of(token.owner().as_str()).into_iter().map(|product| product.name).collect::<Vec<_>>();
    Json(json!({ "products": names }))
}

async fn add_product(
    token: VerifiedToken,
    State(products): State<Products>,
    Json(product): Json<Value>,
) -> impl IntoResponse {
    let Some(name) = product.get("name").and_then(Value::as_str).filter(|name| !name.is_empty()) else {
        return (StatusCode::UNPROCESSABLE_ENTITY, Json(json!({ "error": "a product needs a name" })));
    };
    let new = products.add(token.owner().as_str(), name);
    (if new { StatusCode::CREATED } else { StatusCode::OK }, Json(json!({ "name": name })))
}

async fn whoami(token: VerifiedToken) -> Json<Value> {
    Json(json!({
        "id": token.id().to_string(),
        "name": token.name().as_str(),
        "owner": token.owner().as_str(),
        "scopes": token.scopes().iter().collect::<Vec<_>>(),
        "expiry": token.expiry().instant().map(|end| end.to_string()),
    }))
}
