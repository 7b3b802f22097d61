//! The same tokens as those of the benches, without what they measure with.
#![allow(dead_code)]

#[path = "../../src/fixture/order.rs"]
pub mod order;
#[path = "../../src/fixture/presented.rs"]
pub mod presented;
#[path = "../../src/fixture/random.rs"]
pub mod random;
#[path = "../../src/fixture/tokens.rs"]
pub mod tokens;
