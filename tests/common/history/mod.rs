//! What nodes that share a database did and saw, and whether one truth explains all of it. Instants are microseconds of one
//! clock; what a node was told became true between the start of the call and its end. No token gets one name twice.

mod tokens;

use tokens::{End, Known, NEVER, Step, Tokens};

pub type Id = String;

/// `end` is none where the node did not live to hear the answer.
#[derive(Clone, Debug)]
pub struct Event {
    pub node: usize,
    pub start: u64,
    pub end: Option<u64>,
    pub deed: Deed,
}

#[derive(Clone, Debug)]
pub enum Deed {
    /// Where the outcome is unknown, so is the id.
    Issue {
        owner: String,
        name: String,
        id: Option<Id>,
    },
    Rename {
        id: Id,
        name: String,
        outcome: Outcome,
    },
    Rotate {
        id: Id,
        outcome: Outcome,
        successor: Option<Successor>,
    },
    Revoke {
        id: Id,
        outcome: Outcome,
    },
    RevokeAll {
        owner: String,
        outcome: Outcome,
    },
    /// A verification, or a look at what the database holds, which is `fresh` and tells the name in any state.
    See {
        id: Id,
        state: State,
        name: Option<String>,
        fresh: bool,
    },
}

#[derive(Clone, Debug)]
pub struct Successor {
    pub id: Id,
    pub name: String,
    /// Until when the predecessor is accepted.
    pub grace_ends: u64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Outcome {
    Acknowledged,
    NotFound,
    /// Refused, because the token has ended.
    Ended,
    /// The call failed, or its node did: it may have been done, or will be.
    Unknown,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum State {
    Active,
    Revoked,
    Rotated,
    Absent,
}

/// What no truth explains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// Accepted after it was known to have ended.
    AcceptedAfterItsEnd,
    /// Acknowledged, and not there.
    Lost,
    /// An older name was seen after a newer one was acknowledged.
    WentBack,
    /// A name, or a token, that nobody had asked for by then.
    FromNowhere,
    /// Ended, and nobody had asked for that by then.
    EndedByNobody,
    /// A change of what had ended already.
    ChangedAfterItsEnd,
    RotatedTwice,
}

/// All that is wrong with it. `bound`: how long a node may not know what another did. What a node did itself it knows
/// at once.
pub fn check(events: &[Event], bound: u64) -> Vec<(Wrong, String)> {
    let tokens = Tokens::of(events);
    let judge = Judge { tokens: &tokens, bound };
    let judged = events.iter().filter_map(|event| {
        let wrong = judge.event(event).err()?;
        let token = event.deed.token().and_then(|id| tokens.known.get(id));
        Some((wrong, format!("{event:?} of {token:#?}")))
    });
    judged.collect()
}

struct Judge<'a> {
    tokens: &'a Tokens,
    bound: u64,
}

impl Deed {
    fn token(&self) -> Option<&Id> {
        match self {
            Self::Issue { id, .. } => id.as_ref(),
            Self::Rename { id, .. } | Self::Rotate { id, .. } | Self::Revoke { id, .. } | Self::See { id, .. } => {
                Some(id)
            }
            Self::RevokeAll { .. } => None,
        }
    }
}

impl Event {
    fn end(&self) -> u64 {
        self.end.unwrap_or(NEVER)
    }

    fn step(&self, outcome: Outcome) -> Step {
        let end = if outcome == Outcome::Acknowledged { self.end() } else { NEVER };
        Step { node: self.node, start: self.start, end, by: end }
    }
}

impl Judge<'_> {
    fn event(&self, event: &Event) -> Result<(), Wrong> {
        let Some(id) = event.deed.token() else { return Ok(()) };
        let Some(token) = self.tokens.known.get(id) else {
            let perhaps =
                matches!(&event.deed, Deed::See { name: Some(name), .. } if self.tokens.perhaps.contains(name));
            return if perhaps { Ok(()) } else { Err(Wrong::FromNowhere) };
        };
        match &event.deed {
            Deed::See { state, name, fresh, .. } => {
                self.state(token, event, *state, *fresh)?;
                name.as_ref().map_or(Ok(()), |name| self.name(token, event, name, *fresh))
            }
            Deed::Rename { outcome, .. } => self.change(token, event, *outcome),
            Deed::Rotate { outcome, successor, .. } => {
                self.change(token, event, *outcome)?;
                if token.rotations > 1 {
                    return Err(Wrong::RotatedTwice);
                }
                successor.as_ref().map_or(Ok(()), |successor| self.name(token, event, &successor.name, true))
            }
            Deed::Revoke { outcome: Outcome::NotFound, .. } if token.born.end < event.start => Err(Wrong::Lost),
            _ => Ok(()),
        }
    }

    fn state(&self, token: &Known, event: &Event, state: State, fresh: bool) -> Result<(), Wrong> {
        match state {
            State::Absent if token.born.end < event.start => Err(Wrong::Lost),
            State::Absent => Ok(()),
            State::Active if event.end() < token.born.start => Err(Wrong::FromNowhere),
            State::Active => {
                let known = |end: &End| event.start > self.known_at(&end.step, event, fresh).max(end.from);
                let seen = event.start > token.seen_ended.saturating_add(self.later(fresh));
                if seen || token.ends.iter().any(known) { Err(Wrong::AcceptedAfterItsEnd) } else { Ok(()) }
            }
            State::Revoked | State::Rotated => {
                let by = |end: &End| end.state == state && end.step.start <= event.end() && end.from <= event.end();
                if token.ends.iter().any(by) { Ok(()) } else { Err(Wrong::EndedByNobody) }
            }
        }
    }

    fn name(&self, token: &Known, event: &Event, name: &str, fresh: bool) -> Result<(), Wrong> {
        let mut written = token.names.iter().filter(|(other, step)| other == name && step.start <= event.end());
        let Some((_, written)) = written.next() else { return Err(Wrong::FromNowhere) };
        let newer = |(other, step): &(String, Step)| {
            other != name && written.by < step.start && event.start > self.known_at(step, event, fresh)
        };
        if token.names.iter().any(newer) { Err(Wrong::WentBack) } else { Ok(()) }
    }

    /// Changes are judged by the database, so never by what is stale.
    fn change(&self, token: &Known, event: &Event, outcome: Outcome) -> Result<(), Wrong> {
        match outcome {
            Outcome::Acknowledged if token.ends.iter().any(|end| end.step.end < event.start) => {
                Err(Wrong::ChangedAfterItsEnd)
            }
            Outcome::NotFound if token.born.end < event.start => Err(Wrong::Lost),
            Outcome::Ended if !token.ends.iter().any(|end| end.step.start <= event.end()) => Err(Wrong::EndedByNobody),
            _ => Ok(()),
        }
    }

    /// From when on whoever looks must know of it.
    fn known_at(&self, step: &Step, event: &Event, fresh: bool) -> u64 {
        if event.node == step.node {
            return step.end.min(step.by.saturating_add(self.later(fresh)));
        }
        step.by.saturating_add(self.later(fresh))
    }

    fn later(&self, fresh: bool) -> u64 {
        if fresh { 0 } else { self.bound }
    }
}
