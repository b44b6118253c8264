//! Tests of spans whose receiver is missing, away or silent.

use std::time::{Duration, Instant};

use tokio::net::TcpListener;

use super::*;

fn settings(endpoint: &str) -> TraceSettings {
    TraceSettings { endpoint: endpoint.to_owned(), sample: 1.0 }
}

fn outcomes(traces: &Traces) -> [u64; 3] {
    traces.spans().by_outcome().map(|(_, count)| count)
}

async fn is_reached(what: impl Fn() -> bool) {
    let reached = async {
        while !what() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), reached).await.unwrap();
}

#[test]
fn without_a_receiver_no_span_is_made() {
    let traces = Traces::default();
    assert!(!traces.is_on() && !traces.draw());
    let span = traces.begin("batch", &Beginning::default(), &[]);
    assert!(!span.is_traced() && !span.part("lookup", &[]).is_traced());
    span.set("orderstream.orders", 1);
    assert_eq!(outcomes(&traces), [0, 0, 0]);
}

#[test]
fn the_draw_follows_the_share() {
    fastrand::seed(7);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let _inside = runtime.enter();
    let drawn = |sample| {
        let (traces, _exporter) = Traces::new(&TraceSettings { sample, ..settings("http://127.0.0.1:1") }, "a", "1").unwrap();
        (0..100_000).filter(|_| traces.draw()).count()
    };
    assert_eq!(drawn(1.0), 100_000);
    assert!((900..1_100).contains(&drawn(0.01)), "one in a hundred");
}

#[tokio::test]
async fn spans_that_find_no_place_are_counted_and_nobody_waits() {
    let (traces, _exporter) = Traces::new(&settings("http://127.0.0.1:1"), "a", "1").unwrap();
    for _ in 0..4_100 {
        drop(traces.begin("batch", &Beginning::default(), &[]));
    }
    assert_eq!(outcomes(&traces), [0, 0, 4]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_never_answers_holds_up_the_end_for_about_a_second() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (traces, exporter) = Traces::new(&settings(&format!("http://{}", silent.local_addr().unwrap())), "a", "1").unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = tokio::spawn(exporter.run(async { drop(stopped.await) }));
    drop(traces.begin("batch", &Beginning::default(), &[]));
    let _open = silent.accept().await.unwrap();
    let began = Instant::now();
    stop.send(()).unwrap();
    running.await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_is_known_to_be_away_does_not_hold_up_the_end() {
    let (traces, exporter) = Traces::new(&settings("http://127.0.0.1:1"), "a", "1").unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = tokio::spawn(exporter.run(async { drop(stopped.await) }));
    drop(traces.begin("batch", &Beginning::default(), &[]));
    is_reached(|| outcomes(&traces) == [0, 1, 0]).await;
    drop(traces.begin("batch", &Beginning::default(), &[]));
    let began = Instant::now();
    stop.send(()).unwrap();
    running.await.unwrap();
    assert!(began.elapsed() < Duration::from_millis(900), "{:?}", began.elapsed());
}
