//! The lines of the README that lead from a running shop to a revoked token work as they stand, pasted into a shell.
#![cfg(all(feature = "management", feature = "sqlite", feature = "tokio", unix))]

#[path = "common/folder.rs"]
mod folder;
#[path = "common/shop_process.rs"]
mod shop_process;

use std::process::Stdio;

use folder::Folder;
use shop_process::{Shop, untouched_by_the_user};

const README: &str = include_str!("../README.md");

#[test]
fn the_lines_work_as_they_stand() {
    let shop = Shop::start_with(&[("SHOP_PASSWORD", "tea".as_ref())]);
    let folder = Folder::new();
    let cookies = folder.file("cookies");
    let (_, lines) = README.split_once("\nSHOP_PASSWORD=tea cargo run").expect("the first of the lines");
    let (_, lines) = lines.split_once('\n').unwrap();
    let (lines, _) = lines.split_once("```").unwrap();
    let lines = lines.replace("127.0.0.1:3000", &shop.addr).replace("/tmp/shop-cookies", cookies.to_str().unwrap());

    let shell = untouched_by_the_user("sh").args(["-e", "-c", &lines]).stderr(Stdio::null()).output().unwrap();
    let said = String::from_utf8(shell.stdout).unwrap();
    assert!(shell.status.success(), "{said}");
    let statuses: Vec<&str> = said.split("HTTP/1.1 ").skip(1).map(|answer| &answer[..3]).collect();
    assert_eq!(statuses, ["200", "401"], "{said}");
    assert!(said.contains(r#"error_description="the token was revoked""#), "{said}");
}
