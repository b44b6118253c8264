//! Kafka: brokers, topics, how large a dead letter may be, what is kept.

use super::Findings;
use crate::config::Config;
use crate::topics::{self, Expected, Grade};

pub(super) async fn check(config: &Config) -> Findings {
    let mut findings = Findings::new("kafka");
    let (servers, expected) = (&config.kafka.bootstrap_servers, Expected::of(config));
    let topics = match topics::ask(config.kafka.connection_properties(), &expected).await {
        Ok(topics) => topics,
        Err(error) => {
            let what = "check kafka.bootstrap_servers and the security settings, and that the brokers run";
            findings.failed(format!("{servers}: {error}; {what}"));
            return findings;
        }
    };
    let (count, cluster) = (topics.brokers, topics.cluster.as_deref().unwrap_or("unknown"));
    findings.ok(format!("{count} {} at {servers}, cluster {cluster}", if count == 1 { "broker" } else { "brokers" }));
    for judged in topics::judge(&topics, &expected) {
        match judged.grade {
            Grade::Fine => findings.ok(judged.what),
            Grade::Concern => findings.warning(judged.what),
            Grade::Wrong | Grade::Impossible => findings.failed(judged.what),
        }
    }
    findings
}
