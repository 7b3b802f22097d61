use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use crate::record::{Actor, OwnerId, Scopes};

/// The person who asks: whose tokens they manage, who they are, and what they may do. The host's middleware, which
/// knows the session, puts it into a request's extensions; a request without one is answered 401.
///
/// ```
/// use personal_tokens::management::{Principal, Rights};
/// use personal_tokens::{Actor, OwnerId, Scopes};
///
/// // The owner of the shop, who may give any token any scope of the shop.
/// let owner = Principal::new(OwnerId::new("store-42")?, Rights::all())
///     .grantable(Scopes::new(["products:read", "products:write"])?);
/// // A member of staff who sees the tokens, and may make some that read.
/// let clerk = Principal::new(OwnerId::new("store-42")?, Rights::none().list().issue())
///     .actor(Actor::new("clerk-7")?)
///     .grantable(Scopes::new(["products:read"])?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Principal {
    /// Whose tokens these are. Those of others are not there for this person.
    pub owner: OwnerId,
    /// Who asks, if that is not plain from the owner: becomes `created_by`, and [observers](crate::Observer) are told.
    pub actor: Option<Actor>,
    /// Which scopes this person may give to a token: those that they have themselves. A token with any other they can
    /// neither issue nor rotate, nor give it a scope or a longer life; see
    /// [`PersonalTokens::granting`](crate::PersonalTokens::granting).
    pub grantable: Scopes,
    /// What this person may do.
    pub rights: Rights,
}

/// What a person may do with the tokens of an owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rights {
    /// See the tokens.
    pub list: bool,
    /// Make new ones. To rotate a token takes this and [`edit`](Self::edit).
    pub issue: bool,
    /// Rename tokens, change their scopes and their expiry. Who takes away a scope, or shortens a life to a second,
    /// stops a script as surely as who revokes; it can be undone. The answer shows the token.
    pub edit: bool,
    /// End them for good: one, all, or the grace of one that was rotated. The answer shows the token.
    pub revoke: bool,
}

/// One of the [`Rights`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Right {
    List,
    Issue,
    Edit,
    Revoke,
}

impl Principal {
    /// A person with these rights over the owner's tokens, who may grant no scope.
    #[must_use]
    pub fn new(owner: OwnerId, rights: Rights) -> Self {
        Self { owner, actor: None, grantable: Scopes::none(), rights }
    }

    /// Who it is.
    #[must_use]
    pub fn actor(mut self, actor: Actor) -> Self {
        self.actor = Some(actor);
        self
    }

    /// Which scopes this person may give to a token.
    #[must_use]
    pub fn grantable(mut self, scopes: Scopes) -> Self {
        self.grantable = scopes;
        self
    }
}

impl Principal {
    /// The same for the same owner and actor, and telling nothing of them: a page sends it along, so that it is refused once
    /// somebody else has signed in beside it.
    pub(super) fn mark(&self) -> String {
        let actor = self.actor.as_ref().map_or("", Actor::as_str);
        // No text of these holds a NUL.
        URL_SAFE_NO_PAD.encode(Sha256::digest([self.owner.as_str(), actor].join("\0")))
    }
}

impl Rights {
    /// Everything.
    #[must_use]
    pub const fn all() -> Self {
        Self { list: true, issue: true, edit: true, revoke: true }
    }

    /// Nothing; add what the person may do.
    #[must_use]
    pub const fn none() -> Self {
        Self { list: false, issue: false, edit: false, revoke: false }
    }

    /// And to see the tokens.
    #[must_use]
    pub const fn list(mut self) -> Self {
        self.list = true;
        self
    }

    /// And to make new ones.
    #[must_use]
    pub const fn issue(mut self) -> Self {
        self.issue = true;
        self
    }

    /// And to change them.
    #[must_use]
    pub const fn edit(mut self) -> Self {
        self.edit = true;
        self
    }

    /// And to end them.
    #[must_use]
    pub const fn revoke(mut self) -> Self {
        self.revoke = true;
        self
    }

    pub(super) const fn include(self, right: Right) -> bool {
        match right {
            Right::List => self.list,
            Right::Issue => self.issue,
            Right::Edit => self.edit,
            Right::Revoke => self.revoke,
        }
    }
}

impl Right {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Issue => "issue",
            Self::Edit => "edit",
            Self::Revoke => "revoke",
        }
    }
}
