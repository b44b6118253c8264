//! P8: Redis may lose anything at any time. The process notices the loss and rebuilds Redis without being asked, and no customer becomes
//! missing meanwhile.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use stack::wait::{Attempt, until};

use crate::shop::topic::Sent;
use crate::shop::{PATIENCE, Shop, poison};

/// Notes every row that is written as `missing` although the shop has its customer.
const WATCH: &str = "
create table wrongly_missing (order_id bigint);
create function note_wrongly_missing() returns trigger language plpgsql security definer as $$
begin
    insert into wrongly_missing select new.order_id from customers where id = new.customer_id;
    return new;
end
$$;
create trigger wrongly_missing before insert or update on results for each row when (new.enrichment = 'missing')
execute function note_wrongly_missing()";

fn watch(shop: &Shop) {
    unwatch(shop);
    shop.sql(WATCH);
}

fn unwatch(shop: &Shop) {
    shop.sql("drop trigger if exists wrongly_missing on results; drop table if exists wrongly_missing; drop function if exists note_wrongly_missing");
}

fn nobody_was_wrongly_missing(shop: &Shop) {
    assert_eq!(shop.sql("select * from wrongly_missing limit 3"), "");
    unwatch(shop);
}

fn redis_data(shop: &Shop) -> std::path::PathBuf {
    shop.stack().folder().join("redis")
}

fn copy(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap().success());
}

#[test]
fn after_flushall_customers_and_orders_come_back_and_nobody_becomes_missing() {
    let shop = Shop::open();
    shop.orders("FLUSHED", 500);
    shop.await_everything_right();
    watch(&shop);
    shop.redis_command("FLUSHALL");
    // The orders are of customers that Redis does not have at this moment.
    shop.orders("FLUSHED", 500);
    shop.await_sql("select count(*) from results where product_id = 'FLUSHED' and enrichment = 'complete'", "1000");
    shop.await_everything_right();
    nobody_was_wrongly_missing(&shop);
    shop.clear("FLUSHED");
}

#[test]
fn after_flushall_the_newest_orders_come_back_although_no_row_changes_and_the_sweep_has_nothing_to_do() {
    let shop = Shop::open();
    let nobodys = shop.sql("update orders set customer_id = 'CUST001' where customer_id = 'CUST999' returning id");
    shop.await_everything_right();
    shop.await_sql("select count(*) from due_orders where due_at <= now()", "0");
    shop.redis_command("FLUSHALL");
    shop.await_everything_right();
    for id in nobodys.lines() {
        shop.sql(&format!("update orders set customer_id = 'CUST999' where id = {id}"));
    }
    shop.await_everything_right();
}

#[test]
fn flushall_again_and_again_in_a_burst_is_made_good() {
    let shop = Shop::open();
    watch(&shop);
    for _ in 0..5 {
        shop.orders("FLUSHES", 400);
        shop.sql("update orders set status = 'paid' where product_id = 'FLUSHES' and id % 7 = 0");
        shop.sql("update customers set tier = case tier when 'gold' then 'silver' else 'gold' end where id in ('CUST001', 'CUST002')");
        shop.redis_command("FLUSHALL");
    }
    shop.await_everything_right();
    nobody_was_wrongly_missing(&shop);
    shop.clear("FLUSHES");
}

#[test]
fn a_redis_that_comes_back_empty_is_filled_again() {
    let shop = Shop::open();
    shop.orders("EMPTY", 200);
    shop.await_everything_right();
    watch(&shop);
    shop.stack().redis().kill();
    shop.orders("EMPTY", 200);
    shop.await_sql("select count(*) from results where product_id = 'EMPTY'", "400");
    fs::remove_dir_all(redis_data(&shop)).unwrap();
    fs::create_dir(redis_data(&shop)).unwrap();
    shop.stack().redis().start().unwrap();
    shop.await_everything_right();
    nobody_was_wrongly_missing(&shop);
}

