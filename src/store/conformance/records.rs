//! What was written is what is read, at every limit.

use std::sync::Arc;

use time::Duration;

use crate::record::{Actor, Change, Edit, Expiry, OwnerId, Rotated, Scopes, TokenName, TokenRecord};
use crate::store::ListQuery;
use crate::timestamp::Timestamp;
use crate::token::{TokenDigest, TokenId};

use super::kit::{Kit, at_most, done, ids, new_id, new_owner, random, random_bytes, same, with_scopes};
use super::violation::Outcome;

const MAX_BYTES: usize = 255;

pub(super) async fn texts_and_bytes_come_back_whole(kit: &Kit) -> Outcome {
    let texts = [
        String::new(),
        "'); DROP TABLE \"tokens\"; -- % _ \\ ? $1 :a `b` {c}".to_owned(),
        "متجر الشاي".to_owned(),
        "e\u{301} é ﬁ Ａ ß".to_owned(),
        "🫖👩‍👩‍👧".to_owned(),
        "🦀".repeat(58),
        "x".repeat(MAX_BYTES),
    ];
    let zeros = TokenId::from_bytes([[0; 6], random_bytes()].concat().try_into().unwrap_or_default());
    let spaces = TokenId::from_bytes([random_bytes(), [b' '; 6]].concat().try_into().unwrap_or_default());
    let most: Vec<String> = (10..110).map(|number| format!("{number}:").repeat(MAX_BYTES.div_ceil(3))).collect();
    let most = Scopes::new(most.iter().filter_map(|scope| scope.get(..MAX_BYTES)))?;
    let scopes = [Scopes::none(), Scopes::new(["*"])?, Scopes::new(["read", "a:b/c.d%_'"])?, most];
    let digests = [[0; TokenDigest::LEN], [0xFF; TokenDigest::LEN], random_bytes()];

    for (number, text) in texts.iter().enumerate() {
        let owner = OwnerId::new(&unique(text))?;
        let name = TokenName::new(&unique(text))?;
        let id = match number {
            0 => zeros,
            1 => spaces,
            _ => new_id(),
        };
        let key = if number.is_multiple_of(2) { 0 } else { u16::MAX };
        let bytes = digests.iter().cycle().nth(number).copied().unwrap_or_default();
        let mut record = TokenRecord::new(id, owner, name, TokenDigest::from_parts(key, bytes), kit.now);
        record.created_by = Some(Actor::new(&unique(text))?);
        record.scopes = scopes.iter().cycle().nth(number).cloned().unwrap_or_default();
        kit.insert(record.clone()).await?;
        kit.stands(&format!("text {number}"), &record).await?;

        let scopes = scopes.iter().cycle().nth(number.saturating_add(1)).cloned();
        let edit = Edit { name: Some(TokenName::new(&unique(text))?), scopes, expiry: None };
        record.name = edit.name.clone().unwrap_or(record.name);
        record.scopes = edit.scopes.clone().unwrap_or(record.scopes);
        let policy = Arc::new(with_scopes(&record.scopes));
        let edit = Change::update(record.owner.clone(), id, edit, kit.now, policy);
        done(format!("an edit with text {number}"), kit.change(edit).await)?;
        kit.stands(&format!("text {number}, edited"), &record).await?;
    }
    Ok(())
}

pub(super) async fn instants_are_exact(kit: &Kit) -> Outcome {
    let ends = [0, 1].into_iter().flat_map(|micros| {
        let span = Duration::microseconds(micros);
        [Timestamp::MIN.checked_add(span), Timestamp::MAX.checked_add(Duration::ZERO.saturating_sub(span))]
    });
    let around_1970 = [-1_000_001, -1, 0, 1].map(|micros| Timestamp::from_micros(micros).ok());
    // Each digit of a microsecond, at each of its six places.
    let places = [1, 10, 100, 1_000, 10_000, 100_000];
    let digits = places.iter().flat_map(|place| (1..=9).map(|digit: i64| digit.saturating_mul(*place)));
    let digits = digits.map(|micros| kit.now.checked_add(Duration::microseconds(micros)));
    let mut instants: Vec<Timestamp> = ends.chain(around_1970).chain(digits).flatten().collect();
    instants.sort_unstable();
    instants.dedup();

    // Taken apart, so that the ends of time stand in each record together.
    let step = instants.len().div_ceil(8);
    for offset in 0..step {
        let mut some: Vec<Timestamp> = instants.iter().skip(offset).step_by(step).copied().collect();
        some.resize(8, Timestamp::MAX);
        let [created, expiry_set, last_used, noticed, revoked, at, grace_ends, expiry] = *some.as_slice() else {
            continue;
        };
        let expiry = if expiry > created { Expiry::At(expiry) } else { Expiry::Never };
        let record = TokenRecord {
            created,
            expiry_set,
            expiry,
            last_used: Some(last_used),
            noticed: Some(noticed),
            revoked: Some(revoked),
            rotated: Some(Rotated { at, successor: new_id(), grace_ends }),
            ..kit.record(&format!("instants {offset}"))?
        };
        kit.insert(record.clone()).await?;
        kit.stands(&format!("instants {offset}"), &record).await?;
    }
    Ok(())
}

