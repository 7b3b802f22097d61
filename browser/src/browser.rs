//! Chromium with one page, as one person sees it. What the page says on the console, and what its
//! Content-Security-Policy stopped, fails the test; views are looked at with axe, and some are pictured where
//! `SCREENSHOTS` names a folder.

use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use serde_json::{Value, json};
use thirtyfour::prelude::*;

use crate::{axe, chromedriver};

const ARGUMENTS: [&str; 11] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-breakpad",
    "--disable-component-update",
    "--no-proxy-server",
    "--lang=en-US",
    // A host by a name that is not the machine's own, and so not to be trusted without TLS.
    "--host-resolver-rules=MAP shop.test 127.0.0.1",
];

/// A script may wait, and what it throws is told.
const AS_PROMISE: &str = "
const done = arguments[arguments.length - 1];
const told = async function () { SCRIPT };
told.apply(null, [...arguments].slice(0, -1)).then(value => done({ value }), error => done({ thrown: String(error) }));
";

/// The screen, and where on earth it stands.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    pub width: u32,
    pub height: u32,
    pub dark: bool,
    pub time_zone: &'static str,
}

pub struct Browser {
    driver: Option<WebDriver>,
    look: Look,
    provoked: Mutex<Vec<&'static str>>,
}

impl Look {
    pub const WIDE: Self = Self { width: 1440, height: 900, dark: false, time_zone: "UTC" };
    pub const NARROW: Self = Self { width: 360, height: 800, ..Self::WIDE };

    pub fn dark(self) -> Self {
        Self { dark: true, ..self }
    }

    pub fn time_zone(self, time_zone: &'static str) -> Self {
        Self { time_zone, ..self }
    }
}

impl Browser {
    pub async fn open(look: Look) -> Self {
        let mut capabilities = DesiredCapabilities::chrome();
        for argument in ARGUMENTS {
            capabilities.add_arg(argument).expect("an argument");
        }
        capabilities.set("goog:loggingPrefs", json!({ "browser": "ALL" })).expect("a capability");
        let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(60)).build().expect("a client");
        let driver = WebDriver::builder(chromedriver::url(), capabilities).client(client).await.expect("a browser");
        // For axe on a loaded machine.
        driver.set_script_timeout(Duration::from_secs(50)).await.expect("a longer time");
        let browser = Self { driver: Some(driver), look, provoked: Mutex::default() };
        let Look { height, dark, time_zone, .. } = look;
        browser.screen(height).await;
        let scheme = if dark { "dark" } else { "light" };
        let media = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        browser.devtools("Emulation.setEmulatedMedia", json!({ "features": media })).await;
        browser.devtools("Emulation.setTimezoneOverride", json!({ "timezoneId": time_zone })).await;
        let clipboard = json!({ "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"] });
        browser.devtools("Browser.grantPermissions", clipboard).await;
        browser
    }

    /// To be called at the end of each test.
    pub async fn close(mut self) {
        self.is_quiet().await;
        self.driver.take().expect("open").quit().await.expect("the browser ends");
    }

    pub async fn goto(&self, url: impl Into<String>) {
        self.is_quiet().await;
        self.driver().goto(url.into()).await.expect("the page loads");
    }

    pub async fn back(&self) {
        self.is_quiet().await;
        self.driver().back().await.expect("the page before");
    }

    pub async fn reload(&self) {
        self.is_quiet().await;
        self.driver().refresh().await.expect("the page loads");
    }

    /// Looks at what is shown now: axe finds nothing against WCAG 2.2 AA, nothing has to be scrolled for to the side,
    /// nothing is too small to be hit, the console is empty.
    pub async fn look_at(&self, view: &str) {
        self.script(include_str!("settled.js"), &[]).await;
        assert_eq!(axe::violations(self.driver(), view).await, [""; 0], "{view}, {:?}", self.look);
        let beyond = self.script(include_str!("beyond.js"), &[]).await;
        assert_eq!(beyond, json!([]), "{view} reaches beyond the screen, {:?}", self.look);
        let small = self.script(include_str!("targets.js"), &[]).await;
        assert_eq!(small, json!([]), "{view} has what is hard to hit, {:?}", self.look);
        self.is_quiet().await;
    }

    /// Looks at it, and pictures it if `SCREENSHOTS` names a folder.
    pub async fn look_and_picture(&self, view: &str) {
        self.look_at(view).await;
        self.picture(view).await;
    }

    /// From now on the browser may say that an answer had this status, or that this kept one from coming: the test
    /// wants that, and no page can keep the browser from saying it.
    pub fn provoke(&self, refusal: &'static str) {
        self.provoked.lock().expect("no panic").push(refusal);
    }

    /// The console is empty, and nothing was stopped.
    pub async fn is_quiet(&self) {
        assert_eq!(self.said().await, [""; 0]);
    }

    pub(crate) async fn said(&self) -> Vec<String> {
        let said = self.driver().browser_log().await.expect("a log");
        let provoked = self.provoked.lock().expect("no panic").clone();
        let wanted = |message: &str, source: Option<&str>| {
            source == Some("network") && provoked.iter().any(|refusal| message.contains(refusal))
        };
        let loud = said.iter().filter(|entry| !wanted(&entry.message, entry.source.as_deref()));
        loud.map(|entry| format!("{} {}", entry.level, entry.message)).collect()
    }

    /// Of the whole page, or of the screen where a dialog stands before it.
    async fn picture(&self, view: &str) {
        let Some(folder) = std::env::var_os("SCREENSHOTS") else { return };
        let scheme = if self.look.dark { "dark" } else { "light" };
        let file = Path::new(&folder).join(format!("{view}-{}-{scheme}.png", self.look.width));
        std::fs::create_dir_all(&folder).expect("a folder");
        self.devtools("Emulation.setScrollbarsHidden", json!({ "hidden": true })).await;
        let height =
            "return document.querySelector('dialog[open]') ? innerHeight : document.documentElement.scrollHeight";
        let height = self.script(height, &[]).await;
        self.screen(height.as_u64().and_then(|height| height.try_into().ok()).expect("a height")).await;
        self.driver().screenshot(&file).await.expect("a picture");
        self.screen(self.look.height).await;
        self.devtools("Emulation.setScrollbarsHidden", json!({ "hidden": false })).await;
    }

    async fn screen(&self, height: u32) {
        let width = self.look.width;
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600 });
        self.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
    }

    /// The network is down, or up again.
    pub async fn offline(&self, offline: bool) {
        let conditions = json!({ "offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1 });
        self.devtools("Network.enable", json!({})).await;
        self.devtools("Network.emulateNetworkConditions", conditions).await;
    }

    /// Runs it in the page; it may wait, and return.
    pub async fn script(&self, script: &str, arguments: &[Value]) -> Value {
        let whole = AS_PROMISE.replace("SCRIPT", script);
        let answer = self.driver().execute_async(whole, arguments.to_vec()).await.expect("a script").json().clone();
        assert_eq!(answer["thrown"], Value::Null, "{script}");
        answer["value"].clone()
    }

    /// What WebDriver has no command for.
    pub async fn devtools(&self, method: &str, parameters: Value) -> Value {
        self.driver().cdp().send_raw(method, parameters).await.expect(method)
    }

    pub(crate) fn driver(&self) -> &WebDriver {
        self.driver.as_ref().expect("open")
    }
}

impl Drop for Browser {
    /// A test that failed leaves its browser to chromedriver, which ends with the tests: the driver's own drop would
    /// wait for an answer on the runtime that it blocks.
    fn drop(&mut self) {
        if let Some(driver) = self.driver.take() {
            std::mem::forget(driver);
        }
    }
}
