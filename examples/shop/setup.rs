//! Setup -> Personal Tokens: the page and its API, for people who are signed in.

use std::net::SocketAddr;

use axum::extract::Request;
use axum::http::Method;
use axum::http::header::AUTHORIZATION;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::{Extension, Router};
use personal_tokens::management::{self, Asked, Principal, Rights, Settings, Unconfirmed};
use personal_tokens::{Actor, Duration, OwnerId, PersonalTokens, Scopes};

use crate::Failure;
use crate::api::{READ, WRITE};
use crate::people::{Person, Role};
use crate::{sessions, sign_in};

const PATH: &str = "/setup/personal-tokens";

/// For so long after the password was typed are new tokens shown without asking for it again.
#[derive(Clone, Copy)]
pub struct Confirm(pub Duration);

pub fn routes(tokens: PersonalTokens, origin: &str, confirm: Confirm) -> Result<Router, Failure> {
    let settings = Settings::new()
        .product("The shop")
        .home("/")
        .sign_in(&sign_in::back_to(PATH))
        .describe(READ, "See the products of the shop")
        .describe(WRITE, "Add products to the shop")
        .css(":root { --pt-accent: light-dark(#0a6b4f, #5fd0ab); --pt-accent-text: light-dark(#fff, #06251c) }")
        // On plain http browsers name the page by `Origin` alone, but for the own machine; so may curl.
        .origin(origin)
        .confirm(move |asked| async move { confirm.judge(&asked) });
    let setup = management::router(tokens, settings)?;
    Ok(Router::new().nest_service(PATH, setup).layer(from_fn(principal)))
}

impl Confirm {
    fn judge(self, asked: &Asked) -> Result<(), Unconfirmed> {
        match asked.parts().extensions.get::<Person>() {
            Some(person) if person.signed_in < self.0 => Ok(()),
            _ => Err(Unconfirmed::wanted().at(&format!("{}&again", sign_in::back_to(PATH)))),
        }
    }
}

/// Tells the router who asks.
async fn principal(person: Option<Extension<Person>>, mut request: Request, next: Next) -> Response {
    match person.map(|Extension(person)| principal_of(person)) {
        Some(Ok(principal)) => drop(request.extensions_mut().insert(principal)),
        Some(Err(_)) => return sessions::unavailable(),
        None if is_page(&request) => return Redirect::to(&sign_in::back_to(PATH)).into_response(),
        // The router answers 401.
        None => {}
    }
    next.run(request).await
}

fn principal_of(Person { user, .. }: Person) -> Result<Principal, Failure> {
    let (rights, grantable) = match user.role {
        Role::Owner => (Rights::all(), Scopes::new([READ, WRITE])?),
        // Helps with tokens that read, and revokes none.
        Role::Clerk => (Rights::none().list().issue().edit(), Scopes::new([READ])?),
    };
    Ok(Principal::new(OwnerId::new(user.shop)?, rights).actor(Actor::new(user.name)?).grantable(grantable))
}

/// As browsers write it.
pub fn origin(addr: SocketAddr) -> String {
    let origin = format!("http://{addr}");
    origin.strip_suffix(":80").map(str::to_owned).unwrap_or(origin)
}

/// A person's own look at the page, and no call of a script.
fn is_page(request: &Request) -> bool {
    let page = request.uri().path().strip_prefix(PATH).is_some_and(|rest| matches!(rest, "" | "/"));
    page && request.method() == Method::GET && !request.headers().contains_key(AUTHORIZATION)
}
