//! What other token libraries got wrong, each by its name: none of it happens here. Most stand in more depth in the
//! file of their behaviour.
#![cfg(all(feature = "memory", feature = "testing", feature = "tower", feature = "axum"))]

use crate::common;

use std::collections::HashSet;
use std::pin::pin;
use std::task::{Context, Waker};

use common::door::{Counted, bearer, knock, with_lines};
use common::remote_store::Method;
use common::{block_on, issue, noon, owner, remote_shop, shop};
use http::StatusCode;
use http::header::WWW_AUTHENTICATE;
use personal_tokens::http::{BearerAuthLayer, RequireScopeLayer};
use personal_tokens::store::{LastUse, MemoryStore, TokenStore};
use personal_tokens::{
    ChangeError, ChangeRefused, Duration, Expiry, ManualClock, NewToken, PersonalTokens, Rejection, Rotation,
    Timestamp, Token, TokenChange, TokenDigest, TokenId, TokenName, TokenPrefix, TokenRecord, TokenState, VerifyError,
};
use proptest::prelude::*;
use rand::rngs::SysRng;
use subtle::ConstantTimeEq as _;
use tower::limit::ConcurrencyLimit;
use tower::{Layer as _, Service as _, ServiceExt as _};

/// Does not compile if the type has the trait: two impls then fit, and which is meant cannot be told.
macro_rules! assert_lacks {
    ($type:ty, $trait:path) => {
        const _: fn() = || {
            trait Fits<A> {
                fn fits() {}
            }
            impl<T: ?Sized> Fits<()> for T {}
            struct HasIt;
            impl<T: ?Sized + $trait> Fits<HasIt> for T {}
            let _ = <$type as Fits<_>>::fits;
        };
    };
}

fn prefix(text: &str) -> TokenPrefix {
    TokenPrefix::new(text).unwrap()
}

