//! pasetors: claims that are encrypted (v4.local) or signed (v4.public), without the choices that JWT leaves to the token.

use std::time::SystemTime;

use pasetors::claims::{Claims, ClaimsValidationRules};
use pasetors::keys::{AsymmetricKeyPair, AsymmetricPublicKey, Generate as _, SymmetricKey};
use pasetors::token::{TrustedToken, UntrustedToken};
use pasetors::version4::V4;
use pasetors::{Local, Public, local, public};

use crate::holder::{Holder, SCOPE};
use crate::peer::{Limits, Peer};

/// v4.local: XChaCha20 and BLAKE2b, by a key that all nodes share.
pub struct PasetoLocal {
    key: SymmetricKey<V4>,
    rules: ClaimsValidationRules,
}

/// v4.public: Ed25519.
pub struct PasetoPublic {
    key: AsymmetricPublicKey<V4>,
    rules: ClaimsValidationRules,
}

impl Peer for PasetoLocal {
    const NAME: &'static str = "pasetors v4.local";
    const LIMITS: Limits = limits("constant time, of a keyed BLAKE2b");
    type Accepted = TrustedToken;

    fn issue(holders: &[Holder]) -> (Self, Vec<String>) {
        let key = SymmetricKey::generate().unwrap();
        let issued = holders.iter().map(|holder| local::encrypt(&key, &claims(holder), None, None).unwrap()).collect();
        (Self { key, rules: ClaimsValidationRules::new() }, issued)
    }

    #[inline]
    fn accept(&self, presented: &str) -> Option<TrustedToken> {
        let untrusted = UntrustedToken::<Local, V4>::try_from(presented).ok()?;
        local::decrypt(&self.key, &untrusted, &self.rules, None, None).ok()
    }

    fn owner(accepted: &TrustedToken) -> &str {
        claim(accepted, "sub").unwrap_or_default()
    }

    fn allows(accepted: &TrustedToken, scope: &str) -> bool {
        claim(accepted, "scope").is_some_and(|scopes| scopes.split(' ').any(|held| held == scope))
    }
}

impl Peer for PasetoPublic {
    const NAME: &'static str = "pasetors v4.public";
    const LIMITS: Limits = limits("a signature: nothing secret is compared");
    type Accepted = TrustedToken;

    fn issue(holders: &[Holder]) -> (Self, Vec<String>) {
        let pair = AsymmetricKeyPair::generate().unwrap();
        let sign = |holder| public::sign(&pair.secret, &claims(holder), None, None).unwrap();
        let issued = holders.iter().map(sign).collect();
        (Self { key: pair.public, rules: ClaimsValidationRules::new() }, issued)
    }

    #[inline]
    fn accept(&self, presented: &str) -> Option<TrustedToken> {
        let untrusted = UntrustedToken::<Public, V4>::try_from(presented).ok()?;
        public::verify(&self.key, &untrusted, &self.rules, None, None).ok()
    }

    fn owner(accepted: &TrustedToken) -> &str {
        claim(accepted, "sub").unwrap_or_default()
    }

    fn allows(accepted: &TrustedToken, scope: &str) -> bool {
        claim(accepted, "scope").is_some_and(|scopes| scopes.split(' ').any(|held| held == scope))
    }
}

const fn limits(comparison: &'static str) -> Limits {
    Limits { revocation: "not before the expiry", expiry: "fixed when issued", comparison }
}

fn claims(holder: &Holder) -> Claims {
    let life = holder.expires.duration_since(SystemTime::now()).unwrap();
    let mut claims = Claims::new_expires_in(&life).unwrap();
    claims.subject(&holder.owner).unwrap();
    claims.add_additional("scope", SCOPE).unwrap();
    claims
}

fn claim<'a>(accepted: &'a TrustedToken, name: &str) -> Option<&'a str> {
    accepted.payload_claims()?.get_claim(name)?.as_str()
}
