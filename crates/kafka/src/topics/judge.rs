//! Judges the facts about the topics. The functions are pure.

mod copies;
mod rows;

use super::{Cluster, Expected, Input, Kept, Topic, TopicSettings};

/// The bytes that a dead letter's headers take beside the record.
const HEADERS: usize = 16_384;

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// The grade of a judgement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// All is as it should be.
    Fine,
    /// The setting works, but an operator would want to know of it.
    Concern,
    /// Something that is promised cannot be kept.
    Wrong,
    /// The work cannot go on with this setting, and the process is not ready.
    Impossible,
}

/// One thing that was judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// The grade.
    pub grade: Grade,
    /// What was found, and what to do about it.
    pub what: String,
}

/// Judges the topics one after the other, and the settings of theirs that the promises rest on.
#[must_use]
pub fn judge(topics: &Cluster, expected: &Expected) -> Vec<Judgement> {
    let mut out = Judgements::default();
    for Input { of, setting, topic, .. } in &expected.inputs {
        out.topic(topics, of, topic, setting);
    }
    out.topic(topics, "dead letters", &expected.letters, expected.letters_setting);
    match &topics.settings {
        Ok(settings) => {
            out.settings(&Settings(settings), expected);
            out.copies(topics, &Settings(settings), expected);
        }
        Err(error) => {
            out.add(Grade::Concern, format!("the topics' settings cannot be read: {error}; grant DescribeConfigs to check them"));
        }
    }
    out.0
}

/// For how many milliseconds at least a compacted topic keeps a delete; `None` if the topic is not compacted, or if that is not known.
#[must_use]
pub fn deletes_kept_for(cluster: &Cluster, topic: &str) -> Option<i64> {
    let settings = Settings(cluster.settings.as_ref().ok()?);
    settings.is_compacted(topic).then(|| settings.deletes_kept_for(topic))
}

struct Settings<'a>(&'a TopicSettings);

impl Settings<'_> {
    fn text(&self, topic: &str, name: &str) -> Option<&str> {
        self.0.get(topic)?.get(name).map(String::as_str)
    }

    fn number(&self, topic: &str, name: &str) -> Option<i64> {
        self.text(topic, name)?.parse().ok()
    }

    fn is_compacted(&self, topic: &str) -> bool {
        self.text(topic, "cleanup.policy").is_some_and(|policy| policy.contains("compact"))
    }

    /// Milliseconds for which a compacted topic keeps a delete at least.
    fn deletes_kept_for(&self, topic: &str) -> i64 {
        self.number(topic, "delete.retention.ms").unwrap_or(DAY_MS)
    }

    fn is_deleted(&self, topic: &str) -> bool {
        self.text(topic, "cleanup.policy").is_none_or(|policy| policy.contains("delete"))
    }

    /// Milliseconds after which a record is deleted; `None` if records stay, or if the time is not known.
    fn kept_for(&self, topic: &str) -> Option<i64> {
        self.number(topic, "retention.ms").filter(|millis| self.is_deleted(topic) && *millis >= 0)
    }

    /// The size of a partition in bytes beyond which its oldest records are deleted; `None` if there is no such limit, or if it is not
    /// known.
    fn kept_up_to(&self, topic: &str) -> Option<i64> {
        self.number(topic, "retention.bytes").filter(|bytes| self.is_deleted(topic) && *bytes >= 0)
    }
}

#[derive(Default)]
struct Judgements(Vec<Judgement>);

impl Judgements {
    fn add(&mut self, grade: Grade, what: String) {
        self.0.push(Judgement { grade, what });
    }

    fn topic(&mut self, topics: &Cluster, of: &str, name: &str, key: &str) {
        match topics.topics.get(name) {
            None => self.add(Grade::Impossible, format!("{of}: no topic {name}; create it, check {key}, or grant Describe on it")),
            Some(Topic { without_leader: 0, partitions, .. }) => {
                self.add(Grade::Fine, format!("{of}: topic {name}, {partitions} partition{}", if *partitions == 1 { "" } else { "s" }));
            }
            Some(Topic { without_leader, partitions, .. }) => self.add(
                Grade::Wrong,
                format!("{of}: {without_leader} of {partitions} partitions of topic {name} have no leader; start their brokers"),
            ),
        }
    }

    fn settings(&mut self, settings: &Settings<'_>, expected: &Expected) {
        self.letter_size(settings, expected);
        self.letters_kept(settings, &expected.letters);
        for Input { of, topic, kept, .. } in &expected.inputs {
            match kept {
                Kept::EveryChange => self.every_change_kept(settings, of, topic),
                Kept::LastOfEachKey { mend } => self.last_of_each_key_kept(settings, of, topic, mend),
                Kept::RowsOfTables => self.rows_of_tables_kept(settings, of, topic),
            }
        }
    }

    /// Judges the record size: a record of any size that a topic lets in must fit on the dead letter topic, byte for byte and with its
    /// headers (P7).
    fn letter_size(&mut self, settings: &Settings<'_>, expected: &Expected) {
        let limit = |topic: &str| settings.number(topic, "max.message.bytes").and_then(|bytes| usize::try_from(bytes).ok());
        let topic = &expected.letters;
        let Some(letters) = limit(topic) else { return };
        let inputs = expected.inputs.iter().filter_map(|input| limit(&input.topic));
        let largest = inputs.chain([expected.max_record_bytes]).max().unwrap_or(0);
        let needed = largest.saturating_add(HEADERS);
        let takes = format!("dead letters: topic {topic} takes {letters} bytes, records have up to {largest}");
        if letters < needed {
            self.add(Grade::Wrong, format!("{takes}; set its max.message.bytes to {needed} or more"));
        } else {
            self.add(Grade::Fine, takes);
        }
    }

