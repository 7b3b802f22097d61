//! What is known of each token, over a whole history.

use std::collections::{HashMap, HashSet};

use super::{Deed, Event, Id, Outcome, State};

pub const NEVER: u64 = u64::MAX;

#[derive(Debug)]
pub struct Known {
    pub owner: String,
    pub born: Step,
    pub names: Vec<(String, Step)>,
    pub ends: Vec<End>,
    /// When it was first seen to have ended.
    pub seen_ended: u64,
    pub rotations: usize,
}

/// Something that happened once: not before `start`, and if at all by `by`.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    pub node: usize,
    pub start: u64,
    /// When it was acknowledged; never, perhaps.
    pub end: u64,
    /// When it was acknowledged or first seen.
    pub by: u64,
}

#[derive(Debug)]
pub struct End {
    pub step: Step,
    pub state: State,
    /// From when on it holds: a grace is over.
    pub from: u64,
}

#[derive(Default)]
pub struct Tokens {
    pub known: HashMap<Id, Known>,
    /// What tokens are called that somebody may have made, without living to hear their ids.
    pub perhaps: HashSet<String>,
}

impl Tokens {
    pub fn of(events: &[Event]) -> Self {
        let mut tokens = Self::default();
        let mut predecessors = HashMap::new();
        for event in events {
            let step = event.step(Outcome::Acknowledged);
            match &event.deed {
                Deed::Issue { owner, name, id: Some(id) } => tokens.born(id, owner.clone(), name, step),
                Deed::Rotate { id, successor: Some(successor), .. } => {
                    predecessors.insert(successor.id.clone(), id.clone());
                    tokens.born(&successor.id, String::new(), &successor.name, step);
                }
                Deed::Issue { name, id: None, .. } => drop(tokens.perhaps.insert(name.clone())),
                _ => {}
            }
        }
        tokens.inherit_owners(&predecessors);
        for event in events {
            tokens.changed_by(event, &predecessors);
        }
        for event in events {
            tokens.seen_by(event);
            if let Deed::Rotate { id, outcome: Outcome::Unknown, .. } = &event.deed {
                let names = tokens.known.get(id).into_iter().flat_map(|token| &token.names);
                tokens.perhaps.extend(names.map(|(name, _)| name.clone()));
            }
        }
        tokens
    }

    fn born(&mut self, id: &Id, owner: String, name: &str, born: Step) {
        let names = vec![(name.to_owned(), born)];
        self.known.insert(id.clone(), Known { owner, born, names, ends: Vec::new(), seen_ended: NEVER, rotations: 0 });
    }

    fn inherit_owners(&mut self, predecessors: &HashMap<Id, Id>) {
        for id in predecessors.keys() {
            let mut first = id;
            while let Some(before) = predecessors.get(first) {
                first = before;
            }
            if let Some(owner) = self.known.get(first).map(|token| token.owner.clone()) {
                self.known.entry(id.clone()).and_modify(|token| token.owner = owner);
            }
        }
    }

    fn changed_by(&mut self, event: &Event, predecessors: &HashMap<Id, Id>) {
        let mut ended = |id: Option<&Id>, state, outcome, from| {
            if let Some(token) = id.and_then(|id| self.known.get_mut(id)) {
                token.ends.push(End { step: event.step(outcome), state, from });
            }
        };
        match &event.deed {
            Deed::Rename { id, name, outcome: outcome @ (Outcome::Acknowledged | Outcome::Unknown) } => {
                if let Some(token) = self.known.get_mut(id) {
                    token.names.push((name.clone(), event.step(*outcome)));
                }
            }
            Deed::Rotate { id, outcome: outcome @ (Outcome::Acknowledged | Outcome::Unknown), successor } => {
                let from = successor.as_ref().map_or(0, |successor| successor.grace_ends);
                ended(Some(id), State::Rotated, *outcome, from);
                // A lineage has one grace.
                ended(predecessors.get(id), State::Rotated, *outcome, 0);
                if *outcome == Outcome::Acknowledged
                    && let Some(token) = self.known.get_mut(id)
                {
                    token.rotations += 1;
                }
            }
            Deed::Revoke { id, outcome: outcome @ (Outcome::Acknowledged | Outcome::Unknown) } => {
                ended(Some(id), State::Revoked, *outcome, 0);
                ended(predecessors.get(id), State::Rotated, *outcome, 0);
            }
            Deed::RevokeAll { owner, outcome: outcome @ (Outcome::Acknowledged | Outcome::Unknown) } => {
                for token in self.known.values_mut().filter(|token| token.owner == *owner) {
                    // Of one that was made meanwhile nobody knows.
                    let outcome = if token.born.end < event.start { *outcome } else { Outcome::Unknown };
                    token.ends.push(End { step: event.step(outcome), state: State::Revoked, from: 0 });
                }
            }
            _ => {}
        }
    }

    fn seen_by(&mut self, event: &Event) {
        let Deed::See { id, state, name, .. } = &event.deed else { return };
        let Some(token) = self.known.get_mut(id) else { return };
        if matches!(state, State::Revoked | State::Rotated) {
            token.seen_ended = token.seen_ended.min(event.end());
        }
        for (_, step) in token.names.iter_mut().filter(|(written, _)| Some(written) == name.as_ref()) {
            step.by = step.by.min(event.end());
        }
    }
}
