//! Runs a source for each topic, each in a consumer group of its own.
//!
//! A group deals out partitions by their number, whatever their topic. With 4 partitions of customers and 12 of orders in one group, a
//! process that joins would get all partitions of customers and 4 of orders, and the other process would keep 8
//! (<https://github.com/confluentinc/librdkafka/issues/4044>). With a group for each topic the orders are shared evenly.

use std::future::poll_fn;
use std::task::Poll;

use kafka::source::{Event, Source, SourceConfig, SourceError};
use tokio::runtime::Handle;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinSet;

use crate::flow::claim::Claimant;
use crate::health::Health;

/// The running sources.
#[derive(Debug)]
pub(super) struct Readers(Vec<Reader>);

#[derive(Debug)]
struct Reader {
    topic: String,
    source: Source,
    events: UnboundedReceiver<Event>,
}

impl Readers {
    /// Starts all sources. From now on `health` expects each of them to poll, and to be given an assignment.
    ///
    /// # Errors
    /// The configuration of a source is refused.
    pub(super) fn start(configs: Vec<SourceConfig>, health: &Health, claimant: &Claimant) -> Result<Self, SourceError> {
        let start = |config: SourceConfig| {
            let (topic, claimant) = (config.topics.join(", "), claimant.clone());
            health.reads(&topic);
            let claim = move |partition, log| claimant.clone().claim(partition, log);
            let (source, events) = Source::start(config, Handle::current(), claim)?;
            Ok(Reader { topic, source, events })
        };
        configs.into_iter().map(start).collect::<Result<_, _>>().map(Self)
    }

    /// The next event of any topic. `None` means that the source of that topic has ended.
    pub(super) async fn next_event(&mut self) -> (&str, Option<Event>) {
        let (index, event) = poll_fn(|cx| {
            let ready = self.0.iter_mut().enumerate().find_map(|(index, reader)| match reader.events.poll_recv(cx) {
                Poll::Ready(event) => Some((index, event)),
                Poll::Pending => None,
            });
            ready.map_or(Poll::Pending, Poll::Ready)
        })
        .await;
        (&self.0[index].topic, event)
    }

    /// Stops all sources side by side: their workers finish their batches, their progress is committed, and they leave their groups.
    pub(super) async fn stop(self) {
        let mut stopping: JoinSet<_> = self.0.into_iter().map(|reader| reader.source.stop()).collect();
        while let Some(stopped) = stopping.join_next().await {
            if let Ok(Err(error)) = stopped {
                tracing::warn!(%error, "Kafka was left without goodbye; the group notices at its session timeout");
            }
        }
    }
}
