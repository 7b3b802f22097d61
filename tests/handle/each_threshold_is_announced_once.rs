//! Before a token expires its owner is told once for each threshold: over a month, over restarts, by whichever of the nodes.
#![cfg(all(feature = "memory", feature = "testing"))]

use crate::common;

use std::sync::Arc;

use common::rulebook::{after, after_micros};
use common::{noon, now, owner};
use personal_tokens::store::MemoryStore;
use personal_tokens::{
    Duration, Expiry, ManualClock, NewToken, Notice, PersonalTokens, Rotation, TokenChange, TokenRecord,
};

const THRESHOLDS: [Duration; 3] = [Duration::days(7), Duration::days(30), Duration::days(1)];

/// What the job of a service does at some hour.
fn announced(tokens: &PersonalTokens) -> Vec<Notice> {
    let (mut notices, mut after) = (Vec::new(), None);
    loop {
        let page = now(tokens.expiring(Duration::days(30), after)).unwrap();
        let claims = page.tokens.iter().map(|record| now(tokens.claim_notice(record, &THRESHOLDS)).unwrap());
        notices.extend(claims.flatten());
        match page.next {
            Some(next) => after = Some(next),
            None => return notices,
        }
    }
}

struct Shop {
    store: Arc<MemoryStore>,
    clock: ManualClock,
}

impl Shop {
    fn new() -> Self {
        Self { store: Arc::default(), clock: ManualClock::new(noon()) }
    }

    fn node(&self) -> PersonalTokens {
        let builder = PersonalTokens::builder(Arc::clone(&self.store)).prefix("shop");
        builder.clock(self.clock.clone()).retention(Duration::ZERO).build().unwrap()
    }

    fn issue(&self, span: Duration) -> TokenRecord {
        now(self.node().issue(NewToken::new(owner(), "sync").expires_in(span))).unwrap().record
    }
}

/// How the job is run: by which nodes each hour, and whether they live on to the next.
#[derive(Clone, Copy, Debug)]
enum Nodes {
    One,
    OneThatRestarts,
    Three,
}

impl Nodes {
    const ALL: [Self; 3] = [Self::One, Self::OneThatRestarts, Self::Three];

    /// The hours from noon, each with the threshold in days, of what is announced; `each_hour` may ask for changes.
    fn run(self, shop: &Shop, hours: i64, mut each_hour: impl FnMut(i64, &PersonalTokens)) -> Vec<(i64, i64)> {
        let new = || (0..if matches!(self, Self::Three) { 3 } else { 1 }).map(|_| shop.node()).collect::<Vec<_>>();
        let (mut nodes, mut seen) = (new(), Vec::new());
        for hour in 0..=hours {
            shop.clock.set(after(hour * 3_600));
            if matches!(self, Self::OneThatRestarts) {
                nodes = new();
            }
            each_hour(hour, &nodes[0]);
            let notices = nodes.iter().flat_map(announced);
            seen.extend(notices.map(|notice| (hour, notice.threshold.whole_days())));
        }
        seen
    }
}

#[test]
fn over_a_month_each_threshold_is_announced_in_its_hour_and_never_again() {
    for nodes in Nodes::ALL {
        let shop = Shop::new();
        shop.issue(Duration::days(31));
        let seen = nodes.run(&shop, 32 * 24, |_, _| ());
        assert_eq!(seen, [(24, 30), (24 * 24, 7), (30 * 24, 1)], "{nodes:?}");
    }
}

#[test]
fn after_an_extension_all_come_again() {
    for nodes in Nodes::ALL {
        let shop = Shop::new();
        let record = shop.issue(Duration::days(31));
        let seen = nodes.run(&shop, 63 * 24, |hour, tokens| {
            if hour == 31 * 24 - 1 {
                let extended = TokenChange::new().expires_in(Duration::days(31));
                now(tokens.update(&record.owner, record.id, extended)).unwrap();
            }
        });
        let again = [24, 24 * 24, 30 * 24].map(|hour| 31 * 24 - 1 + hour);
        assert_eq!(seen, [(24, 30), (576, 7), (720, 1), (again[0], 30), (again[1], 7), (again[2], 1)], "{nodes:?}");
    }
}

#[test]
fn of_a_token_that_is_first_seen_late_the_least_due_threshold_is_announced() {
    for nodes in Nodes::ALL {
        let shop = Shop::new();
        shop.issue(Duration::days(5));
        assert_eq!(nodes.run(&shop, 6 * 24, |_, _| ()), [(0, 7), (4 * 24, 1)], "{nodes:?}");
        let shop = Shop::new();
        shop.issue(Duration::HOUR);
        assert_eq!(nodes.run(&shop, 24, |_, _| ()), [(0, 1)], "{nodes:?}");
    }
}

/// Instants are those that the threshold names, to the microsecond.
#[test]
fn a_threshold_is_due_from_its_instant_on_and_once() {
    let shop = Shop::new();
    let (tokens, record) = (shop.node(), shop.issue(Duration::days(31)));
    let claim = || now(tokens.claim_notice(&record, &THRESHOLDS)).unwrap();
    let left = |days: i64, micros| shop.clock.set(after_micros((31 - days) * 86_400_000_000 + micros));
    for days in [30, 7, 1] {
        left(days, -1);
        assert_eq!(claim(), None, "{days}");
        left(days, 0);
        let notice = claim().unwrap();
        assert_eq!(notice.threshold, Duration::days(days));
        let instant = record.expiry.instant().unwrap().saturating_add(-Duration::days(days));
        assert_eq!(notice.record.noticed, Some(instant));
        assert_eq!(now(tokens.get(&record.owner, record.id)).unwrap().as_ref(), Some(&notice.record));
        assert_eq!(claim(), None, "{days}");
        left(days, 1);
        assert_eq!(claim(), None, "{days}");
    }
    left(0, -1);
    assert_eq!(claim(), None);
}

