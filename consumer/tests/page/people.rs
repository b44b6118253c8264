//! Who looks at the page, how, and whose names are on it.

use orderstream::config::Role;
use serde_json::json;

use crate::flow::with_letters;
use crate::shop::apart::Apart;
use crate::shop::poison::event;
use crate::shop::topic::Sent;
use crate::{browser, tokens, watched};

#[test]
fn a_wrong_token_opens_nothing_and_a_token_that_is_taken_away_ends_its_sessions() {
    let Some(shop) = watched::shop() else { return };
    watched::sees(&shop, "logged_in_and_out", |what, _| {
        match what {
            "the token is taken away" => tokens::take_away(Role::Reveal),
            "the token is given back" => tokens::give_back(),
            other => drop(watched::nothing(other, "")),
        }
        String::new()
    });
}

#[test]
fn in_the_dark_and_with_reduced_motion_every_screen_can_be_read() {
    let Some(shop) = watched::shop() else { return };
    watched::sees(&shop, "dark_and_still", watched::nothing);
}

#[test]
fn on_a_phone_every_screen_fits_and_the_picture_is_a_list() {
    let Some(shop) = watched::shop() else { return };
    watched::sees(&shop, "on_a_phone", watched::nothing);
}

#[test]
fn all_is_done_by_the_keyboard_and_the_focus_is_never_lost() {
    let Some(mut shop) = watched::shop() else { return };
    let (_, number) = with_letters(&mut shop, "page_keyboard");
    browser::sees("by_keyboard", &watched::url(shop.process(number)), watched::nothing);
}

#[test]
fn names_that_are_markup_or_have_ten_thousand_letters_run_nothing_and_break_no_layout() {
    let Some(mut shop) = watched::shop() else { return };
    let apart = Apart::new(&shop, "page_hostile", &[]).and_customers(&shop, &[]);
    let script = "<script>alert(1)</script>";
    let [long_name, long] = [1, 3].map(|number| format!("<script>alert({number})</script>{}", "W".repeat(10_240)));
    let customer = |id: &str, name: &str| {
        let after =
            json!({ "id": id, "name": name, "email": format!("{name}@example.com"), "tier": "<i>gold</i>", "country": "<u>DE</u>" });
        let value = json!({ "before": null, "after": after, "source": {}, "op": "c" }).to_string();
        Sent { key: Some(json!({ "id": id }).to_string().into()), value: Some(value.into()), ..Sent::default() }
    };
    let ordered = |id: i64, customer: &str, product: &str, quantity: serde_json::Value| {
        let mut event = event(id);
        for (column, value) in [("customer_id", customer.into()), ("product_id", product.into()), ("quantity", quantity)] {
            event["after"][column] = value;
        }
        Sent::order(id, event.to_string())
    };
    shop.topics().send(apart.customers.as_deref().unwrap(), &[customer("<b>1</b>", script), customer(&long, &long_name)]);
    let number = watched::beside(&mut shop, &apart, &[]);
    shop.process(number).await_readiness(200, "ok");
    let records = [
        ordered(1, "<b>1</b>", "<img src=x onerror=alert(2)>", 1.into()),
        ordered(2, &long, &long, 1.into()),
        ordered(3, "<b>1</b>", script, script.into()),
    ];
    shop.topics().send(&apart.orders, &records);
    apart.await_sql("select count(*), (select count(*) from dead_letters) from results where enrichment = 'complete'", "2|1");
    browser::sees("hostile_names", &watched::url(shop.process(number)), watched::nothing);
}
