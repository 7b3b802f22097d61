//! What every peer does, and what some do not.

use crate::holder::Holder;

/// One way to judge what a client presents.
pub trait Peer: Send + Sync + Sized + 'static {
    /// In the table.
    const NAME: &'static str;
    const LIMITS: Limits;

    /// What a handler learns.
    type Accepted;

    /// The guard, and a credential for each holder, in their order.
    fn issue(holders: &[Holder]) -> (Self, Vec<String>);

    /// What is measured.
    fn accept(&self, presented: &str) -> Option<Self::Accepted>;

    fn owner(accepted: &Self::Accepted) -> &str;

    fn allows(accepted: &Self::Accepted, scope: &str) -> bool;
}

/// What is missing shows in no time: it stands beside the figures.
pub struct Limits {
    /// From when on a revoked credential is refused.
    pub revocation: &'static str,
    /// Whether, and to what precision, one expires.
    pub expiry: &'static str,
    /// How what is presented is compared with what is known.
    pub comparison: &'static str,
}
