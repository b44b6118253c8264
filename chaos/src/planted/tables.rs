//! Violations planted in Postgres: rows changed by hand in the ledger, in `results`, in what is to be repaired, and in the dead letters.

use anyhow::Result;

use super::{Outcome, Violation, look, try_out};
use crate::checks::history::{self, TRAIL};
use crate::checks::{Finding, Read, ledger, letters, reconcile, results, secrets};
use crate::world::World;

/// A violation in a table, and the statement that makes the violation.
struct Row {
    table: &'static str,
    violation: Violation,
    sql: &'static str,
}

const fn row(table: &'static str, promise: &'static str, what: &'static str, says: &'static str, sql: &'static str) -> Row {
    Row { table, violation: Violation { what, promise, says }, sql }
}

/// A table that the checks cannot read is as bad as a table that is wrong.
const UNREADABLE: Violation = Violation { what: "a table that cannot be read", promise: "the checks", says: "" };
const TABLES: [&str; 7] = ["consumer_offsets", "results", "results_history", "due_customers", "due_orders", "truncates", "dead_letters"];

/// Views of the ledger's row of the partition with the planted order, of the ledger's rows of the partitions with customers, and of the
/// order that was refused.
const VIEWS: &str = "
create view planted.orders as select * from consumer_offsets
where topic = 'shop.public.orders' and partition in (select partition from results where product_id = 'PLANT');
create view planted.customers as select * from consumer_offsets where topic = 'shop.public.customers' and applied > 0;
create view planted.corrected as select order_id from results where customer_id = 'PLANT' and product_id = 'CORRECTED'";

const ORDERS: &str = "shop.public.orders/";
const CUSTOMERS: &str = "shop.public.customers/";

const LEDGER: [Row; 7] = [
    row("consumer_offsets", "P1", "an order's fate too many", ORDERS, "update planted.orders set applied = applied + 1"),
    row("consumer_offsets", "P1", "fates of customers too many", CUSTOMERS, "update planted.customers set ignored = ignored + next_offset"),
    row("consumer_offsets", "P1", "an order without a fate", ORDERS, "update planted.orders set applied = applied - 1"),
    row(
        "consumer_offsets",
        "P1",
        "a dead letter counted that is none",
        ORDERS,
        "update planted.orders set applied = applied - 1, dead_lettered = dead_lettered + 1",
    ),
    row("consumer_offsets", "P1", "a record passed over", ORDERS, "update planted.orders set next_offset = next_offset + 1"),
    row("consumer_offsets", "P1", "a partition without a row", "the ledger has None", "delete from planted.orders"),
    row(
        "consumer_offsets",
        "P1",
        "fates of a partition without records",
        "shop.public.orders/99: read no record",
        r#"insert into consumer_offsets select (jsonb_populate_record(o, '{"partition": 99}')).* from planted.orders as o"#,
    ),
];

const RESULTS: [Row; 7] = [
    row("results", "P2", "a value of a row changed", "found|", CHANGE_RESULT),
    row(
        "results",
        "P2",
        "a customer's value of a row changed",
        "found|",
        "update results set customer_name = 'Other' where product_id = 'PLANT'",
    ),
    row("results", "P2", "a row missing", "1 differences, such as\n    expected|", "delete from results where product_id = 'PLANT'"),
    row(
        "results",
        "P2",
        "a row too many",
        "1 differences, such as\n    found|",
        r#"insert into results select (jsonb_populate_record(r, '{"order_id": 2000000000}')).* from results as r where product_id = 'PLANT'"#,
    ),
    row(
        "due_customers",
        "P2",
        "a customer marked",
        "still to be repaired: the mark of customer PLANT",
        "insert into due_customers (customer_id, partition, stamp) values ('PLANT', 0, 0)",
    ),
    row(
        "due_orders",
        "P2",
        "an order due",
        "still to be repaired: order ",
        "insert into due_orders (order_id, partition, due_at, stamp) select order_id, partition, now(), 0 from results where product_id = 'PLANT'",
    ),
    row(
        "truncates",
        "P2",
        "a truncate not swept",
        "still to be repaired: a truncate",
        r#"insert into truncates (epoch, partition, "offset", lsn, swept_to) values (-1, 0, 0, 0, 0)"#,
    ),
];

const HISTORY: [Row; 4] = [
    row(
        "results_history",
        TRAIL,
        "a line with another value",
        "the lines say",
        r#"update results_history set changed = changed || '{"quantity": 77777}'
           where order_id = (select order_id from results where product_id = 'PLANT') and op = 'i'"#,
    ),
    row(
        "results_history",
        TRAIL,
        "a row without its beginning",
        "after nothing",
        "delete from results_history h using results r where h.order_id = r.order_id and r.product_id = 'CORRECTED' and h.op = 'i'",
    ),
    row("results_history", TRAIL, "a row without any line", "the last line is absent", "delete from results_history where order_id = (select order_id from results where product_id = 'PLANT')"),
    row(
        "results_history",
        TRAIL,
        "a delete that was none",
        "the last line is d",
        "insert into results_history select order_id, revision, now(), 'd', 'hand', epoch, partition, \"offset\", kind, commit_lsn, lsn, source_ms,
         customer_version, enrichment, '{}' from results where product_id = 'PLANT'",
    ),
];

