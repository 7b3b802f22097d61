//! A database with more and more tokens.

use std::ops::Range;

use personal_tokens_benches::Contest;

pub trait Growing {
    /// Puts these ordinary tokens into its table, many at once.
    fn grow(&mut self, tokens: Range<u64>);

    /// `find`, known and unknown ids, cached, beside a bare select.
    fn find(&self, tokens: u64) -> Contest;

    /// What a node does before it can verify.
    fn node_start(&self, tokens: u64) -> Contest;
}

/// Tokens that one statement inserts.
pub fn parts(tokens: Range<u64>) -> impl Iterator<Item = Range<u64>> {
    const PART: u64 = 20_000;
    tokens.clone().step_by(PART as usize).map(move |start| start..tokens.end.min(start + PART))
}
