//! What the rulebook's tests need: records by small numbers, and its two steps in one.

use std::sync::Arc;

use personal_tokens::{
    Change, ChangeRefused, Duration, Expiry, Plan, Policy, Rotated, TokenDigest, TokenId, TokenName, TokenRecord,
};

use super::{noon, owner};

pub use personal_tokens::Timestamp;

/// So many seconds after noon.
pub fn after(seconds: i64) -> Timestamp {
    noon().checked_add(Duration::seconds(seconds)).unwrap()
}

pub fn after_micros(micros: i64) -> Timestamp {
    noon().checked_add(Duration::microseconds(micros)).unwrap()
}

/// Ids in the order of their numbers, up to 255.
pub fn token_id(number: u32) -> TokenId {
    let mut bytes = [0; TokenId::LEN];
    bytes[..4].copy_from_slice(&number.to_le_bytes());
    TokenId::from_bytes(bytes)
}

pub fn digest(number: u32) -> TokenDigest {
    let mut bytes = [0; TokenDigest::LEN];
    bytes[..4].copy_from_slice(&number.to_le_bytes());
    TokenDigest::from_parts(0, bytes)
}

pub fn name(text: &str) -> TokenName {
    TokenName::new(text).unwrap()
}

/// A token of [`owner`], issued at noon, without expiry, named `token 1` where it is number 1.
pub fn record(number: u32) -> TokenRecord {
    TokenRecord::new(token_id(number), owner(), name(&format!("token {number}")), digest(number), noon())
}

/// The same, other than said.
pub fn with(mut record: TokenRecord, differ: impl FnOnce(&mut TokenRecord)) -> TokenRecord {
    differ(&mut record);
    record
}

pub fn expiring_at(number: u32, expiry: Timestamp) -> TokenRecord {
    with(record(number), |record| record.expiry = Expiry::At(expiry))
}

pub fn revoked_at(number: u32, at: Timestamp) -> TokenRecord {
    with(record(number), |record| record.revoked = Some(at))
}

/// Rotated away at noon in favour of that token.
pub fn rotated_to(number: u32, successor: u32, grace_ends: Timestamp) -> TokenRecord {
    with(record(number), |record| {
        record.rotated = Some(Rotated { at: noon(), successor: token_id(successor), grace_ends });
    })
}

/// The same, an hour earlier.
pub fn rotated_before(number: u32, successor: u32, grace_ends: Timestamp) -> TokenRecord {
    with(rotated_to(number, successor, grace_ends), |record| record.rotated.as_mut().unwrap().at = after(-3_600))
}

/// The default policy, other than said.
pub fn policy(differ: impl FnOnce(&mut Policy)) -> Arc<Policy> {
    let mut policy = Policy::default();
    differ(&mut policy);
    Arc::new(policy)
}

/// The rulebook's two steps, as a store takes them.
pub fn decide(change: &Change, records: &[TokenRecord]) -> Result<Plan, ChangeRefused> {
    change.decide(change.needs().gather(records))
}
