//! How long a store may take.

use std::future::Future;
use std::time::Duration;

use crate::store::StoreError;

/// Outside a Tokio runtime nobody counts the time, and there is no limit.
pub(crate) async fn within<T, E>(limit: Option<Duration>, work: impl Future<Output = Result<T, E>>) -> Result<T, E>
where
    E: From<StoreError>,
{
    #[cfg(feature = "tokio")]
    if let Some(limit) = limit
        && tokio::runtime::Handle::try_current().is_ok()
    {
        let in_time = tokio::time::timeout(limit, work).await;
        return in_time.unwrap_or_else(|late| Err(StoreError::timed_out(late).into()));
    }
    #[cfg(not(feature = "tokio"))]
    let _ = limit;
    work.await
}
