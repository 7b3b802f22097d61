//! Finds a part of what must stay secret, in every usual form; so much of it as 8 bytes is a leak.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;

use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use personal_tokens::{Token, TokenId};

use super::forge::random_of;

const PART: usize = 8;
const SLOTS: usize = 1 << 20;
/// Of 8 bytes, so many characters stand in base64 whatever comes before and after.
const BASE64_PART: usize = 10;
/// The characters of secret and checksum, behind those of the id.
const SECRET_TEXT: usize = 48;

/// What to look for.
pub struct KeptBack {
    needles: Vec<Needle>,
    /// The numbers of those that begin so.
    beginnings: HashMap<[u8; PART], Vec<usize>>,
    /// Whether one may begin so, by [`slot`]: sooner asked than the map.
    may_begin: Vec<bool>,
}

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
        let needles: Vec<_> = bytes.into_iter().flat_map(|bytes| needles(bytes.as_ref())).collect();
        let mut beginnings = HashMap::<_, Vec<_>>::new();
        let mut may_begin = vec![false; SLOTS];
        for (number, needle) in needles.iter().enumerate() {
            let start = *needle.text.as_bytes().first_chunk().unwrap();
            beginnings.entry(start).or_default().push(number);
            may_begin[slot(&start)] = true;
        }
        Self { needles, beginnings, may_begin }
    }

    /// In which forms a part of it stands there.
    pub fn forms_in(&self, text: &[u8]) -> BTreeSet<&'static str> {
        let as_it_is = latin1(text);
        let texts = [Reading::AsItIs, Reading::Joined, Reading::Lower].map(|reading| reading.of(&as_it_is));
        // One pass over each text finds what begins as one of the needles, which may be hundreds of thousands.
        let mut found = BTreeSet::new();
        for (place, text) in texts.iter().enumerate() {
            let mut rest = text.as_bytes();
            while let Some(start) = rest.first_chunk() {
                if self.may_begin[slot(start)] {
                    let begin_so =
                        self.beginnings.get(start).into_iter().flatten().map(|number| &self.needles[*number]);
                    let here = begin_so
                        .filter(|needle| needle.reading as usize == place && rest.starts_with(needle.text.as_bytes()));
                    found.extend(here.map(|needle| needle.form));
                }
                rest = &rest[1..];
            }
        }
        found
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

fn slot(start: &[u8; PART]) -> usize {
    let spread = u64::from_le_bytes(*start).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    usize::try_from(spread >> 32).unwrap() % SLOTS
}

fn needles(bytes: &[u8]) -> Vec<Needle> {
    let mut needles = Vec::new();
    let mut add = |form, reading: Reading, text: &str| {
        let text = reading.of(text);
        // Eight letters with a blank among them are fewer when joined. As it is, it is looked for too.
        if text.len() >= PART {
            needles.push(Needle { form, reading, text });
        }
    };
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
