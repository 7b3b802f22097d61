//! A handle is built from a sound configuration only; each mistake of a host is named when it starts.
#![cfg(all(feature = "memory", feature = "testing"))]

use personal_tokens::store::MemoryStore;
use personal_tokens::{BuildError, Builder, Duration, InvalidPrefix, InvalidScope, PersonalTokens, Scopes};

fn shop() -> Builder {
    PersonalTokens::builder(MemoryStore::new()).prefix("shop")
}

#[test]
fn each_mistake_is_named() {
    let tick = Duration::NANOSECOND;
    let life = ("the longest life of a token", "a microsecond at least");
    let grace = ("the longest grace", "zero or positive");
    let resolution = ("the resolution of last use", "a microsecond at least");
    let flush = ("the flush interval", "a millisecond at least");
    let retention = ("the retention", "zero or positive");
    let span = |(what, allowed)| BuildError::Span { what, allowed };
    let upper = InvalidPrefix::Character { found: 'S' };
    let table = [
        (PersonalTokens::builder(MemoryStore::new()), BuildError::PrefixMissing),
        (shop().prefix("Shop"), upper.clone().into()),
        (shop().prefix(""), InvalidPrefix::Length { bytes: 0 }.into()),
        (shop().former_prefixes(["old", "Shop"]), upper.into()),
        (shop().scopes(["a b"]), InvalidScope::Character { found: ' ' }.into()),
        (shop().scopes([""]), InvalidScope::Length { bytes: 0 }.into()),
        (shop().max_lifetime(Duration::ZERO), span(life)),
        (shop().max_lifetime(-tick), span(life)),
        (shop().max_grace(-tick), span(grace)),
        (shop().usage_resolution(Duration::ZERO), span(resolution)),
        (shop().usage_resolution(-tick), span(resolution)),
        (shop().flush_interval(Duration::MILLISECOND - tick), span(flush)),
        (shop().flush_interval(Duration::ZERO), span(flush)),
        (shop().flush_interval(-Duration::SECOND), span(flush)),
        (shop().retention(-tick), span(retention)),
        (shop().retention(Duration::MIN), span(retention)),
    ];
    for (builder, error) in table {
        assert_eq!(builder.build().unwrap_err(), error);
    }
    let text = shop().max_grace(-tick).build().unwrap_err().to_string();
    assert_eq!(text, "the longest grace must be zero or positive");
    let text = PersonalTokens::builder(MemoryStore::new()).build().unwrap_err().to_string();
    assert_eq!(text, "a token prefix is needed: call prefix(…) with a short name of your service");
}

#[test]
fn the_ends_of_what_is_allowed_are_allowed() {
    let built = shop()
        .max_lifetime(Duration::MAX)
        .max_grace(Duration::ZERO)
        .usage_resolution(Duration::MAX)
        .flush_interval(Duration::MAX)
        .retention(Duration::MAX)
        .max_active_per_owner(0)
        .build();
    assert!(built.is_ok());
    assert!(shop().max_grace(Duration::MAX).max_lifetime(Duration::MICROSECOND).build().is_ok());
    assert!(shop().flush_interval(Duration::MILLISECOND).retention(Duration::ZERO).build().is_ok());
}

/// Less than the smallest step of an instant allows no token any life at all.
#[test]
fn a_longest_life_below_a_microsecond_is_refused() {
    assert!(matches!(shop().max_lifetime(Duration::NANOSECOND * 999).build(), Err(BuildError::Span { .. })));
}

#[test]
fn the_defaults_are_as_written() {
    let tokens = shop().build().unwrap();
    let policy = tokens.policy();
    assert_eq!(policy.max_lifetime, None);
    assert!(policy.allow_never);
    assert_eq!(policy.max_grace, Duration::days(7));
    assert_eq!(policy.max_active, Some(100));
    assert_eq!(policy.scopes, Scopes::none());
    assert_eq!((tokens.usage_resolution(), tokens.flush_interval()), (Duration::MINUTE, Duration::seconds(10)));
}

#[test]
fn a_longest_life_forbids_never_unless_allowed() {
    let never = |builder: Builder| builder.build().unwrap().policy().allow_never;
    assert!(!never(shop().max_lifetime(Duration::DAY)));
    assert!(never(shop().max_lifetime(Duration::DAY).allow_never(true)));
    assert!(never(shop().allow_never(true).max_lifetime(Duration::DAY)), "in either order");
    assert!(!never(shop().allow_never(false)));
}

#[test]
fn a_policy_is_what_was_said() {
    let tokens = shop()
        .scopes(["b", "a"])
        .max_lifetime(Duration::DAY)
        .max_grace(Duration::HOUR)
        .max_active_per_owner(None)
        .build()
        .unwrap();
    let policy = tokens.policy();
    assert_eq!((policy.max_lifetime, policy.max_grace, policy.max_active), (Some(Duration::DAY), Duration::HOUR, None));
    assert_eq!(policy.scopes.as_str(), "a b");
}

#[test]
fn last_use_is_kept_as_was_said() {
    let tokens = shop().usage_resolution(Duration::HOUR).flush_interval(Duration::DAY).build().unwrap();
    assert_eq!((tokens.usage_resolution(), tokens.flush_interval()), (Duration::HOUR, Duration::DAY));
}
