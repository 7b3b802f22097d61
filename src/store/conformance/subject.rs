use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::store::TokenStore;
use crate::token::TokenId;

/// A store to be tried, and how its rows are corrupted, if that is known.
///
/// Every store is one by `into()`.
#[derive(Clone)]
pub struct Subject {
    pub(super) store: Arc<dyn TokenStore>,
    pub(super) corrupt: Option<Corrupt>,
}

/// Makes the row of this id one that is no valid record.
pub type Corrupt = Arc<dyn Fn(TokenId) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

impl Subject {
    /// A store.
    pub fn new(store: impl TokenStore + 'static) -> Self {
        Self { store: Arc::new(store), corrupt: None }
    }

    /// How a row becomes one that is no valid record, behind the store's back: say, with a text that is no token name. It
    /// is called with the id of a token that the store holds, and kept until the rule ends: it may hold what the store needs
    /// for so long, such as a folder.
    #[must_use]
    pub fn corrupted_by<F>(mut self, corrupt: impl Fn(TokenId) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.corrupt = Some(Arc::new(move |id| Box::pin(corrupt(id))));
        self
    }
}

impl<S: TokenStore + 'static> From<S> for Subject {
    fn from(store: S) -> Self {
        Self::new(store)
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subject").field("corrupted_by", &self.corrupt.is_some()).finish_non_exhaustive()
    }
}
