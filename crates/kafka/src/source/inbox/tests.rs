use std::thread;

use super::*;
use change::record::Headers;

const WIDE: Marks = Marks { bytes: 1 << 20, records: 1_000 };

fn record(offset: i64, bytes: usize) -> Record {
    let value = Some(vec![0; bytes]);
    Record { topic: "t".into(), partition: 0, offset, timestamp_ms: None, key: None, value, headers: Headers::default() }
}

fn records(offsets: std::ops::Range<i64>, bytes: usize) -> Vec<Record> {
    offsets.map(|offset| record(offset, bytes)).collect()
}

fn offsets(batch: &[Record]) -> Vec<i64> {
    batch.iter().map(|r| r.offset).collect()
}

#[tokio::test]
async fn a_batch_takes_what_has_arrived_in_order_up_to_its_count() {
    let (feed, inbox) = bounded(WIDE, thread::current());
    feed.push(&mut records(0..5, 10));
    let mut batch = Vec::new();
    assert_eq!(inbox.recv_batch(3, 1_000, &mut batch).await, Received::UpTo(3));
    assert_eq!(offsets(&batch), [0, 1, 2]);
    assert_eq!(inbox.recv_batch(3, 1_000, &mut batch).await, Received::UpTo(5));
    assert_eq!(offsets(&batch), [0, 1, 2, 3, 4]);
}

#[tokio::test]
async fn a_batch_is_limited_by_bytes_but_a_single_larger_record_passes() {
    let (feed, inbox) = bounded(WIDE, thread::current());
    feed.push(&mut vec![record(0, 500), record(1, 40), record(2, 40), record(3, 40)]);
    let mut batch = Vec::new();
    inbox.recv_batch(100, 100, &mut batch).await;
    assert_eq!(offsets(&batch), [0]);
    inbox.recv_batch(100, 100, &mut batch).await;
    assert_eq!(offsets(&batch), [0, 1, 2]);
}

#[tokio::test]
async fn a_waiting_worker_wakes_when_a_record_arrives() {
    let (feed, inbox) = bounded(WIDE, thread::current());
    let worker = tokio::spawn(async move {
        let mut batch = Vec::new();
        (inbox.recv_batch(10, 1_000, &mut batch).await, batch.len())
    });
    tokio::task::yield_now().await;
    feed.push(&mut records(0..1, 10));
    assert_eq!(worker.await.unwrap(), (Received::UpTo(1), 1));
}

#[tokio::test]
async fn an_end_without_records_comes_behind_those_that_wait_and_not_before_those_that_follow() {
    let (feed, inbox) = bounded(WIDE, thread::current());
    feed.push(&mut records(0..2, 10));
    feed.nothing_up_to(5);
    let mut batch = Vec::new();
    assert_eq!(inbox.recv_batch(10, 1_000, &mut batch).await, Received::UpTo(2));
    assert_eq!(inbox.recv_batch(10, 1_000, &mut batch).await, Received::UpTo(5));
    assert_eq!(offsets(&batch), [0, 1]);
    feed.nothing_up_to(7);
    feed.push(&mut records(8..9, 10));
    assert_eq!(inbox.recv_batch(10, 1_000, &mut batch).await, Received::UpTo(9));
    feed.close();
    assert_eq!(inbox.recv_batch(10, 1_000, &mut batch).await, Received::Closed);
}

#[tokio::test]
async fn closing_drops_what_waits_and_wakes_the_worker() {
    let (feed, inbox) = bounded(WIDE, thread::current());
    feed.push(&mut records(0..5, 10));
    feed.close();
    assert_eq!(inbox.recv_batch(10, 1_000, &mut Vec::new()).await, Received::Closed);
    feed.push(&mut records(5..6, 10));
    assert_eq!(inbox.recv_batch(10, 1_000, &mut Vec::new()).await, Received::Closed);
}

#[tokio::test]
async fn a_source_that_dies_closes_the_inbox() {
    let (feed, inbox) = bounded(WIDE, thread::current());
    let worker = tokio::spawn(async move { inbox.recv_batch(10, 1_000, &mut Vec::new()).await });
    tokio::task::yield_now().await;
    drop(feed);
    assert_eq!(worker.await.unwrap(), Received::Closed);
}

#[tokio::test]
async fn the_queue_is_full_at_either_mark_and_wakes_its_feeder_when_it_has_room_again() {
    let (feed, inbox) = bounded(Marks { bytes: 1 << 20, records: 4 }, thread::current());
    feed.push(&mut records(0..3, 10));
    assert_eq!(feed.room(), Some(Marks { bytes: (1 << 20) - 3 * (10 + RECORD_OVERHEAD), records: 1 }));
    feed.push(&mut records(3..4, 10));
    assert_eq!(feed.room(), None);
    inbox.recv_batch(1, 1_000, &mut Vec::new()).await;
    assert!(feed.room().is_some());
    // The thread was woken, so that `park` returns at once. Otherwise the test hangs.
    thread::park();
    feed.set_marks(Marks { bytes: 1_000, records: 100 });
    feed.push(&mut records(4..5, 2_000));
    assert_eq!(feed.room(), None, "one record larger than the mark still got in");
}
