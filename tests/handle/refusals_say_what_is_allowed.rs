//! Each refusal of a change says in words what is wrong and what is allowed.
#![cfg(all(feature = "memory", feature = "testing"))]

use crate::common;

use common::noon;
use common::rulebook::token_id;
use personal_tokens::{ChangeRefused, Duration, OwnerId, Scope, Scopes, Timestamp, TokenName, TokenState};

#[test]
fn each_refusal_says_what_is_allowed() {
    let days = Duration::days(30);
    let sell = Scope::new("sell").unwrap();
    let offered = Scopes::new(["products:write", "products:read"]).unwrap();
    let granted = offered.clone();
    let holder = token_id(0x0302_0100);
    let table: [(ChangeRefused, &str); 18] = [
        (ChangeRefused::NotFound, "no such token"),
        (ChangeRefused::Ended(TokenState::Revoked), "the token is revoked and cannot be changed any more"),
        (ChangeRefused::Ended(TokenState::Rotated), "the token is rotated and cannot be changed any more"),
        (
            ChangeRefused::NameTaken { holder, state: TokenState::Expired },
            "the name is taken by the expired token AAECAwAAAAAAAAAA: choose another, or rename or revoke that one",
        ),
        (ChangeRefused::LimitReached { max: 100 }, "the limit of 100 active tokens is reached: revoke one first"),
        (ChangeRefused::IdTaken, "the new token's id exists already: the random generator repeats itself"),
        (
            ChangeRefused::ExpiryInPast { expiry: noon() },
            "the expiry 2026-01-01T12:00:00Z is not in the future: revoke the token to end it now",
        ),
        (ChangeRefused::LifetimeTooLong { max: days }, "the token would live too long: at most 30 days from now"),
        (ChangeRefused::NeverNotAllowed { max: Some(days) }, "the token needs an expiry: at most 30 days from now"),
        (ChangeRefused::NeverNotAllowed { max: None }, "the token needs an expiry"),
        (ChangeRefused::GraceOutOfRange { max: Duration::days(7) }, "the grace is out of range: at most 7 days"),
        (
            ChangeRefused::UnknownScope { scope: sell.clone(), allowed: offered },
            "the scope sell is not offered; these are: products:read products:write",
        ),
        (
            ChangeRefused::UnknownScope { scope: sell.clone(), allowed: Scopes::none() },
            "the scope sell is not offered; tokens have no scopes here",
        ),
        (
            ChangeRefused::NotGrantable { scope: sell.clone(), grantable: granted },
            "the scope sell is not yours to grant; you may grant: products:read products:write",
        ),
        (
            ChangeRefused::NotGrantable { scope: sell, grantable: Scopes::none() },
            "the scope sell is not yours to grant; you may grant none",
        ),
        (
            TokenName::new("").unwrap_err().into(),
            "the token name is empty: 1 to 255 bytes of UTF-8 are allowed, without control characters, \
             bidirectional overrides, white space at the ends or tokens",
        ),
        (
            OwnerId::new("a\nb").unwrap_err().into(),
            "the owner id holds a control character (U+000A): 1 to 255 bytes of UTF-8 are allowed, without control \
             characters or tokens",
        ),
        (Timestamp::from_micros(i64::MAX).unwrap_err().into(), "the expiry lies outside years 1 to 9999 (UTC)"),
    ];
    for (refused, text) in table {
        assert_eq!(refused.to_string(), text);
    }
}

#[test]
fn a_span_is_told_in_the_largest_unit_that_is_exact() {
    let table = [
        (Duration::days(365), "365 days"),
        (Duration::days(1), "1 day"),
        (Duration::hours(1), "1 hour"),
        (Duration::minutes(1), "1 minute"),
        (Duration::hours(48), "2 days"),
        (Duration::hours(36), "36 hours"),
        (Duration::minutes(90), "90 minutes"),
        (Duration::minutes(1_441), "1441 minutes"),
        (Duration::seconds(90), "90 seconds"),
        (Duration::seconds(1), "1 second"),
        (Duration::seconds(i64::MAX), "9223372036854775807 seconds"),
        (Duration::milliseconds(1_500), "1.5 seconds"),
        (Duration::new(86_400, 500_000_000), "86400.5 seconds"),
    ];
    for (max, words) in table {
        let text = ChangeRefused::LifetimeTooLong { max }.to_string();
        assert_eq!(text, format!("the token would live too long: at most {words} from now"));
    }
}

#[test]
fn where_no_grace_is_allowed_it_says_so() {
    let text = ChangeRefused::GraceOutOfRange { max: Duration::ZERO }.to_string();
    assert_eq!(text, "the grace is out of range: none is allowed");
}
