//! The sweep in the real Postgres: which orders are due, and what happens beside other writers (P2).

use std::time::Duration;

use chrono::Utc;
use orderstream::orders::customer::ChangedCustomer;
use orderstream::orders::enrich::KnownCustomer;
use orderstream::orders::row::{OrderState, ResultRow};
use orderstream::results::Results;
use orderstream::results::marked::Expansion;

use crate::shop::fresh::{Fresh, at, batch, put};

#[test]
fn the_sweep_and_a_batch_never_lock_each_other_out_over_the_same_orders() {
    let fresh = Fresh::database("crossing");
    let claim = fresh.claim(0);
    let (ids, rounds): (Vec<i64>, i64) = ((0..400).collect(), 20);
    let everything = |from: i64| {
        let puts = ids.iter().map(|id| put(*id, 1, at(0, from + id, 10 + from + id))).collect();
        batch(from, from + 400, puts, vec![])
    };
    fresh.apply(&claim, &everything(0)).unwrap();
    fresh.runtime.block_on(async {
        for round in 1..=rounds {
            fresh.results.mark_due(0, ids.clone()).await.unwrap();
            let mut due = fresh.results.take_due(0, 0, 400).await.unwrap();
            let mut outdated = live(fresh.results.states(&ids).await.unwrap().states);
            due.sort_by_key(|due| std::cmp::Reverse(due.order_id));
            outdated.sort_by_key(|row| std::cmp::Reverse(row.order_id));
            let (next, now) = (everything(round * 400), Utc::now());
            let (marked, postponed, finished, applied, refreshed) = tokio::join!(
                fresh.results.mark_due(0, ids.clone()),
                fresh.results.postpone_due(&due, Duration::from_secs(60)),
                fresh.results.finish_due(0, &due),
                fresh.results.apply(&claim, &next),
                fresh.results.refresh(&outdated, now),
            );
            marked.and(postponed).and(finished).unwrap();
            assert_eq!(applied.unwrap().fates.applied, 400);
            refreshed.unwrap();
        }
    });
    assert_eq!(fresh.number("select count(*) from results where \"offset\" >= 8000"), 400);
}

#[test]
fn an_order_that_is_swept_with_the_customer_before_the_change_stays_on_the_list() {
    let fresh = Fresh::database("swept");
    let claim = fresh.claim(0);
    fresh.apply(&claim, &batch(0, 1, vec![put(1, 5, at(0, 0, 10))], vec![])).unwrap();
    fresh.runtime.block_on(async {
        let results = &fresh.results;
        results.mark_customers(0, &[changed("0.0.2")], true).await.unwrap();
        assert_eq!(expand(results, "0.0.2").await, 1);
        // A sweep takes the order and looks its customer up; then the customer changes.
        let taken = results.take_due(0, 0, 10).await.unwrap();
        let rows = live(results.states(&[1]).await.unwrap().states).into_iter().map(|row| with_version(row, "0.0.2")).collect::<Vec<_>>();
        results.mark_customers(0, &[changed("0.0.3")], true).await.unwrap();
        while expand(results, "0.0.3").await > 0 {}
        results.refresh(&rows, Utc::now()).await.unwrap();
        results.finish_due(0, &taken).await.unwrap();
        assert_eq!(results.take_due(0, 0, 10).await.unwrap().len(), 1);
    });
}

#[test]
fn a_mark_that_every_row_has_overtaken_goes_away() {
    let fresh = Fresh::database("overtaken_mark");
    let claim = fresh.claim(0);
    fresh.apply(&claim, &batch(0, 1, vec![put(1, 5, at(0, 0, 10))], vec![])).unwrap();
    fresh.runtime.block_on(async {
        let results = &fresh.results;
        results.mark_customers(0, &[changed("0.0.2")], true).await.unwrap();
        // The next change is in Redis already, so the row follows the next change. The mark of the next change comes afterwards and finds
        // nothing to do.
        let rows = live(results.states(&[1]).await.unwrap().states).into_iter().map(|row| with_version(row, "0.0.3")).collect::<Vec<_>>();
        results.refresh(&rows, Utc::now()).await.unwrap();
        results.mark_customers(0, &[changed("0.0.3")], true).await.unwrap();
        assert_eq!(expand(results, "0.0.3").await, 0);
    });
    assert_eq!(fresh.number("select count(*) from due_customers"), 0);
}

#[test]
fn a_mark_with_an_older_version_than_every_row_goes_away() {
    let fresh = Fresh::database("older_mark");
    let claim = fresh.claim(0);
    fresh.apply(&claim, &batch(0, 1, vec![put(1, 5, at(0, 0, 10))], vec![])).unwrap();
    fresh.runtime.block_on(async {
        let results = &fresh.results;
        let rows = live(results.states(&[1]).await.unwrap().states).into_iter().map(|row| with_version(row, "0.0.3")).collect::<Vec<_>>();
        results.refresh(&rows, Utc::now()).await.unwrap();
        // A rebuild has read an old change again, and its mark comes after the later change was marked and swept.
        results.mark_customers(0, &[changed("0.0.2")], true).await.unwrap();
        assert_eq!(expand(results, "0.0.3").await, 0);
    });
    assert_eq!(fresh.number("select count(*) from due_customers"), 0);
}

/// Expands every mark, with the version that Redis has now.
async fn expand(results: &Results, version_now: &str) -> i64 {
    let mut orders = 0;
    for marked in results.marked_customers(&[0], 10).await.unwrap() {
        orders += results.expand(&marked, Some(version_now), true, Expansion::USUAL).await.unwrap().put;
    }
    orders
}

fn live(states: Vec<OrderState>) -> Vec<ResultRow> {
    let rows = states.into_iter().filter_map(|state| match state {
        OrderState::Live(row) => Some(row),
        OrderState::Deleted(_) => None,
    });
    rows.collect()
}

fn changed(version: &str) -> ChangedCustomer {
    ChangedCustomer { id: "C1".to_owned(), version: Some(version.to_owned()) }
}

fn with_version(row: ResultRow, version: &str) -> ResultRow {
    let customer = KnownCustomer { version: Some(version.into()), ..(*row.customer).clone() };
    ResultRow { customer: customer.into(), ..row }
}
