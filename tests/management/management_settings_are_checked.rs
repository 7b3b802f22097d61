//! A mistake in a host's settings is told when the router is made, with what is wrong: no link that a browser would
//! run, no origin that matches nothing, no CSS that leaves its element, no description of a scope that is not offered.
#![cfg(all(feature = "memory", feature = "testing", feature = "management"))]

use crate::common;

use common::management::{host_with, person, scopes};
use common::shop;
use personal_tokens::management::{self, InvalidSettings, Settings};
use serde_json::json;

fn refusal(settings: Settings) -> Option<InvalidSettings> {
    management::router(shop().0, settings).err()
}

#[test]
fn settings_are_optional() {
    assert_eq!(refusal(Settings::new()), None);
    assert_eq!(refusal(Settings::default().product("").home("").sign_in("").css("")), None);
}

#[test]
fn a_link_is_a_path_or_an_http_url() {
    let taken =
        ["/", "/setup/", "/a?b=c&d#e", "/%2F", "https://shop.example", "http://localhost:8080/x", "https://[::1]/"];
    let refused = [
        "setup",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        " /",
        "/ ",
        "/a b",
        "/\n",
        "/\t/evil.example",
        "ftp://shop.example",
        "https:shop.example",
        "https://",
        "https:///x",
        "http://*.example/",
        "data:text/html,x",
        "?a",
        "#a",
        "/\"",
        "/'",
        "/<",
        "/>",
        "/`",
        "/é",
        "vbscript:x",
        "https://a\\b",
    ];
    for (what, set) in [("home", Settings::home as fn(Settings, &str) -> Settings), ("sign_in", Settings::sign_in)] {
        for url in taken {
            assert_eq!(refusal(set(Settings::new(), url)), None, "{url}");
        }
        for url in refused {
            assert_eq!(refusal(set(Settings::new(), url)), Some(InvalidSettings::Link { what }), "{url:?}");
        }
    }
    let text = InvalidSettings::Link { what: "home" }.to_string();
    assert_eq!(text, "home is to be a path such as /setup, or a URL that begins with https:// or http://");
}

#[test]
fn an_origin_is_as_a_browser_writes_it() {
    let taken = [
        "https://shop.example",
        "http://shop.example",
        "https://shop.example:8443",
        "http://127.0.0.1:8080",
        "http://[::1]:3000",
        "http://localhost",
    ];
    let refused = [
        "",
        "null",
        "*",
        "shop.example",
        "https://",
        "https://shop.example/",
        "https://shop.example/setup",
        "https://shop.example:443",
        "http://shop.example:80",
        "https://Shop.example",
        "HTTPS://shop.example",
        "https://shop.example:",
        "https://shop.example:08443",
        "https://shop.example:99999",
        "https://ann@shop.example",
        "https://ann:x@shop.example",
        "https://shop.example?x",
        "https://shop.example#x",
        "ftp://shop.example",
        "file://",
        "//shop.example",
        "https://*.shop.example",
        "https://shop.example ",
        "https://shop.example, https://b.example",
        "https://münchen.example",
    ];
    for origin in taken {
        assert_eq!(refusal(Settings::new().origin(origin)), None, "{origin}");
    }
    for origin in refused {
        let expected = InvalidSettings::Origin { origin: origin.to_owned() };
        assert_eq!(
            refusal(Settings::new().origin("https://shop.example").origin(origin)),
            Some(expected),
            "{origin:?}"
        );
    }
}

#[test]
fn css_stays_within_its_element() {
    for css in [
        ":root { --pt-accent: #0a6b4f; }",
        "a > b {}",
        "/* é */\r\n\ta {}\n",
        "a { content: \"\\3c\"; }",
        "@media (width >= 9px) {}",
    ] {
        assert_eq!(refusal(Settings::new().css(css)), None, "{css}");
    }
    for (css, found) in [
        ("</style><script>alert(1)</script>", '<'),
        ("a { content: \"<\"; }", '<'),
        ("/* <!-- */", '<'),
        ("a\0{}", '\0'),
        ("a\u{c}{}", '\u{c}'),
        ("a\u{1b}{} <", '\u{1b}'),
        ("a\u{85}{}", '\u{85}'),
    ] {
        assert_eq!(refusal(Settings::new().css(css)), Some(InvalidSettings::Css { found }), "{css:?}");
    }
}

#[test]
fn a_scope_that_is_described_is_offered() {
    assert_eq!(refusal(Settings::new().describe("products:read", "See all")), None);
    for scope in ["products:sell", "products:Read", "products", "", "products:read products:write"] {
        let expected = InvalidSettings::ScopeNotOffered { scope: scope.to_owned() };
        let refused = refusal(Settings::new().describe("products:read", "See all").describe(scope, "x"));
        assert_eq!(refused, Some(expected));
    }
    let text = InvalidSettings::ScopeNotOffered { scope: "sell".into() }.to_string();
    assert_eq!(text, "the scope \"sell\" is described, but not offered by the handle: see Builder::scopes");
}

#[tokio::test]
async fn descriptions_stand_beside_their_scopes() {
    let settings =
        Settings::new().describe("products:write", "<b>Änder</b> & \"add\"").describe("products:write", "Change all");
    let host = host_with(|builder| builder, settings).seen_by(person().grantable(scopes(&["products:write"])));
    assert_eq!(
        host.get("scopes").await.is(200),
        json!({"scopes": [
            {"name": "products:read", "description": null, "grantable": false},
            {"name": "products:write", "description": "Change all", "grantable": true},
        ]})
    );
}
