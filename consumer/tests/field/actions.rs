//! What operators do by the page: a plan first, then its execution, once, and a record of both that nobody changes.

use orderstream::config::Role;
use serde_json::{Value, json};

use crate::shop::Shop;
use crate::shop::operator::Operator;
use crate::shop::topic::ORDERS;

/// A shop with one process, whose page knows this operator. So many letters in a row need the operator's word.
fn shop_with(operator: &Operator, more: &[(&str, &str)]) -> Shop {
    let settings = [&[("PAGE_TOKENS", operator.line.as_str()), ("DEAD_LETTERS_MAX_SHARE", "1")], more].concat();
    let shop = Shop::with(&settings);
    shop.sql("update dead_letters set resolved_at = now(), resolution = 'test' where resolved_at is null");
    shop
}

/// Makes so many orders dead letters, for as long as the constraint stands.
fn letters(shop: &Shop, count: i32) {
    shop.sql("alter table results add constraint no_667 check (quantity <> 667) not valid");
    shop.sql(&format!(
        "insert into orders (customer_id, product_id, quantity, price) select 'CUST001', 'ACTED', 667, 1 from generate_series(1, {count})"
    ));
    shop.await_sql("select count(*) from dead_letters where resolved_at is null", &count.to_string());
}

fn permit(shop: &Shop) {
    shop.sql("alter table results drop constraint no_667");
}

/// Open letters, replays in vain, and rows: everything that a replay changes.
fn state(shop: &Shop) -> String {
    let letters = "select count(*) filter (where resolved_at is null), sum(replays) from dead_letters where created_at > now() - interval '5 minutes'";
    format!("{} {}", shop.sql(letters), shop.sql("select count(*) from results where product_id = 'ACTED'"))
}

fn detail<'a>(plan: &'a Value, label: &str) -> &'a str {
    let details = plan["details"].as_array().unwrap();
    details.iter().find(|detail| detail["label"] == label).map_or("", |detail| detail["value"].as_str().unwrap())
}

/// A plan to replay all letters, of which each was tried: a dry run ends after five seconds, which are too few on a machine that does other work.
fn whole_plan(shop: &Shop, operator: &Operator) -> Value {
    let mut plan = Value::Null;
    shop.await_that("a dry run comes to its end", || {
        plan = operator.plan(shop.process(0), "replay", &json!({ "reasons": ["rejected_by_database"] }));
        detail(&plan, "tried and rolled back").starts_with("all:")
    });
    plan
}

fn audit(shop: &Shop, id: &str) -> String {
    shop.sql(&format!("select who, role, action, state, reason from operator_actions where id = '{id}'"))
}

#[test]
fn a_replay_is_tried_without_a_trace_and_executed_once_and_what_came_of_it_is_measured() {
    let ann = Operator::new("ann", Role::Operate);
    let shop = shop_with(&ann, &[]);
    let process = shop.process(0);
    letters(&shop, 450);
    let before = state(&shop);
    let vain = whole_plan(&shop, &ann);
    assert!(
        detail(&vain, "tried and rolled back").starts_with("all: 0 would apply, 0 are stale, 0 need nothing, 450 would be refused again"),
        "{vain}"
    );
    permit(&shop);
    let plan = whole_plan(&shop, &ann);
    assert!(detail(&plan, "tried and rolled back").starts_with("all: 450 would apply"), "{plan}");
    assert_eq!(plan["confirm"], "450");
    assert_eq!(state(&shop), before, "nothing was changed");

    let path = format!("/api/actions/{}", plan["plan_id"].as_str().unwrap());
    assert_eq!(ann.post(process, &path, &json!({ "confirm": "45" })).0, 400, "the number is another one");
    assert_eq!(state(&shop), before);
    let (first, second) = (ann.execute(process, &plan), ann.execute(process, &plan));
    assert_eq!((first.0, second.0, &first.1["id"]), (202, 202, &second.1["id"]));
    let id = plan["plan_id"].as_str().unwrap();
    let done = ann.await_state(process, id, &["done", "failed"]);
    assert_eq!(done["outcome"], "450 of 450 replayed: 450 applied, 0 stale, 0 with nothing to do, 0 refused again");
    assert_eq!(ann.execute(process, &plan).1["finished_at"], done["finished_at"], "asked again, it is the same action");
    let log = process.service().log_tail(10_000);
    assert_eq!(log.matches("An operator's action begins").count(), 1, "{log}");
    assert!(log.contains("An operator's action has ended") && log.contains("who=\"ann\"") && !log.contains("a test of ours"));
    assert_eq!(audit(&shop, id), "ann|operate|replay|done|a test of ours");
    shop.await_everything_right_with_letters(450);

    let refused = |statement: &str| format!("{:#}", shop.stack().psql(statement).unwrap_err());
    assert!(refused(&format!("delete from operator_actions where id = '{id}'")).contains("kept for 400 days"));
    assert!(refused("truncate operator_actions").contains("kept for 400 days"));
    assert!(refused(&format!("update operator_actions set outcome = 'nothing' where id = '{id}'")).contains("is not changed any more"));
    let by_another = format!("update operator_actions set who = 'bob' where id = '{}'", vain["plan_id"].as_str().unwrap());
    assert!(refused(&by_another).contains("is not changed"));
    let invented = "insert into operator_actions (id, who, role, address, action, parameters, reason, plan, expires_at, state, executed_at)
        values ('x', 'bob', 'operate', '', 'pause', '{}', '', '{}', now(), 'running', now())";
    assert!(refused(invented).contains("begins as a plan"));
    shop.clear("ACTED");
}

