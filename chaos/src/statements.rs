//! The SQL of the shop: random statements, each transaction as one text.

use fastrand::Rng;

use crate::world::REFUSED_PRODUCT;

/// The name of every customer. No log, no metric and no header may have it (P11).
pub(crate) const PLANTED_NAME: &str = "Plantagenet";
/// The beginning of every customer's id, which likewise may be in no log, no metric and no header.
pub(crate) const PLANTED_ID: &str = "CHAOS";
/// The domain of every e-mail address, which likewise may be in no log, no metric and no header.
pub(crate) const PLANTED_DOMAIN: &str = "planted.example";

/// Session settings for what is done to the database from outside: no restriction of the database holds the statements up, and they wait
/// for the shop's long transactions.
pub(crate) const FROM_OUTSIDE: &str =
    "set default_transaction_read_only = off; set default_transaction_isolation = 'read committed'; set lock_timeout = '12s'";

const CUSTOMERS: u32 = 60;
/// A customer who has thousands of orders after a few rounds, so that a change of the customer changes all of their rows.
const HOT_CUSTOMER: &str = "CHAOS0";
const STATUSES: [&str; 4] = ["pending", "paid", "shipped", "returned"];

/// Before a round: every third of the old orders stays, so that a hundred rounds are as quick as one.
pub(crate) const CLEAR: &str = "delete from orders where id % 3 > 0";

/// At the end of a round the shop corrects the orders that were refused, so that their dead letters are resolved and their rows are right.
pub(crate) const CORRECT: &str = "update orders set product_id = 'CORRECTED' where product_id = 'REFUSED'";

/// One transaction of the shop. Ids are chosen among the newest up to `newest`; an order of the chosen id need not exist.
pub(crate) fn transaction(rng: &mut Rng, newest: i64) -> String {
    match rng.u8(0..100) {
        0..=24 => insert(rng),
        25..=49 => update(rng, newest),
        50..=57 => delete(rng, newest),
        58..=62 => move_order(rng, newest),
        63..=77 => customer(rng),
        78..=87 => many(rng, newest),
        88..=91 => format!("begin; {}; rollback", body(rng, newest)),
        92 => refuse(rng, newest),
        93..=94 => burst(rng),
        95..=96 => copy(rng),
        _ => sweep(rng, newest),
    }
}

/// The beginning of a transaction that stays open for a while.
pub(crate) fn long_transaction(rng: &mut Rng, newest: i64) -> String {
    format!("begin; {}", body(rng, newest))
}

fn many(rng: &mut Rng, newest: i64) -> String {
    format!("begin; {}; commit", body(rng, newest))
}

fn body(rng: &mut Rng, newest: i64) -> String {
    let statements = (0..rng.u8(2..8)).map(|_| match rng.u8(0..10) {
        0..=2 => insert(rng),
        3..=6 => update(rng, newest),
        7 => delete(rng, newest),
        8 => move_order(rng, newest),
        _ => put_customer(rng),
    });
    statements.collect::<Vec<_>>().join("; ")
}

fn insert(rng: &mut Rng) -> String {
    let (customer, product, quantity) = (customer_id(rng), rng.u8(0..20), rng.u16(0..500));
    let (euros, cents) = (rng.u32(0..100_000), rng.u8(0..100));
    format!(
        "insert into orders (customer_id, product_id, quantity, price) values ({customer}, 'PROD{product}', {quantity}, {euros}.{cents:02})"
    )
}

fn update(rng: &mut Rng, newest: i64) -> String {
    let id = order_id(rng, newest);
    match rng.u8(0..5) {
        0 => format!("update orders set quantity = {} where id = {id}", rng.u16(0..500)),
        1 => format!("update orders set price = {}.{:02} where id = {id}", rng.u16(0..5_000), rng.u8(0..100)),
        2 => format!("update orders set customer_id = {} where id = {id}", customer_id(rng)),
        // The product is a part of the message key where the round's setting has composite keys.
        3 => format!("update orders set product_id = 'PROD{}' where id = {id}", rng.u8(0..20)),
        _ => format!("update orders set status = '{}' where id = {id}", STATUSES[rng.usize(0..STATUSES.len())]),
    }
}

