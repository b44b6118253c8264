//! A truncate in the real Postgres: older orders are removed in every partition, and stay out (P5).

use change::position::Position;
use change::rejection::Rejection;
use orderstream::orders::write::Put;
use orderstream::results::batch::{Batch, LetterRow};

use crate::shop::fresh::{Fresh, at, batch, put};

#[test]
fn a_truncate_removes_what_is_older_in_every_partition_and_older_events_stay_out() {
    let fresh = Fresh::database("truncated");
    let (here, there) = (fresh.claim(0), fresh.claim(1));
    let ours: Vec<Put> = (1..=5).map(|id| put(id, 1, at(0, id - 1, 10 * id))).collect();
    fresh.apply(&here, &batch(0, 5, ours, vec![])).unwrap();
    fresh.apply(&there, &batch(0, 1, vec![put(11, 1, at(1, 0, 60))], vec![])).unwrap();
    // These orders were committed before the truncate and are read after it, in the truncate's own batch and in the other partition.
    let applied = fresh.apply(&here, &truncated(5, vec![put(6, 1, at(0, 5, 90)), put(7, 1, at(0, 7, 110))], at(0, 6, 100))).unwrap();
    assert_eq!((applied.fates.applied, applied.fates.stale), (2, 1));
    let late = vec![put(12, 1, at(1, 1, 80)), put(13, 1, at(1, 2, 120))];
    assert_eq!(fresh.apply(&there, &batch(1, 3, late, vec![])).unwrap().fates.stale, 1);
    fresh.runtime.block_on(fresh.sweep_truncates());
    assert_eq!([1, 2, 3, 4, 5, 11, 6, 12].map(|id| fresh.live(id)), [None; 8]);
    assert_eq!([7, 13].map(|id| fresh.live(id)), [Some(1); 2]);
    assert_eq!(fresh.number("select count(*) from due_orders where order_id in (1, 2, 3, 4, 5, 11)"), 6);
    // Debezium sends older orders and the truncate itself again, and an order is made anew.
    let again = [put(1, 1, at(0, 8, 10)), put(2, 1, at(0, 9, 20))];
    assert_eq!(fresh.apply(&here, &batch(7, 10, Vec::from(again), vec![])).unwrap().fates.stale, 2);
    assert_eq!(fresh.apply(&here, &truncated(10, vec![put(3, 9, at(0, 11, 130))], at(0, 10, 100))).unwrap().fates.stale, 1);
    fresh.runtime.block_on(fresh.sweep_truncates());
    assert_eq!([1, 2, 3, 7].map(|id| fresh.live(id)), [None, None, Some(9), Some(1)]);
}

fn letter(order_id: i64, position: Position) -> LetterRow {
    LetterRow {
        id: format!("letter-{order_id}"),
        offset: position.offset,
        order_id: Some(order_id),
        customer_id: None,
        position: Some(position),
        rejection: Rejection::invalid("after.quantity: negative"),
        replays: 0,
        dlq_topic: "letters".into(),
        dlq_partition: 0,
        dlq_offset: order_id,
    }
}

#[test]
fn letters_of_orders_that_a_truncate_removes_are_closed_whenever_they_come() {
    let fresh = Fresh::database("truncated_letters");
    let (here, there) = (fresh.claim(0), fresh.claim(1));
    let with = |batch: Batch, letters: Vec<LetterRow>| Batch { letters, ..batch };
    // The letters are of an order with a row, of an order that never had a row, and of an order that comes after the truncate.
    let before = vec![letter(1, at(0, 1, 20)), letter(2, at(0, 2, 30)), letter(3, at(0, 3, 130))];
    fresh.apply(&here, &with(batch(0, 4, vec![put(1, 1, at(0, 0, 10))], vec![]), before)).unwrap();
    fresh.apply(&here, &truncated(4, vec![], at(0, 4, 100))).unwrap();
    fresh.runtime.block_on(fresh.sweep_truncates());
    fresh.apply(&there, &with(batch(0, 1, vec![], vec![]), vec![letter(4, at(1, 0, 40))])).unwrap();
    assert_eq!(fresh.number("select sum(order_id)::bigint from dead_letters where resolution = 'overtaken'"), 1 + 2 + 4);
    assert_eq!(fresh.number("select count(*) from dead_letters where resolved_at is null"), 1);
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
    // The columns are epoch, kind, commit and LSN of a row, and whether it precedes the truncate, which has epoch 1 and LSN 100.
    let right = "select count(*) from (values
        (0, 'w', 500, 500, true), (2, 'w', 1, 1, false),
        (1, 'w', 90, 99, true), (1, 'w', 90, 100, false), (1, 'w', 90, 101, false), (1, 'w', null, 99, true),
        (1, 's', null, 99, true), (1, 's', null, 101, false),
        (1, 'i', 99, 5, true), (1, 'i', 150, 5, false), (1, 'i', null, null, true),
        (1, 'u', null, null, false)) as row (epoch, kind, commit, lsn, expected)
        where precedes_truncate(epoch, kind::\"char\", commit, lsn, 1, 100) = expected";
    assert_eq!(fresh.number(right), 12);
}

fn truncated(from: i64, puts: Vec<Put>, position: Position) -> Batch {
    Batch { truncates: vec![position], ..batch(from, position.offset + 1, puts, vec![]) }
}

impl Fresh {
    async fn sweep_truncates(&self) {
        while self.results.sweep_truncate(&[0, 1], 2).await.unwrap().has_more {}
    }
}
