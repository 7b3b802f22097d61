//! One server on one thread: `http-server GUARD [DATABASE]`. It prints its address, then a credential a line, then an
//! empty line, and serves until its standard input ends.

use std::io::{Read as _, Write as _, stdin, stdout};

use personal_tokens_http::{App, Guard, app};
use tokio::net::TcpListener;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let guard: Guard = arguments.next().expect("a guard").parse().unwrap();
    let database = arguments.next().unwrap_or_default();
    end_with_the_input();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(serve(guard, &database));
}

async fn serve(guard: Guard, database: &str) {
    let App { router, credentials } = app(guard, database).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let greeting = format!("{address}\n{}\n\n", credentials.join("\n"));
    stdout().write_all(greeting.as_bytes()).unwrap();
    axum::serve(listener, router).await.unwrap();
}

/// Whoever started it may be killed: then it ends too.
fn end_with_the_input() {
    std::thread::spawn(|| {
        let _ = stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
}
