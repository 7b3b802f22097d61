//! A shop as it is after half a year: tokens in every state, that were made and used at one time or another.

use std::collections::HashMap;

use personal_tokens::{Duration, Issued, NewToken, Rotation};

use crate::{Host, READ, WRITE};

enum Event {
    /// Name, scopes, for how many days (0: for ever), by whom.
    Issue(&'static str, &'static [&'static str], i64, &'static str),
    Use(&'static str),
    /// With a grace of so many hours.
    Rotate(&'static str, i64),
    Revoke(&'static str),
}

use Event::{Issue, Revoke, Rotate, Use};

const DAY: i64 = 24 * 60;

/// How many minutes ago, and what; the oldest first.
const HISTORY: [(i64, Event); 21] = [
    (171 * DAY + 187, Issue("Trial of the new till", &[READ, WRITE], 14, "ada")),
    (168 * DAY + 20, Use("Trial of the new till")),
    (160 * DAY - 95, Issue("Old label printer", &[READ], 0, "ada")),
    (151 * DAY + 301, Issue("Accounting export", &[READ], 0, "grace")),
    (127 * DAY + 142, Issue("Shopify sync", &[READ, WRITE], 0, "ada")),
    (119 * DAY - 33, Issue("Nightly stock import", &[WRITE], 123, "ada")),
    (96 * DAY + 61, Revoke("Old label printer")),
    (88 * DAY + 250, Issue("Newsletter", &[READ], 365, "grace")),
    (61 * DAY - 77, Issue("Price comparison feed", &[READ], 180, "grace")),
    (40 * DAY + 118, Use("Price comparison feed")),
    (34 * DAY + 12, Issue("Audit of last year", &[READ], 30, "grace")),
    (20 * DAY + 205, Use("Audit of last year")),
    (9 * DAY + 44, Issue("Weekly backup to the office in Wellington", &[READ], 0, "ada")),
    (2 * DAY + 170, Use("Weekly backup to the office in Wellington")),
    (26 * 60, Use("Newsletter")),
    (25 * 60, Rotate("Newsletter", 48)),
    (8 * 60 + 7, Use("Nightly stock import")),
    (6 * 60 + 8, Use("Accounting export")),
    (27, Use("Newsletter")),
    (3, Use("Shopify sync")),
    (0, Use("Price comparison feed")),
];

impl Host {
    /// Seven tokens that are accepted, one of them soon no more and one in its grace; three that are not.
    pub async fn in_use() -> Self {
        let host = Self::start().await;
        let mut tokens: HashMap<&str, Issued> = HashMap::new();
        let mut past = HISTORY[0].0;
        host.clock.advance(Duration::minutes(-past));
        for (ago, event) in HISTORY {
            host.clock.advance(Duration::minutes(past - ago));
            past = ago;
            host.goes_through(event, &mut tokens).await;
        }
        host
    }

    async fn goes_through(&self, event: Event, tokens: &mut HashMap<&'static str, Issued>) {
        let owner = Self::owner();
        match event {
            Issue(name, scopes, days, by) => {
                let new = NewToken::new(&owner, name).scopes(scopes).created_by(by);
                let new = if days == 0 { new } else { new.expires_in(Duration::days(days)) };
                tokens.insert(name, self.tokens.issue(new).await.expect("a token"));
            }
            Use(name) => drop(self.whoami(tokens[name].token.expose()).await.expect("it is accepted")),
            Rotate(name, hours) => {
                let rotation = Rotation::new().grace(Duration::hours(hours)).created_by("ada");
                let rotated = self.tokens.rotate(&owner, tokens[name].record.id, rotation).await;
                tokens.insert(name, rotated.expect("a token"));
            }
            Revoke(name) => drop(self.tokens.revoke(&owner, tokens[name].record.id).await.expect("it is there")),
        }
    }
}
