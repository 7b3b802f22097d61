//! The guard that one writes in an afternoon: hash, print as hex, look up behind a lock.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};
use std::time::SystemTime;

use sha2::{Digest as _, Sha256};

use crate::holder::{Holder, SCOPE};
use crate::peer::{Limits, Peer};
use crate::random;

/// A table of tokens by the hex of their SHA-256.
pub struct Naive(RwLock<HashMap<String, Arc<Row>>>);

pub struct Row {
    owner: String,
    scopes: Vec<String>,
    expires: SystemTime,
}

impl Peer for Naive {
    const NAME: &'static str = "naive guard: RwLock, SHA-256, hex";
    const LIMITS: Limits = Limits {
        revocation: "at once, in this process",
        expiry: "per token",
        comparison: "found by SHA-256; not in constant time",
    };
    type Accepted = Arc<Row>;

    fn issue(holders: &[Holder]) -> (Self, Vec<String>) {
        let issued: Vec<String> = holders.iter().map(|_| random_token()).collect();
        let row = |holder: &Holder| {
            Arc::new(Row { owner: holder.owner.clone(), scopes: vec![SCOPE.to_owned()], expires: holder.expires })
        };
        let table = issued.iter().zip(holders).map(|(token, holder)| (digest(token), row(holder))).collect();
        (Self(RwLock::new(table)), issued)
    }

    #[inline]
    fn accept(&self, presented: &str) -> Option<Arc<Row>> {
        let row = self.0.read().ok()?.get(&digest(presented))?.clone();
        (SystemTime::now() < row.expires).then_some(row)
    }

    fn owner(accepted: &Arc<Row>) -> &str {
        &accepted.owner
    }

    fn allows(accepted: &Arc<Row>, scope: &str) -> bool {
        accepted.scopes.iter().any(|held| held == scope)
    }
}

fn random_token() -> String {
    format!("shop_{}", hex::encode(random()))
}

fn digest(token: &str) -> String {
    hex::encode(Sha256::digest(token.as_bytes()))
}
