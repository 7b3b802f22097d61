use std::borrow::Borrow;
use std::sync::Arc;

use time::Duration;

use crate::timestamp::Timestamp;
use crate::token::{TokenDigest, TokenId};

use super::{Actor, Expiry, OwnerId, Policy, Scopes, TokenName, TokenRecord, TokenState};

/// Something that a person asks for: issue, update, rotate, revoke, revoke all. It carries its owner, its
/// instant and its limits, so that a store needs nothing else.
///
/// The rulebook judges it in two pure steps, the same for every store: [`needs`](Self::needs) says which of
/// the owner's records count, `decide` makes the [`Plan`] of what to write, or refuses. A store's part is to
/// do gather, decide and write as one atomic step, serialised per owner; see
/// [`TokenStore::change`](crate::store::TokenStore::change).
#[derive(Clone, Debug)]
pub struct Change {
    pub(super) owner: OwnerId,
    pub(super) at: Timestamp,
    pub(super) policy: Arc<Policy>,
    pub(super) grantable: Option<Arc<Scopes>>,
    pub(super) kind: Kind,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    Issue(Box<TokenRecord>),
    Update { id: TokenId, edit: Edit },
    Rotate { id: TokenId, successor: Successor },
    Revoke { id: TokenId },
    RevokeAll,
}

/// What an update sets; what is none stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edit {
    /// A new name.
    pub name: Option<TokenName>,
    /// Other scopes, in place of all that the token has.
    pub scopes: Option<Scopes>,
    /// Another expiry: later, earlier or none. It revives an expired token.
    pub expiry: Option<Expiry>,
}

/// The token that takes another's place in a rotation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Successor {
    /// Its id.
    pub id: TokenId,
    /// Its digest.
    pub digest: TokenDigest,
    /// Who asked for the rotation.
    pub created_by: Option<Actor>,
    /// Its expiry. None: the span that its predecessor was last given, from now, cut to what the policy
    /// allows.
    pub expiry: Option<Expiry>,
    /// How long the old token is accepted beside it.
    pub grace: Duration,
}

/// Which of the owner's records a [`Change`] must see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Needs<'a> {
    /// Whose records.
    pub owner: &'a OwnerId,
    /// The change's instant: what "unexpired" means when counting.
    pub at: Timestamp,
    /// The owner's record with this id, and the record whose successor it is.
    pub target: Option<TokenId>,
    /// The owner's current record with this name.
    pub name: Option<&'a TokenName>,
    /// How many current, unexpired records of the owner there are; counting may stop at this number. 0: no
    /// count is needed.
    pub count_to: u32,
    /// Every record of the owner that is, or could become, active: current (expired too) or in grace.
    pub all: bool,
}

/// What a store found for [`Needs`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// The records; the order does not matter, and more than needed do no harm.
    pub records: Vec<TokenRecord>,
    /// The count, up to `count_to`.
    pub active: u32,
}

/// What to write, all or nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Plan {
    /// Existing records as they shall be. Of these a store writes name, scopes, expiry, `expiry_set`,
    /// revoked and rotated only; never `last_used` and `noticed`, which others write meanwhile. Written before
    /// `insert`, they free its name.
    pub update: Vec<TokenRecord>,
    /// A new record. Its id must be free in the whole store.
    pub insert: Option<TokenRecord>,
    /// What to answer.
    pub changed: Changed,
}

/// What a change did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Changed {
    /// The record that was asked for, as it is now: the issued, updated, succeeding or revoked one. None for
    /// revoke all.
    pub record: Option<TokenRecord>,
    /// Every record that was written. Empty if all was as asked already.
    pub written: Vec<TokenId>,
}

impl Change {
    /// Issue this token; its instant is the record's `created`. It is inserted as it is, so a host that imports tokens
    /// answers for the other fields: the two of a rotation name each other, by `rotated` and by `predecessor`.
    #[must_use]
    pub fn issue(record: TokenRecord, policy: Arc<Policy>) -> Self {
        Self::new(record.owner.clone(), record.created, policy, Kind::Issue(Box::new(record)))
    }

    /// Rename the token, change its scopes or set its expiry.
    #[must_use]
    pub fn update(owner: OwnerId, id: TokenId, edit: Edit, at: Timestamp, policy: Arc<Policy>) -> Self {
        Self::new(owner, at, policy, Kind::Update { id, edit })
    }

    /// Replace the token by a successor of the same owner, name and scopes.
    #[must_use]
    pub fn rotate(owner: OwnerId, id: TokenId, successor: Successor, at: Timestamp, policy: Arc<Policy>) -> Self {
        Self::new(owner, at, policy, Kind::Rotate { id, successor })
    }

    /// End the token for good.
    #[must_use]
    pub fn revoke(owner: OwnerId, id: TokenId, at: Timestamp) -> Self {
        Self::new(owner, at, Arc::default(), Kind::Revoke { id })
    }

    /// End every token of the owner that is or could become active.
    #[must_use]
    pub fn revoke_all(owner: OwnerId, at: Timestamp) -> Self {
        Self::new(owner, at, Arc::default(), Kind::RevokeAll)
    }

    /// The same, asked for by a person who may grant only these scopes. A token whose scopes are not all among them is not
    /// issued, not rotated, and by an update neither given a scope nor a longer life.
    #[must_use]
    pub fn granting(self, grantable: impl Into<Arc<Scopes>>) -> Self {
        Self { grantable: Some(grantable.into()), ..self }
    }

    /// Whose tokens it is about; a store serialises by this.
    #[must_use]
    pub fn owner(&self) -> &OwnerId {
        &self.owner
    }

    /// Its instant.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// Which of the owner's records [`decide`](Self::decide) must see.
    #[must_use]
    pub fn needs(&self) -> Needs<'_> {
        let none = Needs { owner: &self.owner, at: self.at, target: None, name: None, count_to: 0, all: false };
        let limit = self.policy.max_active.unwrap_or(0);
        match &self.kind {
            Kind::Issue(new) => Needs { name: Some(&new.name), count_to: limit, ..none },
            Kind::Update { id, edit } => {
                let count_to = if edit.expiry.is_some() { limit } else { 0 };
                Needs { target: Some(*id), name: edit.name.as_ref(), count_to, ..none }
            }
            Kind::Rotate { id, .. } => Needs { target: Some(*id), count_to: limit, ..none },
            Kind::Revoke { id } => Needs { target: Some(*id), ..none },
            Kind::RevokeAll => Needs { all: true, ..none },
        }
    }

    fn new(owner: OwnerId, at: Timestamp, policy: Arc<Policy>, kind: Kind) -> Self {
        Self { owner, at, policy, grantable: None, kind }
    }
}

impl Needs<'_> {
    /// The view, from any superset of the owner's records: for a store that reads them all, other owners'
    /// too if it must.
    pub fn gather<R: Borrow<TokenRecord>>(&self, records: impl IntoIterator<Item = R>) -> View {
        let mut view = View::default();
        for record in records {
            let record = record.borrow();
            if record.owner != *self.owner {
                continue;
            }
            if self.selects(record) {
                view.records.push(record.clone());
            }
            if view.active < self.count_to && record.is_current() && record.state(self.at) == TokenState::Active {
                view.active = view.active.saturating_add(1);
            }
        }
        view
    }

    fn selects(&self, record: &TokenRecord) -> bool {
        self.target.is_some_and(|target| record.id == target || record.is_replaced_by(target))
            || self.name.is_some_and(|name| record.name == *name && record.is_current())
            || (self.all && record.can_be_active(self.at))
    }
}
