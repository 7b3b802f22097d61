//! A token that somebody pastes where a name, an owner, an actor or a scope belongs is refused on every way in, and no answer
//! shows any part of it (failures 28).
#![cfg(all(feature = "memory", feature = "testing", feature = "tower"))]

use crate::common;

use common::forge::token_and_near_misses;
use common::trail::Trail;
use common::{builder, issue, owner, shop};
use personal_tokens::http::{RequireScopeLayer, ScopeNotOffered, acting_as};
use personal_tokens::{
    BuildError, ChangeError, ChangeRefused, InvalidScope, NewToken, OwnerId, PersonalTokens, Rotation, Scopes,
    TextRule, Token, TokenChange, TokenPrefix,
};

/// Of this service, and of another.
fn pasted() -> [Token; 2] {
    ["shop", "till_live"].map(|prefix| {
        let (text, _) = token_and_near_misses(prefix);
        Token::parse(text.as_bytes(), &[TokenPrefix::new(prefix).unwrap()]).unwrap()
    })
}

fn is_a_token(refused: &ChangeRefused) -> bool {
    match refused {
        ChangeRefused::Text(text) => text.rule() == TextRule::Token,
        ChangeRefused::Scope(scope) => *scope == InvalidScope::Token,
        _ => false,
    }
}

#[track_caller]
fn assert_refused<T: std::fmt::Debug>(trail: &Trail, answer: Result<T, ChangeError>) {
    match trail.answer(answer).unwrap_err() {
        ChangeError::Refused(refused) => assert!(is_a_token(&refused), "{refused:?}"),
        other => panic!("{other:?}"),
    }
}

/// Each way into the handle.
async fn ask(tokens: &PersonalTokens, trail: &Trail, token: &str) {
    let known = issue(tokens, "sync").await.record;
    let sentence = format!("sync with {token} since May");
    let new = || NewToken::new(owner(), "till");
    for text in [token, sentence.as_str()] {
        let wrong = [NewToken::new(text, "till"), NewToken::new(owner(), text), new().created_by(text)];
        for new in wrong {
            trail.show(&new);
            assert_refused(trail, tokens.issue(new).await);
        }
        let change = TokenChange::new().name(text);
        trail.show(&change);
        assert_refused(trail, tokens.update(&owner(), known.id, change).await);
        let rotation = Rotation::new().created_by(text);
        trail.show(&rotation);
        assert_refused(trail, tokens.rotate(&owner(), known.id, rotation).await);
        trail.error(&OwnerId::new(text).unwrap_err());
    }
    for scopes in [vec![token], vec![token, token], vec!["products:read", token], vec!["products:sell", token]] {
        let new = new().scopes(&scopes);
        trail.show(&new);
        assert_refused(trail, tokens.issue(new).await);
        let change = TokenChange::new().scopes(&scopes);
        trail.show(&change);
        assert_refused(trail, tokens.update(&owner(), known.id, change).await);
        trail.error(&Scopes::new(&scopes).unwrap_err());
        trail.error(&RequireScopeLayer::all(&scopes).unwrap_err());
        trail.error(&RequireScopeLayer::any(&scopes).unwrap_err());
        let refused = trail.answer(acting_as(owner(), &scopes)).unwrap_err();
        assert!(is_a_token(&refused), "{refused:?}");
        let builder = builder().0.scopes(&scopes);
        trail.show(&builder);
        let built: Result<_, BuildError> = trail.answer(builder.build());
        assert!(built.is_err());
    }
    let refused = trail.answer(tokens.require_scope(token)).unwrap_err();
    assert_eq!(refused, ScopeNotOffered::Invalid(InvalidScope::Token));
    let refused = trail.answer(acting_as(token, ["products:read"])).unwrap_err();
    assert!(is_a_token(&refused), "{refused:?}");
    assert_eq!(tokens.get(&owner(), known.id).await.unwrap(), Some(known));
}

#[tokio::test]
async fn on_every_way_in_it_is_refused_and_no_answer_shows_it() {
    let trail = Trail::default();
    for token in pasted() {
        ask(&shop().0, &trail, token.expose()).await;
    }
    assert_eq!(trail.leaks(&pasted()), [""; 0]);
}

/// The control: what is not quite a token is a scope like any other, and is shown.
#[tokio::test]
async fn the_search_finds_what_is_shown() {
    let (tokens, _clock) = shop();
    let [token, _] = pasted();
    // With another last character.
    let scope = token_and_near_misses("shop").1.swap_remove(4);
    for place in 0..3 {
        let trail = Trail::default();
        match place {
            0 => trail.error(&tokens.issue(NewToken::new(owner(), "till").scopes([&scope])).await.unwrap_err()),
            1 => trail.error(&Scopes::new([&scope, &scope]).unwrap_err()),
            _ => trail.error(&tokens.require_scope(&scope).unwrap_err()),
        };
        assert!(!trail.leaks([&token]).is_empty(), "{place}");
    }
}
