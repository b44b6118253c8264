//! Each role is refused what it should not do, and what a role lacks is told by name.

use std::process::{Command, Output};
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::types::RDKafkaErrorCode;
use stack::secured::{Door, Secured, password};

use crate::servers::{Process, check, login, path, servers, settings, with};
use crate::shop::poison;
use crate::shop::topic::{CUSTOMERS, DEAD_LETTERS, ORDERS, Sent, Topics};

const PATIENCE: Duration = Duration::from_secs(30);

/// Runs a statement over TLS as a role whose password is its name, as in the demo.
fn psql(servers: &Secured, role: &str, statement: &str) -> Output {
    let url = format!("postgres://{role}:{role}@127.0.0.1:{}/orders", servers.postgres_port());
    let mut psql = Command::new("psql");
    psql.args(["-XAtqc", statement, &url]).env("PGSSLMODE", "verify-full").env("PGSSLROOTCERT", path(servers, "ca.pem"));
    psql.output().unwrap()
}

/// A client of Kafka that logs in as this user.
fn kafka(servers: &Secured, user: &str) -> ClientConfig {
    let mut client = ClientConfig::new();
    client.set("bootstrap.servers", servers.kafka_at(Door::Password)).set("security.protocol", "sasl_ssl");
    client.set("ssl.ca.location", path(servers, "ca.pem")).set("sasl.mechanism", "SCRAM-SHA-256");
    client.set("sasl.username", user).set("sasl.password", password(user));
    client
}

/// Whether a record of this user lands on the topic.
fn lands(servers: &Secured, user: &str, topic: &str) -> bool {
    let producer: BaseProducer = kafka(servers, user).set("message.timeout.ms", "10000").create().unwrap();
    let (before, after) = (ends(servers, topic), || ends(servers, topic));
    producer.send(BaseRecord::<(), [u8]>::to(topic).payload(&b"{}"[..])).map_err(|(error, _)| error).unwrap();
    producer.flush(PATIENCE).ok();
    after() > before
}

fn ends(servers: &Secured, topic: &str) -> i64 {
    Topics::at(servers.plain_kafka()).ends(topic).iter().sum()
}

fn sees(servers: &Secured, user: &str, topic: &str) -> bool {
    let consumer: BaseConsumer = kafka(servers, user).create().unwrap();
    consumer.fetch_metadata(None, PATIENCE).unwrap().topics().iter().any(|known| known.name() == topic)
}

/// What Kafka answers to this user's wish to make and to delete a topic.
fn make_and_delete(servers: &Secured, user: &str, make: &str, delete: &str) -> [Option<RDKafkaErrorCode>; 2] {
    let admin: AdminClient<DefaultClientContext> = kafka(servers, user).create().unwrap();
    let (runtime, options) = (tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap(), AdminOptions::new());
    let topic = NewTopic::new(make, 1, TopicReplication::Fixed(1));
    let made = runtime.block_on(admin.create_topics(&[topic], &options)).unwrap();
    let deleted = runtime.block_on(admin.delete_topics(&[delete], &options)).unwrap();
    [made, deleted].map(|answers| answers.into_iter().find_map(|answer| Some(answer.err()?.1)))
}

#[test]
fn each_role_is_refused_by_postgres_what_it_should_not_do() {
    let servers = servers();
    let process = Process::launch(&servers, &settings(&servers));
    process.await_ready();
    process.service.stop().unwrap();
    for (role, statement) in [
        ("orderstream", "insert into orders (customer_id, product_id, quantity, price) values ('C', 'P', 1, 1)"),
        ("orderstream", "update orders set status = 'paid'"),
        ("orderstream", "delete from customers"),
        ("orderstream", "drop table orders"),
        ("orderstream", "insert into debezium_signal (id, type) values ('1', 'x')"),
        ("debezium", "select from results"),
        ("debezium", "select from dead_letters"),
        ("debezium", "update orders set status = 'paid'"),
        ("debezium", "delete from customers"),
        ("debezium", "create table mine (id int)"),
        ("debezium", "alter publication orderstream set table orders"),
    ] {
        let output = psql(&servers, role, statement);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(told.contains("permission denied") || told.contains("must be owner"), "{role}: {statement}: {told}");
    }
    for (role, statement) in [("orderstream", "select from orders"), ("debezium", "select from orders, customers, debezium_heartbeat")] {
        assert!(psql(&servers, role, statement).status.success(), "{role}: {statement}");
    }
}