#[test]
fn a_redis_that_comes_back_without_its_last_minutes_catches_up() {
    let shop = Shop::open();
    shop.customer("TAIL1", "Tim Before");
    let old = shop.order("TAIL1", 1, "1.00");
    let deleted = shop.order("TAIL1", 2, "1.00");
    shop.await_everything_right();
    let copy_of_data = shop.stack().folder().join("redis-before");
    shop.stack().redis().stop().unwrap();
    copy(&redis_data(&shop), &copy_of_data);
    shop.stack().redis().start().unwrap();
    watch(&shop);
    shop.customer("TAIL1", "Tim After");
    shop.customer("TAIL2", "Tina New");
    shop.await_customer("TAIL2", "Tina New");
    shop.sql(&format!("update orders set quantity = 5 where id = {old}; delete from orders where id = {deleted}"));
    let new = shop.order("TAIL2", 1, "1.00");
    shop.await_everything_right();
    shop.stack().redis().kill();
    fs::remove_dir_all(redis_data(&shop)).unwrap();
    fs::rename(&copy_of_data, redis_data(&shop)).unwrap();
    shop.stack().redis().start().unwrap();
    shop.await_hash_field(old, "quantity", "5");
    shop.await_hash_field(new, "customer_name", "Tina New");
    shop.await_tombstone(deleted);
    let next = shop.order("TAIL1", 3, "1.00");
    shop.await_hash_field(next, "customer_name", "Tim After");
    shop.await_everything_right();
    nobody_was_wrongly_missing(&shop);
}

#[test]
fn hashes_that_only_a_sweep_wrote_come_back_after_redis_has_lost_its_tail() {
    let shop = Shop::open();
    let id = shop.order("SWEPT1", 1, "1.00");
    shop.await_hash_field(id, "enrichment", "missing");
    shop.await_everything_right();
    let copy_of_data = shop.stack().folder().join("redis-before");
    shop.stack().redis().stop().unwrap();
    copy(&redis_data(&shop), &copy_of_data);
    shop.stack().redis().start().unwrap();
    // No event of the order comes, so the row and its hash follow the customer through the sweep alone.
    shop.customer("SWEPT1", "Sue Swept");
    shop.await_hash_field(id, "customer_name", "Sue Swept");
    shop.await_everything_right();
    shop.await_sql(&format!("select count(*) from due_orders where order_id = {id}"), "0");
    shop.stack().redis().kill();
    fs::remove_dir_all(redis_data(&shop)).unwrap();
    fs::rename(&copy_of_data, redis_data(&shop)).unwrap();
    shop.stack().redis().start().unwrap();
    assert_eq!(shop.hash(id)["enrichment"], "missing", "it was not lost: this test shows nothing");
    shop.await_hash_field(id, "customer_name", "Sue Swept");
    shop.await_everything_right();
}

#[test]
fn an_order_deleted_while_redis_is_away_loses_its_hash_afterwards() {
    let shop = Shop::open();
    let id = shop.order("CUST003", 1, "1.00");
    shop.await_hash_field(id, "total", "1.00");
    shop.await_everything_right();
    shop.stack().redis().stop().unwrap();
    shop.sql(&format!("delete from orders where id = {id}"));
    shop.await_sql(&format!("select count(*) from results where order_id = {id}"), "0");
    shop.stack().redis().start().unwrap();
    shop.await_tombstone(id);
    shop.await_everything_right();
}

#[test]
fn a_redis_emptied_while_no_process_runs_is_noticed_at_the_start() {
    let mut shop = Shop::open();
    shop.orders("NOBODY", 100);
    shop.await_everything_right();
    watch(&shop);
    shop.kill(0);
    shop.redis_command("FLUSHALL");
    shop.orders("NOBODY", 100);
    shop.start_another(&[]);
    shop.await_everything_right();
    nobody_was_wrongly_missing(&shop);
}

