//! Finds a part of what must stay secret, in every usual form; so much of it as 8 bytes is a leak.

use std::collections::{BTreeSet, HashSet};
use std::fmt::Write as _;

use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use personal_tokens::{Token, TokenId};

use super::forge::random_of;

const PART: usize = 8;
/// Of 8 bytes, so many characters stand in base64 whatever comes before and after.
const BASE64_PART: usize = 10;
/// The characters of secret and checksum, behind those of the id.
const SECRET_TEXT: usize = 48;

/// What to look for.
pub struct KeptBack(Vec<Needle>);

struct Needle {
    form: &'static str,
    reading: Reading,
    text: String,
}

/// How a text is read. Bytes are read as Latin-1, so that none is lost.
#[derive(Clone, Copy)]
enum Reading {
    AsItIs,
    /// Without white space: pretty `Debug` breaks lines, and so does base64.
    Joined,
    /// The same in lower case.
    Lower,
}

/// The secret of a token, and the part of its text that holds it.
pub fn secret_of(token: &Token) -> [Vec<u8>; 2] {
    let text = token.expose().as_bytes();
    [random_of(token.expose())[TokenId::LEN..].to_vec(), text[text.len() - SECRET_TEXT..].to_vec()]
}

impl KeptBack {
    pub fn new(bytes: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Self {
        Self(bytes.into_iter().flat_map(|bytes| needles(bytes.as_ref())).collect())
    }

    /// In which forms a part of it stands there.
    pub fn forms_in(&self, text: &[u8]) -> BTreeSet<&'static str> {
        let as_it_is = latin1(text);
        let texts = [Reading::AsItIs, Reading::Joined, Reading::Lower].map(|reading| reading.of(&as_it_is));
        // Thousands of needles are told from the text by how they begin.
        let beginnings = texts.each_ref().map(|text| text.as_bytes().windows(PART).collect::<HashSet<_>>());
        let shown = |needle: &&Needle| {
            let place = needle.reading as usize;
            let may_be = needle.text.as_bytes().get(..PART).is_none_or(|start| beginnings[place].contains(start));
            may_be && texts[place].contains(&needle.text)
        };
        self.0.iter().filter(shown).map(|needle| needle.form).collect()
    }
}

impl Reading {
    fn of(self, text: &str) -> String {
        match self {
            Self::AsItIs => text.to_owned(),
            Self::Joined => text.chars().filter(|c| !c.is_ascii_whitespace()).collect(),
            Self::Lower => Self::Joined.of(text).to_ascii_lowercase(),
        }
    }
}

fn needles(bytes: &[u8]) -> Vec<Needle> {
    let mut needles = Vec::new();
    let mut add = |form, reading: Reading, text: &str| needles.push(Needle { form, reading, text: reading.of(text) });
    for part in bytes.windows(PART) {
        add("as it is", Reading::AsItIs, &latin1(part));
        add("escaped", Reading::Lower, &part.escape_ascii().to_string());
        add("hex", Reading::Lower, &hex(part));
        add("decimal list", Reading::Lower, &list(part, |byte| format!("{byte}")));
        add("hex list", Reading::Lower, &list(part, |byte| format!("{byte:x}")));
        add("hex list", Reading::Lower, &list(part, |byte| format!("{byte:02x}")));
        add("hex list", Reading::Lower, &list(part, |byte| format!("{byte:#x}")));
        add("hex list", Reading::Lower, &list(part, |byte| format!("{byte:#04x}")));
    }
    // In base64 it reads in three ways, by how many bytes stand before it.
    for skipped in 0..3 {
        for (form, engine) in [("base64", &STANDARD_NO_PAD), ("base64url", &URL_SAFE_NO_PAD)] {
            let text = base64(engine, &bytes[skipped..]);
            let parts = text.as_bytes().windows(BASE64_PART);
            parts.for_each(|part| add(form, Reading::Joined, str::from_utf8(part).unwrap()));
        }
    }
    needles
}

fn list(bytes: &[u8], form: impl Fn(&u8) -> String) -> String {
    bytes.iter().map(form).collect::<Vec<_>>().join(",")
}

fn latin1(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

pub fn base64(engine: &impl base64::Engine, bytes: &[u8]) -> String {
    let mut text = vec![0; bytes.len() * 2 + 4];
    let len = engine.encode_slice(bytes, &mut text).unwrap();
    text.truncate(len);
    String::from_utf8(text).unwrap()
}
