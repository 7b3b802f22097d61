//! A change: lock the owner, gather, decide, write, in one transaction.

use sqlx::Row as _;
use sqlx::postgres::PgRow;

use crate::record::{Change, ChangeRefused, Changed, Needs, Plan, View};
use crate::store::{ChangeError, StoreError};
use crate::token::TokenId;

use super::calls::{Lease, Manner, Writing};
use super::failure::Failure;
use super::instant::Instant;
use super::row::{Statement, bind_record, bind_update, bytes, id_of, record_of};

type Outcome<T> = Result<T, Failure<ChangeError>>;

pub(super) async fn change(lease: &mut Lease<'_>, change: &Change, manner: Manner) -> Outcome<Changed> {
    let mut writing = lease.writing().await?;
    let needs = change.needs();
    let lock = writing.query(&writing.statements.lock).bind(needs.owner.as_str().to_owned());
    lock.execute(&mut *writing.transaction).await?;
    let changed = if needs.all {
        revoke_all(&mut writing, &needs, manner).await?
    } else {
        let plan = change.decide(gather(&mut writing, &needs).await?)?;
        write(&mut writing, plan).await?
    };
    writing.commit().await?;
    Ok(changed)
}

async fn gather(writing: &mut Writing<'_>, needs: &Needs<'_>) -> Outcome<View> {
    let owner = || needs.owner.as_str().to_owned();
    let mut records = Vec::new();
    if needs.target.is_some() || needs.name.is_some() {
        let gather = writing.query(&writing.statements.gather).bind(needs.target.map(bytes)).bind(owner());
        let gather = gather.bind(needs.name.map(|name| name.as_str().to_owned()));
        for row in gather.fetch_all(&mut *writing.transaction).await? {
            match (record_of(&row), row.try_get("part")?) {
                (Ok(record), _) => records.push(record),
                // A predecessor that is no record is accepted nowhere, and keeps nobody from revoking its successor.
                (Err(_), "predecessor") => {}
                (Err(error), _) => return Err(error.into()),
            }
        }
    }
    let mut view = needs.gather(records);
    if needs.count_to > 0 {
        let count = writing.query(&writing.statements.count).bind(owner()).bind(Instant::from(needs.at));
        let count = count.bind(i64::from(needs.count_to)).fetch_one(&mut *writing.transaction).await?;
        view.active = u32::try_from(count.try_get::<i64, _>(0)?).unwrap_or(u32::MAX);
    }
    Ok(view)
}

/// The updates first: they free the name that the new token takes.
async fn write(writing: &mut Writing<'_>, plan: Plan) -> Outcome<Changed> {
    for record in &plan.update {
        let update = bind_update(writing.query(&writing.statements.update), record).bind(bytes(record.id));
        if update.execute(&mut *writing.transaction).await?.rows_affected() != 1 {
            return Err(Failure::Overtaken(StoreError::unavailable("a row was deleted meanwhile, time and again")));
        }
    }
    if let Some(record) = &plan.insert {
        let inserted = bind_record(writing.query(&writing.statements.insert), record);
        if inserted.execute(&mut *writing.transaction).await?.rows_affected() != 1 {
            return Err(ChangeRefused::IdTaken.into());
        }
    }
    Ok(plan.changed)
}

/// As the rulebook says, in one statement however many they are, so that it also ends a row that cannot be read.
async fn revoke_all(writing: &mut Writing<'_>, needs: &Needs<'_>, manner: Manner) -> Outcome<Changed> {
    let at = Instant::from(needs.at);
    let bound = |query: Statement<'static>| query.bind(needs.owner.as_str().to_owned()).bind(at);
    let written = match manner {
        Manner::AllAtOnce => {
            ids(&bound(writing.query(&writing.statements.revoke_all)).fetch_all(&mut *writing.transaction).await?)
        }
        Manner::OneByOne => {
            let revocable = bound(writing.query(&writing.statements.revocable));
            let mut written = Vec::new();
            for id in ids(&revocable.fetch_all(&mut *writing.transaction).await?) {
                let revoke = writing.query(&writing.statements.revoke).bind(bytes(id)).bind(at);
                written.extend(writing.where_possible(revoke).await?.map(|_| id));
            }
            written
        }
    };
    Ok(Changed { record: None, written })
}

fn ids(rows: &[PgRow]) -> Vec<TokenId> {
    rows.iter().filter_map(|row| id_of(row).ok()).collect()
}
