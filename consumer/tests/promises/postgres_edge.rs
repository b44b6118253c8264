//! The transaction of a batch against the real Postgres: fence (P4), guard (P5), tombstones, refused rows (P7).

use std::sync::Arc;

use chrono::Utc;
use orderstream::customers::ChangedCustomer;
use orderstream::enrich::{Enrichment, KnownCustomer, OrderState, ResultRow};
use orderstream::order::Text;
use orderstream::position::{Kind, Position};
use orderstream::results::batch::{Batch, Put, Round};
use orderstream::results::claim::Standing;
use orderstream::results::{ApplyError, Class};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use sqlx::Connection;

use crate::fresh::{Fresh, at, batch, delete, put};

#[test]
fn a_worker_of_an_older_claim_writes_nothing() {
    let fresh = Fresh::database("fence");
    let zombie = fresh.claim(0);
    let owner = fresh.claim(0);
    assert_eq!(owner.generation, zombie.generation + 1);
    let refused = fresh.apply(&zombie, &batch(0, 1, vec![put(1, 5, at(0, 0, 10))], vec![]));
    assert!(matches!(refused, Err(ApplyError::Fenced)), "{refused:?}");
    assert_eq!((fresh.live(1), fresh.number("select next_offset from consumer_offsets")), (None, 0));
    assert_eq!(fresh.runtime.block_on(fresh.results.standing(&zombie)).unwrap(), Standing::Elsewhere);
}

#[test]
fn a_batch_that_was_committed_cannot_be_committed_again() {
    let fresh = Fresh::database("twice");
    let claim = fresh.claim(0);
    let first = batch(0, 2, vec![put(1, 5, at(0, 0, 10)), put(2, 5, at(0, 1, 11))], vec![]);
    fresh.apply(&claim, &first).unwrap();
    assert!(matches!(fresh.apply(&claim, &first), Err(ApplyError::Fenced)));
    assert_eq!(fresh.number("select applied from consumer_offsets"), 2);
    assert_eq!(fresh.runtime.block_on(fresh.results.standing(&claim)).unwrap(), Standing::Mine { next_offset: 2 });
}

#[test]
fn an_older_event_changes_nothing_and_is_counted_as_stale() {
    let fresh = Fresh::database("guard");
    let claim = fresh.claim(0);
    fresh.apply(&claim, &batch(0, 1, vec![put(1, 5, at(0, 0, 20))], vec![])).unwrap();
    let applied = fresh.apply(&claim, &batch(1, 2, vec![put(1, 9, at(0, 1, 10))], vec![])).unwrap();
    assert_eq!((applied.fates.applied, applied.fates.stale, fresh.live(1)), (0, 1, Some(5)));
    assert_eq!(fresh.number("select applied * 10 + stale from consumer_offsets"), 11);
}

#[test]
fn an_event_sent_again_does_not_bring_a_deleted_order_back() {
    let fresh = Fresh::database("tombstone");
    let claim = fresh.claim(0);
    fresh.apply(&claim, &batch(0, 1, vec![put(1, 5, at(0, 0, 10))], vec![])).unwrap();
    fresh.apply(&claim, &batch(1, 2, vec![], vec![delete(1, at(0, 1, 20))])).unwrap();
    let again = fresh.apply(&claim, &batch(2, 3, vec![put(1, 5, at(0, 2, 10))], vec![])).unwrap();
    assert_eq!((again.fates.stale, fresh.live(1), fresh.number("select count(*) from deleted_orders")), (1, None, 1));
}

#[test]
fn an_order_created_anew_after_its_delete_lives_with_a_higher_revision() {
    let fresh = Fresh::database("reborn");
    let claim = fresh.claim(0);
    fresh.apply(&claim, &batch(0, 1, vec![put(1, 5, at(0, 0, 10))], vec![])).unwrap();
    fresh.apply(&claim, &batch(1, 2, vec![], vec![delete(1, at(0, 1, 20))])).unwrap();
    let grave = fresh.number("select revision from deleted_orders");
    fresh.apply(&claim, &batch(2, 3, vec![put(1, 7, at(0, 2, 30))], vec![])).unwrap();
    assert_eq!((fresh.live(1), fresh.number("select count(*) from deleted_orders")), (Some(7), 0));
    assert!(fresh.number("select revision from results") > grave);
}

#[test]
fn a_delete_that_overtakes_the_insert_from_another_partition_wins() {
    let fresh = Fresh::database("overtaken");
    let (old, new) = (fresh.claim(0), fresh.claim(1));
    fresh.apply(&new, &batch(0, 1, vec![], vec![delete(1, at(1, 0, 20))])).unwrap();
    let late = fresh.apply(&old, &batch(0, 1, vec![put(1, 5, at(0, 0, 10))], vec![])).unwrap();
    assert_eq!((late.fates.stale, fresh.live(1)), (1, None));
}

