//! A shop whose owner makes personal tokens for scripts: `cargo run --example shop --features axum,tokio,sqlite`.
//!
//! The API under `/api` opens to tokens only; the sell screen at `/sell` opens to none. Tokens are managed by
//! commands on standard input; type `help`. `SHOP_ADDR` says where it listens, 127.0.0.1:3000 unless set, and `SHOP_DB`
//! where the tokens are kept: a file, `shop.db` unless set, or `:memory:`.

use std::env::VarError;
use std::ffi::OsString;
use std::io::{self, BufRead as _, Write as _};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse};
use axum::routing::get;
use axum::{Json, Router};
use personal_tokens::http::BearerAuthLayer;
use personal_tokens::store::{ListQuery, SqliteStore};
use personal_tokens::{
    Duration, Expiry, Issued, NewToken, OwnerId, PersonalTokens, Rotation, Timestamp, TokenChange, TokenId,
    TokenRecord, TokenState, VerifiedToken,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};

type Failure = Box<dyn std::error::Error + Send + Sync>;

const READ: &str = "products:read";
const WRITE: &str = "products:write";

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Failure> {
    let file = std::env::var_os("SHOP_DB").filter(|file| !file.is_empty()).unwrap_or_else(|| "shop.db".into());
    let store = SqliteStore::open(&file).await.map_err(|error| cannot_open(&file, &error))?;
    let store = Arc::new(store);
    let tokens = PersonalTokens::builder(Arc::clone(&store)).prefix("shop").scopes([READ, WRITE]).build()?;
    let setup = Setup { tokens: tokens.clone(), owner: OwnerId::new("store-42")? };

    let addr = match std::env::var("SHOP_ADDR") {
        Ok(addr) => addr,
        Err(VarError::NotPresent) => "127.0.0.1:3000".to_owned(),
        Err(VarError::NotUnicode(_)) => return Err("SHOP_ADDR is to be an address such as 127.0.0.1:3000".into()),
    };
    let listener = TcpListener::bind(&addr).await.map_err(|error| cannot_listen(&addr, &error))?;
    let addr = listener.local_addr()?;
    say(&format!("listening on http://{addr}"));
    say(&setup.welcome(&addr.to_string()).await?);

    let (stop, stop_maintenance) = oneshot::channel::<()>();
    let maintenance = tokio::spawn(tokens.maintain(async { drop(stop_maintenance.await) }));
    let commands = tokio::spawn(setup.obey(lines_of_stdin()));
    let serve = axum::serve(listener, app(tokens)?).with_graceful_shutdown(stopped());
    tokio::select! {
        served = serve => served?,
        // A client that never finishes its request does not keep the shop open.
        () = async { stopped().await; tokio::time::sleep(std::time::Duration::from_secs(5)).await } => {}
    }
    commands.abort();
    // After the last request, so that its use is written too.
    drop(stop);
    maintenance.await?;
    store.close().await;
    say("stopped");
    Ok(())
}

fn app(tokens: PersonalTokens) -> Result<Router, Failure> {
    let products = Products::default();
    let api = Router::new()
        .route(
            "/products",
            get(list_products)
                .layer(tokens.require_scope(READ)?)
                .merge(axum::routing::post(add_product).layer(tokens.require_scope(WRITE)?)),
        )
        .route("/whoami", get(whoami))
        .with_state(products)
        .layer(BearerAuthLayer::new(tokens).realm("The shop's API")?);
    Ok(Router::new().nest("/api", api).route("/sell", get(sell_screen)))
}

#[derive(Clone, Default)]
struct Products(Arc<Mutex<Vec<String>>>);

async fn list_products(State(Products(products)): State<Products>) -> Json<Value> {
    Json(json!({ "products": *products.lock().unwrap_or_else(PoisonError::into_inner) }))
}

