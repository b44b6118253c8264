//! The guard and the tombstones in the real Postgres, which decide which of two events is newer (P5).

use std::collections::HashMap;

use change::position::{Origin, Position};
use orderstream::orders::row::OrderState;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use sqlx::Connection;

use crate::shop::fresh::{Fresh, at, batch, delete, put};

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
fn a_delete_and_a_create_at_one_position_leave_the_create_whichever_comes_first_and_however_often() {
    let fresh = Fresh::database("ties");
    let claims = [fresh.claim(0), fresh.claim(1)];
    let mut next = [0, 0];
    let mut apply = |partition: usize, id: i64, lsn: i64, quantity: Option<i32>| {
        let (offset, number) = (next[partition], i32::try_from(partition).unwrap());
        next[partition] += 1;
        let position = at(number, offset, lsn);
        let puts = quantity.map(|quantity| put(id, quantity, position)).into_iter().collect();
        let deletes = if quantity.is_none() { vec![delete(id, position)] } else { vec![] };
        drop(fresh.apply(&claims[partition], &batch(offset, offset + 1, puts, deletes)).unwrap());
    };
    // The arrivals of the delete and the create, each with its partition; the delete has no quantity.
    let arrivals: [&[(usize, Option<i32>)]; 5] = [
        &[(0, None), (0, Some(2))],
        &[(0, None), (1, Some(2))],
        &[(1, Some(2)), (0, None)],
        &[(0, None), (1, Some(2)), (0, None), (1, Some(2))],
        &[(1, Some(2)), (0, None), (1, None), (0, Some(2)), (1, None), (0, None)],
    ];
    for (id, arrival) in (1..).zip(arrivals) {
        for (id, was_there) in [(id, true), (id + 100, false)] {
            if was_there {
                apply(0, id, 10, Some(1));
            }
            arrival.iter().for_each(|(partition, quantity)| apply(*partition, id, 20, *quantity));
            assert_eq!(fresh.live(id), Some(2), "{arrival:?}, {was_there}");
        }
    }
    assert_eq!(fresh.number("select count(*) from deleted_orders"), 0);
}

#[test]
fn every_row_that_outlives_a_delete_beside_it_is_told_to_redis_under_its_last_revision() {
    let fresh = Fresh::database("outlives");
    let (here, there) = (fresh.claim(0), fresh.claim(1));
    let (mut told, mut untold) = (HashMap::new(), 0);
    for round in 0..200 {
        let create = batch(round, round + 1, vec![put(round, 5, at(1, round, 10 + round))], vec![]);
        let remove = batch(round, round + 1, vec![], vec![delete(round, at(0, round, 10 + round))]);
        let both = async { tokio::join!(fresh.results.apply(&there, &create), fresh.results.apply(&here, &remove)) };
        let (created, removed) = fresh.runtime.block_on(both);
        for (batch, applied) in [(create, created.unwrap()), (remove, removed.unwrap())] {
            for state in batch.into_states(applied) {
                let highest = told.entry(state.order_id()).or_insert(0);
                *highest = state.revision().max(*highest);
            }
        }
    }
    let ids: Vec<i64> = (0..200).collect();
    for state in fresh.runtime.block_on(fresh.results.states(&ids)).unwrap().states {
        assert!(matches!(state, OrderState::Live(_)), "{state:?}");
        untold += if told[&state.order_id()] == state.revision() { 0 } else { state.order_id() };
    }
    // The other orders are due for the sweep.
    assert_eq!(fresh.number("select coalesce(sum(order_id), 0)::bigint from due_orders"), untold);
}

#[test]
fn a_tombstone_alone_removes_what_its_own_partition_wrote_and_keeps_nothing_out() {
    let fresh = Fresh::database("alone");
    let (claim, other) = (fresh.claim(0), fresh.claim(1));
    let tombstone =
        |partition, offset| Position { kind: Origin::Tombstone, commit: None, lsn: None, ts_ms: None, ..at(partition, offset, 0) };
    fresh.apply(&claim, &batch(0, 1, vec![put(1, 5, at(0, 0, 10))], vec![])).unwrap();
    let elsewhere = fresh.apply(&other, &batch(0, 1, vec![], vec![delete(1, tombstone(1, 0))])).unwrap();
    assert_eq!((elsewhere.fates.stale, fresh.live(1)), (1, Some(5)));
    let removed = fresh.apply(&claim, &batch(1, 2, vec![], vec![delete(1, tombstone(0, 1))])).unwrap();
    assert_eq!((removed.fates.applied, fresh.live(1), fresh.number("select count(*) from deleted_orders")), (1, None, 1));
    fresh.apply(&claim, &batch(2, 3, vec![], vec![delete(2, tombstone(0, 2))])).unwrap();
    assert_eq!(fresh.number("select count(*) from deleted_orders"), 1, "of an order without a row there is nothing to keep");
    fresh.apply(&other, &batch(1, 2, vec![put(1, 7, at(1, 1, 5))], vec![])).unwrap();
    assert_eq!((fresh.live(1), fresh.number("select count(*) from deleted_orders")), (Some(7), 0));
}

