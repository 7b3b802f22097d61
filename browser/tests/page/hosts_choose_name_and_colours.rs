//! A host's name stands at the head and in the title, and its CSS variables colour the page.

use personal_tokens_browser::{Browser, Host, Look, Person, READ};
use serde_json::json;

const COLOURS: [(&str, &str); 10] = [
    ("--pt-accent", "rgb(1, 90, 60)"),
    ("--pt-accent-text", "rgb(255, 255, 1)"),
    ("--pt-background", "rgb(252, 251, 250)"),
    ("--pt-surface", "rgb(255, 254, 253)"),
    ("--pt-text", "rgb(1, 2, 3)"),
    ("--pt-muted", "rgb(70, 71, 72)"),
    ("--pt-border", "rgb(110, 109, 108)"),
    ("--pt-danger", "rgb(140, 10, 11)"),
    ("--pt-warning", "rgb(90, 60, 2)"),
    ("--pt-success", "rgb(3, 80, 4)"),
];

/// The variables' values that no element of the page is drawn with.
const UNUSED: &str = "
    const drawn = new Set([...document.querySelectorAll('*')].flatMap(element => [...getComputedStyle(element)]
        .filter(name => /colou?r|^fill$|^stroke$/.test(name)).map(name => getComputedStyle(element)[name])));
    return arguments[0].filter(colour => !drawn.has(colour))";

#[tokio::test]
async fn each_variable_takes_effect() {
    let variables: String = COLOURS.iter().map(|(name, colour)| format!("{name}: {colour}; ")).collect();
    let css = format!(":root {{ {variables} --pt-font: serif; --pt-radius: 13px; }}");
    let host = Host::plan().settings(move |settings| settings.product("Tea & Co").css(&css)).start().await;
    host.issue("Till", &[READ]).await;
    let soon = personal_tokens::NewToken::new(Host::owner(), "Sync").expires_in(personal_tokens::Duration::DAY);
    host.tokens.issue(soon).await.unwrap();
    let browser = Browser::open(Look::WIDE).await;
    browser.enter(&host, Person::Ada).await;
    browser.rows(2).await;
    assert_eq!(browser.script("return document.title", &[]).await, json!("Personal tokens · Tea & Co"));
    assert!(browser.offers("Tea & Co").await, "a link to the host");
    browser.look_at("coloured").await;

    let colours: Vec<&str> = COLOURS.iter().map(|(_, colour)| *colour).collect();
    assert_eq!(browser.script(UNUSED, &[json!(colours)]).await, json!([]));
    let style = "const { fontFamily, borderRadius, backgroundColor, color } = getComputedStyle(document.querySelector('#generate'));
        return [fontFamily, borderRadius, backgroundColor, color]";
    assert_eq!(browser.script(style, &[]).await, json!(["serif", "13px", COLOURS[0].1, COLOURS[1].1]));
    browser.close().await;
}
