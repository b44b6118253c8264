//! Tests of the way of records from Kafka to the workers, and of progress to the consumer group.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn records_arrive_in_order_from_the_claimed_offset() {
    let cluster = Cluster::new(&[("t", 1)]);
    cluster.produce("t", 0, 100, 10).await;
    let (workers, mut did, _open) = Workers::new("a");
    workers.offsets.lock().unwrap().insert(partition("t", 0), 40);
    let (source, _events) = workers.start(cluster.config(&["t"]));
    assert_eq!(read(&mut did, &partition("t", 0), 60).await, (40..100).collect::<Vec<_>>());
    source.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partition_never_read_before_starts_at_the_low_watermark() {
    let cluster = Cluster::new(&[("t", 1)]);
    // The mock cluster keeps 5 MB, so the first records are gone.
    cluster.produce("t", 0, 80, 100_000).await;
    let (workers, mut did, _open) = Workers::new("a");
    let (source, mut events) = workers.start(cluster.config(&["t"]));
    let Event::Started { start, .. } = wait_for(&mut events, |e| matches!(e, Event::Started { .. })).await else { unreachable!() };
    assert!(start > 0, "nothing was thrown away");
    assert_eq!(read(&mut did, &partition("t", 0), 1).await[0], start);
    source.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn both_topics_are_read_with_a_worker_for_each_partition() {
    let cluster = Cluster::new(&[("orders", 2), ("customers", 1)]);
    let all = [partition("orders", 0), partition("orders", 1), partition("customers", 0)];
    for p in &all {
        cluster.produce(&p.topic, p.number, 10, 10).await;
    }
    let (workers, mut did, _open) = Workers::new("a");
    let (source, _events) = workers.start(cluster.config(&["orders", "customers"]));
    let mut counts = std::collections::HashMap::new();
    while counts.values().sum::<usize>() < 30 {
        if let Did::Read(p, offsets) = next(&mut did).await {
            *counts.entry(p).or_default() += offsets.len();
        }
    }
    assert_eq!(counts, all.map(|p| (p, 10)).into());
    source.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_inbox_holds_up_its_own_partition_only_and_loses_nothing() {
    let cluster = Cluster::new(&[("t", 2)]);
    let (stuck, other) = (partition("t", 0), partition("t", 1));
    cluster.produce("t", 0, 5_000, 100).await;
    let (workers, mut did, open) = Workers::new("a");
    let (free, _open) = workers.named("free");
    open.send(false).unwrap();
    let by_partition = move |p: TopicPartition, _| {
        let claimed = if p.number == 0 { workers.claim(&p) } else { free.claim(&p) };
        async move { Ok(claimed) }
    };
    let config = SourceConfig { queue_records: 256, ..cluster.config(&["t"]) };
    let (source, _events) = Source::start(config, Handle::current(), by_partition).unwrap();
    wait_for(&mut did, |d| matches!(d, Did::Claim(_, p) if *p == stuck)).await;
    for _ in 0..5 {
        cluster.produce("t", 1, 300, 100).await;
        assert_eq!(read(&mut did, &other, 300).await.len(), 300);
    }
    open.send(true).unwrap();
    assert_eq!(read(&mut did, &stuck, 5_000).await, (0..5_000).collect::<Vec<_>>());
    source.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_no_larger_than_its_partitions_share_however_much_waits() {
    let cluster = Cluster::new(&[("t", 1)]);
    cluster.produce("t", 0, 2_000, 100).await;
    let (workers, mut did, _open) = Workers::new("a");
    let (source, _events) = workers.start(SourceConfig { queue_records: 64, ..cluster.config(&["t"]) });
    let mut count = 0;
    while count < 2_000 {
        let Did::Read(_, offsets) = next(&mut did).await else { continue };
        assert!(offsets.len() <= 64, "{} records at once", offsets.len());
        count += offsets.len();
    }
    source.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_values_headers_and_timestamps_arrive_byte_for_byte() {
    use rdkafka::message::{Header, OwnedHeaders};
    let cluster = Cluster::new(&[("t", 1)]);
    let headers =
        OwnedHeaders::new().insert(Header { key: "a", value: Some(&[0u8, 0xff][..]) }).insert(Header::<&[u8]> { key: "b", value: None });
    let full = FutureRecord::to("t").key(&[1u8, 0][..]).payload(&[][..]).timestamp(1_234).headers(headers);
    cluster.producer.send_result::<[u8], [u8]>(full).unwrap().await.unwrap().unwrap();
    let tombstone = FutureRecord::<[u8], [u8]>::to("t").key(&b"k"[..]);
    cluster.producer.send_result(tombstone).unwrap().await.unwrap().unwrap();

    let mut records = Vec::new();
    read_stretch(&cluster.properties(), "g", &partition("t", 0), 0..2, &AtomicBool::new(false), |batch| records.extend(batch)).unwrap();
    assert_eq!(records[0].key.as_deref(), Some(&[1u8, 0][..]));
    assert_eq!(records[0].value.as_deref(), Some(&[][..]), "an empty value is no tombstone");
    assert_eq!(records[0].timestamp_ms, Some(1_234));
    assert_eq!(records[0].headers.iter().collect::<Vec<_>>(), [("a", Some(&[0u8, 0xff][..])), ("b", None)]);
    assert_eq!((records[1].value.as_deref(), records[1].headers.iter().count()), (None, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn lag_falls_to_zero_and_progress_is_committed_to_the_group_again_and_again_and_at_the_end() {
    let cluster = Cluster::new(&[("t", 1)]);
    cluster.produce("t", 0, 50, 10).await;
    let (workers, mut did, open) = Workers::new("a");
    open.send(false).unwrap();
    let (source, mut events) = workers.start(cluster.config(&["t"]));
    let started = wait_for(&mut events, |e| matches!(e, Event::Started { .. })).await;
    let Event::Started { progress, .. } = started else { unreachable!() };
    assert_eq!(progress.lag(), 50);
    open.send(true).unwrap();
    read(&mut did, &partition("t", 0), 50).await;
    assert_eq!(progress.lag(), 0);
    cluster.await_committed(50);
    cluster.produce("t", 0, 20, 10).await;
    read(&mut did, &partition("t", 0), 20).await;
    cluster.await_committed(70);
    cluster.produce("t", 0, 5, 10).await;
    read(&mut did, &partition("t", 0), 5).await;
    source.stop().await.unwrap();
    assert_eq!(cluster.committed(), Offset::Offset(75));
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_partitions_do_not_delay_the_claims_of_others() {
    let cluster = Cluster::new(&[("t", 12)]);
    let (workers, mut did, _open) = Workers::new("a");
    let (source, _events) = workers.start(cluster.config(&["t"]));
    let mut claims = Vec::new();
    while claims.len() < 12 {
        if let Did::Claim(..) = next(&mut did).await {
            claims.push(std::time::Instant::now());
        }
    }
    // Behind a fetch that waits, each question would take up to half a second.
    let took = claims[11] - claims[0];
    assert!(took < Duration::from_secs(2), "{took:?}");
    source.stop().await.unwrap();
}
