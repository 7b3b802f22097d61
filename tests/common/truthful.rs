//! Histories of a fleet that keeps every promise, and short ways to write one down.

use proptest::prelude::*;

use super::history::{Deed, Event, Outcome, State, Successor};
use Outcome::{Acknowledged, Ended, Unknown};
use State::{Active, Revoked, Rotated};

/// How long a node may not know what another did.
pub const BOUND: u64 = 100;

/// Whose all tokens are.
pub const OWNER: &str = "owner";

/// One step: what is asked, of which token, by which node, how long after the last one the database does it, how long the
/// call takes and what went before it of that, how stale a look is (in per cent of what is allowed), and whether the node
/// lives to hear the answer.
#[derive(Clone, Debug)]
pub struct Ask {
    pub verb: Verb,
    pub heard: bool,
    token: u8,
    node: usize,
    wait: u64,
    takes: u64,
    effect: u64,
    stale: u64,
}

#[derive(Clone, Copy, Debug)]
pub enum Verb {
    Issue,
    Rename,
    Rotate,
    Revoke,
    RevokeAll,
    Look,
    Verify,
}

pub fn ask() -> impl Strategy<Value = Ask> {
    let verbs =
        [(1, Verb::Issue), (2, Verb::Rename), (1, Verb::Rotate), (1, Verb::Revoke), (1, Verb::Look), (5, Verb::Verify)];
    let verb = prop_oneof![60 => prop::sample::select(weighted(&verbs)), 1 => Just(Verb::RevokeAll)];
    let spans = (0_u64..40, 2_u64..60, 0_u64..=100, 0_u64..=100);
    (verb, prop::bool::weighted(0.9), any::<u8>(), 0_usize..3, spans).prop_map(
        |(verb, heard, token, node, (wait, takes, before, stale))| {
            let effect = 1 + before * (takes - 2) / 100;
            Ask { verb, heard, token, node, wait, takes, effect, stale }
        },
    )
}

fn weighted<T: Copy>(table: &[(usize, T)]) -> Vec<T> {
    table.iter().flat_map(|(weight, value)| vec![*value; *weight]).collect()
}

/// What one token was at each instant at which it changed, and which node had that acknowledged, when.
#[derive(Clone, Debug, Default)]
struct Life {
    steps: Vec<(u64, Held)>,
    told: Vec<(usize, u64)>,
    predecessor: Option<usize>,
    /// Nobody can ask for another.
    id_was_told: bool,
}

#[derive(Clone, Debug, Default)]
struct Held {
    name: String,
    revoked: bool,
    grace_ends: Option<u64>,
}

impl Held {
    fn state(&self, now: u64) -> State {
        match self.grace_ends {
            _ if self.revoked => Revoked,
            Some(ends) if ends <= now => Rotated,
            _ => Active,
        }
    }
}

impl Life {
    fn at(&self, instant: u64) -> Option<&Held> {
        self.steps.iter().rev().find(|(since, _)| *since <= instant).map(|(_, held)| held)
    }

    fn last(&self) -> &Held {
        &self.steps.last().unwrap().1
    }
}

