//! The sell screen: for people at the till, who are signed in. No token opens it, not even beside a session.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::AUTHORIZATION;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::get;
use axum::{Extension, Form, Router};
use serde::Deserialize;

use crate::people::Person;
use crate::products::{Product, Products};
use crate::screens::{screen, text};
use crate::sign_in;

const PATH: &str = "/sell";

pub fn routes(products: Products) -> Router {
    Router::new().route(PATH, get(till).post(sell)).with_state(products).layer(from_fn(people_only))
}

async fn people_only(person: Option<Extension<Person>>, request: Request, next: Next) -> Response {
    if request.headers().contains_key(AUTHORIZATION) {
        let why = "<p>This screen opens to signed-in staff only, never to a token.</p>";
        return screen(StatusCode::FORBIDDEN, "Sell", None, why);
    }
    match person {
        Some(_) => next.run(request).await,
        None => Redirect::to(&sign_in::back_to(PATH)).into_response(),
    }
}

async fn till(Extension(person): Extension<Person>, State(products): State<Products>) -> Response {
    shown(StatusCode::OK, &person, &products, "")
}

#[derive(Deserialize)]
struct Sale {
    product: String,
}

async fn sell(
    Extension(person): Extension<Person>,
    State(products): State<Products>,
    Form(sale): Form<Sale>,
) -> Response {
    if products.sell(person.user.shop, &sale.product) {
        return Redirect::to(PATH).into_response();
    }
    shown(StatusCode::NOT_FOUND, &person, &products, "<p role=alert>There is no such product here.</p>")
}

fn shown(status: StatusCode, person: &Person, products: &Products, hint: &str) -> Response {
    let products: String = products.of(person.user.shop).iter().map(row).collect();
    let content = if products.is_empty() {
        "<p>There are no products yet. A script adds them by the API: \
         <a href=/setup/personal-tokens>generate a token</a> for it.</p>"
            .to_owned()
    } else {
        format!("<form method=post action={PATH}><ul>{products}</ul></form>")
    };
    screen(status, "Sell", Some(person), &format!("{hint}{content}"))
}

/// The button carries the name, so that each is told apart by a screen reader too.
fn row(Product { name, sold }: &Product) -> String {
    let name = text(name);
    format!("<li><button name=product value=\"{name}\">Sell <bdi>{name}</bdi></button><span>{sold} sold</span></li>")
}
