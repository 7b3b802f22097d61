//! What drives the page of `personal_tokens::management` in a real browser: a host for it, Chromium, and axe. The tests
//! in `tests/page` have one file a behaviour; `scripts/test` installs what they want and runs them.

mod acts;
mod axe;
mod browser;
mod chromedriver;
mod host;
mod in_use;
mod people;
mod poll;
mod proxy;

#[path = "../../tests/common/remote_store.rs"]
pub mod remote_store;

pub use browser::{Browser, Look};
pub use host::{Host, Plan};
pub use people::{Person, READ, WRITE};
pub use proxy::Proxy;
pub use thirtyfour::Key;
