//! What the examples share: how they are asked to stop. Where the guard is mounted stands in `examples/`; `tests/` runs them.

/// Ends at Ctrl-C, or at SIGTERM from a service manager.
///
/// # Panics
/// If no handler can be installed.
pub async fn stopped() {
    #[cfg(unix)]
    let terminated = async {
        use tokio::signal::unix::{SignalKind, signal};
        signal(SignalKind::terminate()).expect("a handler for SIGTERM").recv().await;
    };
    #[cfg(not(unix))]
    let terminated = std::future::pending::<()>();
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted.expect("a handler for Ctrl-C"),
        () = terminated => {}
    }
}