#[test]
fn a_row_that_a_comparison_buried_does_not_come_back_when_its_event_is_sent_again() {
    let fresh = Fresh::database("buried");
    let claim = fresh.claim(0);
    fresh.apply(&claim, &batch(0, 1, vec![put(1, 5, at(0, 0, 16))], vec![])).unwrap();
    let revision = fresh.number("select revision from results");
    assert_eq!(fresh.runtime.block_on(fresh.results.bury(&[(1, revision)])).unwrap(), 1);
    fresh.apply(&claim, &batch(1, 2, vec![put(1, 5, at(0, 1, 16))], vec![])).unwrap();
    assert_eq!(fresh.live(1), None);
    fresh.apply(&claim, &batch(2, 3, vec![put(1, 6, at(0, 2, 24))], vec![])).unwrap();
    assert_eq!(fresh.live(1), Some(6));
}

/// Inserts rows; `BURY` inserts an older tombstone for each of them.
const GROW: &str = "
insert into results (order_id, customer_id, product_id, quantity, price, total, status, enrichment, processed_at, revision, epoch, partition,
    \"offset\", kind, lsn)
select id, 'C1', 'P1', 1, 1, 1, 'paid', 'missing', now(), id, 0, 0, id, 'w', 2 from generate_series($1::bigint, $2) as id";
const BURY: &str = "
insert into deleted_orders (order_id, deleted_at, revision, epoch, partition, \"offset\", kind, lsn)
select id, now(), id, 0, 1, id, 'w', 1 from generate_series($1::bigint, $2) as id";
const SETTLE: &str = "select order_id, row_stays from settle_orders(array[$1::bigint], $1, $1, false)";
/// The rows that the present transaction has read one after the other.
const READ_WHOLE: &str = "select sum(seq_tup_read)::bigint from pg_stat_xact_user_tables where relname in ('results', 'deleted_orders')";

#[test]
fn settling_an_order_does_not_read_all_of_tables_that_were_small_when_it_was_first_done() {
    let fresh = Fresh::database("grown");
    fresh.runtime.block_on(async {
        let mut connection = sqlx::PgConnection::connect(&fresh.url).await.unwrap();
        let mut on = connection.begin().await.unwrap();
        for (first, last) in [(1_i64, 20_i64), (21, 20_000)] {
            for grow in [GROW, BURY] {
                sqlx::query(grow).bind(first).bind(last).execute(&mut *on).await.unwrap();
            }
            // Postgres keeps a plan after the fifth execution at the earliest.
            let before: i64 = sqlx::query_scalar(READ_WHOLE).fetch_one(&mut *on).await.unwrap();
            for id in first..first + 8 {
                let settled: Vec<(i64, bool)> = sqlx::query_as(SETTLE).bind(id).fetch_all(&mut *on).await.unwrap();
                assert_eq!(settled, [(id, true)]);
            }
            let read = sqlx::query_scalar::<_, i64>(READ_WHOLE).fetch_one(&mut *on).await.unwrap() - before;
            assert!(read < 8 * 4 * 20, "{read} rows were read one after the other to settle 8 orders of {last}");
        }
    });
}

#[test]
fn postgres_and_rust_agree_on_which_of_two_positions_is_newer() {
    let fresh = Fresh::database("positions");
    let kind = prop_oneof![
        Just(Origin::Snapshot),
        Just(Origin::Stream),
        Just(Origin::Incremental),
        Just(Origin::Unknown),
        Just(Origin::Tombstone)
    ];
    let number = proptest::option::weighted(0.8, 0..4_i64);
    let position = (0..2_i32, 0..2_i32, 0..4_i64, kind, number.clone(), number)
        .prop_map(|(epoch, partition, offset, kind, commit, lsn)| Position { epoch, partition, offset, kind, commit, lsn, ts_ms: None });
    let mut connection = fresh.runtime.block_on(sqlx::PgConnection::connect(&fresh.url)).unwrap();
    let mut runner = TestRunner::new(ProptestConfig::with_cases(3_000));
    let connection = std::cell::RefCell::new(&mut connection);
    let agree = |(new, stored): (Position, Position)| {
        let mut connection = connection.borrow_mut();
        let query = sqlx::query_as(
            "select position_supersedes($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12),
                position_outlives($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        );
        let query = [new, stored].iter().fold(query, |query, p| {
            query.bind(p.epoch).bind(p.partition).bind(p.offset).bind(p.kind.code() as i8).bind(p.commit).bind(p.lsn)
        });
        let verdict: (bool, bool) = fresh.runtime.block_on(query.fetch_one(&mut **connection)).unwrap();
        prop_assert_eq!(verdict, (new.supersedes(&stored), new.outlives(&stored)));
        Ok(())
    };
    runner.run(&(position.clone(), position), agree).unwrap();
}
