//! jsonwebtoken: signed claims, by a secret that all nodes share (HS256) or by a key pair (EdDSA). Its cryptography is
//! RustCrypto's, as this crate's is; AWS-LC, which it offers too, was slower at both when we tried.

use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::EncodePrivateKey as _;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};

use crate::holder::{Holder, SCOPE};
use crate::peer::{Limits, Peer};
use crate::random;

/// As RFC 9068 names them.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Claims {
    pub sub: String,
    pub scope: String,
    pub exp: u64,
}

/// Tokens by HMAC-SHA-256.
pub struct Hs256(Jwt);

/// Tokens by Ed25519.
pub struct EdDsa(Jwt);

impl Peer for Hs256 {
    const NAME: &'static str = "jsonwebtoken HS256";
    const LIMITS: Limits = limits("constant time, of an HMAC");
    type Accepted = Claims;

    fn issue(holders: &[Holder]) -> (Self, Vec<String>) {
        let secret = random();
        let keys = (EncodingKey::from_secret(&secret), DecodingKey::from_secret(&secret));
        let (jwt, issued) = Jwt::issue(Algorithm::HS256, keys, holders);
        (Self(jwt), issued)
    }

    #[inline]
    fn accept(&self, presented: &str) -> Option<Claims> {
        self.0.accept(presented)
    }

    fn owner(accepted: &Claims) -> &str {
        &accepted.sub
    }

    fn allows(accepted: &Claims, scope: &str) -> bool {
        accepted.allows(scope)
    }
}

impl Peer for EdDsa {
    const NAME: &'static str = "jsonwebtoken EdDSA";
    const LIMITS: Limits = limits("a signature: nothing secret is compared");
    type Accepted = Claims;

    fn issue(holders: &[Holder]) -> (Self, Vec<String>) {
        let pair = SigningKey::from_bytes(&random());
        let private = pair.to_pkcs8_der().unwrap();
        let public = pair.verifying_key().to_bytes();
        let keys = (EncodingKey::from_ed_der(private.as_bytes()), DecodingKey::from_ed_der(&public));
        let (jwt, issued) = Jwt::issue(Algorithm::EdDSA, keys, holders);
        (Self(jwt), issued)
    }

    #[inline]
    fn accept(&self, presented: &str) -> Option<Claims> {
        self.0.accept(presented)
    }

    fn owner(accepted: &Claims) -> &str {
        &accepted.sub
    }

    fn allows(accepted: &Claims, scope: &str) -> bool {
        accepted.allows(scope)
    }
}

impl Claims {
    /// Scopes stand in one string, with spaces between.
    pub fn allows(&self, scope: &str) -> bool {
        self.scope.split(' ').any(|held| held == scope)
    }
}

/// What both have in common: keys and rules are made once, as the documentation advises.
struct Jwt {
    key: DecodingKey,
    validation: Validation,
}

impl Jwt {
    fn issue(algorithm: Algorithm, keys: (EncodingKey, DecodingKey), holders: &[Holder]) -> (Self, Vec<String>) {
        let issued = holders.iter().map(|holder| {
            let claims = Claims { sub: holder.owner.clone(), scope: SCOPE.to_owned(), exp: holder.expires_unix() };
            encode(&Header::new(algorithm), &claims, &keys.0).unwrap()
        });
        let issued = issued.collect();
        (Self { key: keys.1, validation: Validation::new(algorithm) }, issued)
    }

    #[inline]
    fn accept(&self, presented: &str) -> Option<Claims> {
        Some(decode::<Claims>(presented, &self.key, &self.validation).ok()?.claims)
    }
}

const fn limits(comparison: &'static str) -> Limits {
    Limits { revocation: "not before the expiry", expiry: "fixed when signed; 60 s of leeway", comparison }
}
