//! Bounded work (P10): each step is bounded whatever one customer, one partition or one table has, and each statement has an index.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use chrono::Utc;
use orderstream::orders::customer::ChangedCustomer;
use orderstream::orders::row::{OrderState, ResultRow};
use orderstream::results::Results;
use orderstream::results::marked::Expansion;
use sqlx::{AssertSqlSafe, Connection};

use crate::shop::Shop;
use crate::shop::fresh::{Fresh, at, batch, put};

/// Tables that grow with the shop.
const LARGE: [&str; 5] = ["results", "deleted_orders", "due_orders", "due_customers", "dead_letters"];

/// Statements that may read a whole table, because an operator asks for them.
const OF_OPERATORS: [(&str, &str); 2] = [
    ("summary.rs LETTERS", "`orderstream status` counts letters"),
    ("summary.rs REFUSED", "`orderstream status` counts what Postgres refuses"),
];

/// One customer has half of two million orders, at the end of the table.
const MILLIONS: &str = "
insert into results (order_id, customer_id, customer_name, product_id, quantity, price, total, status, enrichment, processed_at, revision,
    customer_version, epoch, partition, \"offset\", kind, commit_lsn, lsn, source_ms)
select i, case when i > 1000000 then 'HOT' else 'C' || i % 20000 end, 'Ann', 'P', 1, 1, 1, 'pending', 'complete', now(), i, '0.0.1', 0,
    i % 4, i / 4, 'w', i, i, 1 from generate_series(1, 2000000) as i;
insert into deleted_orders (order_id, deleted_at, revision, epoch, partition, \"offset\", kind)
select i, now(), i, 0, i % 4, i, 'w' from generate_series(2000001, 3000000) as i;
insert into due_orders (order_id, partition, due_at, stamp)
select i, i % 4, now() + interval '1 hour', i from generate_series(1, 1000000) as i;
insert into due_orders (order_id, partition, due_at, stamp) select i, i % 4, now(), i from generate_series(1000001, 1004000) as i;
insert into due_customers (customer_id, partition, stamp) select 'C' || i, i % 4, i from generate_series(1, 20000) as i;
insert into dead_letters (id, epoch, topic, partition, \"offset\", order_id, reason, stage, message, dlq_topic, dlq_partition, dlq_offset,
    resolved_at, resolution)
select 'letter-' || i, 0, 'orders', i % 4, i, i, 'invalid', 'decode', '', 'letters', i % 4, i, case when i > 1000 then now() end, 'replayed'
from generate_series(1, 100000) as i;
analyze";

/// Selects what the statistics say of each large table: how often it was read as a whole, and how many rows were found by an index.
const READS: &str = "select relname::text, seq_scan, idx_tup_fetch from pg_stat_user_tables where relname = any($1) order by relname";

#[test]
fn with_two_million_rows_no_statement_reads_a_whole_table() {
    let fresh = Fresh::database("millions");
    fresh.sql(MILLIONS);
    for (name, sql) in statements().into_iter().chain(of_functions(&fresh)) {
        let plan = explain(&fresh, &sql);
        let whole =
            LARGE.iter().find(|table| plan.contains(&format!("Seq Scan on {table} ")) || plan.ends_with(&format!("Seq Scan on {table}")));
        let is_of_operators = OF_OPERATORS.iter().any(|(known, _)| *known == name);
        assert!(whole.is_none() || is_of_operators, "{name} has no index to go by:\n{plan}");
    }
    let before = reads(&fresh);
    fresh.runtime.block_on(background(&fresh.results));
    fresh.runtime.block_on(traces(&fresh.results));
    // A connection reports its statistics at its end.
    fresh.runtime.block_on(fresh.results.ledger.close());
    let all_told = || stack::wait::Attempt::when(reads(&fresh).iter().zip(&before).filter(|(now, then)| now.2 > then.2).count() >= 3);
    stack::wait::until("the statistics are told", crate::shop::PATIENCE, all_told).unwrap();
    for ((table, whole, rows), (_, whole_before, rows_before)) in reads(&fresh).into_iter().zip(before) {
        assert_eq!(whole, whole_before, "{table} was read as a whole");
        assert!(rows - rows_before < 500_000, "{} rows of {table} were read", rows - rows_before);
    }
}

/// One step of each job that runs in the background.
async fn background(results: &Results) {
    let due = results.take_due(0, 1, 2_000).await.unwrap();
    let ids: Vec<i64> = due.iter().map(|due| due.order_id).collect();
    let rows = live(results.states(&ids).await.unwrap().states);
    assert_eq!((due.len(), rows.len()), (1_000, 1_000));
    results.refresh(&rows, Utc::now()).await.unwrap();
    results.refuse_due(&due[..10].iter().map(|due| (*due, "why")).collect::<Vec<_>>()).await.unwrap();
    results.postpone_due(&due[10..20], std::time::Duration::from_secs(60)).await.unwrap();
    results.finish_due(0, &due[20..]).await.unwrap();
    results.mark_due(1, ids).await.unwrap();
    assert_eq!(results.marked_customers(&[0, 1], 500).await.unwrap().len(), 1_000);
    // No row of the customer is outdated, which is known only after a look at all of the customer's orders.
    let hot = ChangedCustomer { id: "HOT".to_owned(), version: Some("0.0.1".to_owned()) };
    for refresh in [false, true] {
        results.mark_customers(2, std::slice::from_ref(&hot), refresh).await.unwrap();
    }
    let marked = results.marked_customers(&[2], 10_000).await.unwrap();
    let hot = marked.iter().find(|marked| marked.customer_id == "HOT").unwrap();
    for _ in 0..3 {
        assert!(!results.expand(hot, Some("0.0.1"), true, Expansion::USUAL).await.unwrap().is_done);
    }
    assert!(results.expand(&marked[0], Some("0.0.2"), true, Expansion::USUAL).await.unwrap().is_done);
    assert_eq!(results.live_after(i64::MIN, 3, 5_000).await.unwrap().up_to, Some(5_000));
    assert!(results.deleted_after(i64::MIN, 3, 5_000, Utc::now()).await.unwrap().up_to.is_some());
    assert_eq!(results.newest(100).await.unwrap().len(), 100);
    results.sweep_truncate(&[0, 1, 2, 3], 2_000).await.unwrap();
    assert_eq!(results.forget_deleted(i64::MIN, 2_000, Utc::now()).await.unwrap().tombstones, 2_000);
    results.remove_closed_letters(Utc::now(), 2_000).await.unwrap();
}

/// Traces of orders with a row, with a letter, with a tombstone, of orders that were never seen, and of customers with few and with very many.
async fn traces(results: &Results) {
    let mut took = Vec::new();
    for number in 0..100 {
        for id in [number, 50_000 + number, 2_500_000 + number, 9_000_000 + number] {
            let began = Instant::now();
            results.trace_of_order(id).await.unwrap();
            took.push(began.elapsed());
        }
        for id in ["HOT".to_owned(), format!("C{number}"), format!("nobody {number}")] {
            let began = Instant::now();
            results.trace_of_customer(&id).await.unwrap();
            took.push(began.elapsed());
        }
    }
    took.sort_unstable();
    let slow = took[took.len() * 99 / 100];
    assert!(slow < Duration::from_millis(300), "the 99th percentile is {slow:?}");
}

/// The statements of the functions that are one statement each, as they stand in the database.
fn of_functions(fresh: &Fresh) -> Vec<(String, String)> {
    let bodies = "select proname::text, trim(prosrc, E' \n;') from pg_proc
        where prolang = (select oid from pg_language where lanname = 'sql') and proname ~ '_trace$|^order_history$'";
    let found: Vec<(String, String)> = fresh.runtime.block_on(async {
        let mut connection = sqlx::PgConnection::connect(&fresh.url).await.unwrap();
        sqlx::query_as(bodies).fetch_all(&mut connection).await.unwrap()
    });
    assert!(found.len() >= 3, "{found:?}");
    found
}

fn live(states: Vec<OrderState>) -> Vec<ResultRow> {
    states.into_iter().filter_map(OrderState::into_live).collect()
}

fn reads(fresh: &Fresh) -> Vec<(String, i64, i64)> {
    fresh.runtime.block_on(async {
        let mut connection = sqlx::PgConnection::connect(&fresh.url).await.unwrap();
        sqlx::query_as(READS).bind(&LARGE[..]).fetch_all(&mut connection).await.unwrap()
    })
}

/// The plan of the statement for any values. The planner uses an index if there is one that may be used.
fn explain(fresh: &Fresh, sql: &str) -> String {
    let parameters = (1..).take_while(|number| sql.contains(&format!("${number}"))).count();
    let nulls = vec!["null"; parameters].join(", ");
    let execute = if parameters == 0 { "execute s".to_owned() } else { format!("execute s({nulls})") };
    fresh.runtime.block_on(async {
        let mut connection = sqlx::PgConnection::connect(&fresh.url).await.unwrap();
        let settings = "set plan_cache_mode = force_generic_plan; set enable_seqscan = off";
        sqlx::raw_sql(AssertSqlSafe(format!("{settings}; prepare s as {sql}")))
            .execute(&mut connection)
            .await
            .unwrap_or_else(|error| panic!("{sql}: {error}"));
        let rows: Vec<String> =
            sqlx::query_scalar(AssertSqlSafe(format!("explain {execute}"))).persistent(false).fetch_all(&mut connection).await.unwrap();
        rows.join("\n")
    })
}

/// Every statement in the code of `results`, by file and name. The statements are found in the files, so that a new one is tested too.
fn statements() -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/results");
    let mut found = BTreeMap::new();
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    for path in entries.filter(|path| path.is_file()) {
        let (file, code) = (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(&path).unwrap());
        for piece in code.split("const ").skip(1) {
            let Some((name, rest)) = piece.split_once(": &str =") else { continue };
            let text = rest.trim_start();
            let (start, text) = match text.strip_prefix("ledger::fence!(") {
                Some(returned) => (ledger::fence!(""), returned.trim_start()),
                None => ("", text),
            };
            let Some(text) = text.strip_prefix('"') else { continue };
            let text = text.replace("\\\"", "\u{1}").replace("\\\n", "\n");
            let sql = start.to_owned() + text.split('"').next().unwrap().replace('\u{1}', "\"").trim();
            if ["select", "insert", "update", "delete", "with"].iter().any(|verb| sql.starts_with(verb)) && sql.contains(' ') {
                found.insert(format!("{file} {name}"), sql);
            }
        }
    }
    assert!(found.len() > 30, "only {} statements were found", found.len());
    found
}

#[test]
fn the_orders_of_a_customer_with_very_many_are_put_on_the_list_in_steps_and_each_once() {
    let fresh = Fresh::database("steps");
    orders_of_one_customer(&fresh, 40);
    let step = Expansion { few: 10, rows: 7 };
    fresh.runtime.block_on(async {
        fresh.results.mark_customers(0, &[changed("0.0.2")], true).await.unwrap();
        let marked = fresh.results.marked_customers(&[0], 10).await.unwrap().remove(0);
        let mut put = Vec::new();
        loop {
            let expanded = fresh.results.expand(&marked, Some("0.0.2"), true, step).await.unwrap();
            put.push(expanded.put);
            if expanded.is_done {
                break;
            }
        }
        assert_eq!(put, [0, 7, 7, 7, 7, 7, 5]);
    });
    assert_eq!(fresh.number("select count(*) from due_customers"), 0);
}

#[test]
fn a_customer_who_changes_while_the_orders_are_looked_through_is_looked_through_once_around() {
    let fresh = Fresh::database("around");
    orders_of_one_customer(&fresh, 40);
    let step = Expansion { few: 10, rows: 7 };
    fresh.runtime.block_on(async {
        let results = &fresh.results;
        results.mark_customers(0, &[changed("0.0.2")], true).await.unwrap();
        let first = results.marked_customers(&[0], 10).await.unwrap().remove(0);
        for _ in 0..4 {
            results.expand(&first, Some("0.0.2"), true, step).await.unwrap();
        }
        results.mark_customers(0, &[changed("0.0.3")], true).await.unwrap();
        let second = results.marked_customers(&[0], 10).await.unwrap().remove(0);
        assert!(results.expand(&first, Some("0.0.2"), true, step).await.unwrap().is_done, "the later mark counts");
        let mut put = 0;
        loop {
            let expanded = results.expand(&second, Some("0.0.3"), true, step).await.unwrap();
            put += expanded.put;
            if expanded.is_done {
                break;
            }
        }
        assert_eq!(put, 40);
    });
    assert_eq!(fresh.number("select count(*) from due_customers"), 0);
}

fn orders_of_one_customer(fresh: &Fresh, orders: i64) {
    let claim = fresh.claim(0);
    let puts = (0..orders).map(|id| put(id, 1, at(0, id, 10 + id))).collect();
    fresh.apply(&claim, &batch(0, orders, puts, vec![])).unwrap();
}

fn changed(version: &str) -> ChangedCustomer {
    ChangedCustomer { id: "C1".to_owned(), version: Some(version.to_owned()) }
}

const SLOW: &str = "
create function slow_mark() returns trigger language plpgsql as $$ begin perform pg_sleep(0.2); return new; end $$;
create trigger slow_mark before insert on due_customers for each row execute function slow_mark()";
const FAST: &str = "drop trigger if exists slow_mark on due_customers; drop function if exists slow_mark";

#[test]
fn a_batch_of_customers_that_takes_too_long_is_halved() {
    let shop = Shop::with(&[("DATABASE_STATEMENT_TIMEOUT_MS", "1000"), ("DATABASE_LOCK_TIMEOUT_MS", "500")]);
    shop.sql(
        "insert into customers (id, name, email, tier, country)
         select 'SLOW' || i, 'Sam Slow', 's@example.com', 'gold', 'DE' from generate_series(1, 40) as i",
    );
    shop.sql(
        "insert into orders (customer_id, product_id, quantity, price) select 'SLOW' || i, 'SLOW', 1, 1 from generate_series(1, 40) as i",
    );
    shop.await_everything_right();
    shop.sql(FAST);
    shop.sql(SLOW);
    // Rows that are complete follow their customer only through the mark, which takes long here.
    shop.sql("update customers set name = 'Sam Slower' where id like 'SLOW%'");
    let look = || {
        stack::wait::Attempt::when(
            shop.sql("select count(*) from results where product_id = 'SLOW' and customer_name = 'Sam Slower'") == "40",
        )
    };
    let outcome = stack::wait::until("all rows follow their customers", crate::shop::PATIENCE, look);
    shop.sql(FAST);
    outcome.unwrap();
    shop.await_everything_right();
    shop.clear("SLOW");
}