#[tokio::test]
async fn inner_service_called_before_verification_as_in_apikeys_rs() {
    let (tokens, store, _) = remote_shop();
    let held = issue(&tokens, "sync").await;
    let service = Counted::default();
    let guarded = BearerAuthLayer::new(tokens).layer(service.clone());

    let slow = store.hold().await;
    let mut answer = pin!(guarded.oneshot(bearer(held.token.expose())));
    assert!(answer.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    assert_eq!(service.calls(), 0);
    drop(slow);
    assert_eq!(answer.await.unwrap().status(), StatusCode::OK);
    assert_eq!(service.calls(), 1);

    let (response, calls) = knock(&shop().0, bearer(held.token.expose())).await;
    assert_eq!((response.status(), calls), (StatusCode::UNAUTHORIZED, 0));
}

#[tokio::test]
async fn fresh_clone_called_instead_of_the_ready_one_as_in_tower_http_561() {
    for tokens in [shop().0, remote_shop().0] {
        let held = issue(&tokens, "sync").await;
        // It panics when called without the permit that `poll_ready` took.
        let limited = ConcurrencyLimit::new(Counted::default(), 1);
        let mut guarded = BearerAuthLayer::new(tokens).layer(limited);
        for _ in 0..2 {
            let ready = tower::ServiceExt::<http::Request<()>>::ready(&mut guarded).await.unwrap();
            let response = ready.call(bearer(held.token.expose())).await.unwrap();
            assert_eq!(response.status(), StatusCode::OK);
        }
    }
}

#[tokio::test]
async fn generator_cloned_per_call_so_that_every_key_is_equal_as_in_prefixed_api_key() {
    let (tokens, _) = shop();
    let mut seen = HashSet::new();
    for name in 0..50 {
        let issued = issue(&tokens.clone(), &name.to_string()).await;
        let text = issued.token.expose();
        // The id and the secret, each by itself: equal ids would have been refused, equal secrets would not.
        for part in [&text[5..21], &text[21..63]] {
            assert!(seen.insert(part.to_owned()), "drawn twice");
        }
    }
}

#[test]
fn prefix_with_underscore_that_cannot_be_parsed_back_as_in_prefixed_api_key() {
    // One is the beginning of the other, and most bodies hold underscores too.
    let prefixes = [prefix("shop"), prefix("shop_live"), prefix("shop_live_2"), prefix("s__t")];
    for prefix in &prefixes {
        for _ in 0..100 {
            let token = Token::generate(prefix, &mut SysRng).unwrap();
            let parsed = Token::parse(token.expose().as_bytes(), &prefixes).unwrap();
            assert_eq!((parsed.prefix(), parsed.id()), (*prefix, token.id()));
            assert_eq!(parsed.digest(), token.digest());
        }
    }
}

proptest! {
    #[test]
    fn forged_expiry_that_overflows_and_panics_as_in_api_keys_simplified(
        now in Timestamp::MIN.as_micros()..=Timestamp::MAX.as_micros(),
        expiry in Timestamp::MIN.as_micros()..=Timestamp::MAX.as_micros(),
        seconds in any::<i64>(),
    ) {
        let at = |micros| Timestamp::from_micros(micros).unwrap();
        let spans = [Duration::MIN, Duration::MAX, Duration::seconds(seconds), Duration::microseconds(seconds)];
        block_on(async {
            let clock = ManualClock::new(at(now));
            let tokens = PersonalTokens::builder(MemoryStore::new()).prefix("shop").clock(clock.clone()).build().unwrap();
            for (number, span) in spans.into_iter().enumerate() {
                // Refused or granted, never wrapped round into another time.
                match tokens.issue(NewToken::new(owner(), number.to_string()).expires_in(span)).await {
                    Ok(issued) => assert_eq!(issued.record.expiry, Expiry::At(at(now).checked_add(span).unwrap())),
                    Err(ChangeError::Refused(ChangeRefused::Expiry(_))) => assert_eq!(at(now).checked_add(span), None),
                    Err(ChangeError::Refused(ChangeRefused::ExpiryInPast { .. })) => assert!(!span.is_positive()),
                    Err(other) => panic!("{other:?}"),
                }
            }
            let dated = tokens.issue(NewToken::new(owner(), "dated").expiry(at(expiry))).await;
            assert_eq!(dated.is_ok(), now < expiry);
            if let Ok(dated) = dated {
                for then in [now, expiry, Timestamp::MIN.as_micros(), Timestamp::MAX.as_micros()] {
                    clock.set(at(then));
                    assert_eq!(tokens.verify(dated.token.expose()).await.is_ok(), then < expiry);
                }
                // At the end of time no life is left to give; just before it, life and grace are cut to it.
                let rotate = async || {
                    tokens.rotate(&owner(), dated.record.id, Rotation::new().grace(Duration::DAY)).await
                };
                let refused = rotate().await.unwrap_err();
                assert!(matches!(refused, ChangeError::Refused(ChangeRefused::ExpiryInPast { .. })), "{refused}");
                clock.advance(-Duration::MICROSECOND);
                assert_eq!(rotate().await.unwrap().record.expiry, Expiry::At(Timestamp::MAX));
            }
        });
    }

    #[test]
    fn byte_index_split_that_panics_on_non_ascii_as_in_modo_rs(
        text in "\\PC{0,90}",
        tail in "[A-Za-z0-9_€ß𝄞]{60,70}",
        bytes in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let presented = [text.as_bytes(), tail.as_bytes(), format!("shop_{tail}").as_bytes(), &bytes].map(<[u8]>::to_vec);
        block_on(async {
            let (tokens, _) = shop();
            for presented in presented {
                let verdict = tokens.verify(&presented).await.unwrap_err();
                assert!(matches!(verdict, VerifyError::Rejected(Rejection::Malformed)), "{verdict:?}");
                let header = [b"Bearer ", presented.as_slice()].concat();
                if http::HeaderValue::from_bytes(&header).is_ok() {
                    let (response, calls) = knock(&tokens, with_lines(&[&header])).await;
                    assert!(response.status().is_client_error());
                    assert_eq!(calls, 0);
                }
            }
        });
    }

    #[test]
    fn secrets_compared_with_a_plain_double_equals_as_in_tower_http(bytes: [u8; 32], bit in 0..256_usize, key: u16) {
        // `==` answers as the constant-time comparison does, and misses no bit of the bytes or the key's number.
        let digest = TokenDigest::from_parts(key, bytes);
        let mut other = bytes;
        other[bit / 8] ^= 1 << (bit % 8);
        for (other, same) in [
            (TokenDigest::from_parts(key, bytes), true),
            (TokenDigest::from_parts(key, other), false),
            (TokenDigest::from_parts(key ^ (1 << (bit % 16)), bytes), false),
        ] {
            prop_assert_eq!(digest == other, same);
            prop_assert_eq!(bool::from(digest.ct_eq(&other)), same);
        }
    }

    #[test]
    fn expiry_compared_as_text_as_in_tower_sessions_stores(now in instants(), expiry in instants()) {
        let id = TokenId::from_bytes([7; TokenId::LEN]);
        let digest = TokenDigest::from_parts(0, [7; TokenDigest::LEN]);
        let mut record = TokenRecord::new(id, owner(), TokenName::new("sync").unwrap(), digest, Timestamp::MIN);
        record.expiry = Expiry::At(expiry);
        let expected = if now.as_micros() < expiry.as_micros() { TokenState::Active } else { TokenState::Expired };
        prop_assert_eq!(record.state(now), expected);
    }
}

/// Of every number of digits and both signs: as text -2 stands before -3, and 9 behind 10.
fn instants() -> impl Strategy<Value = Timestamp> {
    (any::<bool>(), 0..17_u32, any::<u64>()).prop_map(|(negative, digits, seed)| {
        let micros = i64::try_from(seed % 10_u64.pow(digits + 1)).unwrap();
        Timestamp::from_micros(if negative { -micros } else { micros }).unwrap_or(Timestamp::MAX)
    })
}

// A secret that can be compared, copied, printed or serialised will be.
assert_lacks!(Token, PartialEq);
assert_lacks!(Token, Clone);
assert_lacks!(Token, std::fmt::Display);
// `Json<T>` is an answer where `T` is `Serialize`.
assert_lacks!(axum::Json<Token>, axum::response::IntoResponse);

#[tokio::test]
async fn secret_in_a_derived_debug_as_in_modo_rs_and_headers() {
    let (tokens, _) = shop();
    let issued = issue(&tokens, "sync").await;
    let seen = tower::service_fn(|request: http::Request<()>| async move {
        Ok::<_, std::convert::Infallible>(http::Response::new(format!("{request:?} {:?}", request.extensions())))
    });
    let guarded = BearerAuthLayer::new(tokens.clone()).layer(seen);
    let inside = guarded.clone().oneshot(bearer(issued.token.expose())).await.unwrap().into_body();
    assert!(inside.contains("authorization"), "it shows no headers: {inside}");
    let verified = tokens.verify(issued.token.expose()).await.unwrap();

    let (public, secret) = issued.token.expose().split_at(5 + 16);
    for shown in [format!("{issued:?}"), format!("{issued:#?}"), format!("{verified:?} {tokens:?}"), inside] {
        assert!(!shown.contains(&secret[..8]), "{shown}");
    }
    assert!(format!("{issued:?}").contains(public), "the id is there to be recognised by");
}

#[tokio::test]
async fn plain_tokens_in_the_store_as_in_r_token() {
    let (tokens, store, _) = remote_shop();
    let issued = issue(&tokens, "sync").await;
    let [row] = store.rows(&[owner()]).await.try_into().unwrap();
    assert!(!format!("{row:?}").contains(&issued.token.expose()[21..29]));
    // What stands there in its place is what SHA-256 makes of it, not the token.
    assert_eq!(row.digest, issued.token.digest());
    tokens.verify(row.digest.as_bytes()).await.unwrap_err();
}

#[tokio::test]
async fn bearer_compared_with_case_as_in_tower_http() {
    let (tokens, _) = shop();
    let held = issue(&tokens, "sync").await;
    for scheme in ["Bearer", "bearer", "BEARER", "bEaReR"] {
        let line = format!("{scheme} {}", held.token.expose());
        let (response, calls) = knock(&tokens, with_lines(&[line.as_bytes()])).await;
        assert_eq!((response.status(), calls), (StatusCode::OK, 1), "{scheme}");
    }
}

#[tokio::test]
async fn refusal_without_a_challenge_as_in_tower_http() {
    let (tokens, _) = shop();
    let held = issue(&tokens, "sync").await;
    let scope = RequireScopeLayer::new("products:write").unwrap();
    let guarded = BearerAuthLayer::new(tokens).layer(scope.layer(Counted::default()));
    let good = bearer(held.token.expose());
    for (request, status) in
        [(with_lines(&[]), 401), (bearer("shop_nonsense"), 401), (with_lines(&[b"Bearer"]), 400), (good, 403)]
    {
        let response = guarded.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), status);
        assert!(response.headers()[WWW_AUTHENTICATE].to_str().unwrap().starts_with("Bearer "), "{status}");
    }
}

