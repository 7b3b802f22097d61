//! A store of one's own: tokens in a file, by the embedded database redb.
//!
//! `cargo run --example custom_store -- tokens.redb`; without a file, in memory. The manual's page "A store of your own"
//! walks through it.

#[path = "custom_store/row.rs"]
pub mod row;

use std::cmp::Reverse;
use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use personal_tokens::store::{Cursor, ExpiringQuery, LastUse, ListQuery, Pruned, TokenStore, async_trait};
use personal_tokens::{
    Change, ChangeError, ChangeRefused, Changed, Duration, NewToken, OwnerId, PersonalTokens, StoreError, Timestamp,
    TokenId, TokenRecord,
};
use redb::backends::InMemoryBackend;
use redb::{
    Database, MultimapTable, MultimapTableDefinition, ReadableDatabase as _, ReadableMultimapTable, ReadableTable,
    Table, TableDefinition,
};
use row::{Id, Row, decode, encode};

/// Each record by its id. redb keeps a table's types along with it, and opens it with no others.
pub const TOKENS: TableDefinition<'static, Id<'static>, Row<'static>> = TableDefinition::new("personal_tokens");
/// Each owner's ids, so that a change or a list reads no other owner's rows.
pub const OWNED: MultimapTableDefinition<'static, &[u8], Id<'static>> = MultimapTableDefinition::new("owned_tokens");

type Stored<T> = Result<T, redb::Error>;

/// Tokens in a redb database. Clones are one store.
///
/// redb has one writer at a time, so each change is one atomic step: the owners' changes wait for each other, and reads
/// for nobody. `expiring` and `prune` read every record.
#[derive(Clone)]
pub struct RedbStore(Arc<Database>);

impl RedbStore {
    /// The store in this file, which is made where there is none. It blocks: open it before you serve.
    pub fn open(path: impl AsRef<Path>) -> Stored<Self> {
        Self::new(Database::create(path)?)
    }

    /// The store in a database that the host has open, beside its own tables.
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

    /// One transaction, which leaves nothing behind if the work fails. redb has synced the file when its commit returns:
    /// no crash brings a revoked token back.
    async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Writing<'_>) -> Stored<T> + Send + 'static,
    {
        self.blocking(move |database| {
            let transaction = database.begin_write()?;
            let (tokens, owned) = (transaction.open_table(TOKENS)?, transaction.open_multimap_table(OWNED)?);
            let mut tables = Writing { tokens, owned, wrote: false };
            let answer = work(&mut tables)?;
            if tables.wrote {
                drop(tables);
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
        let decided = self.write(move |tables| {
            let records = of_owner(&tables.tokens, &tables.owned, change.owner())?;
            let plan = match change.decide(change.needs().gather(&records)) {
                Ok(plan) => plan,
                Err(refused) => return Ok(Err(refused)),
            };
            if let Some(new) = &plan.insert {
                if tables.tokens.get(new.id.as_bytes())?.is_some() {
                    return Ok(Err(ChangeRefused::IdTaken));
                }
                tables.owned.insert(new.owner.as_str().as_bytes(), new.id.as_bytes())?;
                tables.put(new)?;
            }
            for new in &plan.update {
                for old in records.iter().filter(|old| old.id == new.id) {
                    tables.put(&new.written_over(old))?;
                }
            }
            Ok(Ok(plan.changed))
        });
        Ok(decided.await??)
    }

    async fn list(&self, owner: &OwnerId, query: &ListQuery, at: Timestamp) -> Result<Vec<TokenRecord>, StoreError> {
        let (owner, query) = (owner.clone(), *query);
        self.blocking(move |database| {
            let transaction = database.begin_read()?;
            let (tokens, owned) = (transaction.open_table(TOKENS)?, transaction.open_multimap_table(OWNED)?);
            let mut records = of_owner(&tokens, &owned, &owner)?;
            records.retain(|record| query.matches(record, at));
            records.sort_by_key(|record| Reverse(Cursor::in_list(record)));
            records.truncate(query.limit.get() as usize);
            Ok(records)
        })
        .await
    }

    async fn touch(&self, uses: &[LastUse], resolution: Duration) -> Result<(), StoreError> {
        let uses = uses.to_vec();
        self.write(move |tables| {
            for used in uses {
                let mut record = match get(&tables.tokens, used.id) {
                    Ok(Some(record)) => record,
                    // A row that cannot be read keeps no other's use from being written.
                    Ok(None) | Err(redb::Error::Corrupted(_)) => continue,
                    Err(error) => return Err(error),
                };
                if let Some(at) = used.applied(record.last_used, resolution) {
                    record.last_used = Some(at);
                    tables.put(&record)?;
                }
            }
            Ok(())
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
        self.write(move |tables| {
            let Some(mut record) = get(&tables.tokens, id)?.filter(|record| record.noticed == was) else {
                return Ok(false);
            };
            record.noticed = Some(at);
            tables.put(&record)?;
            Ok(true)
        })
        .await
    }

    async fn prune(&self, ended_before: Timestamp, at_most: u32) -> Result<Vec<Pruned>, StoreError> {
        self.write(move |tables| {
            let goes = |record: &TokenRecord| record.ended().is_some_and(|ended| ended < ended_before);
            let ended = all(&tables.tokens)?.filter(|found| found.as_ref().map_or(true, goes));
            let ended = ended.take(at_most as usize).collect::<Stored<Vec<_>>>()?;
            ended.into_iter().map(|record| tables.remove(record)).collect()
        })
        .await
    }
}

struct Writing<'a> {
    tokens: Table<'a, Id<'static>, Row<'static>>,
    owned: MultimapTable<'a, &'static [u8], Id<'static>>,
    wrote: bool,
}

impl Writing<'_> {
    fn put(&mut self, record: &TokenRecord) -> Stored<()> {
        self.wrote = true;
        self.tokens.insert(record.id.as_bytes(), encode(record))?;
        Ok(())
    }

    fn remove(&mut self, record: TokenRecord) -> Stored<Pruned> {
        self.wrote = true;
        self.tokens.remove(record.id.as_bytes())?;
        self.owned.remove(record.owner.as_str().as_bytes(), record.id.as_bytes())?;
        Ok(Pruned::new(record.id, record.owner))
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
) -> Stored<Vec<TokenRecord>> {
    let read =
        |id| get(tokens, id)?.ok_or_else(|| redb::Error::Corrupted(format!("token {id} has an owner and no row")));
    owned.get(owner.as_str().as_bytes())?.map(|id| read(TokenId::from_bytes(*id?.value()))).collect()
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let store = match std::env::args_os().nth(1) {
        Some(path) => RedbStore::open(path)?,
        None => RedbStore::new(Database::builder().create_with_backend(InMemoryBackend::new())?)?,
    };
    let tokens = PersonalTokens::builder(store).prefix("shop").scopes(["products:read"]).build()?;
    let owner = OwnerId::new("store-42")?;
    let request = NewToken::new(&owner, "Shopify sync").scopes(["products:read"]).expires_in(Duration::days(30));
    let issued = tokens.issue(request).await?;
    println!("{} opens for {}", issued.record.id, tokens.verify(issued.token.expose()).await?.owner());
    tokens.revoke(&owner, issued.record.id).await?;
    let refused = tokens.verify(issued.token.expose()).await.err().ok_or("a revoked token was accepted")?;
    println!("{} is refused: {refused}", issued.record.id);
    println!("{owner} has {} tokens, ended ones too", tokens.list(&owner, ListQuery::all()).await?.tokens.len());
    Ok(())
}