    /// Judges whether the dead letter topic keeps its letters. A letter has its record's key and timestamp, so a topic that deletes by
    /// either loses letters.
    fn letters_kept(&mut self, settings: &Settings<'_>, topic: &str) {
        if settings.is_compacted(topic) {
            let why = "of the letters of one key only the last would stay, and one without a key is refused";
            self.add(Grade::Impossible, format!("dead letters: topic {topic} is compacted: {why}; set its cleanup.policy to delete"));
        }
        let by_append = settings.text(topic, "message.timestamp.type") == Some("LogAppendTime");
        if by_append {
            let what = "has message.timestamp.type LogAppendTime: letters lose the time of their record; set it to CreateTime";
            self.add(Grade::Concern, format!("dead letters: topic {topic} {what}"));
        }
        let limits = ["message.timestamp.before.max.ms", "message.timestamp.difference.max.ms"];
        let oldest =
            limits.iter().filter_map(|name| settings.number(topic, name)).min().filter(|millis| !by_append && *millis < 365 * DAY_MS);
        if let Some(millis) = oldest {
            let age = time(millis);
            self.add(
                Grade::Wrong,
                format!("dead letters: topic {topic} refuses letters of records older than {age}; set {} to its default", limits[0]),
            );
        }
        if let Some(millis) = settings.kept_for(topic) {
            let at_once = if by_append { "" } else { ", and a letter of an older record at once" };
            let what = format!("is kept for {}: older letters are deleted{at_once}, and cannot be replayed", time(millis));
            self.add(Grade::Concern, format!("dead letters: topic {topic} {what}; set its retention.ms to -1"));
        }
    }

    /// Judges whether the last record of each key is kept. Without compaction a key is gone after the retention, and what was made of the
    /// topic can no longer be made whole (P8).
    fn last_of_each_key_kept(&mut self, settings: &Settings<'_>, of: &str, topic: &str, mend: &str) {
        let Some(policy) = settings.text(topic, "cleanup.policy") else { return };
        let is_cut = settings.kept_for(topic).is_some() || settings.kept_up_to(topic).is_some();
        if settings.is_compacted(topic) && settings.is_deleted(topic) && is_cut {
            let what = format!("has cleanup.policy {policy}, which also deletes by age; what is deleted could not be made whole");
            self.add(Grade::Concern, format!("{of}: topic {topic} {what}"));
        } else if settings.is_compacted(topic) {
            self.deletes_kept(settings, of, topic, mend);
        } else if is_cut {
            self.add(Grade::Wrong, format!("{of}: topic {topic} has cleanup.policy {policy}; set it to compact"));
        } else {
            self.add(Grade::Fine, format!("{of}: topic {topic} is kept for ever"));
        }
    }

    /// Judges how long deletes are kept, because compaction forgets that a key was deleted some time after the delete.
    fn deletes_kept(&mut self, settings: &Settings<'_>, of: &str, topic: &str, then: &str) {
        let kept = settings.deletes_kept_for(topic);
        let what = format!("{of}: topic {topic} is compacted and keeps deletes for {}: after a longer outage run {then}", time(kept));
        if kept < DAY_MS {
            self.add(Grade::Concern, format!("{what}; or raise its delete.retention.ms"));
        } else {
            self.add(Grade::Fine, what);
        }
    }

    /// Judges whether every change is kept. Records that are gone cannot be replayed, and compaction drops unread changes, and in the end
    /// unread deletes.
    fn every_change_kept(&mut self, settings: &Settings<'_>, of: &str, topic: &str) {
        if settings.is_compacted(topic) {
            let what = "is compacted: a delete that is not read in time is forgotten, and its row stays for ever";
            self.add(Grade::Wrong, format!("{of}: topic {topic} {what}; set its cleanup.policy to delete and its retention.ms to -1"));
        }
        self.kept_until_read(settings, of, topic);
    }

    /// Judges how long records are kept, and how many of them.
    fn kept_until_read(&mut self, settings: &Settings<'_>, of: &str, topic: &str) {
        if let Some(bytes) = settings.kept_up_to(topic) {
            let what = format!("is kept up to {bytes} bytes of each partition; what is gone before it was read is lost");
            self.add(Grade::Concern, format!("{of}: topic {topic} {what}; set its retention.bytes to -1"));
        }
        match settings.kept_for(topic) {
            Some(millis) if millis < 7 * DAY_MS => {
                self.add(
                    Grade::Concern,
                    format!("{of}: topic {topic} is kept for {}; an outage longer than that loses changes", time(millis)),
                );
            }
            Some(millis) => self.add(Grade::Fine, format!("{of}: topic {topic} is kept for {}", time(millis))),
            None if settings.number(topic, "retention.ms").is_some() && !settings.is_compacted(topic) => {
                self.add(Grade::Fine, format!("{of}: topic {topic} is kept for ever"));
            }
            None => {}
        }
    }
}

/// A time in milliseconds, in the unit that tells it best.
#[must_use]
pub fn time(millis: i64) -> String {
    match millis {
        days if days >= 7 * DAY_MS => format!("{} days", days / DAY_MS),
        hours if hours >= 2 * HOUR_MS => format!("{} hours", hours / HOUR_MS),
        seconds => format!("{} s", seconds / 1_000),
    }
}

#[cfg(test)]
mod tests;
