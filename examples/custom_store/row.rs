//! A record as redb keeps it: tuples of plain values, exact to the microsecond and the byte.

use std::error::Error;

use personal_tokens::{Actor, Expiry, Rotated, Timestamp, TokenDigest, TokenId, TokenRecord};

pub type Id<'a> = &'a [u8; TokenId::LEN];
/// Instants are microseconds. Texts are bytes: redb panics over a `&str` that is no UTF-8.
pub type Row<'a> = (Texts<'a>, (u16, &'a [u8; TokenDigest::LEN]), Instants, Option<Id<'a>>, Option<Rotation<'a>>);
/// Owner, name, scopes, created by.
pub type Texts<'a> = (&'a [u8], &'a [u8], &'a [u8], Option<&'a [u8]>);
/// Created; whether it never expires, expiry, expiry set; last used, noticed, revoked.
pub type Instants = (i64, (bool, Option<i64>, i64), Option<i64>, Option<i64>, Option<i64>);
/// At, successor, end of the grace.
pub type Rotation<'a> = (i64, Id<'a>, i64);

pub fn encode(record: &TokenRecord) -> Row<'_> {
    let micros = |at: Option<Timestamp>| at.map(Timestamp::as_micros);
    let (owner, name, scopes) = (record.owner.as_str(), record.name.as_str(), record.scopes.as_str());
    let created_by = record.created_by.as_ref().map(|actor| actor.as_str().as_bytes());
    let never = record.expiry == Expiry::Never;
    let rotated = record.rotated.as_ref();
    (
        (owner.as_bytes(), name.as_bytes(), scopes.as_bytes(), created_by),
        (record.digest.key(), record.digest.as_bytes()),
        (
            record.created.as_micros(),
            (never, micros(record.expiry.instant()), record.expiry_set.as_micros()),
            micros(record.last_used),
            micros(record.noticed),
            micros(record.revoked),
        ),
        record.predecessor.as_ref().map(TokenId::as_bytes),
        rotated.map(|rotated| (rotated.at.as_micros(), rotated.successor.as_bytes(), rotated.grace_ends.as_micros())),
    )
}

/// What is no record is an error, so that it is neither accepted nor taken for a token that does not exist.
pub fn decode(id: TokenId, row: Row<'_>) -> Result<TokenRecord, redb::Error> {
    try_decode(id, row).map_err(|error| redb::Error::Corrupted(format!("token {id}: {error}")))
}

fn try_decode(id: TokenId, row: Row<'_>) -> Result<TokenRecord, Box<dyn Error>> {
    let (texts, (key, digest), instants, predecessor, rotated) = row;
    let (owner, name, scopes, created_by) = texts;
    let (created, (never, expiry, expiry_set), last_used, noticed, revoked) = instants;
    let (text, instant) = (str::from_utf8, Timestamp::from_micros);
    let maybe = |micros: Option<i64>| micros.map(instant).transpose();

    let digest = TokenDigest::from_parts(key, *digest);
    let mut record = TokenRecord::new(id, text(owner)?.parse()?, text(name)?.parse()?, digest, instant(created)?);
    record.scopes = text(scopes)?.parse()?;
    record.created_by = created_by.map(text).transpose()?.map(Actor::new).transpose()?;
    // "Never" is a value, not a gap: an expiry that was lost makes no token eternal.
    record.expiry = match (never, maybe(expiry)?) {
        (true, None) => Expiry::Never,
        (false, Some(at)) => Expiry::At(at),
        _ => return Err("neither an expiry nor none".into()),
    };
    record.expiry_set = instant(expiry_set)?;
    (record.last_used, record.noticed, record.revoked) = (maybe(last_used)?, maybe(noticed)?, maybe(revoked)?);
    record.predecessor = predecessor.copied().map(TokenId::from_bytes);
    if let Some((at, successor, grace_ends)) = rotated {
        let (at, grace_ends) = (instant(at)?, instant(grace_ends)?);
        record.rotated = Some(Rotated { at, successor: TokenId::from_bytes(*successor), grace_ends });
    }
    Ok(record)
}
