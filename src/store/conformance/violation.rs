use std::error::Error;
use std::fmt;

use crate::store::{ChangeError, StoreError};

/// What a store did that a rule does not allow. As text it names the rule, and shows what was expected and what was
/// found; so does its `Debug`, which a failing test prints.
pub struct Violation {
    rule: &'static str,
    broken: Broken,
}

/// A violation whose rule is not yet named.
pub(super) struct Broken {
    what: String,
    expected: String,
    found: String,
}

pub(super) type Outcome<T = ()> = Result<T, Broken>;

impl Violation {
    pub(super) fn new(rule: &'static str, broken: Broken) -> Self {
        Self { rule, broken }
    }

    /// The rule's name: that of its function.
    #[must_use]
    pub fn rule(&self) -> &'static str {
        self.rule
    }

    /// What was looked at.
    #[must_use]
    pub fn what(&self) -> &str {
        &self.broken.what
    }

    /// What the rule wants there.
    #[must_use]
    pub fn expected(&self) -> &str {
        &self.broken.expected
    }

    /// What the store did.
    #[must_use]
    pub fn found(&self) -> &str {
        &self.broken.found
    }
}

impl Broken {
    pub(super) fn new(what: impl fmt::Display, expected: impl fmt::Display, found: impl fmt::Display) -> Self {
        Self { what: what.to_string(), expected: expected.to_string(), found: found.to_string() }
    }
}

/// A call that must succeed, and did not.
impl<E: Error> From<E> for Broken {
    fn from(error: E) -> Self {
        Self::new("a call that must succeed", "no error", with_sources(&error))
    }
}

impl Error for Violation {}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Broken { what, expected, found } = &self.broken;
        write!(f, "the store breaks the rule {}: {what}\n  expected: {expected}\n  found:    {found}", self.rule)
    }
}

/// As [`Display`](fmt::Display).
impl fmt::Debug for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What is asked of a corrupt row is answered by that error, and no other.
pub(super) fn is_corrupt<E: Into<ChangeError>>(what: &str, answer: Result<String, E>) -> Outcome {
    match answer.map_err(Into::into) {
        Err(ChangeError::Store(StoreError::Corrupt(_))) => Ok(()),
        Err(error) => Err(Broken::new(what, "StoreError::Corrupt", with_sources(&error))),
        Ok(found) => Err(Broken::new(what, "StoreError::Corrupt", found)),
    }
}

/// The error and what caused it, in one line.
pub(super) fn with_sources(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}
