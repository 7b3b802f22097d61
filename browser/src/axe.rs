//! axe-core: what a machine can tell of whether people with disabilities can use a page.

use std::sync::OnceLock;

use serde_json::Value;
use thirtyfour::WebDriver;

const RUN: &str = "
const done = arguments[arguments.length - 1];
const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
const of = node => `${node.html} ${node.failureSummary}`;
const told = ({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(of).join('; ')}`;
axe.run(document, { runOnly: { type: 'tag', values: tags } }).then(
  ({ violations, incomplete }) => done([violations.map(told), incomplete.map(told)]),
  error => done([[String(error)], []]));
";

/// What it finds against WCAG 2.2 AA in what is shown now. What it cannot tell it leaves to people, who look at
/// pictures.
pub async fn violations(driver: &WebDriver, view: &str) -> Vec<String> {
    let script = format!("{}\n{RUN}", source());
    let found = driver.execute_async(script, Vec::new()).await.expect("axe runs");
    let [violations, unsure] = [0, 1].map(|part| texts(&found.json()[part]));
    if std::env::var_os("SCREENSHOTS").is_some() {
        unsure.iter().for_each(|unsure| println!("{view}: {unsure}"));
    }
    violations
}

fn texts(found: &Value) -> Vec<String> {
    let found = found.as_array().expect("axe says what it finds");
    found.iter().map(|text| text.as_str().expect("a text").to_owned()).collect()
}

fn source() -> &'static str {
    static SOURCE: OnceLock<String> = OnceLock::new();
    SOURCE.get_or_init(|| {
        let file = std::env::var("AXE_CORE").expect("AXE_CORE names axe.min.js: run scripts/test, which fetches it");
        std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("AXE_CORE={file}: {error}; run scripts/test"))
    })
}
