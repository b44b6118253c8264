//! What Kafka has of the mirror's topics, and whether their settings let the mirror promise what it does.

use kafka::topics::{self, Cluster, Expected, Grade, Input, Judgement, Kept};

use crate::cli::check::Findings;
use crate::cli::check::kafka::{add, brokers, right};
use crate::config::{Config, Mirror};
use crate::health::plural;

/// What the topics are about, as messages name it.
const EVENTS: &str = "events";

/// The topics that Kafka has.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The topics with events, by name.
    pub(super) topics: Vec<String>,
    /// What the brokers tell; `None` if they do not answer.
    pub(super) cluster: Option<Cluster>,
}

pub(super) async fn check(config: &Config) -> (Findings, Found) {
    let (mut findings, mirror) = (Findings::new("kafka"), &config.mirror);
    let (wanted, letters) = (mirror.topics.clone(), mirror.dead_letter_topic.clone());
    let names = move |there: &std::collections::BTreeMap<String, topics::Topic>| {
        topics::wanted(&wanted, there.keys()).unwrap_or_default().into_iter().chain([letters]).collect()
    };
    let answer = topics::ask_of(config.kafka.connection_properties(), names).await;
    let Some(cluster) = brokers(&config.kafka.bootstrap_servers, answer, &mut findings) else { return (findings, Found::default()) };
    let topics = match topics::wanted(&mirror.topics, cluster.topics.keys()) {
        Ok(topics) => topics,
        Err(error) => {
            findings.failed(format!("mirror.topics: the pattern cannot be read: {error}"));
            Vec::new()
        }
    };
    judge(&cluster, &topics, mirror, config.source.max_record_bytes, &mut findings);
    if let Some(first) = topics.iter().find(|topic| cluster.topics.contains_key(*topic)) {
        right(config.kafka.connection_properties(), mirror.group_id.clone(), first, &mut findings).await;
    }
    (findings, Found { topics, cluster: Some(cluster) })
}

fn judge(cluster: &Cluster, topics: &[String], mirror: &Mirror, max_record_bytes: usize, findings: &mut Findings) {
    let (named, letters) = (mirror.topics.join(","), &mirror.dead_letter_topic);
    if topics.contains(letters) {
        findings.failed(format!(
            "mirror.topics ({named}) also means the dead letter topic {letters}, whose letters would be read as events; choose other names"
        ));
    }
    if topics.is_empty() {
        findings.warning(format!("no topic is meant by mirror.topics ({named}): a topic is found within ten seconds of its first event"));
    }
    let input = |topic: &String| Input { of: EVENTS, setting: "mirror.topics", topic: topic.clone(), kept: Kept::RowsOfTables };
    let expected = Expected {
        inputs: topics.iter().map(input).collect(),
        letters: letters.clone(),
        letters_setting: "mirror.dead_letter_topic",
        max_record_bytes,
    };
    // There may be hundreds of topics, so that those in which all is as it should be are only counted.
    let is_counted = |judged: &Judgement| judged.grade == Grade::Fine && judged.what.starts_with(EVENTS);
    let partitions: usize = topics.iter().filter_map(|topic| cluster.topics.get(topic)).map(|topic| topic.partitions).sum();
    if partitions > 0 {
        let (topics, of_topics) = (topics.len(), plural(topics.len(), "topic", "topics"));
        findings.ok(format!(
            "{EVENTS}: {topics} {of_topics} with {partitions} {} by mirror.topics ({named})",
            plural(partitions, "partition", "partitions")
        ));
    }
    topics::judge(cluster, &expected).into_iter().filter(|judged| !is_counted(judged)).for_each(|judged| add(judged, findings));
}
