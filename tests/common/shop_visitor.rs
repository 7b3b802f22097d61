//! A person at the shop's screens: curl, with a cookie jar as a browser keeps one. The parent has `folder` and
//! `shop_process`.
// Each test uses a part of it.
#![allow(dead_code)]

use std::process::Command;

use serde_json::Value;

use super::folder::Folder;
use super::shop_process::{Answer, Shop};

pub const SETUP: &str = "/setup/personal-tokens";
/// What browsers send from the shop's own pages.
pub const OWN_PAGE: &str = "Sec-Fetch-Site: same-origin";

pub struct Visitor<'a> {
    shop: &'a Shop,
    cookies: Folder,
}

impl<'a> Visitor<'a> {
    pub fn of(shop: &'a Shop) -> Self {
        Self { shop, cookies: Folder::new() }
    }

    pub fn signed_in(shop: &'a Shop, user: &str) -> Self {
        let visitor = Self::of(shop);
        let answer = visitor.sign_in(user, &shop.password());
        assert_eq!(answer.status, 303, "{}", answer.body);
        visitor
    }

    pub fn sign_in(&self, user: &str, password: &str) -> Answer {
        self.send("/sign-in", &[("user", user), ("password", password)])
    }

    pub fn get(&self, path: &str) -> Answer {
        Answer::of(&mut self.curl("GET", path))
    }

    /// A form, from the shop's own page.
    pub fn send(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        let mut curl = self.curl("POST", path);
        for (name, value) in form {
            curl.args(["--data-urlencode", &format!("{name}={value}")]);
        }
        Answer::of(curl.args(["-H", OWN_PAGE]))
    }

    /// A call of the page's script; `path` is relative to the page.
    pub fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let mut curl = self.curl(method, &format!("{SETUP}/{path}"));
        if let Some(body) = body {
            curl.args(["-H", "Content-Type: application/json", "-d", &body.to_string()]);
        }
        Answer::of(curl.args(["-H", OWN_PAGE]))
    }

    /// The ids of the tokens that they see, newest first.
    pub fn tokens(&self) -> Vec<String> {
        let list = self.call("GET", "tokens?state=all", None).json();
        let ids = list["tokens"].as_array().unwrap().iter().map(|token| token["id"].as_str().unwrap().to_owned());
        ids.collect()
    }

    pub fn curl(&self, method: &str, path: &str) -> Command {
        let jar = self.cookies.file("jar");
        let mut curl = self.shop.curl(method, path);
        curl.arg("-b").arg(&jar).arg("-c").arg(&jar);
        curl
    }
}
