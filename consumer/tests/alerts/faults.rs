//! The faults: what begins each, what goes on while it lasts, what ends it, and which alerts have to fire.

use crate::http::serve;
use crate::world::World;

/// A fault.
pub struct Fault {
    /// The alerts that fire while the fault lasts and clear after it.
    pub alerts: &'static [&'static str],
    /// Begins the fault.
    pub begin: fn(&World),
    /// Goes on while the fault lasts, again and again.
    pub meanwhile: fn(&World),
    /// Ends the fault.
    pub end: fn(&World),
}

const NOTHING: fn(&World) = |_| {};

/// The shop corrects what could not be processed, which closes the letters.
const CORRECTED: &str = "update orders set quantity = 1 where quantity < 0";

/// All faults, in the order in which they happen.
pub const FAULTS: [Fault; 15] = [
    // A connector that pauses sends no heartbeat and confirms nothing, so its slot keeps what Postgres writes: here 70 segments of 16 MiB.
    Fault {
        alerts: &["OrderstreamSourceSilent", "OrderstreamSlotKeepsLog"],
        begin: |world| {
            world.connector("pause");
            // Debezium does not capture this table.
            world.sql("create table if not exists written (number int)");
            let segment = "insert into written values (1); select pg_switch_wal();";
            world.sql(&segment.repeat(70));
        },
        meanwhile: NOTHING,
        end: |world| world.connector("resume"),
    },
    Fault {
        alerts: &["OrderstreamTaskFailed"],
        begin: |world| {
            world.sql("alter role debezium password 'another'");
            world.connector("restart?includeTasks=true");
        },
        meanwhile: NOTHING,
        end: |world| {
            world.sql("alter role debezium password 'debezium'");
            world.connector("restart?includeTasks=true");
        },
    },
    Fault {
        alerts: &["OrderstreamConnectDown", "OrderstreamSlotInactive"],
        begin: |world| world.stack.connect().stop().unwrap(),
        meanwhile: NOTHING,
        end: |world| world.stack.connect().start().unwrap(),
    },
    Fault {
        alerts: &["OrderstreamDifferences"],
        begin: |world| world.sql("update results set product_id = 'CHANGED' where order_id = 1"),
        meanwhile: NOTHING,
        end: |world| world.sql("update results set product_id = 'PROD100' where order_id = 1"),
    },
    Fault {
        alerts: &["OrderstreamStalled", "OrderstreamLagGrowing", "OrderstreamPartitionWaiting"],
        begin: |world| world.sql("revoke insert on results from orderstream"),
        meanwhile: |world| world.orders(400, "1"),
        end: |world| world.sql("grant insert on results to orderstream"),
    },
    Fault {
        alerts: &["OrderstreamBreakerOpen", "OrderstreamRedisBehind", "OrderstreamDueNotShrinking"],
        begin: |world| {
            world.stack.redis().stop().unwrap();
            world.orders(3000, "1");
        },
        meanwhile: NOTHING,
        end: |world| world.stack.redis().start().unwrap(),
    },
    Fault {
        alerts: &["OrderstreamWritesBreakerOpen"],
        begin: |world| redis(world, &[("maxmemory-policy", "noeviction"), ("maxmemory", "1")]),
        meanwhile: |world| world.orders(10, "1"),
        end: |world| redis(world, &[("maxmemory", "1gb"), ("maxmemory-policy", "volatile-lru")]),
    },
    Fault {
        alerts: &["OrderstreamDeadLetters", "OrderstreamDeadLettersRising"],
        begin: |world| world.sql("alter table orders drop constraint orders_quantity_check"),
        // Every third order cannot be processed.
        meanwhile: |world| world.orders(90, "case when i % 3 = 0 then -1 else 1 end"),
        end: |world| world.sql(CORRECTED),
    },
    Fault {
        alerts: &["OrderstreamPartitionStopped"],
        begin: |world| world.orders(400, "-1"),
        meanwhile: NOTHING,
        end: |world| {
            world.restart_with(&[("DEAD_LETTERS_MAX_SHARE", "1")]);
            world.sql(CORRECTED);
        },
    },
    Fault {
        alerts: &["OrderstreamSweepRefused"],
        begin: |world| {
            world.sql("alter table results add constraint no_rita check (customer_name <> 'Rita') not valid");
            world.sql("update customers set name = 'Rita' where id = 'CUST001'");
        },
        // The sweep leaves such a row alone for ever longer times.
        meanwhile: |world| world.sql("update due_orders set due_at = now() where refusal is not null"),
        end: |world| {
            world.sql("alter table results drop constraint no_rita");
            world.sql("update due_orders set due_at = now() where refusal is not null");
        },
    },
    Fault {
        alerts: &["OrderstreamServerDown"],
        begin: |world| world.stack.kafka().pause().unwrap(),
        meanwhile: NOTHING,
        end: |world| world.stack.kafka().resume(),
    },
    Fault {
        alerts: &["OrderstreamNotReady"],
        begin: |world| world.restart_with(&[("KAFKA_DEAD_LETTER_TOPIC", "no-such-topic")]),
        meanwhile: NOTHING,
        end: |world| world.restart_with(&[]),
    },
    Fault {
        alerts: &["OrderstreamAbsent", "OrderstreamProcessDown"],
        begin: |world| world.process.stop().unwrap(),
        meanwhile: NOTHING,
        end: |world| world.process.start().unwrap(),
    },
    Fault {
        alerts: &["OrderstreamRestarts"],
        begin: NOTHING,
        meanwhile: |world| {
            world.process.restart().unwrap();
            // Prometheus has to see each of the lives.
            let seen = || world.answers(&format!("up{{instance=\"{}\"}}", world.instance()), 1).last() == Some(&1.0);
            world.await_that("Prometheus sees the process", || seen().then_some(()).ok_or_else(|| "not yet".to_owned()));
        },
        end: NOTHING,
    },
    // A process uses some ten megabytes in this test, and a full disk would stop the machine of the test. So here, and nowhere else, the
    // rule's limit is another one, and the test's own exporter stands in for that of a machine.
    Fault {
        alerts: &["OrderstreamMemory", "OrderstreamPostgresDiskFilling"],
        begin: |world| {
            world.change_rules("process.yml", "> 300e6", "> 1e6");
            let disk = r#"{device="d",fstype="ext4",mountpoint="/var/lib/postgresql"}"#;
            let full = serve(move |_| format!("node_filesystem_avail_bytes{disk} 1e9\nnode_filesystem_size_bytes{disk} 1e10\n"));
            world.monitoring.set_targets("postgres-host", &[full]).unwrap();
        },
        meanwhile: NOTHING,
        end: |world| {
            world.change_rules("process.yml", "> 1e6", "> 300e6");
            world.monitoring.set_targets("postgres-host", &[]).unwrap();
        },
    },
];

/// Sets settings of the Redis server.
fn redis(world: &World, settings: &[(&str, &str)]) {
    let mut connection = redis::Client::open(world.stack.redis_url()).unwrap().get_connection().unwrap();
    for (name, value) in settings {
        redis::cmd("CONFIG").arg("SET").arg(*name).arg(*value).exec(&mut connection).unwrap();
    }
}
