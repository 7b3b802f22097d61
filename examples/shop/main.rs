//! A shop whose people make personal tokens for scripts: `cargo run --example shop --features management,sqlite,tokio`.
//!
//! People sign in and have a session, which opens the sell screen at `/sell` and Setup -> Personal Tokens at
//! `/setup/personal-tokens`. Scripts send a token, which opens the API under `/api`. Neither opens the other's doors.
//! Commands on standard input manage tokens too; type `help`. What the environment may say stands in `settings.rs`.

mod api;
mod commands;
mod greeting;
mod home;
mod output;
mod people;
mod products;
mod same_origin;
mod screens;
mod sell;
mod sessions;
mod settings;
mod setup;
mod sign_in;
mod span;
mod stop;

use std::ffi::OsStr;
use std::io;
use std::process::ExitCode;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn;
use axum::routing::get;
use personal_tokens::store::SqliteStore;
use personal_tokens::{OwnerId, PersonalTokens};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use api::{READ, WRITE};
use commands::Commands;
use output::say;
use people::Password;
use products::Products;
use settings::Settings;
use setup::Confirm;

type Failure = Box<dyn std::error::Error + Send + Sync>;

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
    let Settings { addr, file, password, confirm, origin } = Settings::of_the_environment()?;
    let store = SqliteStore::open(&file).await.map_err(|error| cannot_open(&file, &error))?;
    let store = Arc::new(store);
    let tokens = PersonalTokens::builder(Arc::clone(&store)).prefix("shop").scopes([READ, WRITE]).build()?;
    let owner = OwnerId::new(people::SHOP)?;

    let listener = TcpListener::bind(&addr).await.map_err(|error| cannot_listen(&addr, &error))?;
    let addr = listener.local_addr()?;
    let origin = origin.unwrap_or_else(|| setup::origin(addr));
    let setup = setup::routes(tokens.clone(), &origin, Confirm(confirm))?;
    say(&format!("listening on http://{addr}"));
    let made_up = if password.is_none() { Some(Password::random()?) } else { None };
    say(&greeting::greeting(&tokens, &owner, addr, made_up.as_deref()).await?);
    let password = Password::new(&password.or(made_up).unwrap_or_default());

    let (stop, stop_maintenance) = oneshot::channel::<()>();
    let maintenance = tokio::spawn(tokens.maintain(async { drop(stop_maintenance.await) }));
    let commands = tokio::spawn(Commands { tokens: tokens.clone(), owner }.obey());
    let serve = axum::serve(listener, app(tokens, setup, password)?).with_graceful_shutdown(stop::asked_for());
    tokio::select! {
        served = serve => served?,
        // A client that never finishes its request, or keeps a connection for later, does not keep the shop open.
        () = async { stop::asked_for().await; tokio::time::sleep(std::time::Duration::from_secs(5)).await } => {}
    }
    commands.abort();
    // After the last request, so that its use is written too.
    drop(stop);
    maintenance.await?;
    store.close().await;
    say("stopped");
    Ok(())
}

fn app(tokens: PersonalTokens, setup: Router, password: Password) -> Result<Router, Failure> {
    let products = Products::default();
    let screens = Router::new()
        .route("/", get(home::home))
        .merge(sell::routes(products.clone()))
        .merge(sign_in::routes(password))
        .layer(DefaultBodyLimit::max(16 * 1024))
        .layer(from_fn(same_origin::wanted_for_writes));
    let for_people = screens.merge(setup).layer(from_fn(sessions::recognise)).layer(sessions::layer());
    // Outside of the sessions: a cookie is nothing to the API.
    let for_scripts = Router::new().nest("/api", api::routes(tokens, products)?);
    Ok(for_people.merge(for_scripts).route("/style.css", get(screens::style)))
}

fn cannot_open(file: &OsStr, error: &dyn std::error::Error) -> String {
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
