use std::sync::Arc;

use crate::token::TokenId;

/// What keeps records in memory and can forget them: `CachedStore`, or a cache of a host's own.
///
/// A bus of any kind that tells of changes calls it, as `Follower` does for PostgreSQL.
pub trait Invalidate: Send + Sync {
    /// Forgets the record of this id: once it returns, no answer is older than this call.
    fn invalidate(&self, id: TokenId);

    /// Forgets every record: where it is not known what changed, or whether anything did.
    fn invalidate_all(&self);
}

macro_rules! forward {
    ($($pointer:ty),*) => {$(
        impl<T: Invalidate + ?Sized> Invalidate for $pointer {
            fn invalidate(&self, id: TokenId) {
                (**self).invalidate(id);
            }

            fn invalidate_all(&self) {
                (**self).invalidate_all();
            }
        }
    )*};
}

forward!(Arc<T>, Box<T>, &T);
