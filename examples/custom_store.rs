//! A store of one's own: tokens in a file, by the embedded database redb.
//!
//! `cargo run --example custom_store -- tokens.redb`. The manual's page "A store of your own" walks through it.

#[path = "custom_store/row.rs"]
pub mod row;

use std::cmp::Reverse;
use std::error::Error;
use std::sync::Arc;

use personal_tokens::store::{Cursor, ExpiringQuery, LastUse, ListQuery, Pruned, TokenStore, async_trait};
use personal_tokens::{Change, ChangeError, ChangeRefused, Changed, Duration, OwnerId, StoreError, Timestamp};
use personal_tokens::{NewToken, PersonalTokens, TokenId, TokenRecord};
use redb::{Database, MultimapTable, MultimapTableDefinition, ReadableDatabase as _};
use redb::{ReadableMultimapTable, ReadableTable, Table, TableDefinition};
use row::{Id, Row, decode, encode};

/// Each record by its id. redb keeps a table's types along with it, and opens it with no others.
pub const TOKENS: TableDefinition<'static, Id<'static>, Row<'static>> = TableDefinition::new("personal_tokens");
/// Each owner's ids, so that a change or a list reads no other owner's rows.
pub const OWNED: MultimapTableDefinition<'static, &[u8], Id<'static>> = MultimapTableDefinition::new("owned_tokens");

type Stored<T> = Result<T, redb::Error>;
type Tokens<'t> = Table<'t, Id<'static>, Row<'static>>;
type Owned<'t> = MultimapTable<'t, &'static [u8], Id<'static>>;

/// Tokens in a redb database. Clones are one store.
///
/// redb has one writer at a time, so each change is one atomic step: the owners' changes wait for each other, and reads
/// for nobody. `expiring` and `prune` read every record.
#[derive(Clone)]
pub struct RedbStore(Arc<Database>);

impl RedbStore {
    /// The store in a database, beside the host's own tables.
    pub fn new(database: impl Into<Arc<Database>>) -> Stored<Self> {
        let database = database.into();
        // A reader cannot create a table.
        let transaction = database.begin_write()?;
        transaction.open_table(TOKENS)?;
        transaction.open_multimap_table(OWNED)?;
        transaction.commit()?;
        Ok(Self(database))
    }

    /// redb's calls block, so they have a thread of their own, where they run to the end even if the caller is gone.
    async fn blocking<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Database) -> Stored<T> + Send + 'static,
    {
        let database = self.0.clone();
        let done = tokio::task::spawn_blocking(move || work(&database)).await;
        done.map_err(StoreError::unavailable)?.map_err(|error| match error {
            redb::Error::Corrupted(_) => StoreError::corrupt(error),
            _ => StoreError::unavailable(error),
        })
    }

    /// One transaction, committed where the work says that it wrote. redb has synced the file when its commit returns: no
    /// crash brings a revoked token back.
    async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Tokens<'_>, &mut Owned<'_>) -> Stored<(bool, T)> + Send + 'static,
    {
        self.blocking(move |database| {
            let transaction = database.begin_write()?;
            let (wrote, answer) =
                work(&mut transaction.open_table(TOKENS)?, &mut transaction.open_multimap_table(OWNED)?)?;
            if wrote {
                transaction.commit()?;
            }
            Ok(answer)
        })
        .await
    }
}

#[async_trait]
impl TokenStore for RedbStore {
    async fn find(&self, id: TokenId) -> Result<Option<Arc<TokenRecord>>, StoreError> {
        self.blocking(move |database| Ok(get(&database.begin_read()?.open_table(TOKENS)?, id)?.map(Arc::new))).await
    }

    async fn change(&self, change: &Change) -> Result<Changed, ChangeError> {
        let change = change.clone();
        let decided = self.write(move |tokens, owned| {
            // What is about its target alone, as a revocation, goes on beside a row that cannot be read.
            let needs = change.needs();
            let spares = |id| needs.name.is_none() && needs.count_to == 0 && needs.target != Some(id);
            let records = of_owner(tokens, owned, needs.owner, spares)?;
            let plan = match change.decide(needs.gather(&records)) {
                Ok(plan) => plan,
                Err(refused) => return Ok((false, Err(refused))),
            };
            if let Some(new) = &plan.insert {
                if tokens.get(new.id.as_bytes())?.is_some() {
                    return Ok((false, Err(ChangeRefused::IdTaken)));
                }
                owned.insert(new.owner.as_str().as_bytes(), new.id.as_bytes())?;
                tokens.insert(new.id.as_bytes(), encode(new))?;
            }
            for new in &plan.update {
                for old in records.iter().filter(|old| old.id == new.id) {
                    tokens.insert(new.id.as_bytes(), encode(&new.written_over(old)))?;
                }
            }
            Ok((!plan.changed.written.is_empty(), Ok(plan.changed)))
        });
        Ok(decided.await??)
    }

