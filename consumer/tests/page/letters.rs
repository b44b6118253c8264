//! Letters and traces, on the page.

use crate::flow::with_letters;
use crate::{browser, watched};

#[test]
fn letters_are_listed_and_shown_and_their_payload_needs_the_role_reveal() {
    let Some(mut shop) = watched::shop() else { return };
    let (_, number) = with_letters(&mut shop, "page_letters");
    browser::sees("letters_read", &watched::url(shop.process(number)), watched::nothing);
}

#[test]
fn an_order_and_a_customer_are_traced_and_no_id_of_a_customer_stands_in_an_address_or_a_title() {
    let Some(shop) = watched::shop() else { return };
    watched::sees(&shop, "traced", |what, _| match what {
        "an order has come" => {
            let id = shop.order("CUST005", 7, "19.99");
            shop.await_sql(&format!("select enrichment from results where order_id = {id}"), "complete");
            shop.await_redis_equality();
            format!("{id} {}", 988_000_000)
        }
        other => watched::nothing(other, ""),
    });
}
