//! A store's contents hold no token and no secret, in no encoding, and nothing that opens the door
//! (failures 1, 2, 3).
#![cfg(all(feature = "memory", feature = "testing"))]

use crate::common;

use std::sync::Arc;

use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use common::forge::{forge, random_of};
use common::search::{KeptBack, base64, hex, secret_of};
use common::{issue, noon, other_owner, owner};
use personal_tokens::store::{ExpiringQuery, ListQuery, MemoryStore, TokenStore};
use personal_tokens::{
    Actor, Duration, ManualClock, NewToken, PersonalTokens, Rejection, Rotation, Scopes, Token, TokenChange,
    TokenDigest, TokenId, TokenName, TokenRecord, VerifyError,
};

/// A store with tokens that were issued, used, renamed, rotated, revoked and expired, and those tokens.
async fn a_used_store() -> (Arc<MemoryStore>, PersonalTokens, Vec<Token>) {
    let (store, clock) = (Arc::new(MemoryStore::new()), ManualClock::new(noon()));
    let builder = PersonalTokens::builder(Arc::clone(&store)).prefix("shop").scopes(["products:read"]);
    let tokens = builder.clock(clock.clone()).build().unwrap();

    let mut issued = Vec::new();
    for name in ["kept", "renamed", "rotated", "revoked"] {
        issued.push(issue(&tokens, name).await);
    }
    let short = NewToken::new(other_owner(), "expired").expires_in(Duration::HOUR).created_by("ops");
    issued.push(tokens.issue(short).await.unwrap());
    for one in &issued {
        tokens.verify(one.token.expose()).await.unwrap();
    }
    tokens.flush().await.unwrap();
    tokens.update(&owner(), issued[1].record.id, TokenChange::new().name("new name")).await.unwrap();
    issued.push(tokens.rotate(&owner(), issued[2].record.id, Rotation::new().grace(Duration::DAY)).await.unwrap());
    tokens.revoke(&owner(), issued[3].record.id).await.unwrap();
    store.claim_notice(issued[0].record.id, None, noon()).await.unwrap();
    clock.advance(Duration::hours(2));
    tokens.verify(issued[4].token.expose()).await.unwrap_err();
    (store, tokens, issued.into_iter().map(|one| one.token).collect())
}

/// All that the store gives out, by each of its methods.
async fn records(store: &MemoryStore, tokens: &[Token]) -> Vec<TokenRecord> {
    let mut records = Vec::new();
    for owner in [owner(), other_owner()] {
        records.extend(store.list(&owner, &ListQuery::all().limit(1_000), noon()).await.unwrap());
    }
    assert_eq!(records.len(), store.len());
    assert_eq!(records.len(), tokens.len());
    for token in tokens {
        records.push(Arc::unwrap_or_clone(store.find(token.id()).await.unwrap().unwrap()));
    }
    let soon = ExpiringQuery::between(noon(), noon().saturating_add(Duration::DAY));
    records.extend(store.expiring(&soon).await.unwrap());
    records
}

/// Its derived `Debug` shows every field but the digest, which redacts itself.
fn dump(record: &TokenRecord) -> Vec<u8> {
    let digest = record.digest.as_bytes();
    let text = format!("{record:?} {record:#?} {digest:?} {} {:?}", hex(digest), record.id.as_bytes());
    [text.as_bytes(), base64(&STANDARD_NO_PAD, digest).as_bytes(), digest].concat()
}

#[tokio::test]
async fn nothing_that_a_store_keeps_holds_a_part_of_a_secret() {
    let (store, _, tokens) = a_used_store().await;
    let kept_back = KeptBack::new(tokens.iter().flat_map(secret_of));
    for record in records(&store, &tokens).await {
        assert!(kept_back.forms_in(&dump(&record)).is_empty(), "{record:?}");
    }
}

#[tokio::test]
async fn a_leak_of_each_form_in_each_field_is_found() {
    let (store, _, tokens) = a_used_store().await;
    let token = &tokens[0];
    let secret: [u8; 32] = random_of(token.expose())[TokenId::LEN..].try_into().unwrap();
    let last_eight = &token.expose()[token.expose().len() - 8..];
    let clean = records(&store, &tokens).await.remove(0);

    let kept_back = KeptBack::new(secret_of(token));
    let texts = [
        // A whole token is refused as a text.
        ("as it is", token.expose()[1..].to_owned()),
        ("as it is", last_eight.to_owned()),
        ("base64url", base64(&URL_SAFE_NO_PAD, &secret)),
        ("hex", hex(&secret)),
        ("hex", hex(&secret).to_uppercase()),
        ("decimal list", format!("{secret:?}")),
        ("base64", base64(&STANDARD_NO_PAD, &secret)),
        ("base64", base64(&STANDARD_NO_PAD, token.expose().as_bytes())),
    ];
    for (form, text) in texts {
        let mut planted = vec![clean.clone(); 2];
        planted[0].name = TokenName::new(&text).unwrap();
        planted[1].created_by = Some(Actor::new(&text).unwrap());
        if let Ok(scopes) = Scopes::new([&text]) {
            planted.push(clean.clone());
            planted[2].scopes = scopes;
        }
        for planted in planted {
            assert!(kept_back.forms_in(&dump(&planted)).contains(form), "{form} in {planted:?}");
        }
    }
    let mut raw = clean;
    raw.digest = TokenDigest::from_parts(0, secret);
    assert!(kept_back.forms_in(&dump(&raw)).contains("as it is"));
}

/// A look-up of "hash or raw" has let a stolen table open the door (failures 3).
#[tokio::test]
async fn nothing_that_a_store_keeps_opens_the_door() {
    let (store, tokens, issued) = a_used_store().await;
    let good = &issued[0];
    tokens.verify(good.expose()).await.unwrap();
    let record = store.find(good.id()).await.unwrap().unwrap();
    let digest = record.digest.as_bytes();

    let mut as_secret = [0; 44];
    as_secret[..TokenId::LEN].copy_from_slice(record.id.as_bytes());
    as_secret[TokenId::LEN..].copy_from_slice(digest);
    let forged = forge("shop", &as_secret);
    let verdict = tokens.verify(&forged).await.unwrap_err();
    assert!(matches!(verdict, VerifyError::Rejected(Rejection::Unknown)), "{verdict:?}");

    let columns = [
        record.id.to_string().into_bytes(),
        record.id.as_bytes().to_vec(),
        digest.to_vec(),
        hex(digest).into_bytes(),
        base64(&URL_SAFE_NO_PAD, digest).into_bytes(),
        record.owner.as_str().into(),
        record.name.as_str().into(),
    ];
    for column in columns {
        for presented in [column.clone(), [b"shop_", column.as_slice()].concat()] {
            let verdict = tokens.verify(&presented).await.unwrap_err();
            assert!(matches!(verdict, VerifyError::Rejected(Rejection::Malformed)), "{verdict:?}");
        }
    }
}
