use crate::record::TokenEvent;
use crate::store::StoreError;

/// Hears of every change that this handle made, after it was committed and before the caller gets its answer: for audit
/// logs and mails.
///
/// It is called in the task that made the change, so it shall be quick and must not panic: hand slow work to a queue. A
/// change whose future was dropped before its end, or whose store failed after the commit, is not told, since
/// the handle does not know of it: where the log must be whole, run changes in a task of their own (a web framework drops
/// the handler's future when its client goes away).
///
/// Functions of an event are observers.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use personal_tokens::{Actor, EventKind, NewToken, OwnerId, PersonalTokens, TokenEvent, store::MemoryStore};
///
/// let (audit, log) = std::sync::mpsc::channel();
/// let tokens = PersonalTokens::builder(MemoryStore::new())
///     .prefix("shop")
///     .observer(move |event: &TokenEvent| drop(audit.send(event.clone())))
///     .build()?;
///
/// let owner = OwnerId::new("store-42")?;
/// let issued = tokens.issue(NewToken::new(&owner, "Shopify sync")).await?;
/// tokens.by(Actor::new("admin-7")?).revoke(&owner, issued.record.id).await?;
///
/// let events: Vec<_> = log.try_iter().map(|event| (event.kind, event.actor)).collect();
/// assert_eq!(events, [(EventKind::Issued, None), (EventKind::Revoked, Some(Actor::new("admin-7")?))]);
/// # Ok(())
/// # }
/// ```
pub trait Observer: Send + Sync {
    /// A change was committed.
    fn changed(&self, event: &TokenEvent);

    /// The store failed, or did not answer in time, under `maintain` (feature `tokio`), which tries again later.
    /// Nothing is lost by it, unless the process ends first.
    fn maintenance_failed(&self, error: &StoreError) {
        let _ = error;
    }
}

impl<F> Observer for F
where
    F: Fn(&TokenEvent) + Send + Sync,
{
    fn changed(&self, event: &TokenEvent) {
        self(event);
    }
}
