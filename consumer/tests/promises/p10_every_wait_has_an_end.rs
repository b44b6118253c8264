//! P10: a Postgres that does not answer, or a line that loses the answers, holds up nobody for longer than a deadline; P3 holds meanwhile.

use std::process::Command;
use std::time::{Duration, Instant};

use ledger::Class;
use orderstream::results::ApplyError;
use stack::proxy::{Mode, Proxy};
use stack::wait::{Attempt, until};
use tokio::runtime::Runtime;

use crate::shop::fresh::{Fresh, at, batch, put};
use crate::shop::{PATIENCE, Shop};

/// A server that should answer at once, or whose line has died, is given up after three seconds; the test allows two more.
const ONE_DEADLINE: Duration = Duration::from_secs(5);

/// A backend that waits for a client that is gone keeps its locks for ten seconds, and other sessions try again every five seconds.
const SECONDS: Duration = Duration::from_secs(20);

/// Puts Postgres behind a line that the test controls. The line lives as long as the runtime.
fn line(shop: &Shop) -> (Runtime, Proxy, String) {
    let runtime = Runtime::new().unwrap();
    let port = shop.stack().ports().postgres;
    let proxy = Proxy::start(runtime.handle(), port).unwrap();
    let url = shop.stack().orderstream_database_url().replace(&format!(":{port}/"), &format!(":{}/", proxy.port()));
    (runtime, proxy, url)
}

fn count(product: &str) -> String {
    format!("select count(*) from results where product_id = '{product}'")
}

/// Sends the signal to the processes. An error is ignored, because one of them may have ended meanwhile.
fn signal(signal: &str, pids: &[String]) {
    Command::new("kill").arg(signal).args(pids).status().unwrap();
}

#[test]
fn connections_that_died_while_idle_cost_one_deadline_however_many_they_are() {
    let fresh = Fresh::database("dead_idle");
    let claim = fresh.claim(0);
    let backends = "select pid from pg_stat_activity where datname = 'dead_idle' and application_name = 'orderstream' and state = 'idle'";
    let six_at_once = || {
        fresh.runtime.block_on(async {
            let ask = || fresh.results.rows();
            tokio::try_join!(ask(), ask(), ask(), ask(), ask(), ask()).unwrap()
        });
        let pids: Vec<String> = fresh.stack.psql(backends).unwrap().lines().map(str::to_owned).collect();
        if pids.len() >= 6 { Attempt::Ready(pids) } else { Attempt::NotYet(format!("there are {}", pids.len())) }
    };
    let pids = until("six connections are idle", PATIENCE, six_at_once).unwrap();
    signal("-STOP", &pids);
    let begin = Instant::now();
    let first = fresh.apply(&claim, &batch(0, 1, vec![put(1, 5, at(0, 0, 10))], vec![]));
    let second = fresh.apply(&claim, &batch(0, 1, vec![put(1, 5, at(0, 0, 10))], vec![]));
    let took = begin.elapsed();
    signal("-CONT", &pids);
    assert!(matches!(&first, Err(ApplyError::Store(error)) if error.class() == Class::Connection), "{first:?}");
    assert_eq!(second.unwrap().fates.applied, 1);
    assert!(took < ONE_DEADLINE, "{took:?}");
}

#[test]
fn a_silent_network_before_postgres_delays_and_loses_and_doubles_nothing() {
    let mut shop = Shop::closed();
    let (_runtime, proxy, url) = line(&shop);
    let number = shop.start_another(&[("DATABASE_URL", &url), ("BATCH_MAX_RECORDS", "100")]);
    shop.orders("HOLE", 2_000);
    shop.await_at_least(&count("HOLE"), 200);
    proxy.set(Mode::BlackHole);
    shop.process(number).await_readiness(503, "postgres: down");
    shop.orders("HOLE", 500);
    // Bytes that were on their way are lost for good, so whoever waits for an answer waits in vain.
    proxy.lose();
    proxy.heal();
    let begin = Instant::now();
    shop.await_sql(&count("HOLE"), "2500");
    assert!(begin.elapsed() < SECONDS, "{:?}", begin.elapsed());
    shop.await_everything_right();
    shop.clear("HOLE");
}

