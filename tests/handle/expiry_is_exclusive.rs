//! A token is accepted while `now < expiry` and at no other instant; a grace ends the same way; and no instant
//! or span at the ends of time panics or wraps.
#![cfg(all(feature = "memory", feature = "testing"))]

use crate::common;

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};

use common::remote_store::RemoteStore;
use common::{block_on, noon, owner, verdict};
use personal_tokens::store::{MemoryStore, TokenStore};
use personal_tokens::{
    ChangeError, ChangeRefused, Clock, Duration, Expiry, Issued, ManualClock, NewToken, PersonalTokens, Rejection,
    Rotation, Timestamp, TimestampOutOfRange, TokenChange, VerifyError,
};
use proptest::prelude::*;

const MICROSECOND: Duration = Duration::MICROSECOND;

fn shop_over(store: impl TokenStore + 'static, at: Timestamp) -> (PersonalTokens, ManualClock) {
    let clock = ManualClock::new(at);
    let builder = PersonalTokens::builder(store).prefix("shop").max_grace(Duration::MAX);
    (builder.clock(clock.clone()).build().unwrap(), clock)
}

/// One whose store answers from memory, and one whose store must be asked.
fn shops(at: Timestamp) -> [(PersonalTokens, ManualClock); 2] {
    [shop_over(MemoryStore::new(), at), shop_over(RemoteStore::default(), at)]
}

async fn issue(tokens: &PersonalTokens, expiry: Expiry) -> Result<Issued, ChangeError> {
    tokens.issue(NewToken::new(owner(), "sync").expiry(expiry)).await
}

async fn rejection(tokens: &PersonalTokens, issued: &Issued) -> Option<Rejection> {
    let answers = [tokens.verify(issued.token.expose()).await, tokens.inspect(issued.token.expose()).await];
    let [verified, inspected] = answers.map(verdict);
    assert_eq!(verified, inspected);
    verified
}

fn instants() -> impl Strategy<Value = Timestamp> {
    let (min, max) = (Timestamp::MIN.as_micros(), Timestamp::MAX.as_micros());
    let near_now = noon().as_micros();
    let micros = prop_oneof![min..=max, min..=min + 3, max - 3..=max, near_now - 3..=near_now + 3];
    micros.prop_map(|micros| Timestamp::from_micros(micros).unwrap())
}

fn spans() -> impl Strategy<Value = Duration> {
    let special = vec![Duration::MIN, Duration::MAX, Duration::ZERO, MICROSECOND, -MICROSECOND, Duration::NANOSECOND];
    let any = (any::<i64>(), -999_999_999..=999_999_999_i32)
        .prop_map(|(seconds, nanos)| Duration::seconds(seconds).saturating_add(Duration::nanoseconds(nanos.into())));
    let short = (0..400_000_000_000_i64).prop_map(Duration::seconds);
    prop_oneof![prop::sample::select(special), any, short]
}

/// The sum, cut at the end of time; reckoned without the crate's arithmetic.
fn later(at: Timestamp, micros: i128) -> Timestamp {
    let sum = (i128::from(at.as_micros()) + micros).min(Timestamp::MAX.as_micros().into());
    Timestamp::from_micros(sum.try_into().unwrap()).unwrap()
}

/// Failures 14: valid at its expiry instant.
#[tokio::test]
async fn it_is_accepted_until_a_microsecond_before_and_refused_from_the_instant_on() {
    for (tokens, clock) in shops(noon()) {
        let expiry = noon().checked_add(Duration::HOUR).unwrap();
        let issued = issue(&tokens, expiry.into()).await.unwrap();
        assert_eq!(rejection(&tokens, &issued).await, None);
        clock.set(expiry.checked_add(-MICROSECOND).unwrap());
        assert_eq!(rejection(&tokens, &issued).await, None);
        clock.set(expiry);
        assert_eq!(rejection(&tokens, &issued).await, Some(Rejection::Expired));
        clock.set(expiry.checked_add(MICROSECOND).unwrap());
        assert_eq!(rejection(&tokens, &issued).await, Some(Rejection::Expired));
    }
}

#[tokio::test]
async fn a_grace_ends_in_the_same_way() {
    for (tokens, clock) in shops(noon()) {
        let issued = issue(&tokens, Expiry::Never).await.unwrap();
        let grace = Rotation::new().grace(Duration::HOUR);
        let successor = tokens.rotate(&owner(), issued.record.id, grace).await.unwrap();
        let end = noon().checked_add(Duration::HOUR).unwrap();
        clock.set(end.checked_add(-MICROSECOND).unwrap());
        assert_eq!(rejection(&tokens, &issued).await, None);
        clock.set(end);
        assert_eq!(rejection(&tokens, &issued).await, Some(Rejection::Rotated));
        assert_eq!(rejection(&tokens, &successor).await, None);
    }
}