#[test]
fn a_replay_whose_letters_have_moved_is_refused_and_one_that_is_stopped_ends_after_its_chunk() {
    let ann = Operator::new("ann", Role::Operate);
    let mut shop = shop_with(&ann, &[]);
    letters(&shop, 300);
    permit(&shop);
    let slowly = json!({ "rate": 20 });
    let plan = ann.plan(shop.process(0), "replay", &slowly);
    shop.sql("update dead_letters set resolved_at = now(), resolution = 'test' where id in (select id from dead_letters where resolved_at is null limit 40)");
    let (status, error) = ann.execute(shop.process(0), &plan);
    assert!(status == 409 && error["error"].as_str().unwrap().contains("300 letters, and there are 260 now"), "{status} {error}");

    let plan = ann.plan(shop.process(0), "replay", &slowly);
    assert_eq!(ann.execute(shop.process(0), &plan).0, 202);
    let id = plan["plan_id"].as_str().unwrap();
    let path = format!("/api/actions/{id}");
    shop.await_that("a chunk is through", || ann.get(shop.process(0), &path).1["progress"]["done"].as_u64().is_some_and(|done| done > 0));
    let busy = ann.plan(shop.process(0), "replay", &slowly);
    assert!(ann.execute(shop.process(0), &busy).1["error"].as_str().unwrap().contains("another replay is running"));
    assert_eq!(ann.post(shop.process(0), &format!("{path}/stop"), &json!({})).0, 200);
    let stopped = ann.await_state(shop.process(0), id, &["stopped", "done", "failed"]);
    assert!(stopped["outcome"].as_str().unwrap().starts_with("stopped by an operator; "), "{stopped}");
    assert_eq!(shop.sql(&format!("select stopped_by from operator_actions where id = '{id}'")), "ann");
    let open = shop.number("select count(*) from dead_letters where resolved_at is null");
    assert!((1..260).contains(&open), "{open}");
    assert_eq!(open, 260 - stopped["progress"]["done"].as_i64().unwrap(), "what was measured is what was done");

    // The end of the process stops an action in the same way.
    let plan = ann.plan(shop.process(0), "replay", &slowly);
    assert_eq!(ann.execute(shop.process(0), &plan).0, 202);
    shop.process(0).service().stop().unwrap();
    let id = plan["plan_id"].as_str().unwrap();
    assert!(audit(&shop, id).contains("|stopped|"), "{}", audit(&shop, id));

    let number = shop.start_another(&[("PAGE_TOKENS", &ann.line), ("DEAD_LETTERS_MAX_SHARE", "1")]);
    assert!(
        ann.get(shop.process(number), &format!("/api/actions/{id}")).1["outcome"].as_str().unwrap().contains("because the process ends")
    );
    let done = ann.act(shop.process(number), "replay", &json!({}));
    assert_eq!(done["state"], "done", "{done}");
    let listed = ann.get(shop.process(number), "/api/actions").1["items"].as_array().unwrap().clone();
    assert!(listed.len() >= 3 && listed[0]["id"] == done["id"], "{listed:?}");
    let before = format!("/api/actions?before={}", done["at"]);
    assert!(ann.get(shop.process(number), &before).1["items"].as_array().unwrap().iter().all(|action| action["id"] != done["id"]));
    // The letters that were closed by hand are missing in results.
    shop.sql("delete from orders where product_id = 'ACTED'");
    shop.await_that("they are gone", || shop.number("select count(*) from results where product_id = 'ACTED'") == 0);
    shop.await_everything_right_with_letters(shop.new_letters());
}