    async fn list(&self, owner: &OwnerId, query: &ListQuery, at: Timestamp) -> Result<Vec<TokenRecord>, StoreError> {
        let (owner, query) = (owner.clone(), *query);
        self.blocking(move |database| {
            let transaction = database.begin_read()?;
            let (tokens, owned) = (transaction.open_table(TOKENS)?, transaction.open_multimap_table(OWNED)?);
            let mut records = of_owner(&tokens, &owned, &owner, |_| false)?;
            records.retain(|record| query.matches(record, at));
            records.sort_by_key(|record| Reverse(Cursor::in_list(record)));
            records.truncate(query.limit.get() as usize);
            Ok(records)
        })
        .await
    }

    async fn touch(&self, uses: &[LastUse], resolution: Duration) -> Result<(), StoreError> {
        let uses = uses.to_vec();
        self.write(move |tokens, _| {
            let mut wrote = false;
            for used in uses {
                let mut record = match get(tokens, used.id) {
                    Ok(Some(record)) => record,
                    // A row that cannot be read keeps no other's use from being written.
                    Ok(None) | Err(redb::Error::Corrupted(_)) => continue,
                    Err(error) => return Err(error),
                };
                if let Some(at) = used.applied(record.last_used, resolution) {
                    record.last_used = Some(at);
                    tokens.insert(used.id.as_bytes(), encode(&record))?;
                    wrote = true;
                }
            }
            Ok((wrote, ()))
        })
        .await
    }

    async fn expiring(&self, query: &ExpiringQuery) -> Result<Vec<TokenRecord>, StoreError> {
        let query = *query;
        self.blocking(move |database| {
            let tokens = database.begin_read()?.open_table(TOKENS)?;
            let matching = all(&tokens)?.filter(|found| found.as_ref().map_or(true, |record| query.matches(record)));
            let mut records = matching.collect::<Stored<Vec<_>>>()?;
            records.sort_by_key(Cursor::in_expiring);
            records.truncate(query.limit.get() as usize);
            Ok(records)
        })
        .await
    }

    async fn claim_notice(&self, id: TokenId, was: Option<Timestamp>, at: Timestamp) -> Result<bool, StoreError> {
        self.write(move |tokens, _| {
            let Some(mut record) = get(tokens, id)?.filter(|record| record.noticed == was) else {
                return Ok((false, false));
            };
            record.noticed = Some(at);
            tokens.insert(id.as_bytes(), encode(&record))?;
            Ok((true, true))
        })
        .await
    }

    async fn prune(&self, ended_before: Timestamp, at_most: u32) -> Result<Vec<Pruned>, StoreError> {
        self.write(move |tokens, owned| {
            let goes = |found: &Stored<TokenRecord>| match found {
                Ok(record) => record.ended().is_some_and(|ended| ended < ended_before),
                // What cannot be read stays, and keeps no other.
                Err(error) => !matches!(error, redb::Error::Corrupted(_)),
            };
            let ended = all(tokens)?.filter(goes);
            let ended = ended.take(at_most as usize).collect::<Stored<Vec<_>>>()?;
            for record in &ended {
                tokens.remove(record.id.as_bytes())?;
                owned.remove(record.owner.as_str().as_bytes(), record.id.as_bytes())?;
            }
            Ok((!ended.is_empty(), ended.into_iter().map(|record| Pruned::new(record.id, record.owner)).collect()))
        })
        .await
    }
}

fn get(tokens: &impl ReadableTable<Id<'static>, Row<'static>>, id: TokenId) -> Stored<Option<TokenRecord>> {
    tokens.get(id.as_bytes())?.map(|row| decode(id, row.value())).transpose()
}

fn all(tokens: &impl ReadableTable<Id<'static>, Row<'static>>) -> Stored<impl Iterator<Item = Stored<TokenRecord>>> {
    Ok(tokens.iter()?.map(|entry| {
        let (id, row) = entry?;
        decode(TokenId::from_bytes(*id.value()), row.value())
    }))
}

fn of_owner(
    tokens: &impl ReadableTable<Id<'static>, Row<'static>>,
    owned: &impl ReadableMultimapTable<&'static [u8], Id<'static>>,
    owner: &OwnerId,
    spares: impl Fn(TokenId) -> bool,
) -> Stored<Vec<TokenRecord>> {
    let mut records = Vec::new();
    for id in owned.get(owner.as_str().as_bytes())? {
        let id = TokenId::from_bytes(*id?.value());
        let gap = || redb::Error::Corrupted(format!("token {id} has an owner and no row"));
        match get(tokens, id).and_then(|found| found.ok_or_else(gap)) {
            Err(redb::Error::Corrupted(_)) if spares(id) => {}
            found => records.push(found?),
        }
    }
    Ok(records)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args_os().nth(1).ok_or("where to keep the tokens? say so: custom_store -- tokens.redb")?;
    let tokens = PersonalTokens::builder(RedbStore::new(Database::create(path)?)?).prefix("shop").build()?;
    let owner = OwnerId::new("store-42")?;
    let issued = tokens.issue(NewToken::new(&owner, "Shopify sync")).await?;
    println!("{} opens for {}", issued.record.id, tokens.verify(issued.token.expose()).await?.owner());
    tokens.revoke(&owner, issued.record.id).await?;
    println!("revoked: {:?}", tokens.verify(issued.token.expose()).await.map_err(|refused| refused.to_string()));
    println!("{owner} has {} tokens, ended ones too", tokens.list(&owner, ListQuery::all()).await?.tokens.len());
    Ok(())
}
