//! The audit trail: `results_history` has each state of each row, whoever makes it, and recording costs nothing while it is off.

use chrono::Utc;
use orderstream::orders::row::OrderState;
use orderstream::results::batch::Batch;
use orderstream::results::replay::{ReplayOutcome, Replayed};
use serde_json::Value;

use crate::shop::Shop;
use crate::shop::fresh::{Fresh, at, batch, delete, put};

/// What was recorded of an order, a line for each change: op, cause, and what it has changed.
const STORY: &str = "
select coalesce(string_agg(op::text || ' ' || cause || ' ' || coalesce(changed ->> 'quantity', changed ->> 'status', '-'), E'\\n'
    order by revision, at, position(op::text in 'iudt')), '') from results_history where order_id = ";

impl Fresh {
    fn story(&self, order: i64) -> Vec<String> {
        let story: String = self.runtime.block_on(async {
            let mut connection = <sqlx::PgConnection as sqlx::Connection>::connect(&self.url).await.unwrap();
            sqlx::query_scalar(sqlx::AssertSqlSafe(format!("{STORY}{order}"))).fetch_one(&mut connection).await.unwrap()
        });
        story.lines().map(str::to_owned).collect()
    }

    fn switch(&self, on: bool) -> bool {
        self.runtime.block_on(self.results.switch_history(on, "a test")).unwrap()
    }

    fn refresh(&self, order: i64, name: &str) {
        let states = self.runtime.block_on(self.results.states(&[order])).unwrap().states;
        let mut row = states.into_iter().find_map(OrderState::into_live).unwrap();
        std::sync::Arc::make_mut(&mut row.customer).customer.name = Some(name.into());
        self.runtime.block_on(self.results.refresh(&[row], Utc::now())).unwrap();
    }
}

#[test]
fn every_way_to_change_a_row_is_recorded_with_its_cause_and_nothing_is_recorded_while_it_is_off() {
    let fresh = Fresh::database("history");
    let claim = fresh.claim(0);
    fresh.apply(&claim, &batch(0, 1, vec![put(9, 1, at(0, 0, 1))], vec![])).unwrap();
    assert!(fresh.switch(true) && !fresh.switch(true));
    let revision = |order: i64| {
        let states = fresh.runtime.block_on(fresh.results.states(&[order])).unwrap().states;
        states.first().map(OrderState::revision).unwrap()
    };

    // An order's whole life: created, changed, completed by the sweep, changed by a replayed letter and by hand, deleted.
    fresh.apply(&claim, &batch(1, 2, vec![put(1, 1, at(0, 1, 10))], vec![])).unwrap();
    fresh.apply(&claim, &batch(2, 3, vec![put(1, 2, at(0, 2, 20))], vec![])).unwrap();
    fresh.refresh(1, "Ann Lee");
    let letter = [Replayed { id: "letter".into(), partition: 0, outcome: ReplayOutcome::Change }];
    let mut replayed = put(1, 3, at(0, 3, 30));
    replayed.record = 0;
    fresh.runtime.block_on(fresh.results.replay(&batch(0, 0, vec![replayed], vec![]), &letter)).unwrap();
    fresh.sql("update results set status = 'by hand' where order_id = 1");
    fresh.apply(&claim, &batch(3, 5, vec![], vec![delete(1, at(0, 4, 40))])).unwrap();
    let expected = ["i event 1", "u event 2", "u sweep -", "u replay 3", "u hand by hand", "d event -"];
    assert_eq!(fresh.story(1), expected);
    assert_eq!(
        fresh.number("select max(revision) from results_history where order_id = 1"),
        fresh.number("select revision from deleted_orders where order_id = 1"),
        "the delete has the revision of its tombstone"
    );

    // An older event changes nothing and leaves no line.
    fresh.apply(&claim, &batch(5, 6, vec![put(1, 9, at(0, 5, 15))], vec![])).unwrap();
    assert_eq!(fresh.story(1).len(), expected.len());

    // Rows that no event removes or changes: a truncate, a comparison, a restored Postgres, a hand, TRUNCATE.
    fresh.apply(&claim, &batch(6, 7, vec![put(2, 1, at(0, 6, 50))], vec![])).unwrap();
    fresh.apply(&claim, &Batch { truncates: vec![at(0, 7, 60)], ..batch(7, 8, vec![], vec![]) }).unwrap();
    while fresh.runtime.block_on(fresh.results.sweep_truncate(&[0], 100)).unwrap().has_more {}
    assert_eq!(fresh.story(2), ["i event 1", "d truncate -"]);
    fresh.apply(&claim, &batch(8, 11, (3..=5).map(|id| put(id, 1, at(0, 5 + id, 70 + id))).collect(), vec![])).unwrap();
    fresh.runtime.block_on(fresh.results.bury(&[(3, revision(3))])).unwrap();
    fresh.runtime.block_on(fresh.results.renew(&[4])).unwrap();
    let states = fresh.runtime.block_on(fresh.results.states(&[4])).unwrap().states;
    fresh.runtime.block_on(fresh.results.raise(states, 1_000)).unwrap();
    fresh.sql("set search_path = pg_catalog; delete from public.results where order_id = 5");
    fresh.sql("truncate results");
    assert_eq!(fresh.story(3), ["i event 1", "d reconcile -"]);
    assert_eq!(fresh.story(4), ["i event 1", "u reconcile -", "u restore -", "t hand -"]);
    assert_eq!(fresh.story(5), ["i event 1", "d hand -"]);
    assert_eq!(fresh.story(9), ["d truncate -"], "the row is from before the recording");

    // No name, no address, and no trigger while it is off.
    assert_eq!(fresh.number("select count(*) from results_history h where h::text ilike '%ann%'"), 0);
    assert!(fresh.switch(false));
    assert_eq!(fresh.number("select count(*) from pg_trigger where tgrelid = 'results'::regclass and not tgisinternal"), 0);
    let recorded = fresh.number("select count(*) from results_history");
    fresh.apply(&claim, &batch(11, 12, vec![put(6, 1, at(0, 11, 90))], vec![])).unwrap();
    assert_eq!(fresh.number("select count(*) from results_history"), recorded);
}