#[test]
fn a_partition_is_paused_and_resumed_and_the_breaker_held_by_the_page_and_only_by_whoever_may() {
    let (ann, bob) = (Operator::new("ann", Role::Operate), Operator::new("bob", Role::Reveal));
    let tokens = format!("{},{}", ann.line, bob.line);
    let mut shop = Shop::with(&[("PAGE_TOKENS", &tokens)]);
    let other = shop.start_another(&[("PAGE_TOKENS", &tokens)]);
    let pause = json!({ "topic": ORDERS, "partition": 1, "minutes": 5 });
    let request = json!({ "action": "pause", "parameters": pause, "reason": "r" });
    assert_eq!(bob.post(shop.process(0), "/api/actions/preview", &request).0, 403);
    let plan = ann.plan(shop.process(other), "pause", &pause);
    assert!(detail(&plan, "behind now").ends_with(" records") && plan["warnings"].to_string().contains("Kafka "), "{plan}");
    let path = format!("/api/actions/{}", plan["plan_id"].as_str().unwrap());
    assert_eq!(bob.post(shop.process(0), &path, &json!({ "confirm": null })).0, 403);

    let paused = ann.act(shop.process(0), "pause", &pause);
    assert!(paused["outcome"].as_str().unwrap().contains("-1 is paused until "), "{paused}");
    let seen = bob.get(shop.process(other), &format!("/api/actions/{}", paused["id"].as_str().unwrap())).1;
    assert_eq!((&seen["who"], &seen["reason"]), (&json!("ann"), &json!("a test of ours")));
    let resumed = ann.act(shop.process(other), "resume", &json!({ "topic": ORDERS, "partition": 1 }));
    assert!(resumed["outcome"].as_str().unwrap().contains("-1 is read again"), "{resumed}");
    let twice = json!({ "action": "resume", "parameters": { "topic": ORDERS, "partition": 1 }, "reason": "r" });
    assert_eq!(ann.post(shop.process(0), "/api/actions/preview", &twice).0, 409, "it is not paused");

    let held = ann.act(shop.process(0), "hold_breaker", &json!({ "state": "open", "minutes": 5 }));
    assert!(held["outcome"].as_str().unwrap().contains("here it is forced_open"), "{held}");
    shop.process(other).await_readiness(200, "held open by ann");
    let released = ann.act(shop.process(other), "release_breaker", &json!({}));
    assert!(released["outcome"].as_str().unwrap().contains("here it is closed"), "{released}");

    let is_closed = || shop.process(0).metric(r#"orderstream_breaker_state{state="closed"}"#) == 1;
    shop.await_that("the other process follows", is_closed);

    let rebuilt = ann.act(shop.process(0), "rebuild", &json!({ "what": "cache" }));
    assert!(rebuilt["state"] == "done" && rebuilt["outcome"].as_str().unwrap().contains("orders written in "), "{rebuilt}");
    let customers = ann.act(shop.process(0), "rebuild", &json!({ "what": "customers" }));
    assert!(customers["state"] == "done" && customers["outcome"].as_str().unwrap().contains("records of customers written"), "{customers}");
    let off = json!({ "action": "restart_connector", "parameters": {}, "reason": "r" });
    assert_eq!(ann.post(shop.process(0), "/api/actions/preview", &off).1["code"], "off");
    shop.await_everything_right();
}

#[test]
fn an_action_whose_process_has_died_is_interrupted() {
    let ann = Operator::new("ann", Role::Operate);
    let mut shop = shop_with(&ann, &[]);
    let other = shop.start_another(&[("PAGE_TOKENS", &ann.line), ("DEAD_LETTERS_MAX_SHARE", "1")]);
    letters(&shop, 60);
    permit(&shop);
    let plan = ann.plan(shop.process(0), "replay", &json!({ "rate": 1 }));
    assert_eq!(ann.execute(shop.process(0), &plan).0, 202);
    let id = plan["plan_id"].as_str().unwrap().to_owned();
    ann.await_state(shop.process(other), &id, &["running"]);
    shop.kill(0);
    shop.sql(&format!("update operator_actions set heard_at = now() - interval '16 seconds' where id = '{id}'"));
    ann.await_state(shop.process(other), &id, &["interrupted"]);
    shop.await_that("the lock is free again", || {
        let plan = ann.plan(shop.process(other), "replay", &json!({}));
        ann.execute(shop.process(other), &plan).0 == 202
    });
    shop.await_sql("select count(*) from dead_letters where resolved_at is null", "0");

    // After ten minutes it has ended for good.
    shop.sql(&format!("update operator_actions set heard_at = now() - interval '11 minutes' where id = '{id}'"));
    shop.process(other).service().stop().unwrap();
    shop.start_another(&[("PAGE_TOKENS", &ann.line), ("DEAD_LETTERS_MAX_SHARE", "1")]);
    let came_of_it = format!("select state, outcome from operator_actions where id = '{id}'");
    shop.await_sql(&came_of_it, "failed|interrupted: its process was not heard of any more");
    shop.clear("ACTED");
}

#[test]
fn a_plan_is_executed_although_whoever_asked_for_it_has_gone_away() {
    let ann = Operator::new("ann", Role::Operate);
    let shop = Shop::with(&[("PAGE_TOKENS", &ann.line)]);
    let plan = ann.plan(shop.process(0), "rebuild", &json!({ "what": "cache" }));
    let id = plan["plan_id"].as_str().unwrap();
    let held = format!("select 'held' from operator_actions where id = '{id}' for update; select pg_sleep(3)");
    std::thread::scope(|scope| {
        scope.spawn(|| shop.sql(&format!("begin; {held}; commit")));
        let sleeps = "select count(*) from pg_stat_activity where wait_event = 'PgSleep' and query like '%pg_sleep(3)%'";
        shop.await_that("the plan is held", || shop.number(sleeps) == 1);
        ann.ask_and_go_away(shop.process(0), &plan);
    });
    let done = ann.await_state(shop.process(0), id, &["done", "failed", "interrupted"]);
    assert_eq!(done["state"], "done", "{done}");
    assert_eq!(ann.execute(shop.process(0), &plan).1["finished_at"], done["finished_at"]);
}

/// A connector of the test's own, whose publication is not there at first.
const FAILING: &str = "failing";

#[test]
fn a_task_that_has_failed_is_started_again_and_watched_until_it_runs() {
    let ann = Operator::new("ann", Role::Operate);
    let mut shop = Shop::closed();
    let url = shop.stack().connect_url();
    let settings =
        [("PAGE_TOKENS", ann.line.as_str()), ("PAGE_RESTART_CONNECTOR", "on"), ("CONNECT_URL", &url), ("CONNECT_CONNECTOR", FAILING)];
    let number = shop.start_another(&settings);
    let process = shop.process(number);
    let restart = json!({ "action": "restart_connector", "parameters": {}, "reason": "the publication is there now" });
    let absent = ann.post(process, "/api/actions/preview", &restart).1;
    assert!(absent["error"].as_str().unwrap().contains("has no connector failing"), "{absent}");

    let mut config = shop.stack().connector_config().unwrap();
    for (name, value) in [("slot.name", FAILING), ("publication.name", FAILING), ("topic.prefix", FAILING)] {
        config[name] = value.into();
    }
    shop.stack().connect_api().register(FAILING, &config).unwrap_err();
    let (_, plan) = ann.post(process, "/api/actions/preview", &restart);
    assert!(detail(&plan, "task 0").starts_with("failed ("), "{plan}");
    shop.sql(&format!("create publication {FAILING} for table orders"));
    assert_eq!(ann.execute(process, &plan).0, 202);
    let done = ann.await_state(process, plan["plan_id"].as_str().unwrap(), &["done", "failed"]);
    assert!(done["state"] == "done" && done["outcome"].as_str().unwrap().contains("have run for 10 s"), "{done}");
    shop.stack().connect_api().await_running(FAILING).unwrap();
    let again = ann.post(process, "/api/actions/preview", &restart);
    assert!(again.0 == 409 && again.1["error"].as_str().unwrap().contains("no task of connector failing has failed"), "{again:?}");

    shop.stack().connect_api().remove(FAILING).unwrap();
    shop.await_that("the slot is gone", || {
        shop.sql(&format!(
            "select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = '{FAILING}' and not active"
        ));
        shop.number(&format!("select count(*) from pg_replication_slots where slot_name = '{FAILING}'")) == 0
    });
    shop.sql(&format!("drop publication {FAILING}"));
}
