//! `orderstream check` of Kafka: brokers, topics, how large a dead letter may be, what is kept, and whether the last events can be read.

use kafka::reread::Reread;
use kafka::source::survey;
use kafka::topics::{self, Cluster, Grade, Judgement, NoAnswer};

use super::Findings;
use crate::config::Config;
use crate::run::assemble;
use service::tasks;

mod events;

pub(super) async fn check(config: &Config) -> Findings {
    let mut findings = Findings::new("kafka");
    let (servers, expected) = (&config.kafka.bootstrap_servers, config.expected_topics());
    let answer = topics::ask(config.kafka.connection_properties(), &expected).await;
    let Some(topics) = brokers(servers, answer, &mut findings) else { return findings };
    topics::judge(&topics, &expected).into_iter().for_each(|judged| add(judged, &mut findings));
    if config.kafka.customers_topic.is_none() {
        findings.ok("no customers topic: somebody else keeps customer:<id> in Redis".to_owned());
    }
    last_events(config, &topics, &mut findings).await;
    findings
}

/// Tells of the brokers; `None` if they do not answer.
pub(in crate::cli) fn brokers(servers: &str, answer: Result<Cluster, NoAnswer>, findings: &mut Findings) -> Option<Cluster> {
    match answer {
        Ok(topics) => {
            let (count, cluster) = (topics.brokers, topics.cluster.as_deref().unwrap_or("unknown"));
            findings.ok(format!("{count} {} at {servers}, cluster {cluster}", if count == 1 { "broker" } else { "brokers" }));
            Some(topics)
        }
        Err(NoAnswer::Refused(why)) => {
            findings.failed(format!("{servers}: {why}"));
            None
        }
        Err(NoAnswer::Silent(error)) => {
            let what = "check kafka.bootstrap_servers and the security settings, and that the brokers run";
            findings.failed(format!("{servers}: {error}; {what}"));
            None
        }
    }
}

/// Adds what was judged of the topics.
pub(in crate::cli) fn add(judged: Judgement, findings: &mut Findings) {
    match judged.grade {
        Grade::Fine => findings.ok(judged.what),
        Grade::Concern => findings.warning(judged.what),
        Grade::Wrong | Grade::Impossible => findings.failed(judged.what),
    }
}

/// Looks whether this user may read the topic as a member of its consumer group.
pub(in crate::cli) async fn right(properties: Vec<(String, String)>, group: String, topic: &str, findings: &mut Findings) {
    let of = topic.to_owned();
    let lacking = tasks::blocking(move || survey::lacking(&properties, &group, &of)).await;
    match lacking {
        Ok(None) => {}
        Ok(Some(what)) => findings.failed(what),
        Err(error) => findings.warning(format!("whether this user may read {topic} in its consumer group is not known: {error}")),
    }
}

/// Looks at the last events of both topics at once, as far as the topics exist: a missing topic was reported before.
async fn last_events(config: &Config, topics: &Cluster, findings: &mut Findings) {
    let (kafka, decoder) = (&config.kafka, assemble::decoder(config));
    let reread = Reread { properties: kafka.connection_properties(), group: kafka.group_id.clone() };
    let (mut orders, mut customers) = (Findings::new(findings.server), Findings::new(findings.server));
    let look = async |topic: Option<&String>, decode, findings: &mut Findings| {
        if let Some(topic) = topic.filter(|topic| topics.topics.contains_key(*topic)) {
            right(kafka.connection_properties(), kafka.group_of(topic), topic, findings).await;
            events::check(&reread, topic, &decoder, decode, findings).await;
        }
    };
    tokio::join!(
        look(Some(&kafka.orders_topic), events::order, &mut orders),
        look(kafka.customers_topic.as_ref(), events::customer, &mut customers)
    );
    findings.lines.extend(orders.lines.into_iter().chain(customers.lines));
}
