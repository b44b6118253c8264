//! The typed sections that the other modules receive.

mod connect;
mod events;
mod kafka;
mod mirror;
mod process;
mod stores;

pub use connect::Connect;
pub use events::{DeadLetters, Enrichment, Format, Source, TimeUnit, WhenCustomerChanges, WhenCustomerIsMissing, WhenRedisIsDown};
pub use kafka::Kafka;
pub use mirror::Mirror;
pub use process::{Admin, BatchLimits, HealthRules, Http, Page, Reconcile, Shutdown};
pub(super) use process::{log, traces};
pub use stores::{Audit, BreakerSettings, Database, Held, Redis, Retention, Sentinels};