/// The history of a fleet whose database does one thing at a time.
pub fn truthful(asks: &[Ask]) -> Vec<Event> {
    let (mut lives, mut events): (Vec<Life>, Vec<Event>) = (Vec::new(), Vec::new());
    // Calls overlap: each begins a little before the last one took effect, and takes effect after it.
    let mut clock = 1_000;
    for (number, ask) in asks.iter().enumerate() {
        clock += 1 + ask.wait;
        let (start, now, end) = (clock - ask.effect, clock, clock - ask.effect + ask.takes);
        let known: Vec<usize> = (0..lives.len()).filter(|token| lives[*token].id_was_told).collect();
        let token = known.get(usize::from(ask.token) % known.len().max(1)).copied();
        let outcome = if ask.heard { Acknowledged } else { Unknown };
        let heard = ask.heard.then_some(end);
        let told = ask.heard.then_some((ask.node, end));
        let changed = |life: &mut Life, held: Held| {
            life.steps.push((now, held));
            life.told.extend(told);
        };
        let cut = |lives: &mut Vec<Life>, token: usize| {
            if let Some(old) = lives[token].predecessor {
                let held = Held {
                    grace_ends: lives[old].last().grace_ends.map(|ends| ends.min(now)),
                    ..lives[old].last().clone()
                };
                changed(&mut lives[old], held);
            }
        };
        let open = |held: &Held| !held.revoked && held.grace_ends.is_none();
        let deed = match (ask.verb, token) {
            (Verb::Issue, _) | (_, None) => {
                let mut life = Life { id_was_told: ask.heard, ..Life::default() };
                let id = lives.len().to_string();
                let name = format!("{id}-0");
                changed(&mut life, Held { name: name.clone(), ..Held::default() });
                lives.push(life);
                Deed::Issue { owner: OWNER.into(), name, id: ask.heard.then_some(id) }
            }
            (Verb::Rename, Some(token)) => {
                let (id, name) = (token.to_string(), format!("{token}-{number}"));
                let held = lives[token].last().clone();
                if open(&held) {
                    changed(&mut lives[token], Held { name: name.clone(), ..held });
                    rename(&id, &name, outcome)
                } else {
                    rename(&id, &name, Ended)
                }
            }
            (Verb::Rotate, Some(token)) => {
                let (id, held) = (token.to_string(), lives[token].last().clone());
                if open(&held) {
                    let grace_ends = now + ask.stale * 4;
                    cut(&mut lives, token);
                    changed(&mut lives[token], Held { grace_ends: Some(grace_ends), ..held.clone() });
                    let mut life = Life { predecessor: Some(token), id_was_told: ask.heard, ..Life::default() };
                    changed(&mut life, Held { name: held.name.clone(), ..Held::default() });
                    let successor = Successor { id: lives.len().to_string(), name: held.name, grace_ends };
                    lives.push(life);
                    Deed::Rotate { id, outcome, successor: ask.heard.then_some(successor) }
                } else {
                    rotate_and(&id, Ended)
                }
            }
            (Verb::Revoke, Some(token)) => {
                let held = Held { revoked: true, ..lives[token].last().clone() };
                changed(&mut lives[token], held);
                cut(&mut lives, token);
                revoke(&token.to_string(), outcome)
            }
            (Verb::RevokeAll, Some(_)) => {
                for life in &mut lives {
                    // Also of what others revoked meanwhile.
                    life.told.extend(told);
                    if life.last().state(now) == Active {
                        life.steps.push((now, Held { revoked: true, ..life.last().clone() }));
                    }
                }
                revoke_all(outcome)
            }
            (Verb::Look | Verb::Verify, Some(token)) => {
                let (fresh, life) = (matches!(ask.verb, Verb::Look), &lives[token]);
                // What it did itself a node knows; of others it learns within the bound.
                let own = life.told.iter().filter(|(node, told)| *node == ask.node && *told <= start);
                let own = own.map(|(_, told)| *told).max().unwrap_or(0);
                let oldest = if fresh { now } else { own.max(start.saturating_sub(BOUND)).min(now) };
                let read = now - (now - oldest) * ask.stale / 100;
                let held = life.at(read).unwrap_or(life.last());
                let state = held.state(now);
                let name = (fresh || state == Active).then(|| held.name.clone());
                Deed::See { id: token.to_string(), state, name, fresh }
            }
        };
        let is_told = matches!(
            &deed,
            Deed::See { .. } | Deed::Rename { outcome: Ended, .. } | Deed::Rotate { outcome: Ended, .. }
        );
        events.push(at(ask.node, start, heard.or(is_told.then_some(end)), deed));
    }
    events
}

/// A node's deed from one instant to another; to none where its answer was not heard.
pub fn at(node: usize, start: u64, end: impl Into<Option<u64>>, deed: Deed) -> Event {
    Event { node, start, end: end.into(), deed }
}

pub fn issue(id: &str) -> Deed {
    Deed::Issue { owner: OWNER.into(), name: format!("{id}-0"), id: Some(id.into()) }
}

pub fn rename(id: &str, name: &str, outcome: Outcome) -> Deed {
    Deed::Rename { id: id.into(), name: name.into(), outcome }
}

pub fn rotate(id: &str, name: &str, successor: &str, grace_ends: u64) -> Deed {
    let successor = Successor { id: successor.into(), name: name.into(), grace_ends };
    Deed::Rotate { id: id.into(), outcome: Acknowledged, successor: Some(successor) }
}

pub fn rotate_and(id: &str, outcome: Outcome) -> Deed {
    Deed::Rotate { id: id.into(), outcome, successor: None }
}

pub fn revoke(id: &str, outcome: Outcome) -> Deed {
    Deed::Revoke { id: id.into(), outcome }
}

pub fn revoke_all(outcome: Outcome) -> Deed {
    Deed::RevokeAll { owner: OWNER.into(), outcome }
}

pub fn see(id: &str, state: State) -> Deed {
    Deed::See { id: id.into(), state, name: None, fresh: false }
}

pub fn named(id: &str, name: &str) -> Deed {
    Deed::See { id: id.into(), state: Active, name: Some(name.into()), fresh: false }
}

/// A look at the database.
pub fn kept(id: &str, state: State, name: &str) -> Deed {
    Deed::See { id: id.into(), state, name: Some(name.into()), fresh: true }
}
