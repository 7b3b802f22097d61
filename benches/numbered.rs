//! Tokens by number: which one is asked for is computed, so that no table of them stands beside what is measured.

use std::sync::Arc;

use personal_tokens::{
    Change, Duration, Expiry, OwnerId, Policy, Scopes, Timestamp, TokenDigest, TokenId, TokenName, TokenRecord,
};
use personal_tokens_benches::fixture::SCOPE;

pub const FIRST_MICROSECOND: i64 = 1_700_000_000_000_000;
/// 2⁶⁴ over the golden ratio.
const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;

/// By one multiplication.
pub fn id(n: u64) -> TokenId {
    let mut bytes = [0; TokenId::LEN];
    bytes[4..].copy_from_slice(&n.wrapping_mul(SPREAD).to_le_bytes());
    TokenId::from_bytes(bytes)
}

/// The record of token `n`, of an owner who has so many, created so many microseconds after the first.
pub fn record(n: u64, of_an_owner: u64, created: u64) -> TokenRecord {
    let owner = OwnerId::new(&format!("store-{}", n / of_an_owner)).unwrap();
    let name = TokenName::new(&format!("Shopify {}", n % of_an_owner)).unwrap();
    let created = Timestamp::from_micros(FIRST_MICROSECOND + created as i64).unwrap();
    let mut digest = [7; TokenDigest::LEN];
    digest[..8].copy_from_slice(&n.to_le_bytes());
    let mut record = TokenRecord::new(id(n), owner, name, TokenDigest::from_parts(0, digest), created);
    record.scopes = Scopes::new([SCOPE]).unwrap();
    record.expiry = Expiry::At(created.saturating_add(Duration::days(30)));
    record
}

/// The change that issues it, whatever the owner has.
pub fn issue(record: TokenRecord, policy: &Arc<Policy>) -> Change {
    Change::issue(record, Arc::clone(policy))
}

pub fn policy() -> Arc<Policy> {
    let mut policy = Policy::default();
    (policy.scopes, policy.max_active) = (Scopes::new([SCOPE]).unwrap(), None);
    Arc::new(policy)
}
