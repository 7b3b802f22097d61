//! Who may grant only some scopes gets no token beyond them issued, rotated, widened or prolonged, by no sequence of
//! changes; to rename, narrow, shorten and revoke one takes no grant. It is judged in the same step that writes.
#![cfg(all(feature = "memory", feature = "testing"))]

use crate::common;

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use common::rulebook::{after, decide, expiring_at, name, policy, record, revoked_at, token_id, with};
use common::{issue, noon, now, other_owner, owner};
use personal_tokens::store::{ExpiringQuery, LastUse, ListQuery, MemoryStore, Pruned, TokenStore};
use personal_tokens::{
    Actor, Change, ChangeError, ChangeRefused, Changed, Duration, Edit, Expiry, ManualClock, NewToken, OwnerId,
    PersonalTokens, Policy, Rotation, Scope, Scopes, StoreError, Successor, Timestamp, TokenChange, TokenId,
    TokenRecord, TokenState,
};

fn set(scopes: &[&str]) -> Scopes {
    Scopes::new(scopes).unwrap()
}

fn offers() -> Arc<Policy> {
    policy(|policy| policy.scopes = set(&["read", "write", "admin"]))
}

fn not_grantable(scope: &str, grantable: &[&str]) -> ChangeRefused {
    ChangeRefused::NotGrantable { scope: Scope::new(scope).unwrap(), grantable: set(grantable) }
}

/// Number 1, made an hour ago, until so many seconds after noon.
fn token(scopes: &[&str], until: Option<i64>) -> TokenRecord {
    let record = until.map_or(record(1), |until| expiring_at(1, after(until)));
    with(record, |record| {
        (record.created, record.expiry_set) = (after(-3_600), after(-3_600));
        record.scopes = set(scopes);
    })
}

fn rename() -> Edit {
    Edit { name: Some(name("till")), ..Edit::default() }
}

fn rescope(scopes: &[&str]) -> Edit {
    Edit { scopes: Some(set(scopes)), ..Edit::default() }
}

fn until(seconds: i64) -> Edit {
    Edit { expiry: Some(Expiry::At(after(seconds))), ..Edit::default() }
}

fn for_ever() -> Edit {
    Edit { expiry: Some(Expiry::Never), ..Edit::default() }
}

/// What is refused, if anything is, when somebody asks who may grant these.
fn refusal(change: Change, grantable: &[&str], records: &[TokenRecord]) -> Option<ChangeRefused> {
    assert_eq!(decide(&change, records).err(), None, "without limits it is done");
    decide(&change.granting(set(grantable)), records).err()
}

#[test]
fn nothing_is_issued_beyond_the_grant() {
    let table: [(&[&str], &[&str], Option<&str>); 8] = [
        (&["read"], &["read"], None),
        (&["read"], &["read", "write"], None),
        (&["read", "write"], &["read", "write"], None),
        (&[], &["read"], None),
        (&[], &[], None),
        (&["read"], &[], Some("read")),
        (&["write"], &["read"], Some("write")),
        (&["read", "admin", "write"], &["read"], Some("admin")),
    ];
    for (scopes, grantable, beyond) in table {
        let change = Change::issue(token(scopes, None), offers());
        let refused = beyond.map(|beyond| not_grantable(beyond, grantable));
        assert_eq!(refusal(change, grantable, &[]), refused, "{scopes:?} by who may grant {grantable:?}");
    }
}

#[test]
fn nothing_is_rotated_beyond_the_grant() {
    for old in [token(&["read", "write"], None), token(&["read", "write"], Some(60)), token(&["write"], Some(-60))] {
        for expiry in [None, Some(Expiry::At(after(1))), Some(Expiry::Never)] {
            let successor = Successor {
                id: token_id(2),
                digest: common::rulebook::digest(2),
                created_by: None,
                expiry,
                grace: Duration::ZERO,
            };
            let change = Change::rotate(owner(), old.id, successor, noon(), offers());
            let old = [old.clone()];
            assert_eq!(refusal(change.clone(), &["read"], &old), Some(not_grantable("write", &["read"])));
            assert_eq!(refusal(change.clone(), &["read", "write"], &old), None);
            let none = [with(old[0].clone(), |old| old.scopes = Scopes::none())];
            assert_eq!(refusal(change, &[], &none), None);
        }
    }
}

