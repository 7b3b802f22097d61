//! The quick start runs to its end and says what it does, step by step.
#![cfg(feature = "memory")]

use std::process::Command;

#[test]
fn each_step_is_printed_with_its_outcome() {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["run", "--quiet", "--example", "quickstart", "--all-features"]);
    let output = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8(output.stdout).unwrap();
    for step in [
        "issued    ",
        "verified  \"Shopify sync\" of store-42, scopes products:read, expires 2",
        "may write products: false",
        "refused   a second of that name: the name is taken by the active token",
        "expires never",
        "rotated   ",
        "old true",
        "new true",
        "old: the token was rotated and its grace is over",
        "new: the token was revoked",
        "listed    0 active tokens",
    ] {
        assert!(said.contains(step), "{step:?} in {said}");
    }
}
