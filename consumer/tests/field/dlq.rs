//! The `dlq` commands (P7): what they say of what they did, to people and by their exit code.

use crate::shop::Shop;
use crate::shop::topic::{ORDERS, Sent};

const BROKEN: i64 = 951_000_001;

/// Sends an order that exists on the topic only and cannot be read, and returns the id of its dead letter.
fn broken(shop: &Shop, order: i64) -> String {
    shop.topics().send(ORDERS, &[Sent::order(order, "{")]);
    let letter = format!("select id from dead_letters where order_id = {order} and resolved_at is null");
    shop.await_that("the letter is in the ledger", || !shop.sql(&letter).is_empty());
    shop.sql(&letter)
}

fn resolution(shop: &Shop, id: &str) -> String {
    shop.sql(&format!("select coalesce(resolution, 'open') from dead_letters where id = '{id}'"))
}

#[test]
fn a_replay_after_which_letters_stay_open_fails_and_one_that_dealt_with_all_does_not() {
    let shop = Shop::open();
    let id = broken(&shop, BROKEN);
    let key = BROKEN.to_string();
    let replay = ["dlq", "replay", "--key", &key];
    assert!(shop.says(true, &replay).contains("Nothing was changed"));
    let text = shop.says(false, &[&replay, ["--execute"].as_slice()].concat());
    assert!(text.contains("1 refused again") && text.contains("1 stays open"), "{text}");
    let text = shop.says(false, &[&replay, ["--execute", "--max-replays", "1"].as_slice()].concat());
    assert!(text.contains("1 would be left alone") && text.contains("0 refused again") && text.contains("1 stays open"), "{text}");
    shop.sql(&format!("update dead_letters set resolved_at = now(), resolution = 'test' where id = '{id}'"));
    assert!(shop.says(true, &[&replay, ["--execute"].as_slice()].concat()).contains("replayed: 0 applied"));
}

fn resolve<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["dlq", "resolve", "--because", "corrected in the shop"], more].concat()
}

#[test]
fn a_letter_is_closed_by_hand_with_the_reason() {
    let shop = Shop::open();
    let (one, other) = (broken(&shop, BROKEN + 1), broken(&shop, BROKEN + 2));
    assert!(shop.says(false, &resolve(&["--execute"])).contains("say which letters"));
    assert!(shop.says(false, &["dlq", "resolve", &one, "--execute"]).contains("--because"));
    assert!(
        shop.says(false, &resolve(&[&one, "nothing-0-0-0", "--execute"])).contains("no open letter nothing-0-0-0; nothing was changed")
    );
    let text = shop.says(true, &resolve(&[&one]));
    assert!(text.contains("1 letter\n") && text.contains("Nothing was changed"), "{text}");
    assert_eq!(resolution(&shop, &one), "open");
    assert!(shop.says(true, &resolve(&[&one, "--execute"])).ends_with("closed: 1\n"));
    assert_eq!([&one, &other].map(|id| resolution(&shop, id)), ["by hand: corrected in the shop", "open"]);
    let shown = shop.says(true, &["dlq", "list", "--all", "--key", &(BROKEN + 1).to_string()]);
    assert!(shown.contains("by hand: corrected in the shop"), "{shown}");
    let key = (BROKEN + 2).to_string();
    assert!(shop.says(true, &resolve(&["--key", &key, "--reason", "malformed", "--execute"])).ends_with("closed: 1\n"));
    assert_eq!(resolution(&shop, &other), "by hand: corrected in the shop");
    assert!(shop.says(false, &resolve(&[&other, "--execute"])).contains("no open letter"), "it is closed already");
}
