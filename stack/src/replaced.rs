//! Servers of a stack that are lost with their data, and empty ones that take their places at the same addresses.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::Stack;

impl Stack {
    /// Lets an empty Kafka of this cluster take Kafka's place, with its topics. Connect is started anew and has no connector, because what
    /// Connect knew was in Kafka.
    ///
    /// # Errors
    /// When something cannot be removed or does not start.
    pub fn replace_kafka(&self, cluster: &str) -> Result<()> {
        self.connect.stop()?;
        self.kafka.replace(cluster)?;
        self.start_connect()
    }

    /// Lets an empty Redis take Redis' place.
    ///
    /// # Errors
    /// When something cannot be removed, or Redis does not start.
    pub fn replace_redis(&self) -> Result<()> {
        self.redis.kill();
        remove(&self.folder.join("redis"))?;
        self.start_redis()
    }

    /// Lets a new Postgres take the place of Postgres, with the roles and an empty database `orders`: somebody is to restore a dump into it.
    /// The log of the new server begins anew.
    ///
    /// # Errors
    /// When something cannot be removed, or the server does not start.
    pub fn replace_postgres(&self) -> Result<()> {
        self.postgres.kill();
        remove(self.postgres_files.data())?;
        self.start_postgres()?;
        self.postgres_files.empty()
    }

    /// One of Kafka's own programs, which is told the address of the brokers and the rest by its arguments.
    pub fn kafka_program(&self, class: &str) -> Command {
        self.kafka.files().program(class)
    }
}

pub(crate) fn remove(path: &Path) -> Result<()> {
    fs::remove_dir_all(path).with_context(|| format!("{} cannot be removed", path.display()))
}
