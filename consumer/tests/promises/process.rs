//! The process of orderstream: how it begins, what it answers, how it ends.

use std::process::{Command, Output};
use std::time::{Duration, Instant};

use stack::wait::{Attempt, until};

use crate::shop::topic::{ORDERS, Sent};
use crate::shop::{PATIENCE, Shop};

const STAGES: [&str; 5] = ["decode", "lookup", "dead_letter", "commit", "write_back"];

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn all_of(output: &Output) -> String {
    text(&output.stdout) + &text(&output.stderr)
}

#[test]
fn sigterm_in_a_burst_ends_with_zero_within_ten_seconds_and_loses_nothing() {
    let mut shop = Shop::with(&[("BATCH_MAX_RECORDS", "100")]);
    let applied = "select sum(applied) from consumer_offsets where topic = 'shop.public.orders'";
    let before = shop.number(applied);
    shop.orders("TERM", 4_000);
    shop.await_at_least(applied, before + 500);
    let process = shop.process(0).service();
    let begin = Instant::now();
    let sent = Command::new("kill").args(["-TERM", &process.pid().unwrap().to_string()]).status().unwrap();
    assert!(sent.success());
    let status =
        until("the process has ended", PATIENCE, || process.died().map_or(Attempt::NotYet("it runs".into()), Attempt::Ready)).unwrap();
    assert_eq!(status.code(), Some(0), "{}", process.log_tail(20));
    assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", begin.elapsed());
    assert!(shop.number(applied) < before + 4_000, "it was through before it was asked to end: this test shows nothing");
    shop.start_another(&[]);
    shop.await_sql("select count(*) from results where product_id = 'TERM'", "4000");
    shop.await_everything_right();
    assert_eq!(shop.number(applied), before + 4_000);
    shop.clear("TERM");
}

#[test]
fn sigterm_while_every_server_is_away_ends_in_time_too() {
    let mut shop = Shop::with(&[]);
    shop.orders("AWAY", 1_000);
    for service in shop.stack().services() {
        service.kill();
    }
    let process = shop.process(0).service();
    let begin = Instant::now();
    Command::new("kill").args(["-TERM", &process.pid().unwrap().to_string()]).status().unwrap();
    let status =
        until("the process has ended", PATIENCE, || process.died().map_or(Attempt::NotYet("it runs".into()), Attempt::Ready)).unwrap();
    assert_eq!(status.code(), Some(0), "{}", process.log_tail(20));
    assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", begin.elapsed());
    shop.stack().heal().unwrap();
    shop.start_another(&[]);
    shop.await_everything_right();
}

#[test]
fn sigterm_while_kafka_hangs_does_not_wait_for_the_answer_to_the_last_commit() {
    let mut shop = Shop::with(&[]);
    let applied = "select sum(applied) from consumer_offsets where topic = 'shop.public.orders'";
    let before = shop.number(applied);
    shop.orders("HANGS", 20_000);
    shop.await_at_least(applied, before + 1_000);
    shop.stack().kafka().pause().unwrap();
    let process = shop.process(0).service();
    let begin = Instant::now();
    Command::new("kill").args(["-TERM", &process.pid().unwrap().to_string()]).status().unwrap();
    let status =
        until("the process has ended", PATIENCE, || process.died().map_or(Attempt::NotYet("it runs".into()), Attempt::Ready)).unwrap();
    let took = begin.elapsed();
    shop.stack().kafka().resume();
    assert_eq!(status.code(), Some(0), "{}", process.log_tail(20));
    assert!(took < Duration::from_secs(7), "{took:?}");
    shop.start_another(&[]);
    shop.await_sql("select count(*) from results where product_id = 'HANGS'", "20000");
    shop.await_everything_right();
    shop.clear("HANGS");
}

#[test]
fn a_wrong_configuration_tells_all_its_errors_at_once_and_exits_with_64() {
    let shop = Shop::open();
    let wrong = [("BATCH_MAX_RECORDS", "0"), ("REDIS_URL", "http://nowhere"), ("SOURCE_FORMAT", "xml"), ("LOG_LEVEL", "a=b=c")];
    for command in ["run", "check", "migrate", "config"] {
        let output = shop.orderstream(&[command], &wrong);
        assert_eq!(output.status.code(), Some(64), "{command}: {}", all_of(&output));
        let told = text(&output.stderr);
        for (variable, _) in wrong {
            assert!(told.contains(variable), "{command} says nothing of {variable}: {told}");
        }
    }
}

#[test]
fn a_wrong_command_line_exits_with_2() {
    let shop = Shop::open();
    assert_eq!(shop.orderstream(&["--no-such-option"], &[]).status.code(), Some(2));
}

