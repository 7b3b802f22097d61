//! Who works here: two shops, so that it can be seen that they share nothing, and a clerk who may not do all.

use personal_tokens::Duration;
use rand::TryRng as _;
use rand::rngs::SysRng;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::Failure;

pub struct User {
    pub name: &'static str,
    /// For whom that user's tokens act.
    pub shop: &'static str,
    pub role: Role,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Owner,
    Clerk,
}

/// The shop of the commands on standard input too.
pub const SHOP: &str = "store-42";

static USERS: [User; 3] = [
    User { name: "owner", shop: SHOP, role: Role::Owner },
    User { name: "other", shop: "store-43", role: Role::Owner },
    User { name: "clerk", shop: SHOP, role: Role::Clerk },
];

impl User {
    pub fn named(name: &str) -> Option<&'static Self> {
        USERS.iter().find(|user| user.name == name)
    }
}

/// A user who is signed in.
#[derive(Clone, Copy)]
pub struct Person {
    pub user: &'static User,
    /// How long ago the password was typed.
    pub signed_in: Duration,
}

/// One for all of them, and only in memory. A real shop keeps an Argon2 hash for each, since fast hashes that leak are
/// guessed through, and slows down who guesses at the form.
pub struct Password([u8; 32]);

impl Password {
    pub fn new(text: &str) -> Self {
        Self(Sha256::digest(text).into())
    }

    /// 100 bits, in letters and digits that are not mistaken for one another.
    pub fn random() -> Result<String, Failure> {
        const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
        let mut bytes = [0_u8; 20];
        SysRng.try_fill_bytes(&mut bytes)?;
        Ok(bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect())
    }

    /// In constant time, so that nothing is learnt of it by trying.
    pub fn is(&self, typed: &str) -> bool {
        self.0.ct_eq(&Self::new(typed).0).into()
    }
}