#[test]
fn months_are_made_ahead_and_removed_as_a_whole_and_a_missing_one_stops_no_order() {
    let fresh = Fresh::database("months");
    let claim = fresh.claim(0);
    let partitions = "select count(*) from pg_inherits where inhparent = 'results_history'::regclass";
    let (prepare, forget) = (
        |ahead| fresh.runtime.block_on(fresh.results.prepare_history(ahead)).unwrap(),
        |months| fresh.runtime.block_on(fresh.results.forget_history(months)).unwrap(),
    );
    fresh.switch(true);
    assert_eq!((fresh.number(partitions), prepare(2), prepare(3)), (3, 0, 1));
    // Months of long ago, as if the process had made them then.
    fresh.sql(
        "create table results_history_2020_01 partition of results_history for values from ('2020-01-01+00') to ('2020-02-01+00');
         create table results_history_2020_02 partition of results_history for values from ('2020-02-01+00') to ('2020-03-01+00')",
    );
    assert_eq!((forget(1_200), forget(13), fresh.number(partitions)), (0, 2, 4));

    // Nobody has made the present month, and a batch makes it; so do batches of two partitions at once.
    fresh.sql("do $$ begin execute 'drop table ' || history_partition(now() at time zone 'UTC'); end $$");
    assert!(!fresh.runtime.block_on(fresh.results.history_state()).unwrap().has_this_month);
    let other = fresh.claim(1);
    let (one, two) = (batch(0, 1, vec![put(1, 1, at(0, 0, 10))], vec![]), batch(0, 1, vec![put(2, 1, at(1, 0, 20))], vec![]));
    let (first, second) =
        fresh.runtime.block_on(async { tokio::join!(fresh.results.apply(&claim, &one), fresh.results.apply(&other, &two)) });
    assert_eq!((first.unwrap().fates.applied, second.unwrap().fates.applied), (1, 1));
    assert!(fresh.runtime.block_on(fresh.results.history_state()).unwrap().has_this_month);
    assert_eq!(fresh.number("select count(*) from results_history"), 2);
}

#[test]
fn a_process_records_from_its_start_a_trace_shows_it_and_the_owner_of_the_first_partition_ends_it() {
    let mut shop = Shop::with(&[("AUDIT_HISTORY", "on")]);
    let id = shop.order("CUST003", 1, "5.00");
    shop.await_everything_right();
    shop.sql(&format!("update orders set quantity = 2 where id = {id}"));
    shop.await_everything_right();
    shop.sql(&format!("update results set status = 'seen' where order_id = {id}"));
    let output = shop.orderstream(&["trace", "--json", "--deadline", "10000", &id.to_string()], &[]);
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let history = found["events"].as_array().unwrap().iter().filter(|event| event["from"] == "history");
    let story: Vec<(&str, &str)> = history.clone().map(|event| (event["op"].as_str().unwrap(), event["cause"].as_str().unwrap())).collect();
    assert_eq!(story, [("created", "event"), ("changed", "event"), ("changed", "hand")], "{found}");
    let quantity = serde_json::json!({ "column": "quantity", "before": "1", "after": "2" });
    assert!(history.clone().nth(1).unwrap()["changed"].as_array().unwrap().contains(&quantity), "{found}");
    let check = |history: &str| {
        let output = shop.orderstream(&["check"], &[("AUDIT_HISTORY", history)]);
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(check("on").contains("changes of results are recorded, and this month and the next have their partitions"));
    assert!(check("off").contains("changes of results are recorded although audit.history is off here"));
    shop.sql(&format!("update results set status = 'pending' where order_id = {id}"));
    shop.sql(&format!("delete from orders where id = {id}"));
    shop.await_everything_right();

    shop.process(0).service().stop().unwrap();
    shop.start_another(&[("AUDIT_HISTORY", "off")]);
    shop.await_sql("select history_is_on()", "f");
    assert_eq!(shop.sql("select string_agg(is_on::text, ' ' order by at) from history_switches"), "true false");
}
