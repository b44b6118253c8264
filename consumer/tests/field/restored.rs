//! The shop's tables as they were: all tests share them.

use crate::shop::Shop;

/// Runs SQL at the end of a test, also where it fails.
pub struct Restored<'a>(pub &'a Shop, pub &'static str);

impl Drop for Restored<'_> {
    fn drop(&mut self) {
        // A test that fails has told why already.
        drop(self.0.stack().psql(self.1));
    }
}

/// Orders of so many pieces are letters while it stands; whatever becomes of the test, it falls with it.
pub struct Forbidden<'a> {
    shop: &'a Shop,
    constraint: String,
}

impl<'a> Forbidden<'a> {
    /// No other test forbids the same number: letters are told apart by the constraint `no_<quantity>`.
    pub fn pieces(shop: &'a Shop, quantity: i32) -> Self {
        let constraint = format!("no_{quantity}");
        shop.sql(&format!("alter table results add constraint {constraint} check (quantity <> {quantity}) not valid"));
        Self { shop, constraint }
    }
}

impl Drop for Forbidden<'_> {
    fn drop(&mut self) {
        self.shop.stack().psql(&format!("alter table results drop constraint if exists {}", self.constraint)).ok();
    }
}
