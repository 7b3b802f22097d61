//! What is kept: the record, the types of its fields, and the rulebook that judges every change.

mod change;
mod decide;
mod event;
mod expiry;
mod policy;
mod refused;
mod scopes;
mod text;
mod token_record;

pub use change::{Change, Changed, Edit, Needs, Plan, Successor, View};
pub use event::{EventKind, TokenEvent};
pub use expiry::Expiry;
pub use policy::Policy;
pub use refused::ChangeRefused;
pub use scopes::{InvalidScope, Scope, Scopes};
pub use text::{Actor, InvalidText, OwnerId, TextRule, TokenName};
pub use token_record::{Rotated, TokenRecord, TokenState};