async fn add_product(State(Products(products)): State<Products>, Json(product): Json<Value>) -> impl IntoResponse {
    let Some(name) = product.get("name").and_then(Value::as_str).filter(|name| !name.is_empty()) else {
        return (StatusCode::UNPROCESSABLE_ENTITY, Json(json!({ "error": "a product needs a name" })));
    };
    products.lock().unwrap_or_else(PoisonError::into_inner).push(name.to_owned());
    (StatusCode::CREATED, Json(json!({ "name": name })))
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

/// For people at the till. There is no sign-in here yet, and a token never stands for one.
async fn sell_screen() -> impl IntoResponse {
    (StatusCode::FORBIDDEN, Html("<h1>Sell</h1><p>This screen opens to signed-in staff only, never to a token.</p>"))
}

/// Setup -> Personal Tokens, by commands.
struct Setup {
    tokens: PersonalTokens,
    owner: OwnerId,
}

const HELP: &str = "\
issue NAME [SCOPES] [30d|2s|never]   a new token; quote a name with spaces; scopes with commas between,
                                     products:read unless said; never expires unless said
list                                 all tokens, newest first
extend ID 30d|never                  let it expire so long from now, or never; an expired one lives again
rotate ID GRACE                      a new token in its place; the old one works for GRACE (0s, 10m, 24h, 7d)
revoke ID                            end it for good
help                                 this";

impl Setup {
    /// One token to begin with, where there is none.
    async fn welcome(&self, addr: &str) -> Result<String, Failure> {
        if !self.tokens.list(&self.owner, ListQuery::all().limit(1)).await?.tokens.is_empty() {
            return Ok(format!(
                "there are tokens already; a token is shown once, when it is made, and cannot be shown again.\n\
                 `issue NAME` makes a new one; `list` shows those there are, `rotate ID 24h` replaces one of them; then:\n  \
                 curl -i -H 'Authorization: Bearer TOKEN' http://{addr}/api/products\ntype `help` for commands"
            ));
        }
        let issued = self.tokens.issue(NewToken::new(&self.owner, "First script").scopes([READ, WRITE])).await?;
        let bearer = format!("-H 'Authorization: Bearer {}'", issued.token.expose());
        Ok(format!(
            "{}\ntry it:\n  curl -i {bearer} http://{addr}/api/products\n  curl -i {bearer} -H 'Content-Type: application/json' -d '{{\"name\": \"Tea\"}}' \
             http://{addr}/api/products\n  curl -i {bearer} http://{addr}/api/whoami\n  curl -i {bearer} \
             http://{addr}/sell\ntype `help` for commands",
            shown_once(&issued)
        ))
    }

    /// The end of the input ends the commands, not the shop.
    async fn obey(self, mut lines: mpsc::Receiver<Vec<u8>>) {
        while let Some(line) = lines.recv().await {
            match self.command(&line).await {
                Ok(answer) => say(&answer),
                Err(failure) => say(&format!("error: {failure}")),
            }
        }
    }

    async fn command(&self, line: &[u8]) -> Result<String, Failure> {
        let words = words(line)?;
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match *words {
            ["issue", name, ref rest @ ..] => self.issue(name, rest).await,
            ["list"] => self.list().await,
            ["extend", id, expiry] => {
                let change = match parse_expiry(expiry)? {
                    Some(span) => TokenChange::new().expires_in(span),
                    None => TokenChange::new().expiry(Expiry::Never),
                };
                let record = self.tokens.update(&self.owner, id.parse()?, change).await?;
                Ok(format!("extended {}: expires {}", record.id, record.expiry))
            }
            ["rotate", id, grace] => {
                let id: TokenId = id.parse()?;
                let rotation = Rotation::new().grace(parse_span(grace)?);
                let issued = self.tokens.rotate(&self.owner, id, rotation).await?;
                Ok(format!("rotated {id}; {}\n{}", self.rest_of(id).await?, shown_once(&issued)))
            }
            ["revoke", id] => {
                let record = self.tokens.revoke(&self.owner, id.parse()?).await?;
                Ok(format!("revoked {} {:?}", record.id, record.name))
            }
            ["help"] => Ok(HELP.to_owned()),
            [] => Ok(String::new()),
            [command, ..] => match HELP
                .lines()
                .find(|line| line.split(' ').next().is_some_and(|name| name == command && !name.is_empty()))
            {
                Some(usage) => Err(format!("it is used so: {usage}").into()),
                None => Err("this is no command; `help` lists them".into()),
            },
        }
    }

    async fn issue(&self, name: &str, rest: &[&str]) -> Result<String, Failure> {
        let (scopes, expiry) = match *rest {
            [] => (READ, "never"),
            [expiry] if parse_expiry(expiry).is_ok() => (READ, expiry),
            [scopes] => (scopes, "never"),
            [scopes, expiry] => (scopes, expiry),
            _ => return Err("too many words: issue NAME [SCOPES] [30d|2s|never]; quote a name with spaces".into()),
        };
        let new = NewToken::new(&self.owner, name).scopes(scopes.split(','));
        let new = match parse_expiry(expiry)? {
            Some(span) => new.expires_in(span),
            None => new,
        };
        Ok(shown_once(&self.tokens.issue(new).await?))
    }

    /// How long a token that was rotated away is still accepted.
    async fn rest_of(&self, id: TokenId) -> Result<String, Failure> {
        let record = self.tokens.get(&self.owner, id).await?.ok_or("it is gone")?;
        Ok(match record.ended() {
            Some(end) if state_of(&record) == "in grace" => format!("it works until {end}"),
            _ => "it is refused from now on".to_owned(),
        })
    }

    async fn list(&self) -> Result<String, Failure> {
        let mut lines = Vec::new();
        let mut query = ListQuery::all();
        loop {
            let page = self.tokens.list(&self.owner, query).await?;
            lines.extend(page.tokens.iter().map(|record| self.described(record)));
            match page.next {
                Some(next) => query = query.after(next),
                None if lines.is_empty() => return Ok("no tokens".to_owned()),
                None => return Ok(lines.join("\n")),
            }
        }
    }

    fn described(&self, record: &TokenRecord) -> String {
        let used = self.tokens.last_used(record).map_or("last use unknown".to_owned(), |used| {
            format!("used {}, or up to {} later", used.at, used.accuracy)
        });
        let (id, state, name) = (record.id, state_of(record), &record.name);
        format!("{id} {state:8} {name:?}, scopes {}, expires {}, {used}", record.scopes, record.expiry)
    }
}

fn shown_once(issued: &Issued) -> String {
    let record = &issued.record;
    format!(
        "issued {} {:?}, scopes {}, expires {}; copy the token now, it will not be shown again:\n{}",
        record.id,
        record.name,
        record.scopes,
        record.expiry,
        issued.token.expose()
    )
}

fn state_of(record: &TokenRecord) -> String {
    match Timestamp::try_from(std::time::SystemTime::now()).map(|now| record.state(now)) {
        Ok(TokenState::Active) if record.rotated.is_some() => "in grace".to_owned(),
        Ok(state) => state.to_string(),
        Err(error) => error.to_string(),
    }
}

/// Words with white space between; double quotes keep some together.
fn words(line: &[u8]) -> Result<Vec<String>, Failure> {
    let line = std::str::from_utf8(line).map_err(|_| "this line is not UTF-8")?;
    let parts: Vec<&str> = line.split('"').collect();
    if parts.len().is_multiple_of(2) {
        return Err("a quote is not closed".into());
    }
    let words = parts.iter().enumerate().flat_map(|(number, part)| match number % 2 {
        1 => vec![*part],
        _ => part.split_whitespace().collect(),
    });
    Ok(words.map(str::to_owned).collect())
}

/// `never`, or a span.
fn parse_expiry(text: &str) -> Result<Option<Duration>, Failure> {
    if text == "never" { Ok(None) } else { parse_span(text).map(Some) }
}

fn parse_span(text: &str) -> Result<Duration, Failure> {
    let seconds = |number: &str, unit: i64| number.parse::<i64>().ok().and_then(|number| number.checked_mul(unit));
    let units = [('s', 1), ('m', 60), ('h', 3_600), ('d', 86_400)];
    let span = units.iter().find_map(|&(name, unit)| text.strip_suffix(name).and_then(|number| seconds(number, unit)));
    span.map(Duration::seconds).ok_or_else(|| format!("{text:?} is no span of time: 2s, 10m, 24h, 30d are").into())
}

/// From a thread of its own: a blocking read would keep the runtime from stopping.
fn lines_of_stdin() -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel(16);
    std::thread::spawn(move || {
        for line in io::stdin().lock().split(b'\n').map_while(Result::ok) {
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

/// Ctrl-C or SIGTERM.
async fn stopped() {
    let interrupted = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminated = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending::<()>().await,
        }
    };
    #[cfg(not(unix))]
    let terminated = std::future::pending::<()>();
    tokio::select! {
        () = interrupted => {}
        () = terminated => {}
    }
}

fn cannot_open(file: &OsString, error: &dyn std::error::Error) -> String {
    let mut why = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        // Some errors repeat what caused them.
        if !why.ends_with(&error.to_string()) {
            why = format!("{why}: {error}");
        }
        source = error.source();
    }
    format!("cannot open {}: {why}; SHOP_DB is to be a file for the tokens, or :memory:", file.display())
}

fn cannot_listen(addr: &str, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            format!(
                "cannot listen on {addr}: another program does already; stop it, or set SHOP_ADDR to a free address"
            )
        }
        _ => format!("cannot listen on {addr}: {error}; SHOP_ADDR is to be an address such as 127.0.0.1:3000"),
    }
}

/// A reader who is gone is no reason to stop.
fn say(text: &str) {
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}
