//! The vectors of tests/vectors/*.json: what is sent, what must come back, and what must hold of every answer.
//! The files describe their own format.

use std::collections::HashSet;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use personal_tokens::http::RequireScopeLayer;
use personal_tokens::store::TokenStore;
use personal_tokens::{Duration, Issued, ManualClock, NewToken, PersonalTokens, Token};
use rand::rngs::SysRng;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{challenges, forge};

const FILES: [&str; 2] = [include_str!("../vectors/authorization.json"), include_str!("../vectors/more.json")];

pub struct Vector {
    pub id: String,
    pub method: String,
    pub query: Option<String>,
    pub headers: Vec<(String, Vec<u8>)>,
    pub body: String,
    pub layer: Layer,
    expect: Expect,
}

/// Who answers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Layer {
    Guard,
    Transport,
    Either,
}

struct Expect {
    status: Vec<u64>,
    error: Vec<Option<String>>,
    prefer: Option<(u64, Option<String>)>,
    authenticate: bool,
    no_error_code: bool,
}

pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, Vec<u8>)>,
    pub body: Vec<u8>,
    pub inner_calls: usize,
}

/// Tokens of every kind, and the vectors that speak of them.
pub struct Bench {
    pub tokens: PersonalTokens,
    pub vectors: Vec<Vector>,
}

/// What the vectors want of a token.
pub const NEEDED: &str = "products:write";

pub fn scope_layer() -> RequireScopeLayer {
    RequireScopeLayer::new(NEEDED).unwrap()
}

impl Bench {
    pub async fn over(store: impl TokenStore + 'static) -> Self {
        let clock = ManualClock::new(super::noon());
        let builder = PersonalTokens::builder(store).prefix("shop").scopes(["products:read", NEEDED]);
        let tokens = builder.clock(clock.clone()).build().unwrap();
        let issue = async |name, scope| {
            let new = NewToken::new(super::owner(), name).scopes([scope]).expires_in(Duration::hours(1));
            tokens.issue(new).await.unwrap()
        };
        // All but the expired one are issued later, so that only that one has expired.
        let expired = issue("expired", NEEDED).await;
        clock.advance(Duration::hours(2));
        let (good, read_only) = (issue("good", NEEDED).await, issue("read only", "products:read").await);
        let revoked = issue("revoked", NEEDED).await;
        tokens.revoke(&super::owner(), revoked.record.id).await.unwrap();
        let unknown = Token::generate(&good.token.prefix(), &mut SysRng).unwrap();

        let mut words = derived(&good);
        words.push(("{EXPIRED}", expired.token.expose().to_owned()));
        words.push(("{REVOKED}", revoked.token.expose().to_owned()));
        words.push(("{READONLY}", read_only.token.expose().to_owned()));
        words.push(("{UNKNOWN}", unknown.expose().to_owned()));
        let vectors = FILES.iter().flat_map(|file| read(file, &words)).collect();
        Self { tokens, vectors }
    }

    /// What is wrong with the answers, as `(id, complaint)`. `None` is for a vector that cannot be sent this way.
    pub async fn failures(&self, mut answer: impl AsyncFnMut(&Vector) -> Option<Answer>) -> Vec<(String, String)> {
        let mut failures = Vec::new();
        let mut first_401: Option<Vec<u8>> = None;
        for vector in &self.vectors {
            let complaints = match answer(vector).await {
                None if vector.layer == Layer::Guard => vec!["it could not be sent".to_owned()],
                None => continue,
                Some(answer) => {
                    let mut complaints = vector.complaints(&answer);
                    if answer.status == 401 && vector.method != "HEAD" {
                        let first = first_401.get_or_insert_with(|| answer.body.clone());
                        if *first != answer.body {
                            complaints.push("the body differs from that of the first 401".to_owned());
                        }
                    }
                    complaints
                }
            };
            failures.extend(complaints.into_iter().map(|complaint| (vector.id.clone(), complaint)));
        }
        failures
    }
}

