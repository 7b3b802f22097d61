//! jsonwebtoken: signed claims, by a secret that all nodes share (HS256) or by a key pair (EdDSA).

use std::cell::Cell;
use std::marker::PhantomData;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use jsonwebtoken::crypto::{CryptoProvider, KeyUtils, aws_lc, rust_crypto};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};

use crate::holder::{Holder, SCOPE};
use crate::peer::{Limits, Peer};

/// As RFC 9068 names them.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Claims {
    pub sub: String,
    pub scope: String,
    pub exp: u64,
}

/// Tokens by HMAC-SHA-256.
pub struct Hs256<P>(Jwt<P>);

/// Tokens by Ed25519.
pub struct EdDsa<P>(Jwt<P>);

/// Whose cryptography jsonwebtoken uses.
pub trait Provider: Send + Sync + 'static {
    const HS256: &'static str;
    const EDDSA: &'static str;
    const PROVIDER: &'static CryptoProvider;
}

/// AWS-LC, in C and assembly.
pub struct AwsLc;

impl Provider for AwsLc {
    const HS256: &'static str = "jsonwebtoken HS256, AWS-LC";
    const EDDSA: &'static str = "jsonwebtoken EdDSA, AWS-LC";
    const PROVIDER: &'static CryptoProvider = &aws_lc::DEFAULT_PROVIDER;
}

/// RustCrypto, in Rust, as this crate.
pub struct RustCrypto;

impl Provider for RustCrypto {
    const HS256: &'static str = "jsonwebtoken HS256, RustCrypto";
    const EDDSA: &'static str = "jsonwebtoken EdDSA, RustCrypto";
    const PROVIDER: &'static CryptoProvider = &rust_crypto::DEFAULT_PROVIDER;
}

const fn limits(comparison: &'static str) -> Limits {
    Limits { revocation: "not before the expiry", expiry: "fixed when signed; 60 s of leeway", comparison }
}

impl<P: Provider> Peer for Hs256<P> {
    const NAME: &'static str = P::HS256;
    const LIMITS: Limits = limits("constant time, of an HMAC");
    type Accepted = Claims;

    fn issue(holders: &[Holder]) -> (Self, Vec<String>) {
        let mut secret = [0; 32];
        aws_lc_rs::rand::fill(&mut secret).unwrap();
        let keys = (EncodingKey::from_secret(&secret), DecodingKey::from_secret(&secret));
        let (jwt, issued) = Jwt::issue(Algorithm::HS256, keys, holders);
        (Self(jwt), issued)
    }

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

impl<P: Provider> Peer for EdDsa<P> {
    const NAME: &'static str = P::EDDSA;
    const LIMITS: Limits = limits("a signature: nothing secret is compared");
    type Accepted = Claims;

    fn issue(holders: &[Holder]) -> (Self, Vec<String>) {
        let pair = Ed25519KeyPair::generate().unwrap();
        let private = pair.to_pkcs8v1().unwrap();
        let keys = (EncodingKey::from_ed_der(private.as_ref()), DecodingKey::from_ed_der(pair.public_key().as_ref()));
        let (jwt, issued) = Jwt::issue(Algorithm::EdDSA, keys, holders);
        (Self(jwt), issued)
    }

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
struct Jwt<P> {
    key: DecodingKey,
    validation: Validation,
    provider: PhantomData<P>,
}

impl<P: Provider> Jwt<P> {
    fn issue(algorithm: Algorithm, keys: (EncodingKey, DecodingKey), holders: &[Holder]) -> (Self, Vec<String>) {
        choose::<P>();
        let issued = holders.iter().map(|holder| {
            let claims = Claims { sub: holder.owner.clone(), scope: SCOPE.to_owned(), exp: holder.expires_unix() };
            encode(&Header::new(algorithm), &claims, &keys.0).unwrap()
        });
        let issued = issued.collect();
        (Self { key: keys.1, validation: Validation::new(algorithm), provider: PhantomData }, issued)
    }

    fn accept(&self, presented: &str) -> Option<Claims> {
        choose::<P>();
        Some(decode::<Claims>(presented, &self.key, &self.validation).ok()?.claims)
    }
}

/// jsonwebtoken has one provider a process. This one hands on to the one that the thread chose, so that both are
/// measured side by side; it costs a store and a load in memory of the thread's own.
static SWITCH: CryptoProvider = CryptoProvider {
    signer_factory: |algorithm, key| (chosen().signer_factory)(algorithm, key),
    verifier_factory: |algorithm, key| (chosen().verifier_factory)(algorithm, key),
    key_utils: KeyUtils::new_unimplemented(),
};

thread_local! {
    static CHOSEN: Cell<&'static CryptoProvider> = const { Cell::new(&aws_lc::DEFAULT_PROVIDER) };
}

fn chosen() -> &'static CryptoProvider {
    CHOSEN.get()
}

fn choose<P: Provider>() {
    static INSTALLED: std::sync::Once = std::sync::Once::new();
    INSTALLED.call_once(|| SWITCH.install_default().expect("nobody else installs one"));
    CHOSEN.set(P::PROVIDER);
}
