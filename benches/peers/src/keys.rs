//! prefixed-api-key and latchkey: opaque credentials, whose table is left to the application.

use std::sync::Arc;

use latchkey::token::TokenHash;
use papaya::HashMap;
use prefixed_api_key::rand::rngs::OsRng;
use prefixed_api_key::{PakControllerOsSha256, PrefixedApiKey};

use crate::holder::{Holder, SCOPE};
use crate::peer::{Limits, Peer};

const REVOCATION: &str = "at once, in a table of yours";
const EXPIRY: &str = "none";

/// What an application keeps of a credential.
pub struct Kept {
    owner: String,
    scopes: Vec<String>,
    /// Of prefixed-api-key, which looks up by another part.
    hash: String,
}

/// prefixed-api-key: `prefix_short_long`, found by `short`, checked by SHA-256 of `long`.
pub struct PrefixedApiKeys {
    controller: PakControllerOsSha256,
    table: HashMap<String, Arc<Kept>>,
}

impl Peer for PrefixedApiKeys {
    const NAME: &'static str = "prefixed-api-key";
    const LIMITS: Limits =
        Limits { revocation: REVOCATION, expiry: EXPIRY, comparison: "constant time, of SHA-256 in hex" };
    type Accepted = Arc<Kept>;

    fn issue(holders: &[Holder]) -> (Self, Vec<String>) {
        let controller = PakControllerOsSha256::configure().prefix("shop".to_owned()).rng(OsRng).default_lengths();
        let controller = controller.finalize().unwrap();
        let table = HashMap::new();
        let issued = holders.iter().map(|holder| {
            let (key, hash) = controller.generate_key_and_hash();
            table.pin().insert(key.short_token().to_owned(), Arc::new(Kept::new(holder, hash)));
            key.to_string()
        });
        let issued = issued.collect();
        (Self { controller, table }, issued)
    }

    #[inline]
    fn accept(&self, presented: &str) -> Option<Arc<Kept>> {
        let key = PrefixedApiKey::from_string(presented).ok()?;
        let kept = self.table.pin().get(key.short_token())?.clone();
        self.controller.check_hash(&key, &kept.hash).then_some(kept)
    }

    fn owner(accepted: &Arc<Kept>) -> &str {
        &accepted.owner
    }

    fn allows(accepted: &Arc<Kept>, scope: &str) -> bool {
        accepted.allows(scope)
    }
}

/// latchkey's module `token`: 43 characters, found by their SHA-256.
pub struct Latchkey(HashMap<TokenHash, Arc<Kept>>);

impl Peer for Latchkey {
    const NAME: &'static str = "latchkey, module token";
    const LIMITS: Limits =
        Limits { revocation: REVOCATION, expiry: EXPIRY, comparison: "found by SHA-256; not in constant time" };
    type Accepted = Arc<Kept>;

    fn issue(holders: &[Holder]) -> (Self, Vec<String>) {
        let mut random = latchkey::os_rng().unwrap();
        let table = HashMap::new();
        let issued = holders.iter().map(|holder| {
            let issued = latchkey::token::issue(&mut random);
            table.pin().insert(issued.hash, Arc::new(Kept::new(holder, String::new())));
            issued.token.expose_secret().to_owned()
        });
        let issued = issued.collect();
        (Self(table), issued)
    }

    #[inline]
    fn accept(&self, presented: &str) -> Option<Arc<Kept>> {
        self.0.pin().get(&TokenHash::of(presented)?).cloned()
    }

    fn owner(accepted: &Arc<Kept>) -> &str {
        &accepted.owner
    }

    fn allows(accepted: &Arc<Kept>, scope: &str) -> bool {
        accepted.allows(scope)
    }
}

impl Kept {
    fn new(holder: &Holder, hash: String) -> Self {
        Self { owner: holder.owner.clone(), scopes: vec![SCOPE.to_owned()], hash }
    }

    fn allows(&self, scope: &str) -> bool {
        self.scopes.iter().any(|held| held == scope)
    }
}
