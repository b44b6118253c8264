//! The parts of a [`Stack`], and the URL or port at which each part is reached.

use std::path::Path;

use crate::{Connect, Ports, Service, Stack};

impl Stack {
    /// Postgres.
    pub fn postgres(&self) -> &Service {
        &self.postgres
    }

    /// Redis.
    pub fn redis(&self) -> &Service {
        &self.redis
    }

    /// Kafka.
    pub fn kafka(&self) -> &Service {
        &self.kafka
    }

    /// Kafka Connect, which runs Debezium.
    pub fn connect(&self) -> &Service {
        &self.connect
    }

    /// All four services, in the order in which they can be started.
    pub fn services(&self) -> [&Service; 4] {
        [&self.postgres, &self.redis, &self.kafka, &self.connect]
    }

    /// The ports the services listen on.
    pub fn ports(&self) -> &Ports {
        &self.ports
    }

    /// Where data and logs lie.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The URL of the database `orders` for the superuser.
    pub fn database_url(&self) -> String {
        format!("postgres://postgres:postgres@127.0.0.1:{}/orders", self.ports.postgres)
    }

    /// The URL of the database `orders` for the role that orderstream uses.
    pub fn orderstream_database_url(&self) -> String {
        format!("postgres://orderstream:orderstream@127.0.0.1:{}/orders", self.ports.postgres)
    }

    /// The URL of Redis.
    pub fn redis_url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.ports.redis)
    }

    /// The bootstrap servers of Kafka.
    pub fn bootstrap_servers(&self) -> String {
        format!("127.0.0.1:{}", self.ports.kafka)
    }

    /// The URL of Kafka Connect's REST interface.
    pub fn connect_url(&self) -> String {
        self.connect_api.url().to_owned()
    }

    /// Kafka Connect's REST interface, for connectors beside `shop`.
    pub fn connect_api(&self) -> &Connect {
        &self.connect_api
    }
}
