//! What people do with their tokens, through the handle.

use std::num::NonZeroU32;
use std::sync::Arc;

use rand::rngs::SysRng;

use crate::record::{Actor, Change, ChangeRefused, Changed, OwnerId, Successor, TokenRecord};
use crate::store::{ChangeError, Cursor, ListQuery, StoreError};
use crate::token::{Token, TokenId};

use super::{Issued, NewToken, Page, PersonalTokens, Rotation, TokenChange};

impl PersonalTokens {
    /// Issues a token. Its string is in the answer, and nowhere else, ever.
    ///
    /// # Errors
    /// [`ChangeError::Refused`] if a word is invalid, the name is taken, the limit is reached or the policy
    /// forbids it; [`ChangeError::Store`] if store, clock or random generator fail. Nothing is stored then,
    /// unless the source says that the outcome is unknown.
    pub async fn issue(&self, new: NewToken) -> Result<Issued, ChangeError> {
        let now = self.now()?;
        let owner = new.owner.map_err(ChangeRefused::from)?;
        let name = new.name.map_err(ChangeRefused::from)?;
        let scopes = new.scopes.map_err(ChangeRefused::from)?;
        let created_by = new.created_by.map_err(ChangeRefused::from)?.or_else(|| self.actor.clone());
        let expiry = new.ends.resolve(now).map_err(ChangeRefused::from)?;

        let token = self.generate()?;
        let base = TokenRecord::new(token.id(), owner, name, token.digest(), now);
        let record = TokenRecord { scopes, created_by: created_by.clone(), expiry, ..base };
        let record = self.change(Change::issue(record, Arc::clone(&self.inner.policy)), created_by).await?;
        Ok(Issued { token, record })
    }

    /// The owner's token of this id, whatever its state; none if the owner has none such.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub async fn get(&self, owner: &OwnerId, id: TokenId) -> Result<Option<TokenRecord>, StoreError> {
        let mut found = self.inner.store.get(owner, id).await?;
        if let Some(record) = &mut found {
            self.inner.usage.overlay(record);
        }
        Ok(found)
    }

    /// One page of the owner's tokens, newest first. Pages neither skip nor repeat a token, whatever is issued
    /// between them.
    ///
    /// # Errors
    /// [`StoreError`] if the store or the clock fails.
    pub async fn list(&self, owner: &OwnerId, query: ListQuery) -> Result<Page, StoreError> {
        let limit = query.limit.min(ListQuery::MAX_LIMIT);
        // One more than the page holds tells whether there is a next one.
        let wider = ListQuery { limit: limit.saturating_add(1), ..query };
        let tokens = self.inner.store.list(owner, &wider, self.now()?).await?;
        Ok(self.page(tokens, limit, |last| Some(Cursor::in_list(last))))
    }

    /// Renames a token, changes its scopes or its expiry; its secret stays. An expired token lives again when
    /// it gets a later expiry or none. Answers the token as it is now.
    ///
    /// # Errors
    /// [`ChangeError`] as for [`issue`](Self::issue); also `NotFound`, and `Ended` for a revoked or rotated
    /// token.
    pub async fn update(&self, owner: &OwnerId, id: TokenId, change: TokenChange) -> Result<TokenRecord, ChangeError> {
        let now = self.now()?;
        let edit = change.resolve(now)?;
        let change = Change::update(owner.clone(), id, edit, now, Arc::clone(&self.inner.policy));
        self.change(change, self.actor.clone()).await
    }

    /// Replaces a token by a new one of the same name and scopes, with another secret; the old one is accepted
    /// until its grace is over. All or nothing.
    ///
    /// # Errors
    /// As for [`update`](Self::update).
    pub async fn rotate(&self, owner: &OwnerId, id: TokenId, rotation: Rotation) -> Result<Issued, ChangeError> {
        let now = self.now()?;
        let expiry = rotation.ends.map(|ends| ends.resolve(now)).transpose().map_err(ChangeRefused::from)?;
        let created_by = rotation.created_by.map_err(ChangeRefused::from)?.or_else(|| self.actor.clone());
        let (token, grace) = (self.generate()?, rotation.grace);
        let (digest, actor) = (token.digest(), created_by.clone());
        let successor = Successor { id: token.id(), digest, created_by, expiry, grace };
        let policy = Arc::clone(&self.inner.policy);
        let record = self.change(Change::rotate(owner.clone(), id, successor, now, policy), actor).await?;
        Ok(Issued { token, record })
    }

    /// Ends a token for good, and the grace of the one that it replaced. Once this returns, this handle accepts it in
    /// no verification that begins, nor in one that was still waiting for the store; elsewhere in none that begins
    /// later than the store's staleness allows. Doing it again changes nothing and is no error (RFC 7009 §2.2).
    ///
    /// # Errors
    /// `NotFound` if the owner has no such token; [`ChangeError::Store`] if the store or the clock fails.
    pub async fn revoke(&self, owner: &OwnerId, id: TokenId) -> Result<TokenRecord, ChangeError> {
        self.change(Change::revoke(owner.clone(), id, self.now()?), self.actor.clone()).await
    }

    /// Ends every token of the owner that is or could become active: the account is closed or disabled
    /// (OWASP ASVS 7.4.2). Answers how many.
    ///
    /// # Errors
    /// [`ChangeError::Store`] if the store or the clock fails.
    pub async fn revoke_all(&self, owner: &OwnerId) -> Result<u64, ChangeError> {
        let change = Change::revoke_all(owner.clone(), self.now()?);
        let changed = self.write(&change, self.actor.as_ref()).await?;
        Ok(u64::try_from(changed.written.len()).unwrap_or(u64::MAX))
    }

    /// The tokens of a page, and where the next begins, from one token more than the page holds.
    pub(super) fn page(
        &self,
        mut tokens: Vec<TokenRecord>,
        limit: NonZeroU32,
        place: impl Fn(&TokenRecord) -> Option<Cursor>,
    ) -> Page {
        let page_len = usize::try_from(limit.get()).unwrap_or(usize::MAX);
        let more = tokens.len() > page_len;
        tokens.truncate(page_len);
        for record in &mut tokens {
            self.inner.usage.overlay(record);
        }
        let next = if more { tokens.last().and_then(place) } else { None };
        Page { tokens, next }
    }

    async fn change(&self, change: Change, actor: Option<Actor>) -> Result<TokenRecord, ChangeError> {
        let change = match &self.grantable {
            Some(grantable) => change.granting(Arc::clone(grantable)),
            None => change,
        };
        let changed = self.write(&change, actor.as_ref()).await?;
        let mut record =
            changed.record.ok_or_else(|| StoreError::corrupt("the store answered a change without its record"))?;
        self.inner.usage.overlay(&mut record);
        Ok(record)
    }

    /// Every change goes through here, so that no lookup in flight outlives it, whatever becomes of it. One that
    /// found all as asked already counts too: it may have been written by another node, or by a call that was
    /// cancelled.
    async fn write(&self, change: &Change, actor: Option<&Actor>) -> Result<Changed, ChangeError> {
        let raise = self.inner.fence.raise_on_drop(change.owner());
        let outcome = self.inner.store.change(change).await;
        match &outcome {
            Err(ChangeError::Refused(_)) => raise.not_needed(),
            _ => drop(raise),
        }
        if let Ok(changed) = &outcome
            && !self.inner.observers.is_empty()
        {
            change.events(changed, actor).iter().for_each(|event| self.tell(event));
        }
        outcome
    }

    fn generate(&self) -> Result<Token, StoreError> {
        Token::generate(&self.inner.prefix, &mut SysRng).map_err(StoreError::unavailable)
    }
}