const CHANGE_RESULT: &str = "update results set quantity = quantity + 1 where product_id = 'PLANT'";

const LETTERS: [Row; 5] = [
    row(
        "dead_letters",
        "P7",
        "a dead letter that nobody deserves",
        "is a dead letter and deserves none",
        r#"insert into dead_letters
           select (jsonb_populate_record(l, '{"id": "planted", "partition": 0, "offset": 2000000000}')).* from dead_letters as l limit 1"#,
    ),
    row(
        "dead_letters",
        "P7",
        "a dead letter without a row",
        "is no dead letter",
        "delete from dead_letters where id = (select min(id) from planted.poison)",
    ),
    row(
        "dead_letters",
        "P7",
        "a dead letter that is not on the topic",
        "is not on the topic",
        "update dead_letters set dlq_offset = 2000000000 where id = (select min(id) from planted.poison)",
    ),
    row(
        "dead_letters",
        "P7",
        "a dead letter that is another record",
        "is not the record",
        "update dead_letters as l set dlq_partition = o.dlq_partition, dlq_offset = o.dlq_offset from dead_letters as o
         where l.id = (select min(id) from planted.poison) and o.id = (select max(id) from planted.poison)",
    ),
    row(
        "dead_letters",
        "P7",
        "an open letter of an order that was corrected",
        "is open, and its order was corrected",
        "update dead_letters set resolved_at = null, resolution = null where order_id = (select order_id from planted.corrected)",
    ),
];

const MESSAGE: Row = row(
    "dead_letters",
    "P11",
    "a name in a dead letter's message",
    "dead_letters has a customer's data",
    "update dead_letters set message = message || ' Plantagenet' where id = (select min(id) from planted.poison)",
);

/// Plants all of these violations, one at a time.
pub(super) fn plant(world: &World, read: &mut Read, outcome: &mut Outcome) -> Result<()> {
    keep(world, read)?;
    plant_each(world, read, outcome, &LEDGER, ledger::differences)?;
    plant_each(world, read, outcome, &RESULTS, |world, _| results::differences(world))?;
    plant_each(world, read, outcome, &HISTORY, |world, _| history::differences(world))?;
    plant_each(world, read, outcome, &LETTERS, letters::differences)?;
    plant_each(world, read, outcome, &[MESSAGE], secrets::found)?;
    let alone = Violation { what: "a value of a row changed, for reconcile alone", promise: "P2", says: "orderstream reconcile: " };
    try_out(outcome, &alone, || change(world, CHANGE_RESULT), || restore(world, "results"), || reconcile::differences(world, 1))?;
    try_out(
        outcome,
        &UNREADABLE,
        || change(world, "alter table due_orders rename to away"),
        || change(world, "alter table away rename to due_orders"),
        || Ok(look(world, read)),
    )?;
    change(world, "drop schema planted cascade")
}

/// Plants each violation of `rows`. The first has to be found by the look at everything, and the others by their check alone, which is
/// quicker.
fn plant_each(
    world: &World,
    read: &mut Read,
    outcome: &mut Outcome,
    rows: &[Row],
    check: impl Fn(&World, &Read) -> Result<Vec<Finding>>,
) -> Result<()> {
    for (number, Row { table, violation, sql }) in rows.iter().enumerate() {
        let found = || if number == 0 { Ok(look(world, read)) } else { check(world, read) };
        try_out(outcome, violation, || change(world, sql), || restore(world, table), found)?;
    }
    outcome.expect_nothing(&format!("after this and the like was taken back: {}", rows[0].violation.what), &look(world, read));
    Ok(())
}

/// Copies the tables, so that each violation can be taken back from the copies.
fn keep(world: &World, read: &Read) -> Result<()> {
    change(world, "create schema planted")?;
    TABLES.iter().try_for_each(|table| change(world, &format!("create table planted.{table} as table {table}")))?;
    let poison: Vec<String> = read.deserved().collect();
    change(world, &format!("create table planted.poison as select unnest('{{{}}}'::text[]) as id", poison.join(",")))?;
    change(world, VIEWS)
}

fn restore(world: &World, table: &str) -> Result<()> {
    change(world, &format!("begin; truncate {table}; insert into {table} select * from planted.{table}; commit"))
}

/// Changes something without any trigger: the history does not know of it.
fn change(world: &World, sql: &str) -> Result<()> {
    world.stack.psql(&format!("set session_replication_role = replica; {sql}")).map(drop)
}
