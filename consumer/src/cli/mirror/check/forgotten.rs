//! Whether a compacted topic may have forgotten deletes that were not read: where the oldest change that waits is older than deletes are kept. Rows may
//! stay in the target then that are gone from the source, and no event tells of them any more (P12).

use change::record::{Landmark, Record};
use chrono::Utc;
use kafka::reread::Reread;
use kafka::topics::{deletes_kept_for, time};

use super::topics::Found;
use crate::cli::check::{Findings, in_time};
use crate::cli::job::Job;
use crate::cli::offsets::is_of;

pub(super) async fn check(job: &Job, found: &Found, findings: &mut Findings) {
    let Some(cluster) = &found.cluster else { return };
    let kept = |topic: &str| deletes_kept_for(cluster, topic);
    if !found.topics.iter().any(|topic| kept(topic).is_some()) {
        return;
    }
    // The check of the ledger has told what is wrong where these fail.
    let (Ok(entries), Ok(survey)) = (job.ledger.entries(job.epoch).await, job.survey().await) else { return };
    let reread = Reread { properties: job.kafka.clone(), group: job.group.clone() };
    for entry in entries {
        let Some((partition, log)) = survey.logs.iter().find(|(partition, _)| is_of(&entry, partition)) else { continue };
        let Some(kept) = kept(&entry.topic).filter(|_| entry.next_offset < log.high) else { continue };
        let mut unread = reread.start(&entry.topic, entry.partition, entry.next_offset.max(log.low)..log.high);
        let first = in_time(async { unread.next().await.transpose().map_err(|error| error.to_string()) }).await;
        match first {
            Ok(records) => {
                let since = records.iter().flatten().next().and_then(|first| waits_since(entry.landmark, entry.next_offset, first));
                let waited = since.map(|since| Utc::now().timestamp_millis() - since).filter(|waited| *waited > kept);
                waited.into_iter().for_each(|waited| findings.failed(needed(&partition.to_string(), waited, kept)));
            }
            Err(error) => findings.warning(format!("{partition}: its oldest change that was not read cannot be looked at: {error}")),
        }
    }
}

/// Since when changes wait to be read, in milliseconds since 1970. Where records are gone before the first that is left, they may have been deletes
/// as old as the last record that was read.
fn waits_since(read: Option<Landmark>, next_offset: i64, first: &Record) -> Option<i64> {
    let is_whole = first.offset == next_offset;
    read.filter(|_| !is_whole).map(|read| read.timestamp_ms).or(first.timestamp_ms)
}

fn needed(partition: &str, waited: i64, kept: i64) -> String {
    format!(
        "{partition}: reconcile needed: changes wait to be read for {}, and the topic keeps deletes for {} (delete.retention.ms), so that a delete may be \
         forgotten, and its row stays: compare the tables with the source once the lag is zero, or take an incremental snapshot of them into empty ones",
        time(waited),
        time(kept)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_gone_before_the_first_record_may_be_as_old_as_the_last_that_was_read() {
        let first = |offset, timestamp_ms| Record {
            topic: "t".into(),
            partition: 0,
            offset,
            timestamp_ms,
            key: None,
            value: None,
            headers: std::iter::empty::<(&str, Option<&[u8]>)>().collect(),
        };
        let read = Some(Landmark { offset: 4, timestamp_ms: 100 });
        for (read, first, expected) in [
            (read, first(5, Some(900)), Some(900)),
            (read, first(8, Some(900)), Some(100)),
            (None, first(8, Some(900)), Some(900)),
            (None, first(5, None), None),
        ] {
            assert_eq!(waits_since(read, 5, &first), expected, "{first:?}");
        }
        assert!(needed("t/0", 90_000_000, 86_400_000).contains("for 25 hours, and the topic keeps deletes for 24 hours"));
    }
}
