//! Whose credentials are judged.

use std::time::{Duration, SystemTime};

/// The one scope of each credential.
pub const SCOPE: &str = "products:read";

/// Who gets a credential, and for how long.
pub struct Holder {
    pub owner: String,
    pub name: String,
    pub expires: SystemTime,
}

/// Ten credentials an owner, for 30 days.
pub fn holders(count: usize) -> Vec<Holder> {
    let expires = SystemTime::now() + Duration::from_secs(30 * 24 * 60 * 60);
    let holder = |n| Holder { owner: format!("store-{}", n / 10), name: format!("Shopify sync {}", n % 10), expires };
    (0..count).map(holder).collect()
}

impl Holder {
    /// In seconds since 1970.
    pub fn expires_unix(&self) -> u64 {
        self.expires.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs()
    }
}
