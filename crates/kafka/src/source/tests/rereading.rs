//! Tests of reading a stretch of a partition again.

use super::*;

fn offsets(cluster: &Cluster, range: std::ops::Range<i64>) -> Result<Vec<i64>, RereadError> {
    let mut offsets = Vec::new();
    read_stretch(&cluster.properties(), "g", &partition("t", 0), range, &AtomicBool::new(false), |batch| {
        offsets.extend(batch.iter().map(|record| record.offset));
    })?;
    Ok(offsets)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stretch_is_read_again_from_its_first_offset_to_before_its_end() {
    let cluster = Cluster::new(&[("t", 1)]);
    cluster.produce("t", 0, 5_000, 10).await;
    assert_eq!(offsets(&cluster, 1_000..4_500).unwrap(), (1_000..4_500).collect::<Vec<_>>());
    assert_eq!(offsets(&cluster, 4_990..5_000).unwrap(), (4_990..5_000).collect::<Vec<_>>());
    assert!(offsets(&cluster, 10..10).unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stretch_that_begins_before_the_log_is_gone() {
    let cluster = Cluster::new(&[("t", 1)]);
    cluster.produce("t", 0, 80, 100_000).await;
    let result = offsets(&cluster, 0..80);
    assert!(matches!(result, Err(RereadError::Gone { low }) if low > 0), "{result:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stretch_that_ends_beyond_the_log_is_refused() {
    let cluster = Cluster::new(&[("t", 1)]);
    cluster.produce("t", 0, 10, 10).await;
    assert!(matches!(offsets(&cluster, 5..11), Err(RereadError::Beyond { high: 10 })));
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_again_can_be_cancelled() {
    let cluster = Cluster::new(&[("t", 1)]);
    cluster.produce("t", 0, 10, 10).await;
    let cancelled = AtomicBool::new(true);
    let result = read_stretch(&cluster.properties(), "g", &partition("t", 0), 0..10, &cancelled, |_| {});
    assert!(matches!(result, Err(RereadError::Cancelled)));
}
