//! The rows of the table for what a process finds of itself, in the order of the kinds. A kind without a row does not compile.

use super::{Advice, Harm, critical, warning};
use crate::health::FindingKind as Kind;

/// What is told with a finding of this kind.
pub(super) const fn of_finding(kind: Kind) -> Advice {
    match kind {
        Kind::NotPolled => critical(Harm::Stands)
            .heals("Nothing: only a restart helps. Kubernetes restarts the process by its liveness probe.")
            .act("Start the process again; the others take its partitions over meanwhile.")
            .see("docs/operations.md#kafka-was-not-polled-for-n-s"),
        Kind::ProcessEnds => critical(Harm::Stands)
            .heals("The process ends with exit code 1, and whoever started it starts it again. Nothing is done twice.")
            .act("Start it again. If the line comes back it is a defect: report it with the log.")
            .see("docs/operations.md#the-process-ends"),
        Kind::ShuttingDown => warning(Harm::Passes)
            .heals("The batches in flight are finished, and the partitions are given back.")
            .act("Nothing.")
            .see("docs/operations.md#shutting-down"),
        Kind::NotConnected => warning(Harm::Passes)
            .heals("The server is asked within a second.")
            .act("If the line stays: `orderstream check` says why the server does not answer.")
            .see("docs/operations.md#not-connected-yet"),
        Kind::ServerDown => critical(Harm::Stands)
            .heals("It is tried all the time, and work goes on about a second after the server's return. Nothing becomes a dead letter meanwhile.")
            .act("Bring the server back. Do not restart orderstream: a restart changes nothing.")
            .see("docs/runbook.md#orderstreamserverdown"),
        Kind::RedisDownLetters => critical(Harm::Wrong)
            .heals("Orders become dead letters of reason redis_down meanwhile, as enrichment.when_redis_is_down says, until Redis answers.")
            .act("Bring Redis back, then replay these letters: `orderstream dlq replay --reason redis_down`.")
            .see("docs/operations.md#replay-them"),
        Kind::Topic => critical(Harm::Stands)
            .heals("The topic is looked at every few seconds, and the work goes on once its setting is right.")
            .act("Make the topic, or change the setting that the line names.")
            .see("docs/operations.md#topics"),
        Kind::Impaired => warning(Harm::Late)
            .heals("The work goes on in another way, and the server is asked again every few seconds.")
            .act("Do what the line says. The table of degraded lines explains each.")
            .see("docs/operations.md#what-is-told-as-degraded"),
        Kind::NotRead => warning(Harm::Passes)
            .heals("Reading begins as soon as Kafka and Postgres have answered.")
            .act("If the line stays: `orderstream check` says what is missing.")
            .see("docs/operations.md#kafka-is-not-read-yet"),
        Kind::NoAssignment => critical(Harm::Stands)
            .heals("The process asks the group again all the time.")
            .act("If the line stays, look at Kafka's coordinator of the group and at the rights on it.")
            .see("docs/operations.md#the-consumer-group-has-given-no-assignment"),
        Kind::AbsentColumns => warning(Harm::Late)
            .heals("Stored values of these columns stay as they are.")
            .act("Look at the shop's schema and at the connector's settings: they have changed.")
            .see("docs/operations.md#absent-and-null"),
        Kind::HeartbeatOld => critical(Harm::Cut)
            .heals("What is in Kafka is processed. Debezium goes on where it was, because its slot keeps the log.")
            .act("Look at the connector: resume it, start it, or start the failed task again.")
            .see("docs/runbook.md#orderstreamsourcesilent"),
        Kind::ConnectAway => warning(Harm::Blind)
            .heals("Connect is asked again every few seconds.")
            .act("See that Connect's workers run, and look at connect.url.")
            .see("docs/runbook.md#orderstreamconnectdown"),
        Kind::ConnectorAbsent => critical(Harm::Cut)
            .heals("Nothing: orderstream makes no connector.")
            .act("Make the connector, or correct connect.connector. It goes on at its slot.")
            .see("docs/operations.md#no-connector"),
        Kind::ConnectorNotRunning => critical(Harm::Cut)
            .heals("Nothing: a failed task does not go on by itself, and orderstream only looks at it.")
            .act("Correct the cause that Connect's log names, then start the task again.")
            .see("docs/runbook.md#orderstreamtaskfailed"),
        Kind::SlotsUnknown => warning(Harm::Blind)
            .heals("The shop's Postgres is asked again every few seconds.")
            .act("Look at that server, and at source.url.")
            .see("docs/operations.md#nobody-reads-a-slot"),
        Kind::SlotAbsent => critical(Harm::Wrong)
            .heals("Nothing: changes of this time never arrive by events.")
            .act("Let the connector make a slot with a new snapshot, then run `orderstream reconcile --repair`; or correct source.url.")
            .see("docs/operations.md#nobody-reads-a-slot"),
        Kind::SlotUnread => warning(Harm::Cut)
            .heals("The slot keeps the log, and what is in it arrives when a connector reads again.")
            .act("Bring the connector back before the disk of the shop's Postgres is full.")
            .see("docs/runbook.md#orderstreamslotinactive"),
        Kind::SlotLost => critical(Harm::Wrong)
            .heals("Nothing: what the slot has lost comes by no event.")
            .act("Let the connector make another slot with a new snapshot, then run `orderstream reconcile --repair`.")
            .see("docs/operations.md#a-slot-that-keeps-the-log"),
        Kind::SlotHeavy => critical(Harm::Threatens)
            .heals("Nothing: max_slot_wal_keep_size in Postgres saves the disk at the price of the slot.")
            .act("Start the connector of the slot, or drop a slot that nobody needs any more.")
            .see("docs/runbook.md#orderstreamslotkeepslog"),
        Kind::ComparisonEndedEarly => warning(Harm::Blind)
            .heals("The next comparison looks again.")
            .act("If the line stays: `orderstream reconcile` compares everything.")
            .see("docs/operations.md#differences-that-the-comparison-has-found"),
        Kind::Differences => critical(Harm::Wrong)
            .heals("Nothing, unless reconcile.repair is on.")
            .act("Look at the differences with `orderstream reconcile`, find the cause, then repair with --repair.")
            .see("docs/runbook.md#orderstreamdifferences"),
        Kind::ComparisonOverdue => warning(Harm::Blind)
            .heals("A comparison is begun again when it is due.")
            .act("The log says why none comes to its end. Very large tables are compared by hand at a quiet hour.")
            .see("docs/operations.md#differences-that-the-comparison-has-found"),
        Kind::PartitionStopped => critical(Harm::Stands)
            .heals("It looks again every 15 seconds, and goes on once the cause is gone. The other partitions go on all the time.")
            .act("Do what the line says: it has the reason and often the very command.")
            .see("docs/operations.md#stopped"),
        Kind::PartitionWaiting => critical(Harm::Stands)
            .heals("It goes on when what it waits for is there.")
            .act("Do what the table of the reasons says.")
            .see("docs/operations.md#waiting"),
        Kind::PartitionClaiming => warning(Harm::Passes)
            .heals("The claim takes milliseconds once Postgres and Kafka answer.")
            .act("If the line stays, look at Postgres and Kafka.")
            .see("docs/operations.md#being-claimed"),
        Kind::PartitionLost => critical(Harm::Stands)
            .heals("The next assignment tells who has the partition, and the fence keeps two writers apart until then.")
            .act("Look whether a majority of Kafka's controllers and the leaders of __consumer_offsets are there.")
            .see("docs/operations.md#lost"),
        Kind::PartitionStalled => critical(Harm::Stands)
            .heals("The batch is tried again without end, with pauses of a few seconds.")
            .act("The brackets say what the last batch met. A lock is the usual cause: look in pg_stat_activity for who holds it.")
            .see("docs/runbook.md#orderstreamstalled"),
        Kind::PartitionUntold => critical(Harm::Stands)
            .heals("Nothing: it is a defect.")
            .act("Restart the process, and report it with the log.")
            .see("docs/operations.md#nobody-told-where-it-began"),
        Kind::PartitionEndUnknown => critical(Harm::Blind)
            .heals("Kafka is asked every second. Records that arrive are processed all the same.")
            .act("Look at the broker that leads the partition.")
            .see("docs/operations.md#kafka-told-no-end-of-the-partition"),
        Kind::PartitionPaused => warning(Harm::Late)
            .heals("The pause ends by itself at its time, and everything that waits is processed then.")
            .act("Nothing, if the pause is still wanted; else end it on the page, or delete its row of partition_controls.")
            .see("docs/operations.md#paused"),
        Kind::BreakerHeld => warning(Harm::Late)
            .heals("The hold ends by itself at its time. What was pending is completed afterwards.")
            .act("Nothing, if the hold is still wanted; else end it on the page, or delete the row of breaker_controls.")
            .see("docs/operations.md#the-breaker-is-held"),
        Kind::BreakerHeldWaits => critical(Harm::Stands)
            .heals("Orders wait meanwhile, as enrichment.when_redis_is_down says. The hold ends by itself at its time, and they go on then.")
            .act("Nothing, if the hold is still wanted; else end it on the page, or delete the row of breaker_controls.")
            .see("docs/operations.md#the-breaker-is-held"),
        Kind::BreakerHeldLetters => critical(Harm::Wrong)
            .heals("Orders become dead letters of reason redis_down meanwhile, as enrichment.when_redis_is_down says, until the hold ends.")
            .act("End the hold on the page, or wait for its end; then replay these letters: `orderstream dlq replay --reason redis_down`.")
            .see("docs/operations.md#the-breaker-is-held"),
    }
}
