//! The handle alone: a token is issued, used, extended, rotated and revoked. Run with `cargo run --example quickstart`.

use personal_tokens::store::{ListQuery, MemoryStore};
use personal_tokens::{Duration, Expiry, NewToken, OwnerId, PersonalTokens, Rotation, TokenChange};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let tokens = PersonalTokens::builder(MemoryStore::new())
        .prefix("shop")
        .scopes(["products:read", "products:write"])
        .build()?;
    let owner = OwnerId::new("store-42")?;

    let new = NewToken::new(&owner, "Shopify sync").scopes(["products:read"]).expires_in(Duration::days(30));
    let issued = tokens.issue(new).await?;
    println!("issued    {}, shown this once: {}", issued.record.id, issued.token.expose());

    let verified = tokens.verify(issued.token.expose()).await?;
    println!(
        "verified  {:?} of {}, scopes {}, expires {}",
        verified.name(),
        verified.owner(),
        verified.scopes(),
        verified.expiry()
    );
    println!("          may write products: {}", verified.allows("products:write"));

    let same_name = tokens.issue(NewToken::new(&owner, "Shopify sync")).await;
    println!("refused   a second of that name: {}", same_name.unwrap_err());

    let id = issued.record.id;
    let extended = tokens.update(&owner, id, TokenChange::new().expiry(Expiry::Never)).await?;
    println!("extended  {id}: expires {}", extended.expiry);

    let successor = tokens.rotate(&owner, id, Rotation::new().grace(Duration::hours(24))).await?;
    println!("rotated   {id} into {}; for a day both work:", successor.record.id);
    println!("          old {:?}", tokens.verify(issued.token.expose()).await.is_ok());
    println!("          new {:?}", tokens.verify(successor.token.expose()).await.is_ok());

    tokens.revoke(&owner, successor.record.id).await?;
    println!("revoked   {}, and the grace of its predecessor with it:", successor.record.id);
    println!("          old: {}", tokens.verify(issued.token.expose()).await.unwrap_err());
    println!("          new: {}", tokens.verify(successor.token.expose()).await.unwrap_err());

    let page = tokens.list(&owner, ListQuery::active()).await?;
    println!("listed    {} active tokens", page.tokens.len());
    Ok(())
}
