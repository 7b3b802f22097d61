use crate::record::TokenRecord;
use crate::store::Cursor;
use crate::token::Token;

/// A token that was just issued or rotated in.
#[derive(Debug)]
#[non_exhaustive]
pub struct Issued {
    /// The token. Show [`expose`](Token::expose) to its owner now: it cannot be had again.
    pub token: Token,
    /// What is kept of it.
    pub record: TokenRecord,
}

/// One page of a list, with the uses that wait for a flush.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Page {
    /// The records, in the order of the list.
    pub tokens: Vec<TokenRecord>,
    /// Where the next page begins; none on the last.
    pub next: Option<Cursor>,
}