#[test]
fn an_insert_and_a_delete_side_by_side_in_two_partitions_leave_the_newer() {
    let fresh = Fresh::database("side_by_side");
    let (left, right) = (fresh.claim(0), fresh.claim(1));
    fresh.runtime.block_on(async {
        for round in 0..200 {
            let insert = batch(round, round + 1, vec![put(round, 5, at(0, round, 10))], vec![]);
            let remove = batch(round, round + 1, vec![], vec![delete(round, at(1, round, 20))]);
            let (inserted, removed) = tokio::join!(fresh.results.apply(&left, &insert), fresh.results.apply(&right, &remove));
            inserted.unwrap();
            removed.unwrap();
        }
    });
    assert_eq!((fresh.number("select count(*) from results"), fresh.number("select count(*) from deleted_orders")), (0, 200));
}

#[test]
fn a_batch_may_write_remove_and_write_one_order_in_rounds() {
    let fresh = Fresh::database("rounds");
    let claim = fresh.claim(0);
    let round = |puts, deletes| Round { puts, deletes };
    let rounds = vec![
        round(vec![put(1, 1, at(0, 0, 10))], vec![]),
        round(vec![], vec![delete(1, at(0, 1, 20))]),
        round(vec![put(1, 3, at(0, 2, 30))], vec![]),
    ];
    let batch = Batch { rounds, ..batch(0, 3, vec![], vec![]) };
    let applied = fresh.apply(&claim, &batch).unwrap();
    assert_eq!((applied.fates.applied, fresh.live(1)), (3, Some(3)));
    let states = batch.into_states(&applied.written);
    let revision = fresh.number("select revision from results");
    assert!(matches!(&states[..], [OrderState::Live(row)] if row.quantity == 3 && row.revision == revision), "{states:?}");
}

#[test]
fn the_rows_that_a_constraint_refuses_are_found_among_a_thousand() {
    let fresh = Fresh::database("refused");
    fresh.sql("alter table results add constraint small check (quantity < 100)");
    let claim = fresh.claim(0);
    let quantity = |id| if id % 400 == 7 { 100 } else { 1 };
    let puts = (0..1000).map(|id| put(id, quantity(id), at(0, id, id))).collect();
    let batch = batch(0, 1000, puts, vec![]);
    let error = fresh.apply(&claim, &batch).unwrap_err();
    assert!(matches!(&error, ApplyError::Store(error) if error.class() == Class::Row), "{error}");
    let mut refused = fresh.runtime.block_on(fresh.results.refused(&batch)).unwrap();
    refused.sort_by_key(|(record, _)| *record);
    assert_eq!(refused.iter().map(|(record, _)| *record).collect::<Vec<_>>(), vec![7, 407, 807]);
    assert!(refused[0].1.message.contains("constraint small"), "{}", refused[0].1.message);
    assert_eq!(fresh.number("select count(*) from results"), 0);
}

#[test]
fn an_unchanged_toast_column_keeps_the_stored_text_or_is_refused_if_there_is_none() {
    let fresh = Fresh::database("toast");
    let claim = fresh.claim(0);
    fresh.apply(&claim, &batch(0, 1, vec![put(1, 5, at(0, 0, 10))], vec![])).unwrap();
    let mut partial = put(1, 6, at(0, 1, 20));
    partial.enriched.order.product_id = Text::Unchanged;
    fresh.apply(&claim, &batch(1, 2, vec![partial], vec![])).unwrap();
    assert_eq!(fresh.number("select count(*) from results where product_id = 'P1' and quantity = 6"), 1);
    let mut nowhere = put(2, 6, at(0, 2, 30));
    nowhere.enriched.order.product_id = Text::Unchanged;
    let refused = fresh.apply(&claim, &batch(2, 3, vec![nowhere], vec![]));
    assert!(matches!(&refused, Err(ApplyError::Unresolved(records)) if records == &[2]), "{refused:?}");
}

