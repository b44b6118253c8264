//! A row of the shop that is larger than what orderstream processes and smaller than what Kafka takes.

use crate::shop::Shop;
use crate::shop::topic::DEAD_LETTERS;

/// A column for texts of any length, which is dropped again however the test ends.
struct NoteColumn<'a>(&'a Shop);

impl<'a> NoteColumn<'a> {
    fn on(shop: &'a Shop) -> Self {
        shop.sql("alter table orders add column note text");
        Self(shop)
    }
}

impl Drop for NoteColumn<'_> {
    fn drop(&mut self) {
        self.0.sql("alter table orders drop column if exists note");
    }
}

#[test]
fn an_order_with_a_note_of_a_megabyte_and_a_half_is_a_dead_letter_and_the_connector_goes_on() {
    let shop = Shop::open();
    let (column, before) = (NoteColumn::on(&shop), shop.topics().ends(DEAD_LETTERS));
    // Hashes of random numbers stay large when they are compressed.
    let note = "(select string_agg(md5(random()::text), '') from generate_series(1, 47000))";
    let insert = "insert into orders (customer_id, product_id, quantity, price, note) values";
    let id = shop.number(&format!("{insert} ('CUST001', 'NOTED', 1, 1.00, {note}) returning id"));
    shop.orders("BEHIND-THE-NOTE", 10);
    shop.await_sql("select count(*) from results where product_id = 'BEHIND-THE-NOTE'", "10");
    shop.await_that("the order with the note is a dead letter", || shop.new_letters() == 1);
    assert_eq!(shop.stack().connector_state().unwrap(), "RUNNING");
    let letters = shop.topics().read(DEAD_LETTERS, &before);
    assert_eq!((letters.len(), letters[0].header("x-dlq-reason")), (1, Some("too_large")));
    let bytes = letters[0].record.value.as_ref().map_or(0, Vec::len);
    assert!(letters[0].is_of_order(id) && bytes > 1_500_000, "{bytes} bytes");
    // The update of the order has the note twice, and the delete has it once more.
    shop.sql(&format!("update orders set status = 'paid' where id = {id}"));
    shop.await_that("the update is a dead letter", || shop.new_letters() == 2);
    shop.sql(&format!("delete from orders where id = {id}"));
    drop(column);
    shop.await_everything_right_with_letters(3);
    shop.clear("BEHIND-THE-NOTE");
}
