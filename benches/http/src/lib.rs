//! An axum server with one handler and a guard of your choice before it, or none: what `benches/http.rs` puts under load.
//!
//! `cargo bench -p personal-tokens-http` starts one server for each [`Guard`], and wrk sends them requests over 64
//! connections that stay open, by turns, in many short rounds: CPU time a request, against the server without a guard in
//! the same round; requests a second; latencies. Server and load have a core each.

mod app;
mod guard;
mod jwt;

pub use app::{App, app};
pub use guard::Guard;
