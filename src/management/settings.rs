use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;

use super::confirm::Confirm;
use super::link::{is_link, is_origin};
use super::{Asked, Unconfirmed};

/// What a host says about its page of personal tokens. All of it is optional.
///
/// ```
/// use personal_tokens::management::Settings;
///
/// let settings = Settings::new()
///     .product("The shop")
///     .home("/")
///     .sign_in("/sign-in")
///     .describe("products:read", "See all products and their prices")
///     .css(":root { --pt-accent: #0a6b4f; }");
/// ```
#[derive(Clone, Default)]
#[must_use = "pass it to management::router"]
pub struct Settings {
    pub(super) product: String,
    pub(super) home: String,
    pub(super) sign_in: String,
    pub(super) descriptions: BTreeMap<String, String>,
    pub(super) origins: Vec<String>,
    pub(super) css: String,
    pub(super) confirm: Option<Confirm>,
}

/// Why [`Settings`] cannot be used: a mistake in the host's configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidSettings {
    /// A scope is described that the handle does not offer.
    #[error("the scope {scope:?} is described, but not offered by the handle: see Builder::scopes")]
    ScopeNotOffered {
        /// Which.
        scope: String,
    },
    /// A link is neither a path nor an http(s) URL.
    #[error("{what} is to be a path such as /setup, or a URL that begins with https:// or http://")]
    Link {
        /// Which.
        what: &'static str,
    },
    /// An origin is not as a browser writes it.
    #[error("{origin:?} is no origin as a browser writes it: https://shop.example, in lower case, without a path")]
    Origin {
        /// Which.
        origin: String,
    },
    /// The CSS holds `<` or a control character, and could end its element.
    #[error("the CSS holds {found:?}: `<` and control characters but line ends and tabs are not allowed")]
    Css {
        /// The first of them.
        found: char,
    },
}

impl Settings {
    /// None: a page that is headed "Personal tokens", in the crate's colours.
    pub fn new() -> Self {
        Self::default()
    }

    /// The host's name, which stands at the head of the page and in its title.
    pub fn product(mut self, name: &str) -> Self {
        name.clone_into(&mut self.product);
        self
    }

    /// Where the host's name leads to: a path or an http(s) URL.
    pub fn home(mut self, url: &str) -> Self {
        url.clone_into(&mut self.home);
        self
    }

    /// Where a person signs in again when the session is over: a path or an http(s) URL.
    pub fn sign_in(mut self, url: &str) -> Self {
        url.clone_into(&mut self.sign_in);
        self
    }

    /// What a scope of the handle's list allows, for people.
    pub fn describe(mut self, scope: &str, description: &str) -> Self {
        self.descriptions.insert(scope.to_owned(), description.to_owned());
        self
    }

    /// Takes writes from pages of this origin too, `https://shop.example` say. Needed where the page is served by plain
    /// http from another machine than the browser's (browsers send `Sec-Fetch-Site` to trustworthy origins only), and
    /// for a front end or a script of the host's own that sends `Origin`. May be called more than once.
    pub fn origin(mut self, origin: &str) -> Self {
        self.origins.push(origin.to_owned());
        self
    }

    /// CSS after the page's own; for its colours and fonts set its variables, see [the module](super).
    pub fn css(mut self, css: &str) -> Self {
        // As an HTML parser reads it: the hash in the Content-Security-Policy is of that.
        self.css = css.replace("\r\n", "\n").replace('\r', "\n");
        self
    }

    /// Asks the host before a secret is shown (a token is issued or rotated), so that it can demand a fresh sign-in
    /// (OWASP ASVS 5.0, 7.5.3).
    ///
    /// ```
    /// use personal_tokens::management::{Settings, Unconfirmed};
    ///
    /// #[derive(Clone)]
    /// struct SignedInLately;
    ///
    /// let settings = Settings::new().confirm(|asked| async move {
    ///     match asked.parts().extensions.get::<SignedInLately>() {
    ///         Some(_) => Ok(()),
    ///         None => Err(Unconfirmed::wanted().at("/sign-in/again")),
    ///     }
    /// });
    /// ```
    pub fn confirm<F, Fut>(mut self, hook: F) -> Self
    where
        F: Fn(Asked) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), Unconfirmed>> + Send + 'static,
    {
        self.confirm = Some(Confirm::new(hook));
        self
    }

    pub(super) fn check(&self, offered: &crate::Scopes) -> Result<(), InvalidSettings> {
        if let Some(scope) = self.descriptions.keys().find(|scope| !offered.contains(scope)) {
            return Err(InvalidSettings::ScopeNotOffered { scope: scope.clone() });
        }
        for (what, link) in [("home", &self.home), ("sign_in", &self.sign_in)] {
            if !link.is_empty() && !is_link(link) {
                return Err(InvalidSettings::Link { what });
            }
        }
        if let Some(origin) = self.origins.iter().find(|origin| !is_origin(origin)) {
            return Err(InvalidSettings::Origin { origin: origin.clone() });
        }
        let forbidden = |c: &char| *c == '<' || (c.is_control() && !matches!(c, '\n' | '\t'));
        match self.css.chars().find(forbidden) {
            Some(found) => Err(InvalidSettings::Css { found }),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("product", &self.product)
            .field("origins", &self.origins)
            .field("confirm", &self.confirm.is_some())
            .finish_non_exhaustive()
    }
}
