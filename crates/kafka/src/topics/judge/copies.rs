//! Judges how many brokers have a copy of each topic, and whether a record that Kafka has acknowledged can be lost (P2).

use super::{Cluster, Expected, Grade, Judgements, Settings, Topic};

impl Judgements {
    /// Judges the copies of each topic.
    pub(super) fn copies(&mut self, cluster: &Cluster, settings: &Settings<'_>, expected: &Expected) {
        let inputs = expected.inputs.iter().map(|input| (input.of, &input.topic));
        for (of, topic) in inputs.chain([("dead letters", &expected.letters)]) {
            if settings.text(topic, "unclean.leader.election.enable") == Some("true") {
                let what = "has unclean.leader.election.enable true: a broker that lacks acknowledged records may become the leader, and they are lost";
                self.add(Grade::Concern, format!("{of}: topic {topic} {what}; set it to false"));
            }
            let Some(Topic { copies, .. }) = cluster.topics.get(topic) else { continue };
            let in_sync = settings.number(topic, "min.insync.replicas").and_then(|number| usize::try_from(number).ok());
            if let (Some(in_sync), 2..) = (in_sync, cluster.brokers) {
                self.copies_of(of, topic, *copies, in_sync);
            }
        }
    }

    /// Judges a topic of a cluster with several brokers. With one broker there is nothing to choose.
    fn copies_of(&mut self, of: &str, topic: &str, copies: usize, in_sync: usize) {
        let (grade, what) = match (copies, in_sync) {
            (..=1, _) => {
                (Grade::Concern, "has one copy: what its broker loses is gone, and nothing is read while it is away; give it 3".to_owned())
            }
            (_, ..=1) => {
                let what = format!(
                    "has {copies} copies and min.insync.replicas {in_sync}: what one broker alone has acknowledged is lost with it"
                );
                (Grade::Concern, format!("{what}; take 3 copies and min.insync.replicas 2"))
            }
            (copies, in_sync) if in_sync >= copies => {
                let what =
                    format!("has {copies} copies and min.insync.replicas {in_sync}: nothing can be written while one broker is away");
                (Grade::Concern, format!("{what}; take 3 copies and min.insync.replicas 2"))
            }
            _ => (Grade::Fine, format!("has {copies} copies, of which {in_sync} must have a record")),
        };
        self.add(grade, format!("{of}: topic {topic} {what}"));
    }
}
