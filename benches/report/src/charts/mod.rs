//! The charts, as SVG that goes with a light page and with a dark one.

mod growth;
mod look;
mod verification;

pub use growth::growth;
pub use verification::verification;