#[test]
fn a_redis_that_is_restarted_while_it_is_made_whole_is_whole_in_the_end() {
    let shop = Shop::open();
    shop.orders("AGAIN", 6_000);
    shop.await_everything_right();
    watch(&shop);
    let rows = shop.number("select count(*) from results");
    shop.redis_command("FLUSHALL");
    for keeps_its_file in [false, true] {
        // The loop does not pause between two looks, because the middle of a rebuild is short.
        let (began, hashes) = (Instant::now(), || redis::cmd("DBSIZE").query::<i64>(&mut shop.redis().unwrap()).unwrap());
        while hashes() < rows / 10 {
            assert!(began.elapsed() < PATIENCE, "nobody makes Redis whole");
        }
        let written = hashes();
        shop.stack().redis().kill();
        assert!(written < rows, "{written} hashes of {rows} rows: it was through, this test shows nothing");
        if !keeps_its_file {
            fs::remove_dir_all(redis_data(&shop)).unwrap();
            fs::create_dir(redis_data(&shop)).unwrap();
        }
        shop.stack().redis().start().unwrap();
    }
    shop.orders("AGAIN", 100);
    shop.await_everything_right();
    nobody_was_wrongly_missing(&shop);
    shop.clear("AGAIN");
}

#[test]
fn a_process_killed_while_it_makes_redis_whole_leaves_the_rest_to_the_next() {
    let mut shop = Shop::open();
    shop.orders("HALF", 3_000);
    shop.await_everything_right();
    watch(&shop);
    shop.redis_command("FLUSHALL");
    let keys = || redis::cmd("DBSIZE").query::<i64>(&mut shop.redis().unwrap()).unwrap();
    until("Redis is being made whole", PATIENCE, || Attempt::when(keys() > 50)).unwrap();
    shop.kill(0);
    shop.start_another(&[]);
    shop.await_everything_right();
    nobody_was_wrongly_missing(&shop);
    shop.clear("HALF");
}

#[test]
fn a_partition_that_moves_before_its_first_record_is_no_loss_of_redis() {
    const TOPIC: &str = "moved.public.orders";
    let mut shop = Shop::closed();
    shop.stack().create_topic(TOPIC, 1, &[]).unwrap();
    let orders: Vec<Sent> = (1..=3).map(|id| Sent::order(id, poison::event(id).to_string())).collect();
    shop.topics().send(TOPIC, &orders);
    shop.sql("drop database if exists moved with (force)");
    shop.sql("create database moved");
    let database = shop.stack().database_url().replace("/orders", "/moved");
    let redis = format!("{}/4", shop.stack().redis_url());
    let settings =
        [("DATABASE_URL", database.as_str()), ("REDIS_URL", redis.as_str()), ("KAFKA_ORDERS_TOPIC", TOPIC), ("KAFKA_CUSTOMERS_TOPIC", "")];
    assert!(shop.orderstream(&["migrate"], &settings).status.success());
    // The ledger is as a process leaves it that had the partition for a moment only.
    let claim = format!(
        "insert into consumer_offsets (epoch, topic, partition, next_offset, generation, claimed_by) values (0, '{TOPIC}', 0, 0, 1, 'x')"
    );
    assert!(Command::new("psql").args(["-Xqc", &claim, &database]).status().unwrap().success());

    let number = shop.start_another(&settings);
    let mut connection = redis::Client::open(redis.as_str()).unwrap().get_connection().unwrap();
    let mut reflected =
        || redis::cmd("HGET").arg("orderstream:progress").arg(format!("{TOPIC}:0")).query::<Option<String>>(&mut connection).unwrap();
    shop.await_that("Redis reflects them", || reflected().is_some_and(|point| point.ends_with(":00000000000000000003")));
    let process = shop.process(number);
    assert_eq!(process.metric(r#"orderstream_rebuilds_total{of="orders"}"#), 0, "{}", process.service().log_tail(20));
    assert_eq!(process.metric(r#"orderstream_redis_hashes_total{of="orders",outcome="written"}"#), 3);
}
