//! All that a test's paths printed, to be searched for what must not stand there.

use std::any::type_name;
use std::collections::BTreeSet;
use std::error::Error;
use std::fmt::{Debug, Display};
use std::sync::{Arc, Mutex, MutexGuard};

use personal_tokens::Token;

use super::search::{KeptBack, secret_of};

/// Clones are one.
#[derive(Clone, Default)]
pub struct Trail(Arc<Mutex<Written>>);

#[derive(Default)]
struct Written {
    texts: BTreeSet<String>,
    types: BTreeSet<String>,
}

impl Trail {
    /// As each form of `Debug` prints it.
    pub fn show<T: Debug + ?Sized>(&self, value: &T) -> &Self {
        let words = type_name::<T>().split(|c: char| !c.is_ascii_alphanumeric() && c != '_').map(str::to_owned);
        self.written().types.extend(words);
        self.print(format_args!("{value:?} {value:#?} {value:x?} {value:#x?}"))
    }

    pub fn print(&self, text: impl Display) -> &Self {
        self.written().texts.insert(text.to_string());
        self
    }

    /// With all that it stems from.
    pub fn error<E: Error + 'static>(&self, error: &E) -> &Self {
        self.show(error);
        let mut next: Option<&(dyn Error + 'static)> = Some(error);
        while let Some(error) = next {
            self.print(format_args!("{error} {error:?} {error:#?}"));
            next = error.source();
        }
        self
    }

    /// The same for an answer; gives it back.
    pub fn answer<T: Debug, E: Error + 'static>(&self, answer: Result<T, E>) -> Result<T, E> {
        match &answer {
            Ok(value) => self.show(value),
            Err(error) => self.error(error),
        };
        answer
    }

    /// The names in the types of what was shown.
    pub fn types(&self) -> BTreeSet<String> {
        self.written().types.clone()
    }

    /// Where a part of a secret stands, or of a digest.
    pub fn leaks<'t>(&self, tokens: impl IntoIterator<Item = &'t Token>) -> Vec<String> {
        let texts = &self.written().texts;
        let all = texts.iter().map(String::as_str).collect::<Vec<_>>().join("\n");
        let mut leaks = Vec::new();
        for token in tokens {
            let kept_back = KeptBack::new(secret_of(token).into_iter().chain([token.digest().as_bytes().to_vec()]));
            if !kept_back.forms_in(all.as_bytes()).is_empty() {
                let forms = texts.iter().map(|text| (kept_back.forms_in(text.as_bytes()), text));
                leaks.extend(
                    forms.filter(|(forms, _)| !forms.is_empty()).map(|(forms, text)| format!("{forms:?}: {text}")),
                );
            }
        }
        leaks
    }

    fn written(&self) -> MutexGuard<'_, Written> {
        self.0.lock().unwrap()
    }
}
