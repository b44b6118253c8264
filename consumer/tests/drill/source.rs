//! The shop moves to another database by dump and restore, as for an upgrade: the log of the new database begins anew (P2, P5).

use std::process::Command;
use std::time::Instant;

use crate::work::{self, Work};
use crate::world::World;
use crate::{seconds, told};

const STOCK: i32 = 5_000;

const END_OF_THE_LOG: &str = "select pg_current_wal_lsn() - '0/0'";

#[test]
#[ignore = "takes minutes: make drill"]
fn a_shop_that_moves_to_a_new_database_gets_a_snapshot_and_a_higher_epoch_and_no_event_of_the_old_one_comes_back() {
    let mut world = World::begin("moved");
    // The old database has a long life behind it, and so its positions are beyond all that the new one has.
    for _ in 0..10 {
        world.shop.sql("select pg_logical_emit_message(false, 'drill', 'a life')");
        world.shop.sql("select pg_switch_wal()");
    }
    work::open(&world.shop, STOCK);
    let process = world.start();
    let work = Work::begin(&world.shop);
    world.shop.await_at_least("select count(*) from results", 2 * i64::from(STOCK));
    work.end();
    world.operator.types("stop the connector");
    // What the shop does now no event will tell.
    world.shop.sql("delete from orders where id % 20 = 0");
    world.shop.sql("update orders set status = 'shipped' where id % 10 = 1");
    world.await_no_lag();
    world.stop(process);

    let old = world.shop.number(END_OF_THE_LOG);
    let dump = world.operator.file("shop.dump");
    run(Command::new("pg_dump").args(["--format=custom", "--file"]).arg(&dump).arg(world.shop.stack().database_url()));
    world.shop.stack().replace_postgres().unwrap();
    run(Command::new("pg_restore").arg("--exit-on-error").arg("--dbname").arg(world.shop.stack().database_url()).arg(&dump));
    assert!(world.shop.number(END_OF_THE_LOG) < old, "the log of the new database begins anew");
    let began = Instant::now();
    world.raise_the_epoch();
    world.operator.types("begin behind the old events");
    let process = world.start();
    world.operator.types("let the connector begin anew");
    world.await_snapshot();
    world.operator.types("repair");
    world.await_equality();
    told(&format!("new source database: right {} after the first command", seconds(began.elapsed())));

    let work = Work::begin(&world.shop);
    let rows = world.shop.number("select count(*) from results");
    world.shop.await_at_least("select count(*) from results", rows + 1_000);
    work.end();
    world.await_equality();
    // Customers come from their topic again, in which events of both databases lie.
    world.shop.redis_command("FLUSHALL");
    world.await_equality();
    world.operator.types("compare");
    world.stop(process);
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
