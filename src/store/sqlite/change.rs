//! A change: gather, decide, write, in one transaction.

use std::borrow::Borrow;

use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, Sqlite, Transaction};

use crate::record::{Change, ChangeRefused, Changed, Needs, Plan, TokenRecord, View};
use crate::store::sql::with_columns;
use crate::store::{ChangeError, StoreError};
use crate::timestamp::Timestamp;
use crate::token::TokenId;

use super::calls::Lease;
use super::failure::{Failure, is_constraint};
use super::row::{bind_record, bind_update, bytes, id_of, record_of};

type Outcome<T> = Result<T, Failure<ChangeError>>;
type Open<'c> = Transaction<'c, Sqlite>;

const LINEAGE: &str = with_columns!(
    "SELECT",
    "FROM personal_tokens WHERE id IN (?1, (SELECT predecessor FROM personal_tokens WHERE id = ?1))"
);
const HOLDER: &str = with_columns!(
    "SELECT",
    "FROM personal_tokens WHERE owner = ?1 AND name = ?2 AND revoked IS NULL AND rotated IS NULL"
);
const COUNT: &str = "SELECT count(*) FROM (SELECT 1 FROM personal_tokens WHERE owner = ?1 AND revoked IS NULL \
                     AND rotated IS NULL AND ended > ?2 LIMIT ?3)";
const INSERT: &str = with_columns!(
    "INSERT INTO personal_tokens (",
    ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING"
);
const UPDATE: &str = "UPDATE personal_tokens SET name = ?, scopes = ?, never_expires = ?, expires = ?, expiry_set = ?, \
                      revoked = ?, rotated = ?, successor = ?, grace_ends = ? WHERE id = ?";
/// What is or could become active.
macro_rules! revocable {
    () => {
        "owner = ?1 AND revoked IS NULL AND (rotated IS NULL OR (grace_ends > rotated AND ended > ?2))"
    };
}
const REVOKE_ALL: &str = concat!("UPDATE personal_tokens SET revoked = ?2 WHERE ", revocable!(), " RETURNING id");
const REVOCABLE: &str = concat!("SELECT id FROM personal_tokens WHERE ", revocable!());
const REVOKE: &str = "UPDATE personal_tokens SET revoked = ?2 WHERE id = ?1";

pub(super) async fn change(lease: &mut Lease<'_>, change: &Change) -> Outcome<Changed> {
    let mut transaction = lease.writing().await?;
    let needs = change.needs();
    let changed = if needs.all {
        revoke_all(&mut transaction, &needs).await?
    } else {
        let plan = change.decide(gather(&mut transaction, &needs).await?)?;
        write(&mut transaction, plan).await?
    };
    transaction.commit().await?;
    Ok(changed)
}

async fn gather(transaction: &mut Open<'_>, needs: &Needs<'_>) -> Outcome<View> {
    let mut records = Vec::new();
    if let Some(id) = needs.target {
        let rows = sqlx::query(LINEAGE).bind(bytes(id)).fetch_all(&mut **transaction).await?;
        let (target, predecessor): (Vec<_>, Vec<_>) = rows.iter().partition(|row| id_of(row).ok() == Some(id));
        records.extend(read(&target)?);
        // A predecessor that is no record is accepted nowhere, and keeps nobody from revoking its successor.
        records.extend(predecessor.into_iter().filter_map(|row| record_of(row).ok()));
    }
    let owner = || needs.owner.as_str().to_owned();
    if let Some(name) = needs.name {
        let holder = sqlx::query(HOLDER).bind(owner()).bind(name.as_str().to_owned());
        records.extend(read(&holder.fetch_all(&mut **transaction).await?)?);
    }
    let mut view = needs.gather(records);
    if needs.count_to > 0 {
        let count = sqlx::query(COUNT).bind(owner()).bind(needs.at.as_micros()).bind(i64::from(needs.count_to));
        let active: i64 = count.fetch_one(&mut **transaction).await?.try_get(0)?;
        view.active = u32::try_from(active).unwrap_or(u32::MAX);
    }
    Ok(view)
}

/// The updates first: they free the name that the new token takes.
async fn write(transaction: &mut Open<'_>, plan: Plan) -> Outcome<Changed> {
    for record in &plan.update {
        let update = bind_update(sqlx::query(UPDATE), record).bind(bytes(record.id));
        if update.execute(&mut **transaction).await?.rows_affected() != 1 {
            return Err(StoreError::unavailable("a row was lost under the write lock").into());
        }
    }
    if let Some(record) = &plan.insert {
        let inserted = bind_record(sqlx::query(INSERT), record).execute(&mut **transaction).await?;
        if inserted.rows_affected() != 1 {
            return Err(ChangeRefused::IdTaken.into());
        }
    }
    Ok(plan.changed)
}

/// As the rulebook says, in one statement however many they are, so that it also ends a row that cannot be read.
async fn revoke_all(transaction: &mut Open<'_>, needs: &Needs<'_>) -> Outcome<Changed> {
    let bound = |sql| sqlx::query(sql).bind(needs.owner.as_str().to_owned()).bind(needs.at.as_micros());
    let written = match bound(REVOKE_ALL).fetch_all(&mut **transaction).await {
        Ok(rows) => rows.iter().filter_map(|row| id_of(row).ok()).collect(),
        Err(error) if is_constraint(&error) => {
            let rows = bound(REVOCABLE).fetch_all(&mut **transaction).await?;
            revoke_each(transaction, rows.iter().filter_map(|row| id_of(row).ok()), needs.at).await?
        }
        Err(error) => return Err(error.into()),
    };
    Ok(Changed { record: None, written })
}

/// Where one is so damaged that it cannot be written: the others.
async fn revoke_each(
    transaction: &mut Open<'_>,
    ids: impl Iterator<Item = TokenId>,
    at: Timestamp,
) -> Outcome<Vec<TokenId>> {
    let mut written = Vec::new();
    for id in ids {
        match sqlx::query(REVOKE).bind(bytes(id)).bind(at.as_micros()).execute(&mut **transaction).await {
            Ok(_) => written.push(id),
            Err(error) if is_constraint(&error) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(written)
}

fn read<R: Borrow<SqliteRow>>(rows: &[R]) -> Result<Vec<TokenRecord>, StoreError> {
    rows.iter().map(|row| record_of(row.borrow())).collect()
}
