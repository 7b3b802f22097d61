use crate::timestamp::Timestamp;
use crate::token::TokenId;

use super::change::Kind;
use super::{Actor, Change, Changed, OwnerId};

/// What a committed change did to one token; an [`Observer`](crate::Observer) gets it. It holds no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TokenEvent {
    /// What was done.
    pub kind: EventKind,
    /// Whose token it is.
    pub owner: OwnerId,
    /// The token.
    pub id: TokenId,
    /// Who asked for it, if the host said.
    pub actor: Option<Actor>,
    /// The change's instant, by the clock of the node that made it.
    pub at: Timestamp,
}

/// What was done to a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EventKind {
    /// It was issued.
    Issued,
    /// Its name, scopes or expiry changed.
    Updated,
    /// It was rotated away; the successor exists from now on.
    Rotated {
        /// The token that took its place.
        successor: TokenId,
    },
    /// It was revoked.
    Revoked,
    /// Its grace was ended, as the token that had replaced it was revoked or rotated in turn.
    GraceEnded,
    /// It had ended longer ago than the retention, and was deleted.
    Pruned,
}

impl Change {
    /// What to tell of this change, once it is committed; nothing where all was as asked already.
    pub(crate) fn events(&self, changed: &Changed, actor: Option<&Actor>) -> Vec<TokenEvent> {
        let answer = changed.record.as_ref().map(|record| record.id);
        let event = |id: &TokenId| {
            let kind = self.done_to(*id, answer)?;
            Some(TokenEvent { kind, owner: self.owner.clone(), id: *id, actor: actor.cloned(), at: self.at })
        };
        changed.written.iter().filter_map(event).collect()
    }

    /// None for a successor: its predecessor's event tells of it.
    fn done_to(&self, written: TokenId, answer: Option<TokenId>) -> Option<EventKind> {
        match &self.kind {
            Kind::Issue(_) => Some(EventKind::Issued),
            Kind::Update { .. } => Some(EventKind::Updated),
            Kind::Rotate { id, .. } if written == *id => answer.map(|successor| EventKind::Rotated { successor }),
            Kind::Rotate { .. } if Some(written) == answer => None,
            Kind::Revoke { id } if written == *id => Some(EventKind::Revoked),
            Kind::Rotate { .. } | Kind::Revoke { .. } => Some(EventKind::GraceEnded),
            Kind::RevokeAll => Some(EventKind::Revoked),
        }
    }
}
