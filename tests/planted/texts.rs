//! How texts and ids are compared, and how rows are kept.

use personal_tokens::{Actor, Expiry, OwnerId, Scopes, Timestamp, TokenDigest, TokenId, TokenName, TokenRecord};

use super::{Bug, Planted};

impl Planted {
    pub(super) fn same_id(&self, one: TokenId, other: TokenId) -> bool {
        let [a, b] = [one.as_bytes(), other.as_bytes()];
        match self.bug {
            Some(Bug::ShortIds) => a[..11] == b[..11],
            Some(Bug::IdsEndAtZero) => a.split(|byte| *byte == 0).next() == b.split(|byte| *byte == 0).next(),
            Some(Bug::IdTextInAnyCase) => one.to_string().eq_ignore_ascii_case(&other.to_string()),
            Some(Bug::IdBytesInAnyCase) => a.eq_ignore_ascii_case(b),
            _ => one == other,
        }
    }

    pub(super) fn same_owner(&self, kept: &OwnerId, asked: &OwnerId) -> bool {
        let fold: fn(&str) -> String = match self.bug {
            Some(Bug::OwnersInAnyCase) => str::to_uppercase,
            Some(Bug::OwnersWithoutTrailingSpace) => |text| text.trim_end().to_owned(),
            Some(Bug::OwnersComposed) => composed,
            Some(Bug::OwnersOfOneWidth) => |text| text.replace('Ａ', "A"),
            Some(Bug::OwnersWithoutSoftHyphens) => |text| text.replace('\u{ad}', ""),
            Some(Bug::OwnersAreLike) => return is_like(kept.as_str(), asked.as_str()),
            _ => return kept == asked,
        };
        fold(kept.as_str()) == fold(asked.as_str())
    }

    pub(super) fn same_name(&self, one: &TokenName, other: &TokenName) -> bool {
        let fold: fn(&str) -> String = match self.bug {
            Some(Bug::NamesInAnyCase) => str::to_uppercase,
            Some(Bug::NamesComposed) => composed,
            Some(Bug::NamesAreNumbers) => |text| text.trim_start_matches('0').to_owned(),
            _ => return one == other,
        };
        fold(one.as_str()) == fold(other.as_str())
    }

    /// The row that is kept of a new record.
    pub(super) fn kept(&self, mut row: TokenRecord) -> TokenRecord {
        match self.bug {
            Some(Bug::CutsNames) => row.name = TokenName::new(cut(row.name.as_str(), 191)).unwrap(),
            Some(Bug::CutsOwners) => row.owner = OwnerId::new(cut(row.owner.as_str(), 250)).unwrap(),
            Some(Bug::KeepsThreeByteCharacters) => {
                row.created_by = row.created_by.map(|actor| {
                    let kept = actor.as_str().chars().filter(|character| character.len_utf8() < 4);
                    Actor::new(kept.collect::<String>().trim()).unwrap()
                });
            }
            Some(Bug::CutsScopes) => row.scopes = Scopes::new(row.scopes.iter().take(64)).unwrap(),
            Some(Bug::LosesDigestKeys) => row.digest = TokenDigest::from_parts(0, *row.digest.as_bytes()),
            Some(Bug::DigestsEndAtZero) => {
                let mut bytes = *row.digest.as_bytes();
                let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
                bytes[end..].fill(b' ');
                row.digest = TokenDigest::from_parts(row.digest.key(), bytes);
            }
            Some(Bug::FloatInstants) => row = each_instant(row, as_float),
            Some(Bug::NanosecondInstants) => row = each_instant(row, as_nanoseconds),
            Some(Bug::FloorsNotices) => {
                let floor = |noticed: Timestamp| noticed.as_micros().div_euclid(1_000) * 1_000;
                row.noticed = row.noticed.map(|noticed| Timestamp::from_micros(floor(noticed)).unwrap());
            }
            Some(Bug::RevokedDropsRotated) if row.revoked.is_some() => row.rotated = None,
            Some(Bug::RotatedDropsPredecessor) if row.rotated.is_some() => row.predecessor = None,
            Some(Bug::NeverDropsNotice) if row.expiry == Expiry::Never => row.noticed = None,
            Some(Bug::OwnersAreActors) if row.expiry != Expiry::Never => {
                row.created_by = row.created_by.or(Some(Actor::new(row.owner.as_str()).unwrap()));
            }
            _ => {}
        }
        row
    }
}

fn each_instant(mut row: TokenRecord, kept: fn(Timestamp) -> Timestamp) -> TokenRecord {
    row.created = kept(row.created);
    row.expiry_set = kept(row.expiry_set);
    row.expiry = row.expiry.instant().map_or(Expiry::Never, |end| Expiry::At(kept(end)));
    for instant in [&mut row.last_used, &mut row.noticed, &mut row.revoked] {
        *instant = instant.map(kept);
    }
    if let Some(rotated) = &mut row.rotated {
        rotated.at = kept(rotated.at);
        rotated.grace_ends = kept(rotated.grace_ends);
    }
    row
}

#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)]
fn as_float(instant: Timestamp) -> Timestamp {
    let seconds = instant.as_micros() as f64 / 1e6;
    let micros = ((seconds * 1e6).round() as i64).clamp(Timestamp::MIN.as_micros(), Timestamp::MAX.as_micros());
    Timestamp::from_micros(micros).unwrap()
}

fn as_nanoseconds(instant: Timestamp) -> Timestamp {
    Timestamp::from_micros(instant.as_micros().clamp(i64::MIN / 1_000, i64::MAX / 1_000)).unwrap()
}

fn composed(text: &str) -> String {
    text.replace("e\u{301}", "\u{e9}")
}

pub(super) fn cut(text: &str, most: usize) -> &str {
    let end = (0..=most.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    text[..end.unwrap_or(0)].trim_end()
}

/// As SQL's `LIKE`.
fn is_like(text: &str, pattern: &str) -> bool {
    let mut pattern_chars = pattern.chars();
    match pattern_chars.next() {
        None => text.is_empty(),
        Some('%') => {
            text.char_indices().any(|(at, _)| is_like(&text[at..], pattern_chars.as_str())) || {
                is_like("", pattern_chars.as_str())
            }
        }
        Some(wanted) => {
            let mut text_chars = text.chars();
            text_chars.next().is_some_and(|found| {
                (wanted == '_' || found == wanted) && is_like(text_chars.as_str(), pattern_chars.as_str())
            })
        }
    }
}