/// The clock is read after the record came: a token whose time ran out meanwhile is refused.
#[tokio::test]
async fn a_token_that_expires_while_the_store_is_slow_is_refused() {
    let store = RemoteStore::default();
    let (tokens, clock) = shop_over(store.clone(), noon());
    let issued = issue(&tokens, noon().checked_add(MICROSECOND).unwrap().into()).await.unwrap();
    assert_eq!(rejection(&tokens, &issued).await, None);

    let held = store.hold().await;
    let mut verifying = pin!(tokens.verify(issued.token.expose()));
    assert!(verifying.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    clock.advance(MICROSECOND);
    drop(held);
    assert!(matches!(verifying.await, Err(VerifyError::Rejected(Rejection::Expired))));
}

proptest! {
    #[test]
    fn it_passes_if_and_only_if_now_is_before_its_expiry(
        issued_at in instants(), expiry in instants(), now in instants(),
    ) {
        block_on(async {
            for (tokens, clock) in shops(issued_at) {
                match issue(&tokens, expiry.into()).await {
                    Ok(issued) => {
                        prop_assert!(issued_at < expiry);
                        for now in [now, expiry, expiry.saturating_add(-MICROSECOND)] {
                            clock.set(now);
                            let expected = if now < expiry { None } else { Some(Rejection::Expired) };
                            prop_assert_eq!(rejection(&tokens, &issued).await, expected, "at {}", now);
                        }
                    }
                    Err(ChangeError::Refused(ChangeRefused::ExpiryInPast { .. })) => prop_assert!(issued_at >= expiry),
                    Err(error) => prop_assert!(false, "{error}"),
                }
            }
            Ok(())
        })?;
    }

    #[test]
    fn a_token_without_expiry_passes_at_any_instant(issued_at in instants(), now in instants()) {
        block_on(async {
            for (tokens, clock) in shops(issued_at) {
                let issued = issue(&tokens, Expiry::Never).await.unwrap();
                clock.set(now);
                prop_assert_eq!(rejection(&tokens, &issued).await, None);
            }
            Ok(())
        })?;
    }

    /// Failures 16. The expiry is the exact sum, in range and in the future, or there is none.
    #[test]
    fn any_span_at_any_instant_is_exact_or_refused(at in instants(), span in spans()) {
        let sum = i128::from(at.as_micros()) + span.whole_microseconds();
        let in_range = i64::try_from(sum).ok().and_then(|micros| Timestamp::from_micros(micros).ok());
        let exact = |expiry: Expiry| in_range.filter(|end| *end > at).map(Expiry::At) == Some(expiry);
        let refused = |error: ChangeError| match error {
            ChangeError::Refused(ChangeRefused::Expiry(_)) => in_range.is_none(),
            ChangeError::Refused(ChangeRefused::ExpiryInPast { expiry }) => in_range == Some(expiry) && expiry <= at,
            _ => false,
        };
        block_on(async {
            let (tokens, _) = shop_over(MemoryStore::new(), at);
            let issued = issue(&tokens, Expiry::Never).await.unwrap();
            let id = issued.record.id;
            let in_record = |issued: Issued| issued.record.expiry;
            let new = NewToken::new(owner(), "other").expires_in(span);
            let answers = [
                tokens.issue(new).await.map(in_record),
                tokens.update(&owner(), id, TokenChange::new().expires_in(span)).await.map(|record| record.expiry),
                tokens.rotate(&owner(), id, Rotation::new().expires_in(span)).await.map(in_record),
            ];
            for answer in answers {
                let said = format!("{answer:?}");
                prop_assert!(answer.map_or_else(refused, exact), "{}", said);
            }
            Ok(())
        })?;
    }

    /// The successor lives as long as its predecessor was given, cut at the end of time; the grace too.
    #[test]
    fn a_rotation_at_any_instant_neither_panics_nor_wraps(
        one in instants(), other in instants(), at in instants(), grace in spans(),
    ) {
        prop_assume!(one != other);
        let (issued_at, expiry) = (one.min(other), one.max(other));
        block_on(async {
            let (tokens, clock) = shop_over(MemoryStore::new(), issued_at);
            let issued = issue(&tokens, expiry.into()).await.unwrap();
            clock.set(at);
            let rotated = tokens.rotate(&owner(), issued.record.id, Rotation::new().grace(grace)).await;
            // At the last instant no life is left to give.
            prop_assert_eq!(rotated.is_ok(), !grace.is_negative() && at < Timestamp::MAX);
            if let Ok(successor) = rotated {
                let life = later(at, i128::from(expiry.as_micros()) - i128::from(issued_at.as_micros()));
                prop_assert_eq!(successor.record.expiry, Expiry::At(life));
                let old = tokens.get(&owner(), issued.record.id).await.unwrap().unwrap();
                let grace_ends = old.rotated.unwrap().grace_ends;
                prop_assert_eq!(grace_ends, later(at, grace.whole_microseconds()).min(expiry));
                let accepted = rejection(&tokens, &issued).await.is_none();
                prop_assert_eq!(accepted, at < grace_ends);
            }
            Ok(())
        })?;
    }
}

/// A clock outside years 1 to 9999.
#[derive(Debug)]
struct OutOfRange;

impl Clock for OutOfRange {
    fn now(&self) -> Result<Timestamp, TimestampOutOfRange> {
        Timestamp::from_micros(i64::MAX)
    }

    fn monotonic(&self) -> std::time::Duration {
        std::time::Duration::ZERO
    }
}

/// Neither a pass nor a verdict about the token.
#[tokio::test]
async fn a_clock_out_of_range_is_a_failure_of_ours() {
    let store = std::sync::Arc::new(MemoryStore::new());
    let (sound, _) = shop_over(store.clone(), noon());
    let never = issue(&sound, Expiry::Never).await.unwrap();
    let ends = sound.issue(NewToken::new(owner(), "ends").expires_in(Duration::HOUR)).await.unwrap();

    let tokens = PersonalTokens::builder(store).prefix("shop").clock(OutOfRange).build().unwrap();
    for issued in [&never, &ends] {
        assert!(matches!(tokens.verify(issued.token.expose()).await, Err(VerifyError::Store(_))));
        assert!(matches!(tokens.inspect(issued.token.expose()).await, Err(VerifyError::Store(_))));
    }
    assert!(matches!(issue(&tokens, Expiry::Never).await, Err(ChangeError::Store(_))));
    assert!(matches!(tokens.revoke(&owner(), never.record.id).await, Err(ChangeError::Store(_))));
    assert_eq!(rejection(&sound, &never).await, None);
}
