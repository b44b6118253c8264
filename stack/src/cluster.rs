//! The Kafka of a stack: one broker, or several that have a copy of each partition and elect a controller among themselves.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::metadata::MetadataTopic;

use crate::builder::Builder;
use crate::java::Java;
use crate::job::Job;
use crate::kafka::{Kafka, Listener, Member};
use crate::monitoring::with_agent;
use crate::ports::{Ports, free_port};
use crate::replaced::remove;
use crate::service::Service;
use crate::topics;
use crate::warden::Warden;

/// How many partitions the topic has in which Kafka keeps the offsets of consumer groups.
pub(crate) const GROUP_PARTITIONS: i32 = 4;
const GROUPS: &str = "__consumer_offsets";
const PATIENCE: Duration = Duration::from_secs(5);

/// The brokers, with their files and their processes in the same order.
#[derive(Debug)]
pub(crate) struct Cluster {
    files: Vec<Kafka>,
    services: Vec<Service>,
    job: Job,
}

impl Cluster {
    /// The only broker of a stack. `agent` is the option by which the broker tells Prometheus how it is.
    pub(crate) fn single(job: Job, files: Kafka, log: &Path, agent: Option<String>, warden: &Arc<Warden>) -> Self {
        let service = service("Kafka", log, files.clone(), agent, warden);
        Self { files: vec![files], services: vec![service], job }
    }

    /// Several brokers.
    pub(crate) fn several(builder: &Builder, java: &Java, ports: &Ports, warden: &Arc<Warden>) -> Result<Self> {
        let mut members = vec![Member { port: ports.kafka, controller: ports.controller }];
        for _ in 1..builder.brokers {
            members.push(Member { port: free_port()?, controller: free_port()? });
        }
        let (folder, mut files, mut services) = (&builder.folder, Vec::new(), Vec::new());
        for place in 0..members.len() {
            let kafka = Kafka::member(java.clone(), folder, place, members.clone(), listeners(builder, place));
            let number = place + 1;
            services.push(service(&format!("Kafka {number}"), &folder.join(format!("kafka-{number}.log")), kafka.clone(), None, warden));
            files.push(kafka);
        }
        Ok(Self { files, services, job: builder.job })
    }

    /// The files of the first broker, which know the addresses of all.
    pub(crate) fn files(&self) -> &Kafka {
        &self.files[0]
    }

    pub(crate) fn services(&self) -> &[Service] {
        &self.services
    }

    /// Starts all brokers with their topics. A broker needs a majority of the others to become healthy, so all are launched first.
    pub(crate) fn start(&self) -> Result<()> {
        self.files.iter().try_for_each(Kafka::create)?;
        self.services.iter().try_for_each(Service::launch)?;
        self.services.iter().try_for_each(Service::await_health)?;
        self.create_topics()
    }

    /// Makes the topics that are missing, each partition with a copy on each broker.
    pub(crate) fn create_topics(&self) -> Result<()> {
        topics::create(&self.client(), self.files().replication(), self.job.topics())
    }

    /// Lets empty brokers of the cluster with that id take the places of these, with the topics.
    pub(crate) fn replace(&self, id: &str) -> Result<()> {
        self.services.iter().for_each(Service::kill);
        self.files.iter().try_for_each(|kafka| {
            remove(kafka.data())?;
            kafka.create_as(id)
        })?;
        self.start()
    }

    /// Resumes paused brokers and launches those that are gone.
    pub(crate) fn relaunch(&self) -> Result<()> {
        self.services.iter().for_each(Service::resume);
        self.services.iter().try_for_each(Service::launch)
    }

    /// Stops the brokers one after the other. A broker asks the controllers for leave, so those that would be left without a majority of
    /// controllers are killed: they would wait for the others.
    pub(crate) fn stop(&self) -> Result<()> {
        let (orderly, rest) = self.services.split_at(self.services.len().div_ceil(2));
        let stopped: Vec<Result<()>> = orderly.iter().map(Service::stop).collect();
        rest.iter().for_each(Service::kill);
        stopped.into_iter().collect()
    }

    pub(crate) fn client(&self) -> ClientConfig {
        self.files().client()
    }

    /// The place of the broker that leads the partition.
    pub(crate) fn leader(&self, topic: &str, partition: i32) -> Result<usize> {
        let client: BaseConsumer = self.client().create()?;
        let metadata = client.fetch_metadata(Some(topic), PATIENCE)?;
        let mut partitions = metadata.topics().iter().flat_map(MetadataTopic::partitions);
        let found = partitions.find(|found| found.id() == partition);
        let id = found.with_context(|| format!("{topic} has no partition {partition}"))?.leader();
        self.place(id).with_context(|| format!("{topic}-{partition} has no leader"))
    }

    /// The place of the broker whose controller is the active one.
    pub(crate) fn controller(&self) -> Result<usize> {
        let told = self.files().tool("org.apache.kafka.tools.MetadataQuorumCommand", &["describe", "--status"])?;
        let id = told.lines().find_map(|line| line.strip_prefix("LeaderId:")?.trim().parse().ok());
        self.place(id.unwrap_or(-1)).with_context(|| format!("the controllers have no leader: {told}"))
    }

    /// The place of the broker that coordinates the consumer group.
    pub(crate) fn coordinator(&self, group: &str) -> Result<usize> {
        self.leader(GROUPS, partition_of(group))
    }

    fn place(&self, id: i32) -> Option<usize> {
        self.files.iter().position(|kafka| kafka.id() == id)
    }
}

fn service(name: &str, log: &Path, files: Kafka, agent: Option<String>, warden: &Arc<Warden>) -> Service {
    let health = files.clone();
    let server = move || with_agent(files.server(), agent.as_deref());
    Service::new(name, log.to_owned(), warden.clone(), server, move || health.healthy())
}

/// The further listeners of the broker at that place.
pub(crate) fn listeners(builder: &Builder, place: usize) -> Vec<Listener> {
    let doors = builder.kafka_listeners.iter().enumerate();
    doors.filter_map(|(number, of)| of.get(place).map(|(port, advertised)| Listener::behind_a_proxy(number, *port, *advertised))).collect()
}

/// The partition of [`GROUPS`] whose leader coordinates the group: Kafka takes the hash that Java has for the group's name.
fn partition_of(group: &str) -> i32 {
    let hash = group.encode_utf16().fold(0_i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)));
    hash.checked_abs().unwrap_or(0) % GROUP_PARTITIONS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_partition_of_a_group_is_the_one_that_java_computes() {
        // In Java "orderstream".hashCode() is -1748261810, and "polygenelubricants" has the one hash without a positive counterpart.
        assert_eq!(partition_of("orderstream"), 1_748_261_810 % GROUP_PARTITIONS);
        assert_eq!(partition_of("polygenelubricants"), 0);
        assert_eq!(partition_of("ab"), (97 * 31 + 98) % GROUP_PARTITIONS);
    }
}