#[test]
fn check_has_a_line_for_each_finding_and_nothing_failed_on_a_healthy_stack() {
    let shop = Shop::open();
    let output = shop.orderstream(&["check"], &[]);
    let report = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{}", all_of(&output));
    for server in ["kafka", "postgres", "redis"] {
        assert!(report.lines().any(|line| line.starts_with("ok") && line.contains(server)), "{report}");
    }
    for part in
        ["shop.public.orders, 4 partitions", "shop.public.customers, 4", "dlq-errors, 3", "tables of database orders", "maxmemory-policy"]
    {
        assert!(report.contains(part), "nothing of {part}: {report}");
    }
    assert!(!report.contains("FAILED"), "{report}");
}

#[test]
fn check_names_the_server_that_is_down_and_exits_with_1() {
    let shop = Shop::open();
    shop.stack().redis().stop().unwrap();
    let output = shop.orderstream(&["check"], &[]);
    let report = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{report}");
    let failed: Vec<&str> = report.lines().filter(|line| line.starts_with("FAILED")).collect();
    assert!(!failed.is_empty() && failed.iter().all(|line| line.contains("redis")), "{report}");
    shop.stack().redis().start().unwrap();
    shop.await_everything_right();
}

#[test]
fn migrate_can_be_run_again_at_any_time() {
    let shop = Shop::open();
    let tables = "select count(*), max(installed_on) from _sqlx_migrations";
    let before = shop.sql(tables);
    for _ in 0..2 {
        let output = shop.orderstream(&["migrate"], &[]);
        assert_eq!(output.status.code(), Some(0), "{}", all_of(&output));
    }
    assert_eq!(shop.sql(tables), before);
    shop.await_everything_right();
}

#[test]
fn config_prints_what_is_in_effect_without_secrets() {
    let shop = Shop::open();
    let secrets = [("REDIS_URL", "redis://:hush-redis@localhost:1"), ("DATABASE_URL", "postgres://u:hush-postgres@localhost:1/orders")];
    let output = shop.orderstream(&["config"], &[secrets[0], secrets[1], ("BATCH_MAX_RECORDS", "77")]);
    let printed = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{}", all_of(&output));
    assert!(printed.contains("max_records = 77"), "{printed}");
    assert!(!all_of(&output).contains("hush"), "{printed}");
}

#[test]
fn the_endpoints_answer() {
    let shop = Shop::open();
    let process = shop.process(0);
    process.await_readiness(200, "ok");
    for (path, part) in [
        ("/livez", "ok"),
        ("/health", r#""status":"ready""#),
        ("/status", "shop.public.orders"),
        ("/metrics", "fate=\"applied\""),
        ("/metrics", "# TYPE orderstream_"),
    ] {
        let (status, body) = process.get(path).unwrap();
        assert!(status == 200 && body.contains(part), "{path} answers {status} without {part}: {body}");
    }
}

#[test]
fn every_step_of_a_batch_is_timed() {
    let shop = Shop::with(&[]);
    shop.topics().send(ORDERS, &[Sent::order(900_000_077, "no JSON")]);
    shop.orders("TIMED", 1);
    shop.await_everything_right_with_letters(1);
    let of = |stage| format!(r#"orderstream_stage_duration_seconds_count{{stage="{stage}"}}"#);
    let (_, metrics) = shop.process(0).get("/metrics").unwrap();
    assert_eq!(metrics.matches("orderstream_stage_duration_seconds_count").count(), STAGES.len(), "{metrics}");
    for stage in STAGES {
        let look = || if shop.process(0).metric(&of(stage)) > 0 { Attempt::Ready(()) } else { Attempt::NotYet("none".into()) };
        until(&format!("{stage} is timed"), PATIENCE, look).unwrap();
    }
    // The open letter would count against the partition in later tests.
    shop.sql("update dead_letters set resolved_at = now(), resolution = 'test' where resolved_at is null");
}

#[test]
fn without_postgres_readyz_and_the_command_ready_say_so_and_livez_stays() {
    let shop = Shop::open();
    shop.stack().postgres().stop().unwrap();
    shop.process(0).await_readiness(503, "postgres: down");
    assert_eq!(shop.process(0).get("/livez").map(|(status, _)| status), Some(200));
    let ready = |address: &str| shop.orderstream(&["ready"], &[("HTTP_LISTEN", address)]);
    let address = shop.process(0).address();
    let told = ready(&address);
    assert!(told.status.code() == Some(1) && text(&told.stdout).contains("postgres: down"), "{}", all_of(&told));
    shop.stack().heal().unwrap();
    shop.process(0).await_readiness(200, "ok");
    let told = ready(&address);
    assert!(told.status.success() && text(&told.stdout).starts_with("ok"), "{}", all_of(&told));
    let told = ready("127.0.0.1:1");
    assert!(told.status.code() == Some(1) && all_of(&told).contains("none answers at 127.0.0.1:1"), "{}", all_of(&told));
    shop.await_everything_right();
}

#[test]
fn a_port_in_use_is_told_at_once() {
    let shop = Shop::open();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = shop.orderstream(&["run"], &[("HTTP_LISTEN", &address)]);
    assert_eq!(output.status.code(), Some(1), "{}", all_of(&output));
    assert!(all_of(&output).contains("HTTP_LISTEN"), "{}", all_of(&output));
}
