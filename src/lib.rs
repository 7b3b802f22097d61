//! Personal tokens (personal access tokens) for any Rust service.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![deny(missing_docs)]
#![forbid(unsafe_code)]
#![warn(missing_debug_implementations, unreachable_pub)]
#![deny(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::todo,
    clippy::unimplemented,
    clippy::unreachable,
    clippy::unwrap_used
)]

mod clock;
mod personal_tokens;
mod record;
mod timestamp;
mod token;
mod usage;
mod verify;

#[cfg(feature = "tower")]
pub mod http;
pub mod store;

#[cfg(feature = "testing")]
pub use clock::ManualClock;
pub use clock::{Clock, SystemClock};
pub use personal_tokens::{
    BuildError, Builder, Issued, NewToken, Page, PersonalTokens, Rotation, TokenChange, VerifyError,
};
pub use record::{
    Actor, Change, ChangeRefused, Changed, Edit, Expiry, InvalidScope, InvalidText, Needs, OwnerId, Plan, Policy,
    Rotated, Scope, Scopes, Successor, TextRule, TokenName, TokenRecord, TokenState, View,
};
pub use store::{ChangeError, StoreError};
pub use time::Duration;
pub use timestamp::{Timestamp, TimestampOutOfRange};
pub use token::{
    GenerateError, InvalidPrefix, InvalidTokenId, MalformedToken, Token, TokenDigest, TokenId, TokenPrefix,
};
pub use verify::{Rejection, VerifiedToken};
