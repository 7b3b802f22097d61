//! What a verification costs in allocations: none. What the guard adds: one entry in the extensions.
#![cfg(all(feature = "memory", feature = "testing", feature = "tower"))]

mod common;

use std::convert::Infallible;
use std::future::ready;
use std::hint::black_box;
use std::sync::Arc;

use allocation_counter::{AllocationInfo, measure};
use common::door::bearer;
use common::forge::{forge, random_of};
use common::{now, owner, rejection};
use http::{Extensions, Request, Response};
use personal_tokens::http::BearerAuthLayer;
use personal_tokens::{Duration, NewToken, Rejection, Rotation, TokenChange};
use tower::{Layer as _, Service as _, service_fn};

/// Of the second run: the first may fill what is kept for a thread.
fn warm(mut run: impl FnMut()) -> AllocationInfo {
    run();
    measure(run)
}

#[test]
fn the_counter_sees_a_box() {
    let counted = warm(|| drop(black_box(Box::new(7_u64))));
    assert_eq!((counted.count_total, counted.bytes_total), (1, 8));
}

#[tokio::test]
async fn a_warm_verification_allocates_nothing_whatever_its_answer() {
    let (tokens, clock) = common::shop();
    let valid = common::issue(&tokens, "valid").await;
    let expired = tokens.issue(NewToken::new(owner(), "expired").expires_in(Duration::MINUTE)).await.unwrap();
    let revoked = common::issue(&tokens, "revoked").await;
    tokens.revoke(&owner(), revoked.record.id).await.unwrap();
    let rotated = common::issue(&tokens, "rotated").await;
    tokens.rotate(&owner(), rotated.record.id, Rotation::new()).await.unwrap();
    clock.advance(Duration::MINUTE);

    let valid = valid.token.expose();
    let mut wrong_secret = random_of(valid);
    wrong_secret[43] ^= 1;
    let answers = [
        (valid.to_owned(), None),
        (forge("shop", &[7; 44]), Some(Rejection::Unknown)),
        (forge("shop", &wrong_secret), Some(Rejection::Unknown)),
        (expired.token.expose().to_owned(), Some(Rejection::Expired)),
        (revoked.token.expose().to_owned(), Some(Rejection::Revoked)),
        (rotated.token.expose().to_owned(), Some(Rejection::Rotated)),
        (String::new(), Some(Rejection::Malformed)),
        (valid[..68].to_owned(), Some(Rejection::Malformed)),
        (valid.replace("shop", "ship"), Some(Rejection::Malformed)),
        (format!("shop_{}", "A".repeat(64)), Some(Rejection::Malformed)),
        ("é".repeat(10_000), Some(Rejection::Malformed)),
    ];
    for (presented, expected) in answers {
        let counted = warm(|| assert_eq!(now(rejection(&tokens, &presented)), expected));
        assert_eq!(counted.count_total, 0, "{expected:?}");
    }
}

/// Another use of a known token in a later period of the resolution is noted in the place of the former.
#[tokio::test]
async fn a_use_noted_anew_allocates_nothing() {
    let (tokens, clock) = common::shop();
    let issued = common::issue(&tokens, "sync").await;
    let counted = warm(|| {
        clock.advance(Duration::HOUR);
        assert!(now(tokens.verify(issued.token.expose())).is_ok());
    });
    assert_eq!(counted.count_total, 0);
}

/// From memory, over a store that must be asked: a hit counts itself, and is as cheap.
#[cfg(feature = "cache")]
#[tokio::test]
async fn a_verification_from_a_cache_allocates_nothing() {
    let node = common::cached::cached(|builder| builder);
    let valid = common::issue(&node.elsewhere, "valid").await;
    let revoked = common::issue(&node.elsewhere, "revoked").await;
    node.elsewhere.revoke(&owner(), revoked.record.id).await.unwrap();
    let mut wrong_secret = random_of(valid.token.expose());
    wrong_secret[43] ^= 1;
    let answers = [
        (valid.token.expose().to_owned(), None),
        (revoked.token.expose().to_owned(), Some(Rejection::Revoked)),
        (forge("shop", &wrong_secret), Some(Rejection::Unknown)),
    ];
    for (presented, expected) in answers {
        let counted = warm(|| assert_eq!(now(rejection(&node.tokens, &presented)), expected));
        assert_eq!(counted.count_total, 0, "{expected:?}");
    }
    assert_eq!(node.finds(), 2, "once each");
}

/// The control: a verification that copies its record is seen.
#[tokio::test]
async fn a_copied_record_is_seen() {
    let (tokens, _) = common::shop();
    let issued = common::issue(&tokens, "sync").await;
    tokens.update(&owner(), issued.record.id, TokenChange::new().name("other")).await.unwrap();
    let counted = warm(|| drop(black_box(now(tokens.get(&owner(), issued.record.id)))));
    assert!(counted.count_total > 0);
}

/// One value of the size that the guard puts in: a shared record and a shared door.
fn an_extension_alone() -> AllocationInfo {
    #[derive(Clone)]
    struct Verified(#[allow(dead_code)] Arc<u8>, #[allow(dead_code)] Arc<u8>);

    let mut values = [(); 2].map(|()| Some(Verified(Arc::new(7), Arc::new(7))));
    let mut values = values.iter_mut();
    warm(|| {
        let verified = values.next().and_then(Option::take).unwrap();
        let mut extensions = Extensions::new();
        extensions.insert(verified);
        drop(black_box(extensions));
    })
}

#[tokio::test]
async fn the_guard_allocates_what_one_extension_does() {
    let (tokens, _) = common::shop();
    let issued = common::issue(&tokens, "sync").await;
    let mut service = BearerAuthLayer::new(tokens).layer(service_fn(|request: Request<()>| {
        assert_eq!(request.extensions().len(), 1);
        ready(Ok::<_, Infallible>(Response::new(())))
    }));
    let expected = an_extension_alone();
    assert!(expected.count_total > 0);

    // A header map grows at certain numbers; the guard must not be what makes it grow.
    for others in 0..30 {
        let request = || {
            let mut request = bearer(issued.token.expose());
            for n in 0..others {
                let name = http::HeaderName::try_from(format!("x-{n}")).unwrap();
                request.headers_mut().insert(name, http::HeaderValue::from_static("7"));
            }
            Some(request)
        };
        let mut requests = [request(), request()];
        let mut requests = requests.iter_mut();
        let counted = warm(|| {
            let request = requests.next().and_then(Option::take).unwrap();
            assert!(now(service.call(request)).is_ok_and(|answer| answer.status().is_success()));
        });
        assert_eq!(counted.count_total, expected.count_total, "beside {others} other headers");
        assert_eq!(counted.bytes_total, expected.bytes_total, "beside {others} other headers");
    }
}
