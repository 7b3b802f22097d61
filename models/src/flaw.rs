//! What caches do wrong.

use std::cell::Cell;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    None,

    /// A look-up keeps what it read, a change what it wrote: no versions.
    PutOnly,
    /// The same, but a look-up does not overwrite what a change put.
    PutUnlessThere,
    /// A change removes what is kept: no versions.
    RemoveOnly,
    /// A look-up compares versions before it puts, and does not keep its own; a change removes.
    CheckThenPut,
    /// A change moves the version before it writes, not after.
    RaiseBefore,
    /// A look-up notes the version after it has read.
    VersionAfterFind,
    /// Raising is storing, so that it can lower.
    StoredRaises,
    RelaxedLoads,
    RelaxedTicks,
    RelaxedRaises,

    /// A change that is gone raises, as one that returned does, and no more.
    NoQuiet,
    QuietAfterRaise,
    /// Whether it is quiet is asked before the version is noted.
    QuietReadFirst,
    /// The same between the version and the read.
    QuietReadBeforeFind,
    /// Whether it is quiet now, not when the look-up began.
    QuietByNow,

    /// A look-up under way is joined whatever has changed since, and what it answers is not checked.
    JoinAlways,
    /// Only such a look-up is joined as may be, but what it answers is not checked.
    AnswerUnchecked,
    /// A look-up under way is joined though a change that is gone may have been written since.
    JoinInQuiet,
    /// Who leaves a look-up under way tells nobody.
    NoNudge,
}

thread_local! {
    /// Of the trial that runs: loom runs the threads of a model on one of the system's.
    static PLANTED: Cell<Flaw> = const { Cell::new(Flaw::None) };
}

impl Flaw {
    pub(crate) fn plant(self) {
        PLANTED.set(self);
    }

    pub(crate) fn is_planted(self) -> bool {
        PLANTED.get() == self
    }

    pub(crate) fn any_is_planted(flaws: &[Self]) -> bool {
        flaws.iter().any(|flaw| flaw.is_planted())
    }
}
