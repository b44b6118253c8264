//! Guards that restore the shop's tables at the end of a test, because all tests share the tables.

use crate::shop::Shop;

/// Runs SQL at the end of a test, also if the test fails.
pub struct Restored<'a>(pub &'a Shop, pub &'static str);

impl Drop for Restored<'_> {
    fn drop(&mut self) {
        // An error here is ignored, because a test that fails has told why already.
        drop(self.0.stack().psql(self.1));
    }
}

/// A constraint that makes orders of one quantity dead letters until the value is dropped, however the test ends.
pub struct Forbidden<'a> {
    shop: &'a Shop,
    constraint: String,
}

impl<'a> Forbidden<'a> {
    /// Forbids orders of this quantity, which no other test forbids, because the constraint's name `no_<quantity>` tells the letters apart.
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