#[test]
fn an_edit_beyond_the_grant_takes_only_away() {
    let both = Edit { name: Some(name("till")), ..until(61) };
    let narrow_and_extend = |scopes: &[&str]| Edit { scopes: Some(set(scopes)), ..for_ever() };
    let (minute, rw): (_, &[&str]) = (Some(60), &["read", "write"]);
    let table: [(&str, TokenRecord, Edit, Option<&str>); 24] = [
        ("nothing", token(rw, minute), Edit::default(), None),
        ("renamed", token(rw, minute), rename(), None),
        ("renamed, expired", token(rw, Some(-60)), rename(), None),
        ("shortened", token(rw, minute), until(59), None),
        ("given an end", token(rw, None), until(1), None),
        ("given the same end", token(rw, minute), until(60), None),
        ("given no end again", token(rw, None), for_ever(), None),
        ("narrowed to what is granted", token(rw, minute), rescope(&["read"]), None),
        ("narrowed to what is not", token(rw, minute), rescope(&["write"]), None),
        ("left as it is", token(rw, minute), rescope(rw), None),
        ("stripped", token(rw, minute), rescope(&[]), None),
        ("replaced by what is granted", token(&["write"], minute), rescope(&["read"]), None),
        ("narrowed, then prolonged", token(rw, minute), narrow_and_extend(&["read"]), None),
        ("within it, prolonged", token(&["read"], minute), for_ever(), None),
        ("within it, revived", token(&["read"], Some(-60)), until(1), None),
        ("without scopes, revived", token(&[], Some(-60)), for_ever(), None),
        ("prolonged", token(rw, minute), until(61), Some("write")),
        ("renamed and prolonged", token(rw, minute), both, Some("write")),
        ("for ever", token(rw, minute), for_ever(), Some("write")),
        ("revived", token(rw, Some(-60)), until(1), Some("write")),
        ("widened", token(&["read"], minute), rescope(rw), Some("write")),
        ("widened by what is granted", token(&["write"], minute), rescope(rw), Some("write")),
        ("exchanged", token(&["write"], minute), rescope(&["admin"]), Some("admin")),
        ("narrowed too little", token(&["read", "write", "admin"], minute), narrow_and_extend(rw), Some("write")),
    ];
    for (what, old, edit, beyond) in table {
        let change = Change::update(owner(), old.id, edit, noon(), offers());
        let refused = beyond.map(|beyond| not_grantable(beyond, &["read"]));
        assert_eq!(refusal(change, &["read"], &[old]), refused, "{what}");
    }
}

#[test]
fn to_revoke_takes_no_grant() {
    let records = [token(&["admin"], None)];
    assert_eq!(refusal(Change::revoke(owner(), token_id(1), noon()), &[], &records), None);
    assert_eq!(refusal(Change::revoke_all(owner(), noon()), &[], &records), None);
}

/// Who may not see a token learns nothing of its scopes, and what has ended is said to have ended.
#[test]
fn other_refusals_come_first() {
    let foreign = with(token(&["admin"], None), |record| record.owner = other_owner());
    let revoked = with(revoked_at(1, noon()), |record| record.scopes = set(&["admin"]));
    for (record, expected) in [(foreign, ChangeRefused::NotFound), (revoked, ChangeRefused::Ended(TokenState::Revoked))]
    {
        let change = Change::update(owner(), record.id, for_ever(), noon(), offers()).granting(set(&["read"]));
        assert_eq!(decide(&change, &[record]), Err(expected));
    }
    let unknown = Change::issue(token(&["sell"], None), offers()).granting(set(&["read"]));
    assert!(matches!(decide(&unknown, &[]), Err(ChangeRefused::UnknownScope { .. })));
}

/// A memory in which somebody else gets in before a change.
#[derive(Default)]
struct Overtaken {
    memory: MemoryStore,
    first: Mutex<Option<Change>>,
}

