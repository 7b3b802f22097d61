//! The OpenAPI document says what the router does: schemathesis, which asks by it whatever may be asked, gets no answer
//! from 500 on and none that the document does not tell of.

use std::process::Stdio;
use std::time::Duration;

use personal_tokens_browser::{Host, Person, READ};
use tokio::process::Command;

const ARGUMENTS: &[&str] = &[
    "--checks=all",
    // Any cookie is one of many ways to sign in to a host; what a stranger gets is held elsewhere. And a token that was
    // revoked stays to be seen.
    "--exclude-checks=ignored_auth,use_after_free",
    "--phases=examples,coverage,fuzzing,stateful",
    "--max-examples=50",
    "--max-time=35",
    "--request-timeout=10",
    "--seed=1",
    "--generation-database=none",
    "--no-color",
    "--warnings=off",
    // As a browser says of a request of the page's own; no script of a page can.
    "--header=Sec-Fetch-Site: same-origin",
];

#[tokio::test]
async fn schemathesis_finds_nothing() {
    let schemathesis = std::env::var("SCHEMATHESIS").expect("SCHEMATHESIS names the program: run scripts/test");
    let host = Host::start().await;
    for name in ["Till", "Sync", "Import"] {
        host.issue(name, &[READ]).await;
    }
    let mut command = Command::new(schemathesis);
    command.arg("--config-file").arg(concat!(env!("CARGO_MANIFEST_DIR"), "/schemathesis.toml"));
    // The document says that its paths begin where it stands itself, which schemathesis does not follow.
    command.arg("run").arg(format!("{}/openapi.json", host.page())).args(["--url", &host.page()]).args(ARGUMENTS);
    command.arg(format!("--header=Cookie: {}", Person::Ada.cookie()));
    for proxy in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
        command.env_remove(proxy);
    }
    command.current_dir(env!("CARGO_TARGET_TMPDIR")).stdin(Stdio::null()).kill_on_drop(true);
    let run = tokio::time::timeout(Duration::from_secs(300), command.output());
    let output = run.await.expect("an end").expect("schemathesis runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
}
