//! Tests of claims and rebalances: partitions that are claimed, given back, and claimed again.

use std::sync::atomic::AtomicUsize;

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_that_fails_is_tried_again_and_holds_up_no_other_partition() {
    let cluster = Cluster::new(&[("t", 2)]);
    cluster.produce("t", 0, 10, 10).await;
    cluster.produce("t", 1, 10, 10).await;
    let (workers, mut did, _open) = Workers::new("a");
    let away = Arc::new(watch::channel(true).0);
    let claim = {
        let (workers, away) = (workers.clone(), Arc::clone(&away));
        move |p: TopicPartition, _| {
            let failed = *away.borrow() && p.number == 0;
            let claimed = if failed { Err(NotClaimed::Unavailable("Postgres is away".into())) } else { Ok(workers.claim(&p)) };
            async move { claimed }
        }
    };
    let (source, mut events) = Source::start(cluster.config(&["t"]), Handle::current(), claim).unwrap();
    assert_eq!(read(&mut did, &partition("t", 1), 10).await.len(), 10);
    wait_for(&mut events, |e| matches!(e, Event::Waiting(p, reason) if p.number == 0 && reason == "Postgres is away")).await;
    away.send_replace(false);
    assert_eq!(read(&mut did, &partition("t", 0), 10).await, (0..10).collect::<Vec<_>>());
    source.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partition_whose_claim_waits_can_be_revoked() {
    let cluster = Cluster::new(&[("t", 2)]);
    let attempts = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&attempts);
    let never = move |_, _| {
        counted.fetch_add(1, Ordering::Relaxed);
        async { Err(NotClaimed::Unavailable("Postgres is away".into())) }
    };
    let (without_postgres, mut events) = Source::start(cluster.config(&["t"]), Handle::current(), never).unwrap();
    for _ in 0..2 {
        wait_for(&mut events, |e| matches!(e, Event::Waiting(..))).await;
    }
    let (workers, mut did, _open) = Workers::new("b");
    let (other, _other_events) = workers.start(cluster.config(&["t"]));
    wait_for(&mut events, |e| matches!(e, Event::Revoked(_))).await;
    wait_for(&mut did, |d| matches!(d, Did::Claim("b", _))).await;
    without_postgres.stop().await.unwrap();
    wait_for(&mut did, |d| matches!(d, Did::Claim("b", _))).await;
    assert!(attempts.load(Ordering::Relaxed) >= 2);
    other.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn two_members_share_the_partitions_and_a_revocation_waits_for_the_batch_in_flight() {
    let cluster = Cluster::new(&[("t", 4)]);
    for number in 0..4 {
        cluster.produce("t", number, 20, 10).await;
    }
    let (a, mut did, open) = Workers::new("a");
    let (first, mut events) = a.start(SourceConfig { revoke_deadline: LONG, ..cluster.config(&["t"]) });
    for _ in 0..4 {
        wait_for(&mut events, |e| matches!(e, Event::Started { .. })).await;
    }
    let mut total = 0;
    while total < 80 {
        if let Did::Read(_, offsets) = next(&mut did).await {
            total += offsets.len();
        }
    }
    open.send(false).unwrap();
    let (b, _open_b) = a.named("b");
    let (second, mut second_events) = b.start(cluster.config(&["t"]));
    for _ in 0..2 {
        wait_for(&mut did, |d| matches!(d, Did::ToldToEnd("a", _))).await;
    }
    // Only a wait can show that nothing happens.
    let given_back = timeout(Duration::from_secs(1), wait_for(&mut events, |e| matches!(e, Event::Revoked(_)))).await;
    assert!(given_back.is_err(), "a partition was given back while its worker was at work");
    open.send(true).unwrap();
    let taken = two_handed_over(&mut did).await;
    for _ in 0..2 {
        let started = wait_for(&mut second_events, |e| matches!(e, Event::Started { .. })).await;
        assert!(matches!(started, Event::Started { start: 20, .. }), "it goes on where the first member stopped");
    }
    cluster.produce("t", taken[0].number, 5, 10).await;
    assert_eq!(read(&mut did, &taken[0], 5).await, (20..25).collect::<Vec<_>>());
    first.stop().await.unwrap();
    for _ in 0..2 {
        wait_for(&mut second_events, |e| matches!(e, Event::Started { .. })).await;
    }
    second.stop().await.unwrap();
}

/// Waits until member `b` has claimed two partitions. Each of them must have been given up by its worker at `a` before.
async fn two_handed_over(did: &mut UnboundedReceiver<Did>) -> Vec<TopicPartition> {
    let mut ended = Vec::new();
    let mut taken = Vec::new();
    while taken.len() < 2 {
        match next(did).await {
            Did::End("a", p, ownership) => {
                assert_eq!(ownership, Ownership::Ending);
                ended.push(p);
            }
            Did::Claim("b", p) => {
                assert!(ended.contains(&p), "{p} was claimed before its worker had ended");
                taken.push(p);
            }
            _ => {}
        }
    }
    taken
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_does_not_finish_delays_a_revocation_no_longer_than_the_deadline() {
    let cluster = Cluster::new(&[("t", 1)]);
    cluster.produce("t", 0, 10, 10).await;
    let (workers, mut did, open) = Workers::new("a");
    open.send(false).unwrap();
    let (source, mut events) = workers.start(cluster.config(&["t"]));
    wait_for(&mut did, |d| matches!(d, Did::Claim(..))).await;
    wait_for(&mut events, |e| matches!(e, Event::Started { .. })).await;
    source.stop().await.unwrap();
    wait_for(&mut events, |e| matches!(e, Event::Revoked(_))).await;
    assert!(timeout(LONG, events.recv()).await.unwrap().is_none(), "the events end with the source");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fenced_worker_gets_a_new_claim_and_a_stopped_one_is_reported_first() {
    let cluster = Cluster::new(&[("t", 1)]);
    cluster.produce("t", 0, 10, 10).await;
    let (workers, mut did, _open) = Workers::new("a");
    let claims = AtomicUsize::new(0);
    let claim = move |p: TopicPartition, _| {
        let worker: Box<dyn FnOnce(Assigned) -> Work + Send> = match claims.fetch_add(1, Ordering::Relaxed) {
            0 => Box::new(|_| Box::pin(async { Ending::Reclaim("fenced".into()) })),
            1 => Box::new(|_| Box::pin(async { Ending::Stop("another LSN space".into()) })),
            _ => workers.claim(&p).worker,
        };
        async move { Ok(Claimed { next_offset: None, landmark: None, worker }) }
    };
    let (source, mut events) = Source::start(cluster.config(&["t"]), Handle::current(), claim).unwrap();
    wait_for(&mut events, |e| matches!(e, Event::Waiting(_, reason) if reason == "fenced")).await;
    wait_for(&mut events, |e| matches!(e, Event::Stopped(_, StopReason::Worker(reason)) if reason == "another LSN space")).await;
    assert_eq!(read(&mut did, &partition("t", 0), 10).await, (0..10).collect::<Vec<_>>());
    source.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partition_given_up_while_its_inbox_was_full_is_read_after_its_next_claim() {
    let cluster = Cluster::new(&[("t", 1)]);
    cluster.produce("t", 0, 2_000, 100).await;
    let (workers, mut did, _open) = Workers::new("a");
    let claims = AtomicUsize::new(0);
    let fenced = Arc::new(tokio::sync::Notify::new());
    let fence = Arc::clone(&fenced);
    let claim = move |p: TopicPartition, _| {
        let mut claimed = workers.claim(&p);
        if claims.fetch_add(1, Ordering::Relaxed) == 0 {
            let fenced = Arc::clone(&fenced);
            claimed.worker = Box::new(|assigned| {
                Box::pin(async move {
                    let _keeps_the_inbox_full = assigned;
                    fenced.notified().await;
                    Ending::Reclaim("fenced".into())
                })
            });
        }
        async move { Ok(claimed) }
    };
    let config = SourceConfig { queue_records: 64, ..cluster.config(&["t"]) };
    let (source, mut events) = Source::start(config, Handle::current(), claim).unwrap();
    let started = wait_for(&mut events, |e| matches!(e, Event::Started { .. })).await;
    let Event::Started { progress, .. } = started else { unreachable!() };
    // The inbox is far over its mark once this many records were handed over in one round.
    while progress.handed() < 64 {
        tokio::task::yield_now().await;
    }
    fence.notify_one();
    assert_eq!(read(&mut did, &partition("t", 0), 2_000).await, (0..2_000).collect::<Vec<_>>());
    source.stop().await.unwrap();
}
