//! A model in all its interleavings, and what it must come to.

use std::panic::{AssertUnwindSafe, catch_unwind};

use loom::model::Builder;

use crate::flaw::Flaw;
use crate::node::Record;

const STALE: &str = "what was revoked is answered";

/// The property, said of an answer to a question that was asked after the revocation returned.
pub(crate) fn refuse(answer: Option<Record>) {
    assert!(answer != Some(Record::Valid), "{STALE}");
}

/// Whatever the threads do in what order, with so many preemptions at most.
pub(crate) fn holds(preemptions: usize, flaw: Flaw, model: fn()) {
    flaw.plant();
    explore(preemptions, model);
}

/// In some order the flaw shows, as an answer and not otherwise.
pub(crate) fn is_found(preemptions: usize, flaw: Flaw, model: fn()) {
    assert_eq!(panic_of(preemptions, flaw, model).as_deref(), Some(STALE), "{flaw:?}");
}

/// In some order a thread waits for ever.
pub(crate) fn hangs(preemptions: usize, flaw: Flaw, model: fn()) {
    let panic = panic_of(preemptions, flaw, model);
    assert!(panic.as_ref().is_some_and(|message| message.starts_with("deadlock;")), "{flaw:?}: {panic:?}");
}

fn panic_of(preemptions: usize, flaw: Flaw, model: fn()) -> Option<String> {
    flaw.plant();
    let panic = catch_unwind(AssertUnwindSafe(|| explore(preemptions, model))).err()?;
    let message = panic.downcast_ref::<&str>().map(ToString::to_string);
    message.or_else(|| panic.downcast::<String>().ok().map(|message| *message))
}

fn explore(preemptions: usize, model: fn()) {
    let mut builder = Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(model);
}
