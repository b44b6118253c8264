//! The servers in the picture, from what health knows of them.

use std::time::Instant;

use super::shapes::{Connector, Nodes, Server, Shop, Slot, Task};
use crate::health::{Dependency, DependencyState, Snapshot, SourceView};

pub(super) fn of(snapshot: &Snapshot, now: Instant) -> Nodes {
    let SourceView { heartbeat_age_seconds, connector, slots, .. } = SourceView::new(&snapshot.source, now);
    Nodes {
        shop: slots.map(|slots| Shop {
            error: slots.error,
            slots: slots
                .slots
                .into_iter()
                .map(|slot| Slot { name: slot.name, active: slot.active, retained_bytes: slot.retained_bytes, lag_bytes: slot.lag_bytes })
                .collect(),
        }),
        heartbeat_age_s: heartbeat_age_seconds,
        connect: connector.map(|known| Connector {
            name: known.name,
            state: known.state,
            for_s: known.for_seconds,
            error: known.error,
            tasks: known.tasks.into_iter().map(|task| Task { id: task.id, state: task.state, error: task.error }).collect(),
        }),
        kafka: server(snapshot, Dependency::Kafka, now),
        postgres: server(snapshot, Dependency::Postgres, now),
        redis: server(snapshot, Dependency::Redis, now),
    }
}

fn server(snapshot: &Snapshot, dependency: Dependency, now: Instant) -> Server {
    let (state, since, error) = match snapshot.dependencies.get(&dependency) {
        Some(DependencyState::Up { since }) => ("up", Some(*since), None),
        Some(DependencyState::Down { since, error }) => ("down", Some(*since), Some(*error)),
        Some(DependencyState::Unknown) | None => ("unknown", None, None),
    };
    let for_s = since.map(|since| now.saturating_duration_since(since).as_secs());
    Server { state, for_s, error, server: snapshot.servers.get(&dependency).cloned() }
}