/// The token had `read` alone when the clerk looked.
#[tokio::test]
async fn a_token_that_is_widened_meanwhile_is_not_rotated() {
    let store = Arc::new(Overtaken::default());
    let clock = ManualClock::new(noon());
    let builder = PersonalTokens::builder(Arc::clone(&store)).prefix("shop").scopes(["read", "write"]);
    let tokens = builder.clock(clock).build().unwrap();
    let clerk = tokens.granting(set(&["read"]));
    let issued = clerk.issue(NewToken::new(owner(), "sync").scopes(["read"])).await.unwrap();
    let id = issued.record.id;
    let widen = Change::update(owner(), id, rescope(&["read", "write"]), noon(), offers());

    let seen = clerk.get(&owner(), id).await.unwrap().unwrap();
    assert!(seen.scopes.is_subset_of(&set(&["read"])));
    *store.first.lock().unwrap() = Some(widen);
    let answer = clerk.rotate(&owner(), id, Rotation::new().grace(Duration::HOUR)).await.map(drop);
    assert!(matches!(answer, Err(ChangeError::Refused(ChangeRefused::NotGrantable { .. }))), "{answer:?}");
    let all = tokens.list(&owner(), ListQuery::all()).await.unwrap().tokens;
    assert_eq!(all, [with(issued.record, |record| record.scopes = set(&["read", "write"]))]);
}

#[tokio::test]
async fn a_handle_that_grants_some_scopes_is_only_ever_narrowed() {
    let all =
        PersonalTokens::builder(MemoryStore::new()).prefix("shop").scopes(["read", "write", "admin"]).build().unwrap();
    let twice = all.granting(set(&["read", "write"])).granting(set(&["write", "admin"]));
    for (number, (scope, granted)) in [("read", false), ("write", true), ("admin", false)].into_iter().enumerate() {
        let issued = twice.issue(NewToken::new(owner(), format!("token {number}")).scopes([scope])).await;
        match issued {
            Ok(_) => assert!(granted, "{scope}"),
            Err(ChangeError::Refused(refused)) => assert_eq!(refused, not_grantable(scope, &["write"]), "{granted}"),
            Err(error) => panic!("{error}"),
        }
        assert_eq!(all.list(&owner(), ListQuery::all()).await.unwrap().tokens.len(), usize::from(number >= 1));
    }
}

#[tokio::test]
async fn a_handle_for_a_person_and_one_for_their_scopes_keep_each_other() {
    let (tokens, _) = common::shop();
    let (ann, read) = (Actor::new("ann").unwrap(), set(&["products:read"]));
    for (number, handle) in
        [tokens.by(ann.clone()).granting(read.clone()), tokens.granting(read).by(ann.clone())].into_iter().enumerate()
    {
        let new = |scope: &str| NewToken::new(owner(), format!("token {number}")).scopes([scope]);
        let refused = handle.issue(new("products:write")).await.map(drop);
        assert!(matches!(refused, Err(ChangeError::Refused(ChangeRefused::NotGrantable { .. }))), "{refused:?}");
        let issued = handle.issue(new("products:read")).await.unwrap();
        assert_eq!(issued.record.created_by, Some(ann.clone()));
        let widen = TokenChange::new().scopes(["products:write"]);
        assert!(handle.update(&owner(), issued.record.id, widen.clone()).await.is_err());
        // The handle that they were made of is as it was.
        tokens.update(&owner(), issued.record.id, widen).await.unwrap();
        assert!(handle.rotate(&owner(), issued.record.id, Rotation::new()).await.is_err());
        handle.revoke(&owner(), issued.record.id).await.unwrap();
    }
    assert_eq!(now(issue(&tokens, "sync")).record.created_by, None);
}

#[async_trait]
impl TokenStore for Overtaken {
    async fn find(&self, id: TokenId) -> Result<Option<Arc<TokenRecord>>, StoreError> {
        self.memory.find(id).await
    }

    async fn change(&self, change: &Change) -> Result<Changed, ChangeError> {
        let first = self.first.lock().unwrap().take();
        if let Some(first) = first {
            self.memory.change(&first).await?;
        }
        self.memory.change(change).await
    }

    async fn list(&self, owner: &OwnerId, query: &ListQuery, at: Timestamp) -> Result<Vec<TokenRecord>, StoreError> {
        self.memory.list(owner, query, at).await
    }

    async fn touch(&self, uses: &[LastUse], resolution: Duration) -> Result<(), StoreError> {
        self.memory.touch(uses, resolution).await
    }

    async fn expiring(&self, query: &ExpiringQuery) -> Result<Vec<TokenRecord>, StoreError> {
        self.memory.expiring(query).await
    }

    async fn claim_notice(&self, id: TokenId, was: Option<Timestamp>, at: Timestamp) -> Result<bool, StoreError> {
        self.memory.claim_notice(id, was, at).await
    }

    async fn prune(&self, ended_before: Timestamp, at_most: u32) -> Result<Vec<Pruned>, StoreError> {
        self.memory.prune(ended_before, at_most).await
    }
}
