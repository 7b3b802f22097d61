//! The page is one document: its styles and its script stand inside, each allowed by the hash of what is really sent,
//! and nothing else is allowed. What a host names stands in it as text.
#![cfg(all(feature = "memory", feature = "testing", feature = "management"))]

mod common;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use common::management::{Answer, host_with};
use personal_tokens::management::Settings;
use sha2::{Digest as _, Sha256};

async fn page(settings: Settings) -> Answer {
    let answer = host_with(|builder| builder, settings).get("").await;
    assert_eq!(answer.status, 200);
    answer
}

async fn html(settings: Settings) -> String {
    String::from_utf8(page(settings).await.body).unwrap()
}

/// What stands inside each element of this name, as a parser of HTML reads raw text: up to the first end tag.
fn inside<'a>(html: &'a str, element: &str) -> Vec<&'a str> {
    let mut found = Vec::new();
    let mut rest = html;
    while let Some(start) = rest.find(&format!("<{element}")) {
        let open = start + rest[start..].find('>').unwrap() + 1;
        let end = open + rest[open..].to_ascii_lowercase().find(&format!("</{element}")).unwrap();
        found.push(&rest[open..end]);
        rest = &rest[end..];
    }
    found
}

fn hashes(texts: &[&str]) -> Vec<String> {
    let mut hashes: Vec<_> =
        texts.iter().map(|text| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)))).collect();
    hashes.sort();
    hashes
}

/// The sources of each directive, sorted.
fn policy(answer: &Answer) -> std::collections::BTreeMap<&str, Vec<String>> {
    let [policy] = answer.lines("content-security-policy")[..] else { panic!("{answer}") };
    let directives = policy.split(';').map(|directive| {
        let mut words = directive.split_ascii_whitespace();
        let name = words.next().unwrap();
        let mut sources: Vec<_> = words.map(str::to_owned).collect();
        sources.sort();
        (name, sources)
    });
    directives.collect()
}

#[tokio::test]
async fn the_policy_allows_what_stands_in_it_and_nothing_else() {
    for css in ["", ":root { --pt-accent: #0a6b4f; }", "a {}\r\nb {}\rc {}\n", "\n/* é & > \" ' */"] {
        let answer = page(Settings::new().css(css)).await;
        let html = str::from_utf8(&answer.body).unwrap();
        let (styles, scripts) = (inside(html, "style"), inside(html, "script"));
        assert_eq!((styles.len(), scripts.len()), (2, 1));
        assert!(scripts[0].len() > 1_000 && styles[0].len() > 1_000, "the page's own");
        assert_eq!(styles[1].trim(), css.replace("\r\n", "\n").replace('\r', "\n").trim());
        // A parser of HTML reads these as another character, and the hash would be of something else.
        assert!(!html.contains(['\r', '\0']));
        let none = || vec!["'none'".to_owned()];
        let expected = [
            ("default-src", none()),
            ("script-src", hashes(&scripts)),
            ("style-src", hashes(&styles)),
            ("connect-src", vec!["'self'".to_owned()]),
            ("img-src", vec!["data:".to_owned()]),
            ("base-uri", none()),
            ("form-action", none()),
            ("frame-ancestors", none()),
            ("require-trusted-types-for", vec!["'script'".to_owned()]),
            ("trusted-types", none()),
        ];
        assert_eq!(policy(&answer), expected.into());
        assert_eq!(answer.lines("content-type"), ["text/html; charset=utf-8"]);
    }
}

/// What the policy would block, or a mount under another path would break.
#[tokio::test]
async fn nothing_in_it_comes_from_elsewhere() {
    let html = html(Settings::new()).await;
    let script = inside(&html, "script")[0];
    let markup = html.replace(script, "");
    for attribute in [" src=", " style=", " onclick=", " onload=", " onsubmit=", " srcset=", "@import", "url("] {
        assert!(!markup.contains(attribute), "{attribute}");
    }
    for call in
        ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "localStorage"]
    {
        assert!(!script.contains(call), "{call}");
    }
}

#[tokio::test]
async fn what_a_host_names_stands_in_it_as_text() {
    let plain = html(Settings::new().product("PRODUCT").home("/HOME").sign_in("/SIGN-IN")).await;
    assert!(["PRODUCT", "/HOME", "/SIGN-IN"].iter().all(|text| plain.contains(text)));
    let table = [
        ("The shop", "The shop"),
        ("</title><script>alert(1)</script>", "&lt;/title&gt;&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("\" onload=\"alert(1)", "&quot; onload=&quot;alert(1)"),
        ("' x='", "&#39; x=&#39;"),
        ("A & B &amp;", "A &amp; B &amp;amp;"),
        ("{{script}} {{host_style}} {{", "{{script}} {{host_style}} {{"),
        ("Läden 店", "Läden 店"),
    ];
    for (product, escaped) in table {
        let settings = Settings::new().product(product).home("/a?b=c&d=e").sign_in("/in?x&lt;y");
        let expected = plain.replace("PRODUCT", escaped).replace("/HOME", "/a?b=c&amp;d=e");
        assert_eq!(html(settings).await, expected.replace("/SIGN-IN", "/in?x&amp;lt;y"), "{product}");
    }
}

/// Whatever stands in the tokens: the page is the same for everybody, and a cache that broke its word would give
/// nothing away.
#[tokio::test]
async fn it_is_the_same_whoever_asks() {
    let host = host_with(|builder| builder, Settings::new());
    let before = host.get("/").await.body;
    host.issue("</script>secret name", &["products:read"]).await;
    assert_eq!(host.get("/").await.body, before);
}
