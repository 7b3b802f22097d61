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
    flaw.plant();
    let panic = catch_unwind(AssertUnwindSafe(|| explore(preemptions, model)));
    let message = panic.err().map(|panic| match panic.downcast::<String>() {
        Ok(message) => *message,
        Err(panic) => panic.downcast_ref::<&str>().map(ToString::to_string).unwrap_or_default(),
    });
    assert_eq!(message.as_deref(), Some(STALE), "{flaw:?}");
}

fn explore(preemptions: usize, model: fn()) {
    let mut builder = Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(model);
}
