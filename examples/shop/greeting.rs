//! What is said at the start: a first token with lines to paste, and how to sign in.

use std::net::SocketAddr;

use personal_tokens::store::ListQuery;
use personal_tokens::{NewToken, OwnerId, PersonalTokens};

use crate::Failure;
use crate::api::{READ, WRITE};
use crate::commands::shown_once;

/// `password` is given where it was made up now: one of the environment is not repeated.
pub async fn greeting(
    tokens: &PersonalTokens,
    owner: &OwnerId,
    addr: SocketAddr,
    password: Option<&str>,
) -> Result<String, Failure> {
    let first = first_token(tokens, owner, addr).await?;
    let sign_in = format!("sign in at http://{addr}/ as owner, other or clerk");
    let password = password.map_or_else(
        || format!("{sign_in}, with the password that SHOP_PASSWORD says"),
        |password| format!("{sign_in}; password: {password}"),
    );
    Ok(format!("{first}\n{password}\ntype `help` for commands"))
}

/// One to begin with, where there is none.
async fn first_token(tokens: &PersonalTokens, owner: &OwnerId, addr: SocketAddr) -> Result<String, Failure> {
    if !tokens.list(owner, ListQuery::all().limit(1)).await?.tokens.is_empty() {
        return Ok(format!(
            "there are tokens already; a token is shown once, when it is made, and cannot be shown again.\n\
             `issue NAME` makes a new one; `list` shows those there are, `rotate ID 24h` replaces one of them; then:\n\
             \x20 curl -i -H 'Authorization: Bearer TOKEN' http://{addr}/api/products"
        ));
    }
    let issued = tokens.issue(NewToken::new(owner, "First script").scopes([READ, WRITE])).await?;
    let curl = format!("curl -i -H 'Authorization: Bearer {}'", issued.token.expose());
    let add = "-H 'Content-Type: application/json' -d '{\"name\": \"Tea\"}'";
    Ok(format!(
        "{}\ntry it:\n  {curl} http://{addr}/api/products\n  {curl} {add} http://{addr}/api/products\n  \
         {curl} http://{addr}/api/whoami\n  {curl} http://{addr}/sell",
        shown_once(&issued)
    ))
}
