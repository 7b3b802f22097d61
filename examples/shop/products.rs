//! What the shops have on their shelves, each its own; in memory, as this is about tokens.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

#[derive(Clone, Default)]
pub struct Products(Arc<Mutex<HashMap<String, Vec<Product>>>>);

#[derive(Clone)]
pub struct Product {
    pub name: String,
    pub sold: u64,
}

impl Products {
    pub fn of(&self, shop: &str) -> Vec<Product> {
        self.shelves().get(shop).cloned().unwrap_or_default()
    }

    /// Whether it is new: a shop has each product once.
    pub fn add(&self, shop: &str, name: &str) -> bool {
        let mut shelves = self.shelves();
        let shelf = shelves.entry(shop.to_owned()).or_default();
        let new = shelf.iter().all(|product| product.name != name);
        if new {
            shelf.push(Product { name: name.to_owned(), sold: 0 });
        }
        new
    }

    /// Whether the shop has it.
    pub fn sell(&self, shop: &str, name: &str) -> bool {
        let mut shelves = self.shelves();
        let product = shelves.get_mut(shop).and_then(|shelf| shelf.iter_mut().find(|product| product.name == name));
        product.is_some_and(|product| {
            product.sold += 1;
            true
        })
    }

    fn shelves(&self) -> MutexGuard<'_, HashMap<String, Vec<Product>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
