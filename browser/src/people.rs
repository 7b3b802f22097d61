//! Who may sign in to the host, and what they may do there.

use personal_tokens::management::{Principal, Rights};
use personal_tokens::{Actor, OwnerId, Scopes};

pub const READ: &str = "products:read";
pub const WRITE: &str = "products:write";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Person {
    /// Of the shop whose tokens [`Host`](crate::Host) makes, with every right and every scope.
    Ada,
    /// Of the same shop, with every right, but to grant nothing but [`READ`].
    Clerk,
    /// Of the same shop: sees the tokens, and no more.
    Auditor,
    /// Of the same shop: makes tokens, and sees none.
    Maker,
    /// Of another shop, with every right there.
    Stranger,
}

impl Person {
    const ALL: [Self; 5] = [Self::Ada, Self::Clerk, Self::Auditor, Self::Maker, Self::Stranger];

    pub(crate) fn name(self) -> String {
        format!("{self:?}").to_lowercase()
    }

    /// For what reaches a host without a browser.
    pub fn cookie(self) -> String {
        format!("person={}", self.name())
    }

    /// Whose cookie it is among these.
    pub(crate) fn of(cookies: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|person| cookies.split("; ").any(|cookie| cookie == person.cookie()))
    }

    pub(crate) fn principal(self, scopes: bool) -> Principal {
        let (owner, rights, scope) = match self {
            Self::Ada => ("store-42", Rights::all(), &[READ, WRITE][..]),
            Self::Clerk => ("store-42", Rights::all(), &[READ][..]),
            Self::Auditor => ("store-42", Rights::none().list(), &[][..]),
            Self::Maker => ("store-42", Rights::none().issue(), &[READ][..]),
            Self::Stranger => ("store-43", Rights::all(), &[READ, WRITE][..]),
        };
        let scope = if scopes { scope } else { &[] };
        Principal::new(OwnerId::new(owner).expect("an owner"), rights)
            .actor(Actor::new(&self.name()).expect("an actor"))
            .grantable(Scopes::new(scope).expect("scopes"))
    }
}