pub(super) async fn optional_fields_come_back_present_and_absent(kit: &Kit) -> Outcome {
    const FIELDS: usize = 7;
    let full = TokenRecord {
        created_by: Some(Actor::new("who asked")?),
        expiry: Expiry::At(kit.after(60)),
        last_used: Some(kit.after(1)),
        noticed: Some(kit.after(2)),
        revoked: Some(kit.after(3)),
        predecessor: Some(new_id()),
        rotated: Some(Rotated { at: kit.after(4), successor: new_id(), grace_ends: kit.after(5) }),
        ..kit.record("full")?
    };
    let bare = kit.record("bare")?;
    for (present, others) in [(&full, &bare), (&bare, &full)] {
        for field in 0..FIELDS {
            let mut record = TokenRecord { id: new_id(), name: others.name.clone(), ..others.clone() };
            match field {
                0 => record.created_by.clone_from(&present.created_by),
                1 => record.expiry = present.expiry,
                2 => record.last_used = present.last_used,
                3 => record.noticed = present.noticed,
                4 => record.revoked = present.revoked,
                5 => record.predecessor = present.predecessor,
                _ => record.rotated = present.rotated,
            }
            record.name = TokenName::new(&format!("{} but {field}", others.name))?;
            kit.insert(record.clone()).await?;
            kit.stands(&format!("{:?}", record.name), &record).await?;
        }
    }
    Ok(())
}

pub(super) async fn texts_are_compared_byte_by_byte(kit: &Kit) -> Outcome {
    let alike = [
        ("Shop", "shop"),
        ("\u{e9}", "e\u{301}"),
        ("ß", "ss"),
        ("A", "\u{ff21}"),
        ("a%", "ab"),
        ("a_", "ab"),
        ("1", "01"),
        ("x\u{ad}y", "xy"),
        ("ı", "i"),
    ];
    for (one, other) in alike {
        let mark = new_owner();
        let [ours, theirs] = [one, other].map(|text| OwnerId::new(&format!("{mark} {text}")));
        let (ours, theirs) = (ours?, theirs?);
        let [first, second] =
            [&ours, &theirs].map(|owner| kit.record(one).map(|record| TokenRecord { owner: owner.clone(), ..record }));
        let first = kit.insert(first?).await?;
        let second = kit.insert(second?).await?;

        let query = ListQuery::all();
        let listed = kit.store.list(&ours, &query, kit.now).await?;
        same(format!("the list of {ours:?} beside {theirs:?}"), ids(&listed), vec![first.id])?;
        let got = kit.store.get(&ours, second.id).await?;
        same(format!("get of {ours:?} for a token of {theirs:?}"), got, None)?;

        // The other's counts for nothing, and holds no name.
        let second_name = TokenRecord { owner: ours.clone(), ..kit.record(other)? };
        done(
            format!("an issue under {other:?} beside {one:?}"),
            kit.change(kit.issue(&second_name, at_most(2))).await,
        )?;

        let revoked = kit.change(Change::revoke_all(ours.clone(), kit.now)).await;
        let reached = done("revoke all", revoked)?.written.len();
        same(format!("how many tokens of {ours:?} were revoked, {theirs:?} aside"), reached, 2)?;
        kit.stands("after another owner's revoke all", &second).await?;
    }
    // Trailing space counts for owners; names have none.
    let owner = kit.owner.clone();
    let spaced = OwnerId::new(&format!("{owner} "))?;
    let record = kit.insert(TokenRecord { owner: spaced, ..kit.record("spaced")? }).await?;
    same("the list of an owner without the other's trailing space", kit.all().await?, Vec::new())?;
    kit.stands("of an owner with trailing space", &record).await
}

/// The text behind a mark that nobody else has, at most 255 bytes.
fn unique(text: &str) -> String {
    let mut unique = format!("{:016x} {text}", random());
    while unique.len() > MAX_BYTES {
        unique.pop();
    }
    unique.truncate(unique.trim_end().len());
    unique
}
