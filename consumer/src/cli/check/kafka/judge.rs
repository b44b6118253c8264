//! What the facts about Kafka mean. Pure.

use std::collections::BTreeMap;

use crate::cli::check::Findings;
use crate::config::Config;

/// What a dead letter's headers take beside the record.
const HEADERS: usize = 16_384;

/// What the brokers told.
#[derive(Debug, Default)]
pub(super) struct Brokers {
    pub(super) brokers: usize,
    pub(super) cluster: Option<String>,
    pub(super) topics: BTreeMap<String, Topic>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Topic {
    pub(super) partitions: usize,
    pub(super) without_leader: usize,
}

/// Setting by name, by topic.
pub(super) type TopicSettings = BTreeMap<String, BTreeMap<String, String>>;

pub(super) fn judge(brokers: &Brokers, settings: &Result<TopicSettings, String>, config: &Config, findings: &mut Findings) {
    let cluster = brokers.cluster.as_deref().unwrap_or("unknown");
    let count = brokers.brokers;
    findings.ok(format!(
        "{count} {} at {}, cluster {cluster}",
        if count == 1 { "broker" } else { "brokers" },
        config.kafka.bootstrap_servers
    ));
    let kafka = &config.kafka;
    topic(brokers, "orders", &kafka.orders_topic, "kafka.orders_topic", findings);
    match &kafka.customers_topic {
        Some(name) => topic(brokers, "customers", name, "kafka.customers_topic", findings),
        None => findings.ok("no customers topic: somebody else keeps customer:<id> in Redis"),
    }
    topic(brokers, "dead letters", &kafka.dead_letter_topic, "kafka.dead_letter_topic", findings);
    match settings {
        Ok(settings) => kept_and_sized(&Settings { settings, config }, findings),
        Err(error) => findings.warning(format!("the topics' settings cannot be read: {error}; grant DescribeConfigs to check them")),
    }
}

fn topic(brokers: &Brokers, what: &str, name: &str, key: &str, findings: &mut Findings) {
    match brokers.topics.get(name) {
        None => findings.failed(format!("{what}: no topic {name}; create it, check {key}, or grant Describe on it")),
        Some(Topic { without_leader: 0, partitions }) => {
            findings.ok(format!("{what}: topic {name}, {partitions} partition{}", if *partitions == 1 { "" } else { "s" }));
        }
        Some(Topic { without_leader, partitions }) => {
            findings
                .failed(format!("{what}: {without_leader} of {partitions} partitions of topic {name} have no leader; start their brokers"));
        }
    }
}

struct Settings<'a> {
    settings: &'a TopicSettings,
    config: &'a Config,
}

impl Settings<'_> {
    fn text(&self, topic: &str, name: &str) -> Option<&str> {
        self.settings.get(topic)?.get(name).map(String::as_str)
    }

    fn number(&self, topic: &str, name: &str) -> Option<i64> {
        self.text(topic, name)?.parse().ok()
    }
}

fn kept_and_sized(settings: &Settings<'_>, findings: &mut Findings) {
    dead_letter_size(settings, findings);
    if let Some(customers) = &settings.config.kafka.customers_topic {
        compaction(settings, customers, findings);
    }
    retention(settings, findings);
}

/// A record of any size that a topic lets in must fit on the dead letter topic, byte for byte and with its headers (P7).
fn dead_letter_size(settings: &Settings<'_>, findings: &mut Findings) {
    let kafka = &settings.config.kafka;
    let limit = |topic: &str| settings.number(topic, "max.message.bytes").and_then(|bytes| usize::try_from(bytes).ok());
    let Some(letters) = limit(&kafka.dead_letter_topic) else { return };
    let inputs = [Some(&kafka.orders_topic), kafka.customers_topic.as_ref()].into_iter().flatten().filter_map(|topic| limit(topic));
    let largest = inputs.chain([settings.config.source.max_record_bytes]).max().unwrap_or(0);
    let needed = largest.saturating_add(HEADERS);
    let topic = &kafka.dead_letter_topic;
    if letters < needed {
        findings.failed(format!(
            "dead letters: topic {topic} takes {letters} bytes, records have up to {largest}; set its max.message.bytes to {needed} or more"
        ));
    } else {
        findings.ok(format!("dead letters: topic {topic} takes {letters} bytes, records have up to {largest}"));
    }
}

