//! Tests of the source when Kafka, a claim or a worker fails.

use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};

use super::*;
use change::record::Landmark;

/// A worker that has read the ten records of the only partition.
struct Reading {
    cluster: Cluster,
    did: UnboundedReceiver<Did>,
    source: Source,
    events: UnboundedReceiver<Event>,
    _open: watch::Sender<bool>,
}

impl Reading {
    async fn start() -> Self {
        let cluster = Cluster::new(&[("t", 1)]);
        cluster.produce("t", 0, 10, 10).await;
        let (workers, mut did, open) = Workers::new("a");
        let (source, events) = workers.start(cluster.config(&["t"]));
        read(&mut did, &partition("t", 0), 10).await;
        Self { cluster, did, source, events, _open: open }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_offset_outside_of_the_log_stops_the_partition_until_it_is_put_right() {
    let cluster = Cluster::new(&[("t", 1)]);
    cluster.produce("t", 0, 10, 10).await;
    let (workers, mut did, _open) = Workers::new("a");
    workers.offsets.lock().unwrap().insert(partition("t", 0), 1_000);
    let (source, mut events) = workers.start(cluster.config(&["t"]));
    let stopped = wait_for(&mut events, |e| matches!(e, Event::Stopped(..))).await;
    let Event::Stopped(_, reason) = stopped else { unreachable!() };
    assert_eq!(reason, StopReason::OffsetOutOfRange { offset: 1_000, watermarks: Watermarks { low: 0, high: 10 } });
    workers.offsets.lock().unwrap().insert(partition("t", 0), 7);
    assert_eq!(read(&mut did, &partition("t", 0), 3).await, [7, 8, 9]);
    source.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn records_that_vanish_while_their_partition_waits_stop_it_and_are_never_jumped_over() {
    let cluster = Cluster::new(&[("t", 1)]);
    cluster.produce("t", 0, 2_000, 100).await;
    let (workers, mut did, open) = Workers::new("a");
    open.send(false).unwrap();
    // The mock cluster keeps 5 MB of the 8 MB that come later. The records that vanish must neither have been taken nor wait in the client.
    let (source, mut events) = workers.start(SourceConfig { queue_records: 64, prefetch_bytes: 0, ..cluster.config(&["t"]) });
    wait_for(&mut events, |e| matches!(e, Event::Started { .. })).await;
    cluster.produce("t", 0, 80, 100_000).await;
    open.send(true).unwrap();
    let stopped = wait_for(&mut events, |e| matches!(e, Event::Stopped(..))).await;
    let Event::Stopped(_, StopReason::OffsetOutOfRange { offset, watermarks }) = stopped else { panic!("{stopped:?}") };
    assert!(offset < watermarks.low);
    let mut read = Vec::new();
    while let Ok(something) = did.try_recv() {
        if let Did::Read(_, offsets) = something {
            read.extend(offsets);
        }
    }
    assert_eq!(read, (0..offset).collect::<Vec<_>>(), "what was read is whole up to where it stopped");
    source.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_to_the_group_that_was_refused_is_made_good() {
    let cluster = Cluster::new(&[("t", 1)]);
    cluster.produce("t", 0, 10, 10).await;
    // The state is that in the middle of a rebalance. Nothing comes afterwards that would be committed.
    cluster.mock.request_errors(RDKafkaApiKey::OffsetCommit, &[RDKafkaRespErr::RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS]);
    let (workers, mut did, _open) = Workers::new("a");
    let (source, _events) = workers.start(cluster.config(&["t"]));
    read(&mut did, &partition("t", 0), 10).await;
    cluster.await_committed(10);
    source.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_the_group_forgot_abandons_its_work_and_comes_back() {
    let Reading { cluster, mut did, source, mut events, _open } = Reading::start().await;
    cluster.mock.request_errors(RDKafkaApiKey::Heartbeat, &[RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID]);
    let end = wait_for(&mut did, |d| matches!(d, Did::End(..))).await;
    assert_eq!(end, Did::End("a", partition("t", 0), Ownership::Lost));
    wait_for(&mut events, |e| matches!(e, Event::Lost(_))).await;
    wait_for(&mut events, |e| matches!(e, Event::Started { start: 10, .. })).await;
    cluster.produce("t", 0, 5, 10).await;
    assert_eq!(read(&mut did, &partition("t", 0), 5).await, (10..15).collect::<Vec<_>>());
    source.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_of_kafka_is_reported_and_the_work_goes_on_by_itself() {
    let Reading { cluster, mut did, source, mut events, _open } = Reading::start().await;
    cluster.mock.broker_down(-1).unwrap();
    wait_for(&mut events, |e| matches!(e, Event::KafkaDown)).await;
    cluster.mock.broker_up(-1).unwrap();
    wait_for(&mut events, |e| matches!(e, Event::KafkaUp)).await;
    cluster.produce("t", 0, 5, 10).await;
    assert_eq!(read(&mut did, &partition("t", 0), 5).await, (10..15).collect::<Vec<_>>());
    source.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_source_stops_within_its_deadline_while_kafka_is_away() {
    let Reading { cluster, mut did, source, mut events, _open } = Reading::start().await;
    cluster.mock.broker_down(-1).unwrap();
    wait_for(&mut events, |e| matches!(e, Event::KafkaDown)).await;
    let before = std::time::Instant::now();
    let _ = source.stop().await;
    assert!(before.elapsed() < Duration::from_secs(6));
    wait_for(&mut did, |d| matches!(d, Did::End(..))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_log_that_has_another_record_where_the_last_one_was_nothing_is_read() {
    let cluster = Cluster::new(&[("t", 1)]);
    cluster.produce("t", 0, 10, 10).await;
    let (workers, mut did, _open) = Workers::new("a");
    workers.offsets.lock().unwrap().insert(partition("t", 0), 4);
    let claimants = workers.clone();
    let claim = move |p: TopicPartition, _| {
        let landmark = Some(Landmark { offset: 3, timestamp_ms: 1 });
        let claimed = Claimed { landmark, ..claimants.claim(&p) };
        async move { Ok(claimed) }
    };
    let (source, mut events) = Source::start(cluster.config(&["t"]), Handle::current(), claim).unwrap();
    let stopped = wait_for(&mut events, |e| matches!(e, Event::Stopped(..))).await;
    let Event::Stopped(_, reason) = stopped else { unreachable!() };
    let reason = reason.to_string();
    assert!(reason.contains("at offset 3 stands another record") && reason.contains("--topic t --partition 0 --to 4"), "{reason}");
    source.stop().await.unwrap();
    while let Ok(did) = did.try_recv() {
        assert!(!matches!(did, Did::Read(..)), "{did:?}");
    }
}

/// The fatal error of the source when the claim of its only partition panics, or when its worker ends like this.
async fn fatal_of(worker: fn() -> Ending, claim_panics: bool) -> String {
    let cluster = Cluster::new(&[("t", 1)]);
    cluster.produce("t", 0, 10, 10).await;
    let claim = move |_: TopicPartition, _| async move {
        assert!(!claim_panics, "as a claim with a defect");
        let work = move |assigned| -> Work {
            Box::pin(async move {
                let _keeps_the_inbox_open: Assigned = assigned;
                worker()
            })
        };
        Ok(Claimed { next_offset: None, landmark: None, worker: Box::new(work) })
    };
    let (source, mut events) = Source::start(cluster.config(&["t"]), Handle::current(), claim).unwrap();
    let fatal = wait_for(&mut events, |e| matches!(e, Event::Fatal(_))).await;
    let Event::Fatal(reason) = fatal else { unreachable!() };
    source.stop().await.unwrap();
    reason
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_of_a_claim_or_a_worker_ends_the_source_instead_of_being_claimed_again_for_ever() {
    assert_eq!(fatal_of(|| panic!("as a worker with a defect"), false).await, "the worker of t/0 has panicked");
    assert_eq!(fatal_of(|| Ending::Done, true).await, "the claim of t/0 has panicked");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_ends_unasked_ends_the_source() {
    assert_eq!(fatal_of(|| Ending::Done, false).await, "the worker of t/0 has ended, and nobody asked it to");
}
