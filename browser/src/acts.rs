//! What a person does in the browser, and what they see. Things are found by what people call them.

use serde_json::{Value, json};
use thirtyfour::prelude::*;

use crate::poll::patiently;
use crate::{Browser, Host, Person};

const NAMED: &str = concat!(include_str!("name_of.js"), include_str!("names.js"));
const FOCUS: &str = concat!(include_str!("name_of.js"), include_str!("focus.js"));

#[derive(Clone, Copy, Debug)]
enum Kind {
    /// A button, a link, a tab.
    Press,
    /// Something to fill in, to check, to choose.
    Field,
}

impl Browser {
    /// Signs in, and waits until the page shows what there is.
    pub async fn enter(&self, host: &Host, person: Person) {
        self.goto(host.sign_in(person)).await;
        self.is_loaded().await;
    }

    /// The list is there, or what stands in its place.
    pub async fn is_loaded(&self) {
        let loading = "return document.querySelector('#loading').hidden";
        self.until("the list", async || match self.script(loading, &[]).await {
            Value::Bool(true) => Ok(()),
            _ => Err("it is loading".to_owned()),
        })
        .await;
    }

    /// The other list: of the tokens that are active, or of those that ended.
    pub async fn open_tab(&self, name: &str) {
        self.click(name).await;
        self.sees_in("#list-title", name).await;
        self.is_loaded().await;
    }

    /// With the mouse, on the one button or link of this name.
    pub async fn click(&self, name: &str) {
        self.act(Kind::Press, name, async |element| element.click().await).await;
    }

    pub async fn double_click(&self, name: &str) {
        let twice =
            async |element: WebElement| self.driver().action_chain().double_click_element(&element).perform().await;
        self.act(Kind::Press, name, twice).await;
    }

    /// Checks or unchecks a box, chooses an option.
    pub async fn choose(&self, name: &str) {
        self.act(Kind::Field, name, async |element| element.click().await).await;
    }

    /// Whatever stood in the field is replaced.
    pub async fn fill(&self, name: &str, text: &str) {
        let replace = async |element: WebElement| {
            element.clear().await?;
            element.send_keys(text).await
        };
        self.act(Kind::Field, name, replace).await;
    }

    /// As a person does who picks a day; the field's format is that of their language.
    pub async fn pick_day(&self, name: &str, day: &str) {
        let pick = "
            const [field, day] = arguments;
            field.value = day;
            for (const kind of ['input', 'change']) field.dispatchEvent(new Event(kind, { bubbles: true }));
        ";
        let pick = async |element: WebElement| self.driver().execute(pick, vec![element.to_json()?, json!(day)]).await;
        self.act(Kind::Field, name, pick).await;
    }

    /// Presses keys where the focus is.
    pub async fn press(&self, keys: impl Into<TypingData>) {
        let element = self.driver().active_element().await.expect("a focus");
        element.send_keys(keys).await.expect("keys");
    }

    /// Enter goes down where the focus is, or repeats as a key does that is held.
    pub async fn enter_down(&self, repeats: bool) {
        let key = json!({ "type": "keyDown", "key": "Enter", "code": "Enter", "text": "\r", "autoRepeat": repeats,
            "windowsVirtualKeyCode": 13 });
        self.devtools("Input.dispatchKeyEvent", key).await;
    }