#[test]
fn each_role_is_refused_by_kafka_what_it_should_not_do() {
    let servers = servers();
    assert!(!lands(&servers, "orderstream", ORDERS) && !lands(&servers, "orderstream", CUSTOMERS));
    assert!(!lands(&servers, "connect", DEAD_LETTERS) && lands(&servers, "connect", "shop.public.debezium_signal"));
    assert!(sees(&servers, "orderstream", ORDERS) && sees(&servers, "orderstream", "__debezium-heartbeat.shop"));
    assert!(!sees(&servers, "orderstream", "shop.public.debezium_signal"));
    assert!(sees(&servers, "connect", ORDERS) && !sees(&servers, "connect", DEAD_LETTERS));
    let refused = Some(RDKafkaErrorCode::TopicAuthorizationFailed);
    assert_eq!(make_and_delete(&servers, "orderstream", "a.new.topic", ORDERS), [refused, refused]);
    assert_eq!(make_and_delete(&servers, "connect", "a.new.topic", ORDERS), [refused, refused]);
    assert_eq!(make_and_delete(&servers, "connect", "connect-status", CUSTOMERS), [None, refused]);
}

#[test]
fn orderstream_is_refused_by_redis_what_it_should_not_do() {
    let servers = servers();
    let url = servers.plain_redis().replace("admin:admin", "orderstream:orderstream");
    let mut redis = redis::Client::open(url).unwrap().get_connection().unwrap();
    for command in [
        "FLUSHALL",
        "FLUSHDB",
        "KEYS *",
        "CONFIG GET *",
        "SHUTDOWN NOSAVE",
        "ACL LIST",
        "GET order:1",
        "HGET session:1 name",
        "SET session:1 x",
    ] {
        let mut words = command.split(' ');
        let mut asked = redis::cmd(words.next().unwrap());
        words.for_each(|word| {
            asked.arg(word);
        });
        let answer = asked.exec(&mut redis).unwrap_err();
        assert_eq!(answer.code(), Some("NOPERM"), "{command}: {answer}");
    }
}

/// The lines of the documented rights of orderstream for another user, without those that have this word.
fn rights_without(user: &str, word: &str) -> String {
    let lines = std::fs::read_to_string(stack::root().join("connect/acls.txt")).unwrap();
    let of = |line: &&str| line.contains("User:orderstream ") && !line.contains(word);
    lines.lines().filter(of).map(|line| line.replace("User:orderstream ", &format!("User:{user} ")) + "\n").collect()
}

#[test]
fn a_right_that_is_missing_is_told_by_name_by_check_or_in_the_log() {
    let servers = servers();
    servers.allow(&rights_without("ungrouped", "--group")).unwrap();
    servers.allow(&rights_without("unwriting", DEAD_LETTERS)).unwrap();
    let describe = format!("--allow-principal User:unread --operation Describe --topic {ORDERS}\n");
    servers.allow(&(rights_without("unread", "--topic shop.public.orders") + &describe)).unwrap();
    Topics::at(servers.plain_kafka()).send(ORDERS, &[Sent::order(9, poison::event(9).to_string())]);
    let of = |user| with(settings(&servers), login(user, "SCRAM-SHA-512"));
    for (user, words) in [
        ("nobody", "no topic shop.public.orders; create it, check kafka.orders_topic, or grant Describe on it"),
        ("ungrouped", "grant Read on the consumer group orderstream to this user"),
        ("unwriting", "no topic dlq-errors"),
        ("unread", "grant Read on shop.public.orders to this user"),
    ] {
        let report = check(&of(user));
        assert!(report.says("FAILED", "kafka", words), "{user}: {}", report.0);
    }
    let process = Process::launch(&servers, &of("ungrouped"));
    process.await_log("grant Read on the consumer group");
    process.service.kill();
}