/// What the harness computes from the good token.
fn derived(good: &Issued) -> Vec<(&'static str, String)> {
    let token = good.token.expose();
    let (prefix, body) = token.split_at(token.len() - 64);
    let (trunc, last) = token.split_at(token.len() - 1);
    let (half, half2) = token.split_at(token.len() / 2);
    let letter = token.rfind(|c: char| c.is_ascii_alphabetic()).unwrap();
    let digest = good.record.digest.as_bytes();
    vec![
        ("{TOKEN}", token.to_owned()),
        ("{PREFIX}", prefix.to_owned()),
        ("{TOKEN_NOPREFIX}", body.to_owned()),
        ("{TOKEN_TRUNC}", trunc.to_owned()),
        ("{TOKEN_LASTBIT}", format!("{trunc}{}", successor(last))),
        ("{BADSUM}", format!("{half}{}{}", successor(&half2[..1]), &half2[1..])),
        ("{TOKEN_HALF}", half.to_owned()),
        ("{TOKEN_HALF2}", half2.to_owned()),
        ("{TOKEN_UPPER}", token.to_ascii_uppercase()),
        ("{TOKEN_LOWER}", token.to_ascii_lowercase()),
        (
            "{TOKEN_SWAPCASE1}",
            format!("{}{}{}", &token[..letter], swap_case(&token[letter..=letter]), &token[letter + 1..]),
        ),
        ("{TOKEN_REVERSED}", token.chars().rev().collect()),
        ("{TOKEN_SHA256_HEX}", hex(&Sha256::digest(token))),
        ("{TOKEN_ID}", good.record.id.to_string()),
        ("{TOKEN_PCT1}", format!("%{}{}", hex(&token.as_bytes()[..1]), &token[1..])),
        ("{TOKEN_PCTALL}", token.bytes().map(|byte| format!("%{byte:02X}")).collect()),
        // What a thief of the store has (failures 3).
        ("{DIGEST_HEX}", hex(digest)),
        ("{DIGEST_BASE64URL}", base64url(digest)),
        (
            "{DIGEST_AS_SECRET}",
            forge::forge("shop", &[good.record.id.as_bytes(), digest.as_slice()].concat().try_into().unwrap()),
        ),
    ]
}

fn successor(character: &str) -> char {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let at = ALPHABET.iter().position(|&c| c == character.as_bytes()[0]).unwrap();
    char::from(ALPHABET[(at + 1) % ALPHABET.len()])
}

