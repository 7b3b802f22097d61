//! Whatever parses is written back as it was, and parsing never panics.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use personal_tokens::{Token, TokenPrefix};

static ACCEPTED: LazyLock<Vec<TokenPrefix>> =
    LazyLock::new(|| ["a", "shop", "shop_test"].map(|prefix| TokenPrefix::new(prefix).unwrap()).to_vec());

fuzz_target!(|presented: &[u8]| {
    if let Ok(token) = Token::parse(presented, &ACCEPTED) {
        assert_eq!(token.expose().as_bytes(), presented);
    }
});
