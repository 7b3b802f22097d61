//! Where it was measured, and with which releases.

use std::error::Error;
use std::path::Path;
use std::process::Command;
use std::{fs, thread};

/// Crates whose releases stand in the report.
const PEERS: [&str; 12] = [
    "jsonwebtoken",
    "pasetors",
    "prefixed-api-key",
    "latchkey",
    "tower-http",
    "axum",
    "hyper",
    "tokio",
    "sqlx",
    "papaya",
    "sha2",
    "criterion",
];

pub struct Machine {
    pub processor: String,
    pub cores: usize,
    /// Whether SHA-256 has instructions of its own.
    pub sha_ni: bool,
    pub kernel: String,
    pub rustc: String,
    /// Name and release; a crate may come in several.
    pub releases: Vec<(String, String)>,
}

impl Machine {
    pub fn this(root: &Path) -> Result<Self, Box<dyn Error>> {
        let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let field = |name: &str| {
            let line = cpuinfo.lines().find(|line| line.starts_with(name))?;
            Some(line.split_once(": ")?.1.to_owned())
        };
        Ok(Self {
            processor: field("model name").unwrap_or_else(|| std::env::consts::ARCH.to_owned()),
            cores: thread::available_parallelism()?.get(),
            sha_ni: field("flags").is_some_and(|flags| flags.split(' ').any(|flag| flag == "sha_ni")),
            kernel: output("uname", &["-sr"]),
            rustc: output("rustc", &["--version"]),
            releases: releases(&fs::read_to_string(root.join("Cargo.lock"))?)?,
        })
    }
}

fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output.map_or_else(|error| error.to_string(), |output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn releases(lock: &str) -> Result<Vec<(String, String)>, Box<dyn Error>> {
    let lock: toml::Table = lock.parse()?;
    let packages = lock["package"].as_array().ok_or("Cargo.lock has packages")?;
    let releases = PEERS.into_iter().flat_map(|peer| {
        let of_it = packages.iter().filter(move |package| package["name"].as_str() == Some(peer));
        of_it.filter_map(move |package| Some((peer.to_owned(), package["version"].as_str()?.to_owned())))
    });
    Ok(releases.collect())
}
