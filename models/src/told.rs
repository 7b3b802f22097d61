use loom::sync::atomic::{AtomicBool, Ordering};

/// That something happened, as whoever it was done for tells others.
pub(crate) struct Told(AtomicBool);

impl Told {
    pub(crate) fn new() -> Self {
        Self(AtomicBool::new(false))
    }

    pub(crate) fn tell(&self) {
        self.0.store(true, Ordering::Release);
    }

    pub(crate) fn heard(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}
