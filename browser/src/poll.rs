//! What a browser does takes a while, and nobody knows how long.

use std::time::Duration;

use tokio::time::Instant;

/// For anything that a loaded machine may take long for; most of it comes at once.
const PATIENCE: Duration = Duration::from_secs(20);

/// Asks again until the answer is `Ok`; after some 20 seconds the last answer stands.
pub async fn patiently<T>(mut ask: impl AsyncFnMut() -> Result<T, String>) -> Result<T, String> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match ask().await {
            Err(_) if Instant::now() < deadline => tokio::time::sleep(Duration::from_millis(25)).await,
            answer => return answer,
        }
    }
}