/// Without compaction the customers are gone after the retention, and Redis can no longer be made whole (P8).
fn compaction(settings: &Settings<'_>, topic: &str, findings: &mut Findings) {
    match settings.text(topic, "cleanup.policy") {
        Some("compact") => findings.ok(format!("customers: topic {topic} is compacted")),
        Some(policy) if policy.contains("compact") => {
            findings.warning(format!(
                "customers: topic {topic} has cleanup.policy {policy}, which also deletes by age; Redis could not be made whole"
            ));
        }
        Some(policy) => findings.failed(format!("customers: topic {topic} has cleanup.policy {policy}; set it to compact")),
        None => {}
    }
}

/// What is gone cannot be replayed, and compaction would drop changes that a replay needs.
fn retention(settings: &Settings<'_>, findings: &mut Findings) {
    let topic = &settings.config.kafka.orders_topic;
    let days = |millis: i64| millis / 86_400_000;
    match settings.number(topic, "retention.ms") {
        Some(forever) if forever < 0 => findings.ok(format!("orders: topic {topic} is kept for ever")),
        Some(millis) if days(millis) < 7 => {
            findings.warning(format!(
                "orders: topic {topic} is kept for {} hours; an outage longer than that loses changes",
                millis / 3_600_000
            ));
        }
        Some(millis) => findings.ok(format!("orders: topic {topic} is kept for {} days", days(millis))),
        None => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::check::Grade;
    use crate::config::Environment;

    fn brokers(topics: &[&str]) -> Brokers {
        let healthy = Topic { partitions: 4, without_leader: 0 };
        Brokers { brokers: 1, cluster: Some("abc".into()), topics: topics.iter().map(|topic| ((*topic).to_owned(), healthy)).collect() }
    }

    fn all() -> Brokers {
        brokers(&["shop.public.orders", "shop.public.customers", "dlq-errors"])
    }

    fn settings(changes: &[(&str, &str, &str)]) -> TopicSettings {
        let mut settings = TopicSettings::new();
        let good = [
            ("shop.public.orders", "max.message.bytes", "1048588"),
            ("shop.public.orders", "retention.ms", "-1"),
            ("shop.public.customers", "cleanup.policy", "compact"),
            ("dlq-errors", "max.message.bytes", "2097152"),
        ];
        for (topic, name, value) in good.iter().chain(changes) {
            settings.entry((*topic).to_owned()).or_default().insert((*name).to_owned(), (*value).to_owned());
        }
        settings
    }

    fn lines(brokers: &Brokers, settings: &Result<TopicSettings, String>) -> Vec<(Grade, String)> {
        let config = Config::load(None, &Environment::default()).unwrap().config;
        let mut findings = Findings::new("kafka");
        judge(brokers, settings, &config, &mut findings);
        findings.lines.into_iter().map(|finding| (finding.grade, finding.what)).collect()
    }

    #[track_caller]
    fn has(lines: &[(Grade, String)], grade: Grade, part: &str) {
        assert!(lines.iter().any(|(known, what)| *known == grade && what.contains(part)), "{part} is not in {lines:?}");
    }

    #[test]
    fn three_topics_with_the_right_settings_are_fine() {
        let lines = lines(&all(), &Ok(settings(&[])));
        assert!(lines.iter().all(|(grade, _)| *grade == Grade::Ok), "{lines:?}");
        has(&lines, Grade::Ok, "topic shop.public.orders, 4 partitions");
    }

    #[test]
    fn a_missing_topic_and_one_without_leader_fail() {
        let mut brokers = brokers(&["shop.public.orders"]);
        brokers.topics.insert("dlq-errors".into(), Topic { partitions: 3, without_leader: 1 });
        let lines = lines(&brokers, &Ok(settings(&[])));
        has(&lines, Grade::Failed, "no topic shop.public.customers");
        has(&lines, Grade::Failed, "1 of 3 partitions of topic dlq-errors have no leader");
    }

    #[test]
    fn a_dead_letter_topic_that_is_too_small_fails() {
        let lines = lines(&all(), &Ok(settings(&[("dlq-errors", "max.message.bytes", "1048588")])));
        has(&lines, Grade::Failed, "set its max.message.bytes to 1064972 or more");
    }

    #[test]
    fn customers_must_be_compacted() {
        has(&lines(&all(), &Ok(settings(&[("shop.public.customers", "cleanup.policy", "delete")]))), Grade::Failed, "set it to compact");
        has(&lines(&all(), &Ok(settings(&[("shop.public.customers", "cleanup.policy", "compact,delete")]))), Grade::Warning, "by age");
    }

    #[test]
    fn short_retention_and_hidden_settings_are_warnings() {
        has(&lines(&all(), &Ok(settings(&[("shop.public.orders", "retention.ms", "86400000")]))), Grade::Warning, "kept for 24 hours");
        has(&lines(&all(), &Err("denied".into())), Grade::Warning, "grant DescribeConfigs");
    }
}