fn swap_case(letter: &str) -> String {
    let lower = letter.to_ascii_lowercase();
    if lower == letter { letter.to_ascii_uppercase() } else { lower }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn base64url(digest: &[u8; 32]) -> String {
    let mut text = [0; 43];
    URL_SAFE_NO_PAD.encode_slice(digest, &mut text).unwrap();
    str::from_utf8(&text).unwrap().to_owned()
}

fn read(file: &str, words: &[(&str, String)]) -> Vec<Vector> {
    let file: Value = serde_json::from_str(file).unwrap();
    let fill = |text: &str| words.iter().fold(text.to_owned(), |text, (word, value)| text.replace(word, value));
    // Code point n stands for byte n.
    let latin1 = |text: &str| fill(text).chars().map(|c| u8::try_from(c).unwrap()).collect::<Vec<u8>>();
    let value = |value: &Value| match value {
        Value::String(text) => latin1(text),
        long => {
            let [before, unit, after] = [0, 1, 3].map(|at| latin1(long["repeat"][at].as_str().unwrap()));
            [before, unit.repeat(long["repeat"][2].as_u64().unwrap() as usize), after].concat()
        }
    };
    let vector = |case: &Value| Vector {
        id: case["id"].as_str().unwrap().to_owned(),
        method: case["method"].as_str().unwrap_or("GET").to_owned(),
        query: case["query"].as_str().map(fill),
        headers: list(&case["headers"]).map(|line| (line[0].as_str().unwrap().to_owned(), value(&line[1]))).collect(),
        body: case["body"].as_str().map(fill).unwrap_or_default(),
        layer: match case["layer"].as_str().unwrap() {
            "auth" => Layer::Guard,
            "transport" => Layer::Transport,
            "either" => Layer::Either,
            other => panic!("no layer: {other}"),
        },
        expect: Expect::read(&case["expect"]),
    };
    list(&file["cases"]).map(vector).collect()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().unwrap().iter()
}

impl Expect {
    fn read(expect: &Value) -> Self {
        let all = |value: &Value| value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
        let error = |value: &Value| value.as_str().map(str::to_owned);
        let prefer = expect.get("prefer");
        Self {
            status: all(&expect["status"]).iter().map(|status| status.as_u64().unwrap()).collect(),
            error: all(&expect["error"]).iter().map(error).collect(),
            prefer: prefer.map(|prefer| (prefer["status"].as_u64().unwrap(), error(&prefer["error"]))),
            authenticate: expect["authenticate"].as_bool().unwrap(),
            no_error_code: expect["must_not_have_error_code"].as_bool().unwrap(),
        }
    }
}

impl Vector {
    fn complaints(&self, answer: &Answer) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut demand = |holds: bool, what: &str| {
            if !holds {
                wrong.push(format!("{what} (status {})", answer.status));
            }
        };
        let lines = || answer.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("www-authenticate"));
        let parsed: Result<Vec<_>, _> = lines().map(|(_, line)| challenges::parse(line)).collect();
        let all = parsed.as_ref().map(|parsed| parsed.iter().flatten().collect::<Vec<_>>()).unwrap_or_default();
        let bearer: Vec<_> = all.iter().filter(|challenge| challenge.scheme.eq_ignore_ascii_case("bearer")).collect();
        let error = bearer.iter().find_map(|challenge| challenge.param("error"));
        demand(parsed.is_ok(), "its challenge is not grammatical");

        // Where a transport may answer first, its answer stands in the list.
        match &self.expect.prefer {
            Some((status, preferred)) if self.layer == Layer::Guard => {
                demand(u64::from(answer.status) == *status, &format!("the status should be {status}"));
                demand(error == preferred.as_deref(), &format!("the error should be {preferred:?}, not {error:?}"));
            }
            _ => {
                let expect = &self.expect;
                let status = expect.status.contains(&u64::from(answer.status));
                demand(status, &format!("the status should be one of {:?}", expect.status));
                let listed = expect.error.iter().any(|listed| listed.as_deref() == error);
                demand(listed, &format!("the error should be one of {:?}, not {error:?}", expect.error));
            }
        }
        demand(!self.expect.authenticate || !bearer.is_empty(), "there is no Bearer challenge");
        demand(!self.expect.no_error_code || error.is_none(), "there is an error code");

        let accepted = answer.status == 200;
        demand(answer.inner_calls == usize::from(accepted), &format!("the service ran {} times", answer.inner_calls));
        demand(answer.status < 500, "that is a server's error");
        demand(answer.status != 401 || lines().next().is_some(), "a 401 carries WWW-Authenticate");
        demand(!bearer.iter().any(|challenge| challenge.params.is_empty()), "a Bearer challenge has a parameter");
        for challenge in &bearer {
            for value in ["error", "error_description"].iter().filter_map(|name| challenge.param(name)) {
                let allowed = |byte| matches!(byte, b' '..=b'!' | b'#'..=b'[' | b']'..=b'~');
                demand(value.bytes().all(allowed), "a character that RFC 6750 §3 does not allow");
            }
        }
        demand(accepted || !self.shows_in(answer), "a part of the credential is in the answer");
        wrong
    }

    /// Whether eight characters in a row of what was presented came back.
    fn shows_in(&self, answer: &Answer) -> bool {
        let mut text = answer.body.clone();
        answer.headers.iter().for_each(|(name, value)| text.extend([name.as_bytes(), value].concat()));
        // The first word of two is a scheme, no secret.
        let after_scheme = |value: &'_ [u8]| value.iter().position(|&byte| byte == b' ').map_or(0, |at| at + 1);
        let presented = self.headers.iter().map(|(_, value)| &value[after_scheme(value)..]);
        let presented = presented.chain([self.query.as_deref().unwrap_or_default().as_bytes(), self.body.as_bytes()]);
        let is_token68 = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(byte);
        let parts = presented.flat_map(|value| value.split(move |byte| !is_token68(byte)));
        let parts: HashSet<&[u8]> = parts.flat_map(|part| part.windows(8)).collect();
        text.windows(8).any(|part| parts.contains(part))
    }

    /// The path and query to ask for.
    pub fn target(&self) -> String {
        let mut target = "/api/products".to_owned();
        if let Some(query) = &self.query {
            write!(target, "?{query}").unwrap();
        }
        target
    }

    pub fn authorization_lines(&self) -> usize {
        self.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("authorization")).count()
    }
}
