//! What the shop does: random statements, each transaction as one text.

use fastrand::Rng;

/// Whatever is called so may be found in no log, no metric and no header (P11).
pub(crate) const PLANTED_NAME: &str = "Plantagenet";
/// The same for addresses.
pub(crate) const PLANTED_DOMAIN: &str = "planted.example";

const CUSTOMERS: u32 = 60;
const STATUSES: [&str; 4] = ["pending", "paid", "shipped", "returned"];

/// Before a round: every third of the old orders stays, so that a hundred rounds are as quick as one.
pub(crate) const CLEAR: &str = "delete from orders where id % 3 > 0";

/// One transaction of the shop. Ids are chosen among the newest up to `newest`; whether there is such an order decides Postgres.
pub(crate) fn transaction(rng: &mut Rng, newest: i64) -> String {
    match rng.u8(0..100) {
        0..=24 => insert(rng),
        25..=49 => update(rng, newest),
        50..=57 => delete(rng, newest),
        58..=62 => move_order(rng, newest),
        63..=77 => customer(rng),
        78..=89 => many(rng, newest),
        90..=94 => format!("begin; {}; rollback", body(rng, newest)),
        95..=96 => burst(rng),
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
        "insert into orders (customer_id, product_id, quantity, price) values ('{customer}', 'PROD{product}', {quantity}, {euros}.{cents:02})"
    )
}

fn update(rng: &mut Rng, newest: i64) -> String {
    let id = order_id(rng, newest);
    match rng.u8(0..4) {
        0 => format!("update orders set quantity = {} where id = {id}", rng.u16(0..500)),
        1 => format!("update orders set price = {}.{:02} where id = {id}", rng.u16(0..5_000), rng.u8(0..100)),
        2 => format!("update orders set customer_id = '{}' where id = {id}", customer_id(rng)),
        _ => format!("update orders set status = '{}' where id = {id}", STATUSES[rng.usize(0..STATUSES.len())]),
    }
}

fn delete(rng: &mut Rng, newest: i64) -> String {
    format!("delete from orders where id = {}", order_id(rng, newest))
}

/// A new number for the order; now and then one that a deleted order had.
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
        0..=6 => put_customer(rng),
        7..=8 => format!("delete from customers where id = '{}'", customer_id(rng)),
        _ => {
            let (from, to) = (customer_id(rng), customer_id(rng));
            format!("update customers set id = '{to}' where id = '{from}' and not exists (select from customers where id = '{to}')")
        }
    }
}

fn put_customer(rng: &mut Rng) -> String {
    let (id, number) = (customer_id(rng), rng.u32(0..1_000_000));
    let tier = ["'gold'", "'silver'", "null"][rng.usize(0..3)];
    format!(
        "insert into customers (id, name, email, tier, country)
         values ('{id}', '{PLANTED_NAME} {number}', 'p{number}@{PLANTED_DOMAIN}', {tier}, 'DE')
         on conflict (id) do update set name = excluded.name, email = excluded.email, tier = excluded.tier"
    )
}

/// Many orders at once.
fn burst(rng: &mut Rng) -> String {
    let (count, quantity) = (rng.u16(50..400), rng.u16(0..500));
    format!(
        "insert into orders (customer_id, product_id, quantity, price)
         select 'CHAOS' || i % {CUSTOMERS}, 'BURST', {quantity}, i % 1000 + 0.99 from generate_series(1, {count}) as i"
    )
}

/// Many changes by one statement: they have one commit, and most of them neighbouring positions in the log.
fn sweep(rng: &mut Rng, newest: i64) -> String {
    let (from, modulus) = (newest - 600, rng.u8(2..9));
    let range = format!("where id > {from} and id % {modulus} = 0");
    if rng.u8(0..5) == 0 {
        return format!("delete from orders {range}");
    }
    format!("update orders set quantity = quantity + 1, status = 'paid' {range}")
}

/// One of sixty, most of whom come after their first order.
fn customer_id(rng: &mut Rng) -> String {
    format!("CHAOS{}", rng.u32(0..CUSTOMERS))
}

fn order_id(rng: &mut Rng, newest: i64) -> i64 {
    let oldest = if rng.u8(0..10) == 0 { 1 } else { (newest - 300).max(1) };
    rng.i64(oldest..=newest.max(oldest))
}
