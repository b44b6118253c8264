//! The settings of a broker.

use std::path::Path;

use super::{Kafka, Listener, Logins, Member};
use crate::cluster::GROUP_PARTITIONS;
use crate::topics::LARGEST_DEAD_LETTER;

impl Kafka {
    /// How many brokers have a copy of each partition: all of them.
    pub(crate) fn replication(&self) -> i32 {
        i32::try_from(self.members.len()).unwrap_or(i32::MAX)
    }

    /// How many brokers must have a record before the record counts as written: a majority, so that one of three may be away, and none
    /// that has not got the record becomes the leader.
    fn in_sync(&self) -> usize {
        self.members.len() / 2 + 1
    }

    pub(super) fn settings(&self, data: &Path) -> String {
        let (Member { port, controller }, data, id) = (self.own(), data.display(), self.id());
        let voter = |(id, member): (i32, &Member)| format!("{id}@127.0.0.1:{}", member.controller);
        let voters = (1..).zip(&self.members).map(voter).collect::<Vec<_>>().join(",");
        let further = |part: fn(&Listener) -> String| self.further.iter().map(part).collect::<String>();
        let listeners = further(|Listener { name, at, .. }| format!(",{name}://{at}"));
        let advertised = further(|Listener { name, advertised, .. }| format!(",{name}://{advertised}"));
        let protocols = further(|Listener { name, protocol, .. }| format!(",{name}:{protocol}"));
        let Logins { clients, controller: between, settings: logins, .. } = &self.logins;
        let (replication, in_sync) = (self.replication(), self.in_sync());
        format!(
            "\
process.roles=broker,controller
node.id={id}
controller.quorum.voters={voters}
listeners={clients}://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}{listeners}
advertised.listeners={clients}://127.0.0.1:{port}{advertised}
listener.security.protocol.map={clients}:{clients},CONTROLLER:{between}{protocols}
inter.broker.listener.name={clients}
controller.listener.names=CONTROLLER
log.dirs={data}
auto.create.topics.enable=false
replica.fetch.max.bytes={LARGEST_DEAD_LETTER}
group.initial.rebalance.delay.ms=0
default.replication.factor={replication}
min.insync.replicas={in_sync}
offsets.topic.replication.factor={replication}
offsets.topic.num.partitions={GROUP_PARTITIONS}
transaction.state.log.replication.factor={replication}
transaction.state.log.min.isr={in_sync}
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor={replication}
share.coordinator.state.topic.min.isr={in_sync}
{logins}"
        )
    }
}
