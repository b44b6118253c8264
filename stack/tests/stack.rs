//! The tests of the stack with its real services, which are started once for all of these tests.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::{ClientConfig, Message, Offset, TopicPartitionList};
use stack::wait::{self, Attempt};
use stack::{Service, Stack, shared};

const SOON: Duration = Duration::from_secs(60);

/// A consumer that stands at the beginning of all partitions of the orders.
fn orders_from_the_start(stack: &Stack) -> BaseConsumer {
    let consumer: BaseConsumer =
        ClientConfig::new().set("bootstrap.servers", stack.bootstrap_servers()).set("group.id", "look").create().unwrap();
    let mut partitions = TopicPartitionList::new();
    for partition in 0..4 {
        partitions.add_partition_offset("shop.public.orders", partition, Offset::Beginning).unwrap();
    }
    consumer.assign(&partitions).unwrap();
    consumer
}

/// Reads until an event holds `text`.
fn await_event(consumer: &BaseConsumer, text: &str) -> String {
    wait::until(&format!("an event with {text}"), SOON, || match consumer.poll(Duration::from_millis(100)) {
        Some(Ok(record)) => {
            let value = String::from_utf8_lossy(record.payload().unwrap_or_default()).into_owned();
            if value.contains(text) { Attempt::Ready(value) } else { Attempt::NotYet(format!("the last one was {value}")) }
        }
        Some(Err(error)) => Attempt::NotYet(error.to_string()),
        None => Attempt::NotYet("no more events".to_owned()),
    })
    .unwrap()
}

fn insert(stack: &Stack, product: &str) {
    let sql = format!("insert into orders (customer_id, product_id, quantity, price) values ('CUST005', '{product}', 7, 19.99)");
    stack.psql(&sql).unwrap();
}

#[test]
fn an_insert_reaches_kafka_as_the_readme_describes_it() {
    let stack = shared().unwrap();
    let consumer = orders_from_the_start(&stack);
    insert(&stack, "FIRST");
    let event = await_event(&consumer, "FIRST");
    for part in [r#""op":"c""#, r#""customer_id":"CUST005""#, r#""price":"19.99""#, r#""quantity":7"#, r#""before":null"#, r#""sequence":"#]
    {
        assert!(event.contains(part), "{part} is not in {event}");
    }
}

#[test]
fn the_sample_orders_arrive_by_the_snapshot() {
    let stack = shared().unwrap();
    let event = await_event(&orders_from_the_start(&stack), "CUST999");
    assert!(event.contains(r#""op":"r""#), "{event}");
}

#[test]
fn a_signal_makes_debezium_send_a_table_again() {
    let stack = shared().unwrap();
    let consumer = orders_from_the_start(&stack);
    stack
        .psql(r#"insert into debezium_signal values ('again', 'execute-snapshot', '{"data-collections": ["public.orders"], "type": "incremental"}')"#)
        .unwrap();
    await_event(&consumer, r#""snapshot":"incremental""#);
    insert(&stack, "AFTER_THE_SIGNAL");
    await_event(&consumer, "AFTER_THE_SIGNAL");
}

#[test]
fn orderstream_may_make_tables_but_not_change_the_shop() {
    let stack = shared().unwrap();
    let as_orderstream = |sql: &str| stack.psql(&format!("set role orderstream; {sql}"));
    as_orderstream("create table own (id int); insert into own values (1); drop table own").unwrap();
    as_orderstream("select count(*) from orders join customers on customers.id = customer_id").unwrap();
    for forbidden in ["delete from orders", "update customers set name = ''", "insert into debezium_signal values ('a', 'b', 'c')"] {
        let error = as_orderstream(forbidden).unwrap_err().to_string();
        assert!(error.contains("permission denied"), "{error}");
    }
}

#[test]
fn the_sample_data_comes_once() {
    let stack = shared().unwrap();
    stack.psql("delete from customers where id = 'CUST004'").unwrap();
    let sample = fs::read_to_string(stack::root().join("sql/source/40_sample_data.sql")).unwrap();
    stack.psql(&sample).unwrap();
    assert_eq!(stack.psql("select count(*) from customers where id = 'CUST004'").unwrap(), "0");
    assert_eq!(stack.psql("select count(*) from orders where customer_id = 'CUST999'").unwrap(), "1");
}

#[test]
fn a_paused_service_keeps_its_connections_and_answers_nobody_until_it_is_resumed() {
    let stack = shared().unwrap();
    for service in [stack.redis(), stack.postgres()] {
        service.pause().unwrap();
        assert!(service.is_running() && !service.is_healthy(), "{} answers", service.name());
        service.resume();
        service.await_health().unwrap();
    }
}

#[test]
fn every_service_comes_back_after_a_kill_and_orders_flow_again() {
    let stack = shared().unwrap();
    let consumer = orders_from_the_start(&stack);
    for service in stack.services() {
        let before = service.pid().unwrap();
        service.kill();
        assert!(!service.is_running());
        service.start().unwrap();
        assert_ne!(service.pid().unwrap(), before);
        let product = format!("AFTER_{}", service.name().to_uppercase().replace(' ', "_"));
        insert(&stack, &product);
        await_event(&consumer, &product);
    }
}

#[test]
fn a_service_that_dies_is_noticed_with_the_end_of_its_log() {
    let stack = shared().unwrap();
    let redis: &Service = stack.redis();
    let pid = nix::unistd::Pid::from_raw(i32::try_from(redis.pid().unwrap()).unwrap());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
    let death = wait::until("Redis is dead", SOON, || redis.death().map_or(Attempt::NotYet("alive".into()), Attempt::Ready)).unwrap();
    let message = death.to_string();
    assert!(message.starts_with("Redis died (exit status: 0)"), "{message}");
    assert!(message.contains("ready to exit, bye bye"), "{message}");
}

#[test]
fn a_folder_belongs_to_one_stack_at_a_time() {
    let stack = shared().unwrap();
    let message = Stack::builder(stack.folder()).start().unwrap_err().to_string();
    assert!(message.contains(&format!("is running already, as process {}", std::process::id())), "{message}");
}

#[test]
fn a_process_beside_the_services_that_dies_at_its_start_is_reported_with_its_log() {
    let stack = shared().unwrap();
    let launch = || {
        let mut command = std::process::Command::new("sh");
        command.args(["-c", "echo no such setting; exit 64"]);
        command
    };
    let doomed = stack.service("doomed", launch, || Err(anyhow::anyhow!("never")));
    let message = doomed.start().unwrap_err().to_string();
    assert!(message.contains("doomed died (exit status: 64)") && message.contains("| no such setting"), "{message}");
}