#[test]
fn the_customers_columns_stay_while_redis_is_away_and_the_order_is_due() {
    let fresh = Fresh::database("pending");
    let claim = fresh.claim(0);
    fresh.apply(&claim, &batch(0, 1, vec![put(1, 5, at(0, 0, 10))], vec![])).unwrap();
    let mut pending = put(1, 6, at(0, 1, 20));
    pending.enriched.customer = Arc::default();
    pending.enriched.enrichment = Enrichment::Pending;
    fresh.apply(&claim, &Batch { redis_away: true, ..batch(1, 2, vec![pending], vec![]) }).unwrap();
    let kept = "select count(*) from results join due_orders using (order_id) where enrichment = 'pending' and customer_name = 'Ann'";
    assert_eq!(fresh.number(kept), 1);
}

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
            let mut due = fresh.results.take_due(0, &[0], 400).await.unwrap();
            let mut outdated = live(fresh.results.states(&ids).await.unwrap());
            due.sort_by_key(|due| std::cmp::Reverse(due.order_id));
            outdated.sort_by_key(|row| std::cmp::Reverse(row.order_id));
            let (next, now) = (everything(round * 400), Utc::now());
            let (marked, postponed, finished, applied, refreshed) = tokio::join!(
                fresh.results.mark_due(0, ids.clone()),
                fresh.results.postpone_due(&due),
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

fn live(states: Vec<OrderState>) -> Vec<ResultRow> {
    let rows = states.into_iter().filter_map(|state| match state {
        OrderState::Live(row) => Some(row),
        OrderState::Deleted(_) => None,
    });
    rows.collect()
}

#[test]
fn an_order_that_is_swept_with_the_customer_before_the_change_stays_on_the_list() {
    let fresh = Fresh::database("swept");
    let claim = fresh.claim(0);
    fresh.apply(&claim, &batch(0, 1, vec![put(1, 5, at(0, 0, 10))], vec![])).unwrap();
    fresh.runtime.block_on(async {
        let results = &fresh.results;
        results.mark_customers(0, &[changed("0.0.2")], true).await.unwrap();
        assert_eq!(results.expand_customers(&[0], true, 10).await.unwrap(), 1);
        // A sweep takes the order and looks its customer up; then the customer changes.
        let taken = results.take_due(0, &[0], 10).await.unwrap();
        let rows = live(results.states(&[1]).await.unwrap()).into_iter().map(|row| with_version(row, "0.0.2")).collect::<Vec<_>>();
        results.mark_customers(0, &[changed("0.0.3")], true).await.unwrap();
        while results.expand_customers(&[0], true, 10).await.unwrap() > 0 {}
        results.refresh(&rows, Utc::now()).await.unwrap();
        results.finish_due(0, &taken).await.unwrap();
        assert_eq!(results.take_due(0, &[0], 10).await.unwrap().len(), 1);
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
        // The next change is in Redis already, so the row follows that one; its own mark comes afterwards and finds nothing to do.
        let rows = live(results.states(&[1]).await.unwrap()).into_iter().map(|row| with_version(row, "0.0.3")).collect::<Vec<_>>();
        results.refresh(&rows, Utc::now()).await.unwrap();
        results.mark_customers(0, &[changed("0.0.3")], true).await.unwrap();
        assert_eq!(results.expand_customers(&[0], true, 10).await.unwrap(), 0);
    });
    assert_eq!(fresh.number("select count(*) from due_customers"), 0);
}

fn changed(version: &str) -> ChangedCustomer {
    ChangedCustomer { id: "C1".to_owned(), version: Some(version.to_owned()) }
}

fn with_version(row: ResultRow, version: &str) -> ResultRow {
    let customer = KnownCustomer { version: Some(version.into()), ..(*row.customer).clone() };
    ResultRow { customer: customer.into(), ..row }
}

#[test]
fn postgres_and_rust_agree_on_which_of_two_positions_is_newer() {
    let fresh = Fresh::database("positions");
    let kind = prop_oneof![Just(Kind::Snapshot), Just(Kind::Stream), Just(Kind::Incremental), Just(Kind::Unknown)];
    let number = proptest::option::weighted(0.8, 0..4_i64);
    let position = (0..2_i32, 0..2_i32, 0..4_i64, kind, number.clone(), number)
        .prop_map(|(epoch, partition, offset, kind, commit, lsn)| Position { epoch, partition, offset, kind, commit, lsn, ts_ms: None });
    let mut connection = fresh.runtime.block_on(sqlx::PgConnection::connect(&fresh.url)).unwrap();
    let mut runner = TestRunner::new(ProptestConfig::with_cases(3_000));
    let connection = std::cell::RefCell::new(&mut connection);
    let agree = |(new, stored): (Position, Position)| {
        let mut connection = connection.borrow_mut();
        let query = sqlx::query_scalar("select position_supersedes($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)");
        let query = [new, stored].iter().fold(query, |query, p| {
            query.bind(p.epoch).bind(p.partition).bind(p.offset).bind(p.kind.code() as i8).bind(p.commit).bind(p.lsn)
        });
        let verdict: bool = fresh.runtime.block_on(query.fetch_one(&mut **connection)).unwrap();
        prop_assert_eq!(verdict, new.supersedes(&stored));
        Ok(())
    };
    runner.run(&(position.clone(), position), agree).unwrap();
}

fn truncated(from: i64, puts: Vec<Put>, position: Position) -> Batch {
    Batch { truncates: vec![position], ..batch(from, position.offset + 1, puts, vec![]) }
}

impl Fresh {
    async fn sweep_truncates(&self) {
        while self.results.sweep_truncate(&[0, 1], 2).await.unwrap() {}
    }
}

#[test]
fn a_truncate_removes_what_is_older_in_every_partition_and_older_events_stay_out() {
    let fresh = Fresh::database("truncated");
    let (here, there) = (fresh.claim(0), fresh.claim(1));
    let ours: Vec<Put> = (1..=5).map(|id| put(id, 1, at(0, id - 1, 10 * id))).collect();
    fresh.apply(&here, &batch(0, 5, ours, vec![])).unwrap();
    fresh.apply(&there, &batch(0, 1, vec![put(11, 1, at(1, 0, 60))], vec![])).unwrap();
    // Committed before the truncate and read after it, in its own batch and in the other partition.
    let applied = fresh.apply(&here, &truncated(5, vec![put(6, 1, at(0, 5, 90)), put(7, 1, at(0, 7, 110))], at(0, 6, 100))).unwrap();
    assert_eq!((applied.fates.applied, applied.fates.stale), (2, 1));
    let late = vec![put(12, 1, at(1, 1, 80)), put(13, 1, at(1, 2, 120))];
    assert_eq!(fresh.apply(&there, &batch(1, 3, late, vec![])).unwrap().fates.stale, 1);
    fresh.runtime.block_on(fresh.sweep_truncates());
    assert_eq!([1, 2, 3, 4, 5, 11, 6, 12].map(|id| fresh.live(id)), [None; 8]);
    assert_eq!([7, 13].map(|id| fresh.live(id)), [Some(1); 2]);
    assert_eq!(fresh.number("select count(*) from due_orders where order_id in (1, 2, 3, 4, 5, 11)"), 6);
    // Sent again, from before and of itself; and an order that is made anew.
    let again = [put(1, 1, at(0, 8, 10)), put(2, 1, at(0, 9, 20))];
    assert_eq!(fresh.apply(&here, &batch(7, 10, Vec::from(again), vec![])).unwrap().fates.stale, 2);
    assert_eq!(fresh.apply(&here, &truncated(10, vec![put(3, 9, at(0, 11, 130))], at(0, 10, 100))).unwrap().fates.stale, 1);
    fresh.runtime.block_on(fresh.sweep_truncates());
    assert_eq!([1, 2, 3, 7].map(|id| fresh.live(id)), [None, None, Some(9), Some(1)]);
}

#[test]
fn an_older_insert_beside_a_truncate_in_another_partition_does_not_stay() {
    let fresh = Fresh::database("truncate_race");
    let (here, there) = (fresh.claim(0), fresh.claim(1));
    for round in 0..40 {
        let (first, lsn) = (round * 100, 1_000 * (round + 1));
        let late = (0..100).map(|i| put(first + i, 1, at(1, first + i, lsn - 500 + i))).collect();
        let (late, truncate) = (batch(first, first + 100, late, vec![]), truncated(round, vec![], at(0, round, lsn)));
        fresh.runtime.block_on(async {
            let truncating = async {
                let applied = fresh.results.apply(&here, &truncate).await;
                fresh.sweep_truncates().await;
                applied
            };
            let (truncated, inserted) = tokio::join!(truncating, fresh.results.apply(&there, &late));
            assert_eq!(truncated.unwrap().fates.applied, 1);
            inserted.unwrap();
        });
        assert_eq!(fresh.number("select count(*) from results"), 0, "round {round}");
    }
}

#[test]
fn postgres_knows_what_is_from_before_a_truncate() {
    let fresh = Fresh::database("precedes");
    // Columns: epoch, kind, commit, LSN of a row; the truncate stands at epoch 1, LSN 100.
    let right = "select count(*) from (values
        (0, 'w', 500, 500, true), (2, 'w', 1, 1, false),
        (1, 'w', 90, 99, true), (1, 'w', 90, 100, false), (1, 'w', 90, 101, false), (1, 'w', null, 99, true),
        (1, 's', null, 99, true), (1, 's', null, 101, false),
        (1, 'i', 99, 5, true), (1, 'i', 150, 5, false), (1, 'i', null, null, true),
        (1, 'u', null, null, false)) as row (epoch, kind, commit, lsn, expected)
        where precedes_truncate(epoch, kind::\"char\", commit, lsn, 1, 100) = expected";
    assert_eq!(fresh.number(right), 12);
}