fn delete(rng: &mut Rng, newest: i64) -> String {
    format!("delete from orders where id = {}", order_id(rng, newest))
}

/// Gives the order a new id; now and then one that a deleted order had.
fn move_order(rng: &mut Rng, newest: i64) -> String {
    let id = order_id(rng, newest);
    if rng.u8(0..4) > 0 {
        return format!("update orders set id = nextval('orders_id_seq') where id = {id}");
    }
    let free = order_id(rng, newest);
    format!("update orders set id = {free} where id = {id} and not exists (select from orders where id = {free})")
}

fn customer(rng: &mut Rng) -> String {
    match rng.u8(0..10) {
        0..=5 => put_customer(rng),
        6 => format!("update customers set name = '{PLANTED_NAME} {}' where id = '{HOT_CUSTOMER}'", rng.u32(0..1_000_000)),
        7..=8 => format!("delete from customers where id = {}", one_customer(rng)),
        _ => {
            let (from, to) = (one_customer(rng), one_customer(rng));
            format!("update customers set id = {to} where id = {from} and not exists (select from customers where id = {to})")
        }
    }
}

fn put_customer(rng: &mut Rng) -> String {
    let (id, number) = (one_customer(rng), rng.u32(0..1_000_000));
    let tier = ["'gold'", "'silver'", "null"][rng.usize(0..3)];
    format!(
        "insert into customers (id, name, email, tier, country)
         values ({id}, '{PLANTED_NAME} {number}', 'p{number}@{PLANTED_DOMAIN}', {tier}, 'DE')
         on conflict (id) do update set name = excluded.name, email = excluded.email, tier = excluded.tier"
    )
}

/// Inserts many orders at once.
fn burst(rng: &mut Rng) -> String {
    let (count, quantity) = (rng.u16(50..400), rng.u16(0..500));
    format!(
        "insert into orders (customer_id, product_id, quantity, price)
         select 'CHAOS' || i % {CUSTOMERS}, 'BURST', {quantity}, i % 1000 + 0.99 from generate_series(1, {count}) as i"
    )
}

/// Loads many orders at once with `copy`: Postgres writes many rows in one record of its log, and these rows share a position.
fn copy(rng: &mut Rng) -> String {
    let (count, quantity) = (rng.u16(50..400), rng.u16(0..500));
    let rows = format!(r#"seq {count} | awk '{{ print "CHAOS" $1 % {CUSTOMERS} "\tCOPIED\t{quantity}\t" $1 ".99" }}'"#);
    format!("copy orders (customer_id, product_id, quantity, price) from program $${rows}$$")
}

/// Changes an order so that an operator's constraint refuses its row. The order has a dead letter until the shop corrects it ([`CORRECT`]).
fn refuse(rng: &mut Rng, newest: i64) -> String {
    format!("update orders set product_id = '{REFUSED_PRODUCT}' where id = {}", order_id(rng, newest))
}

/// Changes many orders by one statement: all changes have one commit, and most of them have neighbouring positions in the log.
fn sweep(rng: &mut Rng, newest: i64) -> String {
    let (from, modulus) = (newest - 600, rng.u8(2..9));
    let range = format!("where id > {from} and id % {modulus} = 0");
    if rng.u8(0..5) == 0 {
        return format!("delete from orders {range}");
    }
    format!("update orders set quantity = quantity + 1, status = 'paid' {range}")
}

/// Chooses the customer of an order: often the hot customer, now and then null, which makes the order a guest's.
fn customer_id(rng: &mut Rng) -> String {
    match rng.u8(0..12) {
        0 => "null".to_owned(),
        1..=2 => format!("'{HOT_CUSTOMER}'"),
        _ => one_customer(rng),
    }
}

/// Chooses one of sixty customers, most of whom are inserted after their first order.
fn one_customer(rng: &mut Rng) -> String {
    format!("'{PLANTED_ID}{}'", rng.u32(0..CUSTOMERS))
}

fn order_id(rng: &mut Rng, newest: i64) -> i64 {
    let oldest = if rng.u8(0..10) == 0 { 1 } else { (newest - 300).max(1) };
    rng.i64(oldest..=newest.max(oldest))
}