#[tokio::test]
async fn first_of_two_headers_wins_as_in_headers() {
    let (tokens, _) = shop();
    let held = issue(&tokens, "sync").await;
    let good = format!("Bearer {}", held.token.expose()).into_bytes();
    for lines in [[&good[..], b"Bearer x"], [b"Bearer x", &good], [&good, b"Basic x"], [&good, &good], [&good, b""]] {
        let (response, calls) = knock(&tokens, with_lines(&lines)).await;
        assert_eq!((response.status(), calls), (StatusCode::BAD_REQUEST, 0));
    }
}

#[tokio::test]
async fn record_resurrected_by_what_was_in_flight_during_a_delete_as_in_tower_sessions() {
    let (tokens, store, clock) = remote_shop();
    let short = NewToken::new(owner(), "sync").expires_in(Duration::HOUR);
    let issued = tokens.issue(short).await.unwrap();

    // A lookup read the row before it was deleted, and answers afterwards.
    let slow = store.hold().await;
    let mut in_flight = pin!(tokens.verify(issued.token.expose()));
    assert!(in_flight.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    clock.advance(Duration::minutes(59));
    tokens.revoke(&owner(), issued.record.id).await.unwrap();
    assert_eq!(store.prune(Timestamp::MAX, 10).await.unwrap().len(), 1);
    drop(slow);
    let _ = in_flight.await;

    // Whatever that request got: neither it nor the use that it may have noted brings the record back.
    tokens.flush().await.unwrap();
    store.touch(&[LastUse::new(issued.record.id, noon())], Duration::MINUTE).await.unwrap();
    store.claim_notice(issued.record.id, None, noon()).await.unwrap();
    assert_eq!(store.rows(&[owner()]).await, []);
    let verdict = tokens.verify(issued.token.expose()).await.unwrap_err();
    assert!(matches!(verdict, VerifyError::Rejected(Rejection::Unknown)), "{verdict:?}");
}

#[tokio::test]
async fn last_use_written_on_each_request_as_in_sanctum_gitea_and_crates_io() {
    let (tokens, store, clock) = remote_shop();
    let held = issue(&tokens, "sync").await;
    store.take_calls();
    for _ in 0..100 {
        clock.advance(Duration::SECOND);
        knock(&tokens, bearer(held.token.expose())).await;
    }
    assert_eq!(store.take_calls(), [Method::Find; 100]);
    tokens.flush().await.unwrap();
    tokens.flush().await.unwrap();
    assert_eq!(store.take_calls(), [Method::Touch], "one write for all of them, and none for nothing");
    assert!(store.rows(&[owner()]).await[0].last_used.is_some());
}

#[tokio::test]
async fn verification_that_deletes_as_in_knox_and_better_auth() {
    let (tokens, store, clock) = remote_shop();
    let mut held = Vec::new();
    for name in ["expired", "revoked", "rotated"] {
        held.push(tokens.issue(NewToken::new(owner(), name).expires_in(Duration::HOUR)).await.unwrap());
    }
    tokens.revoke(&owner(), held[1].record.id).await.unwrap();
    tokens.rotate(&owner(), held[2].record.id, Rotation::new()).await.unwrap();
    clock.advance(Duration::DAY);
    let before = store.rows(&[owner()]).await;
    store.take_calls();

    for one in &held {
        tokens.verify(one.token.expose()).await.unwrap_err();
        knock(&tokens, bearer(one.token.expose())).await;
    }
    tokens.flush().await.unwrap();
    assert_eq!(store.take_calls(), [Method::Find; 6], "it wrote, or a refused token counts as used");
    assert_eq!(store.rows(&[owner()]).await, before);
    // So the expired one can still be extended.
    tokens.update(&owner(), held[0].record.id, TokenChange::new().expiry(Expiry::Never)).await.unwrap();
    tokens.verify(held[0].token.expose()).await.unwrap();
}
