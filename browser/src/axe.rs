//! axe-core: what a machine can tell of whether people with disabilities can use a page.

use std::sync::OnceLock;

use serde_json::Value;
use thirtyfour::WebDriver;

const RUN: &str = "
const done = arguments[arguments.length - 1];
const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
const told = ({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(node => node.html + ' ' + node.failureSummary).join('; ')}`;
axe.run(document, { runOnly: { type: 'tag', values: tags } })
  .then(found => done(found.violations.map(told)), error => done([String(error)]));
";

/// What it finds against WCAG 2.2 AA in what is shown now.
pub async fn violations(driver: &WebDriver) -> Vec<String> {
    let script = format!("{}\n{RUN}", source());
    let found = driver.execute_async(script, Vec::new()).await.expect("axe runs");
    let Value::Array(found) = found.json() else { panic!("axe says {}", found.json()) };
    found.iter().map(Value::to_string).collect()
}

fn source() -> &'static str {
    static SOURCE: OnceLock<String> = OnceLock::new();
    SOURCE.get_or_init(|| {
        let file = std::env::var("AXE_CORE").expect("AXE_CORE names axe.min.js: run scripts/test, which fetches it");
        std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("AXE_CORE={file}: {error}; run scripts/test"))
    })
}