    pub async fn enter_up(&self) {
        let key = json!({ "type": "keyUp", "key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13 });
        self.devtools("Input.dispatchKeyEvent", key).await;
    }

    /// Whether there is something of this name to press, now.
    pub async fn offers(&self, name: &str) -> bool {
        !self.named(Kind::Press, name).await.expect("a page").is_empty()
    }

    /// Whether there is something of this name to fill in, now.
    pub async fn asks_for(&self, name: &str) -> bool {
        !self.named(Kind::Field, name).await.expect("a page").is_empty()
    }

    /// All text that is shown.
    pub async fn text(&self) -> String {
        self.text_of("body").await
    }

    /// The text of the first element that the selector matches.
    pub async fn text_of(&self, selector: &str) -> String {
        let text = self.script("return document.querySelector(arguments[0]).innerText", &[json!(selector)]).await;
        text.as_str().expect("a text").to_owned()
    }

    /// Waits until this text is shown.
    pub async fn sees(&self, text: &str) {
        self.sees_in("body", text).await;
    }

    pub async fn sees_in(&self, selector: &str, text: &str) {
        self.until(text, async || match self.text_of(selector).await {
            all if all.contains(text) => Ok(()),
            _ => Err(format!("it is not shown in {selector}")),
        })
        .await;
    }

    /// Waits until no dialog is open.
    pub async fn is_back(&self) {
        let open = "return document.querySelector('dialog[open]')?.id";
        self.until("no dialog", async || match self.script(open, &[]).await {
            Value::Null => Ok(()),
            dialog => Err(format!("{dialog} is open")),
        })
        .await;
    }

    /// The text of each row of the list, once there are as many.
    pub async fn rows(&self, count: usize) -> Vec<String> {
        let rows = "return [...document.querySelectorAll('[data-token-id]')].map(row => row.innerText)";
        self.until("rows", async || {
            let rows = self.script(rows, &[]).await;
            let rows = rows.as_array().expect("rows").iter().map(|row| row.as_str().expect("a text").to_owned());
            let rows: Vec<String> = rows.collect();
            if rows.len() == count { Ok(rows) } else { Err(format!("{} of {count}", rows.len())) }
        })
        .await
    }

    /// The token, while it is shown.
    pub async fn new_token(&self) -> String {
        let token = "return document.querySelector('#new-token').value";
        self.until("a token", async || match self.script(token, &[]).await {
            Value::String(token) if !token.is_empty() => Ok(token),
            _ => Err("none is shown".to_owned()),
        })
        .await
    }

    /// What a script of the page gets that asks the API, whatever the page offers: the status and the answer.
    pub async fn fetch(&self, method: &str, path: &str, body: Value) -> (u64, Value) {
        let fetch = "
            const [method, path, body] = arguments;
            const base = location.pathname.replace(/\\/*$/, '/');
            const json = { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) };
            const answer = await fetch(base + path, { method, ...(body === null ? {} : json) });
            return [answer.status, await answer.json()];
        ";
        let answer = self.script(fetch, &[json!(method), json!(path), body]).await;
        (answer[0].as_u64().expect("a status"), answer[1].clone())
    }

    /// The name of what has the focus; what has it can be seen to have it.
    pub async fn focus(&self) -> String {
        self.script(FOCUS, &[]).await.as_str().expect("a name").to_owned()
    }

    /// Waits until something of this name has it.
    pub async fn has_focus(&self, name: &str) {
        self.until(name, async || match self.focus().await {
            focus if focus == name => Ok(()),
            focus => Err(format!("{focus} has the focus")),
        })
        .await;
    }

    /// Presses Tab until something of this name has the focus.
    pub async fn tab_to(&self, name: &str) {
        let mut passed = Vec::new();
        while passed.last().is_none_or(|last| last != name) {
            assert!(passed.len() < 60, "{name} is not reached: {passed:?}");
            self.press(Key::Tab + "").await;
            passed.push(self.focus().await);
        }
    }

    /// What the clipboard holds.
    pub async fn clipboard(&self) -> String {
        let text = self.script("return navigator.clipboard.readText()", &[]).await;
        text.as_str().expect("a text").to_owned()
    }

    /// Waits for it.
    ///
    /// # Panics
    /// If it takes too long; with all that is shown and was said.
    pub async fn until<T>(&self, what: &str, ask: impl AsyncFnMut() -> Result<T, String>) -> T {
        match patiently(ask).await {
            Ok(answer) => answer,
            Err(why) => panic!("{what}: {why}\n{}\n{:?}", self.text().await, self.said().await),
        }
    }

    async fn act<T>(&self, kind: Kind, name: &str, action: impl AsyncFn(WebElement) -> WebDriverResult<T>) -> T {
        // It may be drawn anew between being found and being clicked.
        let attempt = async || {
            let found = self.named(kind, name).await?;
            let count = found.len();
            let Ok([element]) = <[WebElement; 1]>::try_from(found) else {
                return Err(format!("there are {count} of that name"));
            };
            match action(element.clone()).await {
                Ok(answer) => Ok(answer),
                Err(error) => {
                    // What stays in view while the rest scrolls may lie over it: people scroll on then.
                    let _ = element.scroll_into_view().await;
                    Err(error.to_string())
                }
            }
        };
        self.until(&format!("{kind:?} {name:?}"), attempt).await
    }

    async fn named(&self, kind: Kind, name: &str) -> Result<Vec<WebElement>, String> {
        let found = self.driver().execute(NAMED, vec![json!(format!("{kind:?}")), json!(name)]).await;
        found.and_then(|found| found.elements()).map_err(|error| error.to_string())
    }
}