#[test]
fn connections_that_a_firewall_forgot_are_replaced_although_the_server_is_there() {
    let mut shop = Shop::closed();
    let (_runtime, proxy, url) = line(&shop);
    shop.start_another(&[("DATABASE_URL", &url), ("BATCH_MAX_RECORDS", "100")]);
    shop.orders("FORGOTTEN", 2_000);
    shop.await_at_least(&count("FORGOTTEN"), 200);
    proxy.lose();
    let begin = Instant::now();
    assert!(shop.number(&count("FORGOTTEN")) < 2_000, "it was through before: this test shows nothing");
    shop.await_sql(&count("FORGOTTEN"), "2000");
    assert!(begin.elapsed() < SECONDS, "{:?}", begin.elapsed());
    shop.await_everything_right();
    shop.clear("FORGOTTEN");
}

/// Makes commits of rows of the product `LOST` take two seconds.
const SLOW_COMMIT: &str = "
create or replace function slow_commit() returns trigger language plpgsql as $$ begin perform pg_sleep(2); return null; end $$;
create constraint trigger slow_commit after insert on results deferrable initially deferred for each row
when (new.product_id = 'LOST') execute function slow_commit()";

const COMMITTING: &str = "from pg_stat_activity where application_name = 'orderstream' and state = 'active' and query = 'commit'";

fn await_commit(shop: &Shop) {
    let look = || Attempt::when(shop.number(&format!("select count(*) {COMMITTING}")) == 1);
    until("a slow commit runs", PATIENCE, look).unwrap();
}

fn generations(shop: &Shop) -> String {
    shop.sql("select topic, partition, generation from consumer_offsets order by topic, partition")
}

#[test]
fn a_commit_whose_answer_is_lost_is_found_in_the_ledger_and_not_repeated() {
    let mut shop = Shop::closed();
    let (_runtime, proxy, url) = line(&shop);
    let number = shop.start_another(&[("DATABASE_URL", &url)]);
    shop.sql(SLOW_COMMIT);
    let before = generations(&shop);
    let id = shop.number("insert into orders (customer_id, product_id, quantity, price) values ('CUST001', 'LOST', 1, 1) returning id");
    await_commit(&shop);
    proxy.set(Mode::AnswersLost);
    shop.await_sql(&count("LOST"), "1");
    shop.process(number).await_readiness(503, "postgres: down");
    proxy.heal();
    shop.await_hash_field(id, "total", "1.00");
    shop.await_everything_right();
    // A worker that could not tell what became of its commit would have to claim the partition anew.
    assert_eq!(generations(&shop), before);
    shop.sql("drop trigger slow_commit on results");
    shop.clear("LOST");
}

#[test]
fn a_commit_that_was_broken_off_is_done_again() {
    let shop = Shop::open();
    shop.sql(SLOW_COMMIT);
    let before = generations(&shop);
    let id = shop.number("insert into orders (customer_id, product_id, quantity, price) values ('CUST001', 'LOST', 1, 1) returning id");
    await_commit(&shop);
    shop.sql(&format!("select pg_terminate_backend(pid) {COMMITTING}"));
    shop.await_hash_field(id, "total", "1.00");
    shop.await_everything_right();
    assert_eq!(generations(&shop), before);
    shop.sql("drop trigger slow_commit on results");
    shop.clear("LOST");
}

#[test]
fn a_sigterm_while_the_start_waits_for_postgres_is_not_forgotten_when_postgres_answers() {
    let mut shop = Shop::closed();
    let (_runtime, proxy, url) = line(&shop);
    proxy.set(Mode::BlackHole);
    let number = shop.launch_another(&[("DATABASE_URL", &url)]);
    let process = shop.process(number);
    shop.await_that("the process has begun", || process.get("/livez").is_some_and(|(status, _)| status == 200));
    signal("-TERM", &[process.service().pid().unwrap().to_string()]);
    proxy.heal();
    let ended = || process.service().died().map_or(Attempt::NotYet("it runs".into()), Attempt::Ready);
    let status = until("the process has ended", Duration::from_secs(10), ended).unwrap();
    assert_eq!(status.code(), Some(1), "{}", process.service().log_tail(20));
}
