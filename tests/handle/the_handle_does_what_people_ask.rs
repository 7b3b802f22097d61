//! The handle: what people ask for becomes a change at the present instant, under the host's policy; what is
//! refused leaves nothing behind.
#![cfg(all(feature = "memory", feature = "testing"))]

use crate::common;

use common::rulebook::{after, after_micros};
use common::{builder, issue, noon, owner, rejection, shop};
use personal_tokens::store::{ChangeError, ListQuery};
use personal_tokens::{
    ChangeRefused, Duration, Expiry, NewToken, Rejection, Rotation, TextRule, TokenChange, TokenState,
};

fn new() -> NewToken {
    NewToken::new(owner(), "sync")
}

fn refused<T: std::fmt::Debug>(answer: Result<T, ChangeError>) -> ChangeRefused {
    match answer {
        Err(ChangeError::Refused(refused)) => refused,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_issued_token_is_kept_as_it_was_answered() {
    let (tokens, _) = shop();
    let wanted = new().scopes(["products:write", "products:read"]).expires_in(Duration::HOUR).created_by("ann");
    let issued = tokens.issue(wanted).await.unwrap();
    let record = &issued.record;
    assert_eq!((record.id, record.digest), (issued.token.id(), issued.token.digest()));
    assert_eq!((&record.owner, record.name.as_str()), (&owner(), "sync"));
    assert_eq!(record.scopes.as_str(), "products:read products:write");
    assert_eq!((record.created, record.expiry, record.expiry_set), (noon(), Expiry::At(after(3_600)), noon()));
    assert_eq!(record.created_by.as_ref().map(|actor| actor.as_str()), Some("ann"));
    assert_eq!((record.last_used, record.noticed, record.revoked), (None, None, None));
    assert_eq!((record.predecessor, record.rotated), (None, None));
    assert_eq!(tokens.get(&owner(), record.id).await.unwrap().as_ref(), Some(record));

    let verified = tokens.verify(issued.token.expose()).await.unwrap();
    assert_eq!((verified.id(), verified.owner(), verified.name()), (record.id, &owner(), &record.name));
    assert_eq!((verified.scopes(), verified.expiry()), (&record.scopes, record.expiry));
    assert_eq!(verified.ends(), Some(after(3_600)));
}

#[tokio::test]
async fn without_more_a_token_has_no_scopes_and_never_expires() {
    let (tokens, _) = shop();
    let record = tokens.issue(NewToken::new(42_u64, "sync")).await.unwrap().record;
    assert_eq!((record.owner.as_str(), record.expiry), ("42", Expiry::Never));
    assert!(record.scopes.is_empty() && record.created_by.is_none());
}

/// Failures 11 and 16: invalid words and spans beyond time are refused, whatever they are.
#[tokio::test]
async fn what_is_refused_leaves_nothing_behind() {
    let tokens = builder().0.max_lifetime(Duration::DAY).build().unwrap();
    let fine = || new().expires_in(Duration::HOUR);
    let text = |what, rule| move |refused: &ChangeRefused| matches!(refused, ChangeRefused::Text(error) if error.what() == what && error.rule() == rule);
    type Is = Box<dyn Fn(&ChangeRefused) -> bool>;
    let table: Vec<(NewToken, Is)> = vec![
        (NewToken::new("", "sync"), Box::new(text("owner id", TextRule::Empty))),
        (NewToken::new("a\0", "sync"), Box::new(text("owner id", TextRule::Control { found: '\0' }))),
        (NewToken::new(owner(), " "), Box::new(text("token name", TextRule::OuterWhiteSpace))),
        (NewToken::new(owner(), String::new()), Box::new(text("token name", TextRule::Empty))),
        (fine().created_by(""), Box::new(text("actor", TextRule::Empty))),
        (fine().scopes(["a b"]), Box::new(|it| matches!(it, ChangeRefused::Scope(_)))),
        (fine().scopes(["sell"]), Box::new(|it| matches!(it, ChangeRefused::UnknownScope { .. }))),
        (new(), Box::new(|it| matches!(it, ChangeRefused::NeverNotAllowed { .. }))),
        (
            new().expires_in(Duration::DAY + Duration::MICROSECOND),
            Box::new(|it| matches!(it, ChangeRefused::LifetimeTooLong { .. })),
        ),
        (new().expires_in(Duration::ZERO), Box::new(|it| matches!(it, ChangeRefused::ExpiryInPast { .. }))),
        (new().expires_in(Duration::NANOSECOND), Box::new(|it| matches!(it, ChangeRefused::ExpiryInPast { .. }))),
        (new().expires_in(-Duration::DAY), Box::new(|it| matches!(it, ChangeRefused::ExpiryInPast { .. }))),
        (new().expiry(noon()), Box::new(|it| matches!(it, ChangeRefused::ExpiryInPast { .. }))),
        (new().expires_in(Duration::MAX), Box::new(|it| matches!(it, ChangeRefused::Expiry(_)))),
        (new().expires_in(Duration::MIN), Box::new(|it| matches!(it, ChangeRefused::Expiry(_)))),
    ];
    for (number, (wanted, is)) in table.into_iter().enumerate() {
        let refused = refused(tokens.issue(wanted).await);
        assert!(is(&refused), "{number}: {refused:?}");
    }
    assert!(tokens.list(&owner(), ListQuery::all()).await.unwrap().tokens.is_empty());
    tokens.issue(fine()).await.unwrap();
}

#[tokio::test]
async fn an_update_changes_what_it_says_and_the_string_goes_on_working() {
    let (tokens, clock) = shop();
    let issued = tokens.issue(new().scopes(["products:read"]).expires_in(Duration::HOUR)).await.unwrap();
    let id = issued.record.id;
    clock.advance(Duration::hours(2));
    assert_eq!(rejection(&tokens, issued.token.expose()).await, Some(Rejection::Expired));

    let change = TokenChange::new().name("till").scopes(["products:write"]).expires_in(Duration::HOUR);
    let updated = tokens.update(&owner(), id, change).await.unwrap();
    assert_eq!(tokens.get(&owner(), id).await.unwrap().as_ref(), Some(&updated));
    assert_eq!((updated.name.as_str(), updated.scopes.as_str()), ("till", "products:write"));
    assert_eq!((updated.expiry, updated.expiry_set), (Expiry::At(after(10_800)), after(7_200)));
    assert_eq!((updated.created, updated.digest), (issued.record.created, issued.record.digest));

    let verified = tokens.verify(issued.token.expose()).await.unwrap();
    assert!(verified.allows("products:write") && !verified.allows("products:read"));
    // Its old name is free.
    tokens.issue(new()).await.unwrap();
    let invalid = TokenChange::new().name("\u{202E}");
    assert!(matches!(refused(tokens.update(&owner(), id, invalid).await), ChangeRefused::Text(_)));
    let beyond = TokenChange::new().expires_in(Duration::MAX);
    assert!(matches!(refused(tokens.update(&owner(), id, beyond).await), ChangeRefused::Expiry(_)));
}

#[tokio::test]
async fn a_rotation_lets_both_in_until_the_grace_is_over() {
    let (tokens, clock) = shop();
    let old = tokens.issue(new().scopes(["products:read"]).expires_in(Duration::DAY)).await.unwrap();
    clock.advance(Duration::HOUR);
    let rotation = Rotation::new().grace(Duration::HOUR).created_by("ben");
    let fresh = tokens.rotate(&owner(), old.record.id, rotation).await.unwrap();
    assert_ne!(fresh.token.expose(), old.token.expose());
    assert_eq!((fresh.record.name.as_str(), fresh.record.scopes.as_str()), ("sync", "products:read"));
    assert_eq!(fresh.record.expiry, Expiry::At(after(3_600 + 86_400)), "the span that was given");
    assert_eq!(fresh.record.predecessor, Some(old.record.id));
    assert_eq!(fresh.record.created_by.as_ref().map(|actor| actor.as_str()), Some("ben"));

    assert_eq!(tokens.verify(old.token.expose()).await.unwrap().ends(), Some(after(7_200)));
    assert_eq!(rejection(&tokens, fresh.token.expose()).await, None);
    clock.set(after_micros(7_199_999_999));
    assert_eq!(rejection(&tokens, old.token.expose()).await, None);
    clock.set(after(7_200));
    assert_eq!(rejection(&tokens, old.token.expose()).await, Some(Rejection::Rotated));
    assert_eq!(rejection(&tokens, fresh.token.expose()).await, None);
    let again = tokens.rotate(&owner(), old.record.id, Rotation::new()).await;
    assert_eq!(refused(again), ChangeRefused::Ended(TokenState::Rotated));

    let last = tokens.rotate(&owner(), fresh.record.id, Rotation::default().expiry(after(9_000))).await.unwrap();
    assert_eq!(last.record.expiry, Expiry::At(after(9_000)));
    assert_eq!(rejection(&tokens, fresh.token.expose()).await, Some(Rejection::Rotated), "no grace unless asked for");
}

#[tokio::test]
async fn a_new_rotation_and_a_revocation_end_the_older_grace_at_once() {
    let (tokens, _) = shop();
    let first = issue(&tokens, "sync").await;
    let grace = || Rotation::new().grace(Duration::DAY);
    let second = tokens.rotate(&owner(), first.record.id, grace()).await.unwrap();
    let third = tokens.rotate(&owner(), second.record.id, grace()).await.unwrap();
    assert_eq!(rejection(&tokens, first.token.expose()).await, Some(Rejection::Rotated));
    assert_eq!(
        (rejection(&tokens, second.token.expose()).await, rejection(&tokens, third.token.expose()).await),
        (None, None)
    );
    tokens.revoke(&owner(), third.record.id).await.unwrap();
    assert_eq!(rejection(&tokens, second.token.expose()).await, Some(Rejection::Rotated));
    assert_eq!(rejection(&tokens, third.token.expose()).await, Some(Rejection::Revoked));
}

/// RFC 7009 §2.2; failures 33.
#[tokio::test]
async fn a_revocation_is_final_and_may_be_repeated() {
    let (tokens, clock) = shop();
    let issued = issue(&tokens, "sync").await;
    let id = issued.record.id;
    let first = tokens.revoke(&owner(), id).await.unwrap();
    assert_eq!(first.revoked, Some(noon()));
    clock.advance(Duration::HOUR);
    assert_eq!(tokens.revoke(&owner(), id).await.unwrap(), first);
    assert_eq!(rejection(&tokens, issued.token.expose()).await, Some(Rejection::Revoked));
    let extend = TokenChange::new().expiry(Expiry::Never);
    assert_eq!(refused(tokens.update(&owner(), id, extend).await), ChangeRefused::Ended(TokenState::Revoked));
    assert_eq!(rejection(&tokens, issued.token.expose()).await, Some(Rejection::Revoked));
    issue(&tokens, "sync").await;
}

#[tokio::test]
async fn revoke_all_answers_how_many_it_ended() {
    let (tokens, clock) = shop();
    let expired = tokens.issue(new().expires_in(Duration::SECOND)).await.unwrap();
    let active = issue(&tokens, "active").await;
    let revoked = issue(&tokens, "revoked").await;
    tokens.revoke(&owner(), revoked.record.id).await.unwrap();
    let in_grace = issue(&tokens, "rotated").await;
    let grace = Rotation::new().grace(Duration::HOUR);
    let successor = tokens.rotate(&owner(), in_grace.record.id, grace).await.unwrap();
    clock.advance(Duration::SECOND);

    assert_eq!(tokens.revoke_all(&owner()).await.unwrap(), 4);
    for issued in [&expired, &active, &revoked, &in_grace, &successor] {
        assert_eq!(rejection(&tokens, issued.token.expose()).await, Some(Rejection::Revoked));
    }
    assert_eq!(tokens.revoke_all(&owner()).await.unwrap(), 0);
    let kept = tokens.get(&owner(), revoked.record.id).await.unwrap().unwrap();
    assert_eq!(kept.revoked, Some(noon()), "the first instant stays");
    // Issued after the call, it lives.
    let later = issue(&tokens, "active").await;
    assert_eq!(rejection(&tokens, later.token.expose()).await, None);
}

#[tokio::test]
async fn the_policy_binds_every_change() {
    let (builder, clock) = builder();
    let tokens = builder.max_lifetime(Duration::DAY).max_grace(Duration::HOUR).max_active_per_owner(1).build().unwrap();
    let issued = tokens.issue(new().expires_in(Duration::DAY)).await.unwrap();
    let id = issued.record.id;
    let full = tokens.issue(NewToken::new(owner(), "other").expires_in(Duration::HOUR)).await;
    assert_eq!(refused(full), ChangeRefused::LimitReached { max: 1 });
    clock.advance(Duration::HOUR);
    let longer = TokenChange::new().expires_in(Duration::DAY + Duration::SECOND);
    assert_eq!(
        refused(tokens.update(&owner(), id, longer).await),
        ChangeRefused::LifetimeTooLong { max: Duration::DAY }
    );
    let never = TokenChange::new().expiry(Expiry::Never);
    let max = Some(Duration::DAY);
    assert_eq!(refused(tokens.update(&owner(), id, never).await), ChangeRefused::NeverNotAllowed { max });
    let unknown = TokenChange::new().scopes(["sell"]);
    assert!(matches!(refused(tokens.update(&owner(), id, unknown).await), ChangeRefused::UnknownScope { .. }));
    let long_grace = Rotation::new().grace(Duration::HOUR + Duration::SECOND);
    let out = ChangeRefused::GraceOutOfRange { max: Duration::HOUR };
    assert_eq!(refused(tokens.rotate(&owner(), id, long_grace).await), out);
    let long_life = Rotation::new().expires_in(Duration::DAY + Duration::SECOND);
    assert_eq!(
        refused(tokens.rotate(&owner(), id, long_life).await),
        ChangeRefused::LifetimeTooLong { max: Duration::DAY }
    );
    assert_eq!(tokens.get(&owner(), id).await.unwrap(), Some(issued.record));
}
