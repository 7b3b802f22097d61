//! What the environment says.

use std::env::VarError;
use std::ffi::OsString;

use personal_tokens::Duration;

use crate::Failure;
use crate::span;

pub struct Settings {
    /// `SHOP_ADDR`: where it listens; 127.0.0.1:3000 unless set.
    pub addr: String,
    /// `SHOP_DB`: the file of the tokens, or `:memory:`; `shop.db` unless set.
    pub file: OsString,
    /// `SHOP_PASSWORD`: what people sign in with; a new one at each start unless set.
    pub password: Option<String>,
    /// `SHOP_CONFIRM`: for how long after the password was typed a new token is shown without asking for it again;
    /// `15m` unless set. With `0s` none is ever shown.
    pub confirm: Duration,
    /// `SHOP_ORIGIN`: where browsers on other machines find it by plain http, `http://shop.lan:3000` say; not needed on this one.
    pub origin: Option<String>,
}

impl Settings {
    pub fn of_the_environment() -> Result<Self, Failure> {
        let confirm = text("SHOP_CONFIRM", "a span of time such as 15m")?;
        let confirm = span::parse(confirm.as_deref().unwrap_or("15m")).map_err(|why| format!("SHOP_CONFIRM: {why}"))?;
        Ok(Self {
            addr: text("SHOP_ADDR", "an address such as 127.0.0.1:3000")?.unwrap_or_else(|| "127.0.0.1:3000".into()),
            file: std::env::var_os("SHOP_DB").filter(|file| !file.is_empty()).unwrap_or_else(|| "shop.db".into()),
            origin: text("SHOP_ORIGIN", "an origin such as http://shop.lan:3000")?,
            password: text("SHOP_PASSWORD", "a password in UTF-8")?,
            confirm,
        })
    }
}

/// None where it is not set, or empty.
fn text(name: &str, what: &str) -> Result<Option<String>, Failure> {
    match std::env::var(name) {
        Ok(value) => Ok(Some(value).filter(|value| !value.is_empty())),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => Err(format!("{name} is to be {what}").into()),
    }
}
