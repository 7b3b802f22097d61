//! A token with a date works through that whole day where the person is, however far from UTC, and on days when clocks
//! are changed; the exact instant is shown before it is saved.

use personal_tokens_browser::{Browser, Host, Look, Person};
use serde_json::json;

const DAYS: [(&str, &str, &str, &str); 6] = [
    ("UTC", "2026-12-24", "2026-12-25T00:00:00Z", "Thu, 24 Dec 2026, 24:00 (UTC+00:00)"),
    ("Pacific/Auckland", "2026-12-24", "2026-12-24T11:00:00Z", "Thu, 24 Dec 2026, 24:00 (UTC+13:00)"),
    ("America/New_York", "2026-12-24", "2026-12-25T05:00:00Z", "Thu, 24 Dec 2026, 24:00 (UTC-05:00)"),
    // At two in the morning of this day clocks are set forwards.
    ("America/New_York", "2027-03-14", "2027-03-15T04:00:00Z", "Sun, 14 Mar 2027, 24:00 (UTC-04:00)"),
    ("America/New_York", "2027-03-13", "2027-03-14T05:00:00Z", "Sat, 13 Mar 2027, 24:00 (UTC-05:00)"),
    // At midnight after this day: the next one begins at one.
    ("Africa/Cairo", "2027-04-29", "2027-04-29T22:00:00Z", "2027"),
];

#[tokio::test]
async fn in_each_time_zone() {
    for zone in ["UTC", "Pacific/Auckland", "America/New_York", "Africa/Cairo"] {
        let host = Host::start().await;
        let browser = Browser::open(Look::WIDE.time_zone(zone)).await;
        browser.enter(&host, Person::Ada).await;
        for (_, day, end, shown) in DAYS.into_iter().filter(|(of, ..)| *of == zone) {
            browser.click("Generate personal token").await;
            let name = format!("until {day}");
            browser.fill("Name", &name).await;
            browser.choose("On a date").await;
            let today = browser.script("return document.querySelector('#expiry-date').min", &[]).await;
            // It is noon in UTC, by the host's clock.
            assert_eq!(today, json!(if zone == "Pacific/Auckland" { "2026-11-03" } else { "2026-11-02" }), "{zone}");
            browser.pick_day("Last day", day).await;
            browser.sees_in("#expiry-exact", shown).await;
            browser.look_at("on-a-date").await;
            browser.click("Save").await;
            browser.new_token().await;
            let record = host.records().await.into_iter().find(|record| record.name.as_str() == name).unwrap();
            let instant = record.expiry.instant().map(|end| end.to_string());
            assert_eq!(instant.as_deref(), Some(end), "{zone} {day}");
            browser.click("Copy").await;
            browser.sees("Copied").await;
            browser.click("Done").await;
            browser.is_back().await;
        }
        browser.close().await;
    }
}
