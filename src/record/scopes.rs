use std::fmt;
use std::str::FromStr;

use ecow::EcoString;

use crate::token::holds_token;

const MAX_BYTES: usize = 255;

/// What a token may do, one word of it: a scope-token of RFC 6749 §3.3.
///
/// 1 to 255 printable ASCII characters without space, `"` and `\`. Compared byte by byte: no wildcard, no
/// hierarchy, nothing implied. `products` does not allow `products:read`, and `*` is a name like any other.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope(Box<str>);

/// A set of [`Scope`]s, at most 100. Order does not matter.
///
/// Its text is what RFC 6749 §3.3 writes: the scopes, sorted, with one space between.
///
/// ```
/// use personal_tokens::Scopes;
///
/// let scopes = Scopes::new(["products:write", "products:read"])?;
/// assert_eq!(scopes.to_string(), "products:read products:write");
/// assert!(scopes.contains("products:read"));
/// assert!(!scopes.contains("products"));
/// # Ok::<(), personal_tokens::InvalidScope>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Scopes {
    /// Sorted and joined by a space: the form that stores keep.
    text: EcoString,
}

/// Why a text is no scope, or texts are no set of scopes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidScope {
    /// It is empty or over 255 characters.
    #[error("a scope has 1 to 255 characters, not {bytes}")]
    Length {
        /// Its length in bytes.
        bytes: usize,
    },
    /// It holds a character that RFC 6749 §3.3 does not allow.
    #[error("a scope holds printable ASCII without space, \" and \\, not {found:?}")]
    Character {
        /// The first such character.
        found: char,
    },
    /// It is a token, pasted into the wrong field.
    #[error("a scope is wanted, not a token")]
    Token,
    /// None is given where one is wanted.
    #[error("at least one scope is wanted")]
    Missing,
    /// A scope is given twice.
    #[error("the scope {scope} is given twice")]
    Duplicate {
        /// Which.
        scope: Scope,
    },
    /// There are more than 100.
    #[error("at most 100 scopes are allowed, not {count}")]
    TooMany {
        /// How many were given.
        count: usize,
    },
}

impl Scope {
    /// A scope.
    ///
    /// # Errors
    /// [`InvalidScope`] says which rule is broken.
    pub fn new(text: &str) -> Result<Self, InvalidScope> {
        if let Some(found) = text.chars().find(|c| !matches!(c, '\x21' | '\x23'..='\x5B' | '\x5D'..='\x7E')) {
            return Err(InvalidScope::Character { found });
        }
        if text.is_empty() || text.len() > MAX_BYTES {
            return Err(InvalidScope::Length { bytes: text.len() });
        }
        if holds_token(text) {
            return Err(InvalidScope::Token);
        }
        Ok(Self(text.into()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Scopes {
    /// The most that a set holds.
    pub const MAX_COUNT: usize = 100;

    /// The set of these scopes.
    ///
    /// # Errors
    /// [`InvalidScope`] if one is no scope, stands there twice, or there are more than 100.
    pub fn new<I>(scopes: I) -> Result<Self, InvalidScope>
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        let mut all = scopes.into_iter().map(|scope| Scope::new(scope.as_ref())).collect::<Result<Vec<_>, _>>()?;
        all.sort_unstable();
        if let Some((scope, _)) = all.iter().zip(all.iter().skip(1)).find(|(a, b)| a == b) {
            return Err(InvalidScope::Duplicate { scope: scope.clone() });
        }
        if all.len() > Self::MAX_COUNT {
            return Err(InvalidScope::TooMany { count: all.len() });
        }
        let words: Vec<&str> = all.iter().map(Scope::as_str).collect();
        Ok(Self { text: words.join(" ").into() })
    }

    /// No scopes: a token of name and expiry only.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Whether exactly this scope is among them, byte for byte.
    #[must_use]
    pub fn contains(&self, scope: &str) -> bool {
        self.iter().any(|one| one == scope)
    }

    /// The scopes in byte order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        // Splitting an empty text yields one empty word, which is no scope.
        self.text.split(' ').filter(|word| !word.is_empty())
    }

    /// The scopes, sorted, with one space between: what a store keeps. Empty for none.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Those that are in `other` too.
    pub(crate) fn common_with(&self, other: &Self) -> Self {
        let common: Vec<&str> = self.iter().filter(|scope| other.contains(scope)).collect();
        Self { text: common.join(" ").into() }
    }

    /// Whether every one of them is in `other` too.
    #[must_use]
    pub fn is_subset_of(&self, other: &Self) -> bool {
        self.iter().all(|scope| other.contains(scope))
    }
}

/// As RFC 6749 §3.3 writes them, and as a store kept them: words with one space between; empty for none.
impl FromStr for Scopes {
    type Err = InvalidScope;

    fn from_str(text: &str) -> Result<Self, InvalidScope> {
        if text.is_empty() { Ok(Self::none()) } else { Self::new(text.split(' ')) }
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl fmt::Debug for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl AsRef<str> for Scope {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl FromStr for Scope {
    type Err = InvalidScope;

    fn from_str(text: &str) -> Result<Self, InvalidScope> {
        Self::new(text)
    }
}

impl TryFrom<&str> for Scope {
    type Error = InvalidScope;

    fn try_from(text: &str) -> Result<Self, InvalidScope> {
        Self::new(text)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}