/// A notice that went out a moment before a threshold does not stand for it.
#[test]
fn a_notice_just_before_a_threshold_keeps_nothing_from_being_announced() {
    let shop = Shop::new();
    let (tokens, record) = (shop.node(), shop.issue(Duration::days(31)));
    shop.clock.set(after_micros(24 * 86_400_000_000 - 1));
    let claim = || now(tokens.claim_notice(&record, &THRESHOLDS)).unwrap().map(|notice| notice.threshold);
    assert_eq!(claim(), Some(Duration::days(30)));
    shop.clock.advance(Duration::MICROSECOND);
    assert_eq!(claim(), Some(Duration::days(7)));
}

#[test]
fn thresholds_of_any_length_and_number_are_fine() {
    let (never, day) = (None, Duration::DAY);
    let table: [(&[Duration], Option<Duration>); 10] = [
        (&[], never),
        (&[Duration::ZERO], never),
        (&[-day, Duration::MIN], never),
        (&[Duration::MAX], Some(Duration::MAX)),
        (&[Duration::MAX, Duration::MIN, Duration::ZERO], Some(Duration::MAX)),
        (&[day * 2, day * 3, day * 2], Some(day * 2)),
        (&[day * 3, day * 2], Some(day * 2)),
        (&[day, Duration::MICROSECOND], Some(day)),
        (&[day - Duration::MICROSECOND], never),
        (&[day + Duration::NANOSECOND], Some(day + Duration::NANOSECOND)),
    ];
    for (thresholds, due) in table {
        let shop = Shop::new();
        let (tokens, record) = (shop.node(), shop.issue(day));
        let claim = |at: i64| {
            shop.clock.set(after(at));
            now(tokens.claim_notice(&record, thresholds)).unwrap().map(|notice| notice.threshold)
        };
        assert_eq!(claim(0), due, "{thresholds:?}");
        assert_eq!(claim(0), None, "{thresholds:?}");
        // At its expiry it is too late for any.
        assert_eq!([claim(86_400), claim(90_000)], [None; 2], "{thresholds:?}");
    }
}

#[test]
fn a_clock_that_is_set_back_repeats_nothing() {
    let shop = Shop::new();
    shop.issue(Duration::days(31));
    let tokens = shop.node();
    let seen = |days: i64| {
        shop.clock.set(after(days * 86_400));
        announced(&tokens).iter().map(|notice| notice.threshold.whole_days()).collect::<Vec<_>>()
    };
    assert_eq!(seen(24), [7]);
    for days in [10, 1, 0, 24, 29] {
        assert_eq!(seen(days), [0; 0], "{days}");
    }
    assert_eq!(seen(30), [1]);
    assert_eq!([seen(3), seen(24), seen(30)].concat(), [0; 0]);
}

/// The record that the caller read says what it was then; judged is what it is now.
#[test]
fn what_became_of_the_token_since_it_was_read_counts() {
    type Meanwhile = fn(&Shop, &PersonalTokens, &TokenRecord);
    let table: [(&str, Meanwhile, Option<&str>); 8] = [
        ("nothing", |_, _, _| (), Some("sync")),
        ("renamed", |_, tokens, old| change(tokens, old, TokenChange::new().name("till")), Some("till")),
        ("extended", |_, tokens, old| change(tokens, old, TokenChange::new().expires_in(Duration::days(9))), None),
        ("never expires", |_, tokens, old| change(tokens, old, TokenChange::new().expiry(Expiry::Never)), None),
        ("revoked", |_, tokens, old| drop(now(tokens.revoke(&old.owner, old.id)).unwrap()), None),
        (
            "rotated",
            |_, tokens, old| {
                let rotation = Rotation::new().grace(Duration::days(7));
                drop(now(tokens.rotate(&old.owner, old.id, rotation)).unwrap());
            },
            None,
        ),
        (
            "pruned",
            |shop, tokens, old| {
                now(tokens.revoke(&old.owner, old.id)).unwrap();
                shop.clock.advance(Duration::MICROSECOND);
                assert_eq!(now(tokens.prune()).unwrap(), 1);
            },
            None,
        ),
        ("claimed", |shop, _, old| assert!(now(shop.node().claim_notice(old, &THRESHOLDS)).unwrap().is_some()), None),
    ];
    for (what, meanwhile, notice) in table {
        let shop = Shop::new();
        let tokens = shop.node();
        shop.issue(Duration::days(5));
        let old = now(tokens.expiring(Duration::days(5), None)).unwrap().tokens.remove(0);
        meanwhile(&shop, &tokens, &old);
        let claimed = now(tokens.claim_notice(&old, &[Duration::days(7)])).unwrap();
        assert_eq!(claimed.as_ref().map(|notice| notice.record.name.as_str()), notice, "{what}");
        if let (Some(stored), false) = (now(tokens.get(&old.owner, old.id)).unwrap(), what == "claimed") {
            assert_eq!(stored.noticed.is_some(), notice.is_some(), "{what}");
        }
    }
}

fn change(tokens: &PersonalTokens, old: &TokenRecord, change: TokenChange) {
    now(tokens.update(&old.owner, old.id, change)).unwrap();
}
