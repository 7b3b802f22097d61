//! The same work by what people would use instead: accept a credential that a client presented, and say whose it is and
//! what it may do. Each peer holds the same 1,000 credentials and is used as its own documentation shows.
//!
//! `cargo bench -p personal-tokens-peers` measures them side by side, in interleaved rounds of one process.
//!
//! Where a library leaves the table of credentials to its user, the table is the concurrent map that `MemoryStore` has
//! too, so that the library is measured and no lock. [`Naive`] is the guard that one writes in an afternoon.

mod bearer;
mod holder;
mod jwt;
mod keys;
mod naive;
mod ours;
mod paseto;
mod peer;

pub use bearer::FixedBearer;
pub use holder::{Holder, SCOPE, holders};
pub use jwt::{Claims, EdDsa, Hs256};
pub use keys::{Latchkey, PrefixedApiKeys};
pub use naive::Naive;
pub use ours::{Cached, Memory};
pub use paseto::{PasetoLocal, PasetoPublic};
pub use peer::{Limits, Peer};

/// Calls `$visit::<P>($with)` for each peer, in the order of the table.
#[macro_export]
macro_rules! for_each_peer {
    ($visit:ident, $with:expr) => {
        $visit::<$crate::Memory>($with);
        $visit::<$crate::Cached>($with);
        $visit::<$crate::Naive>($with);
        $visit::<$crate::Latchkey>($with);
        $visit::<$crate::PrefixedApiKeys>($with);
        $visit::<$crate::Hs256>($with);
        $visit::<$crate::EdDsa>($with);
        $visit::<$crate::PasetoLocal>($with);
        $visit::<$crate::PasetoPublic>($with);
    };
}

/// A secret.
fn random() -> [u8; 32] {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).unwrap();
    bytes
}
