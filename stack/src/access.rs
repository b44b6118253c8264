//! The parts of a [`Stack`], and the URL or port at which each part is reached.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::{Connect, Ports, Service, Stack, kafka, secure};

/// The token `orderstream`, for the demo only, with which the page may do everything.
const DEMO_TOKEN: &str = "demo operate ec4c724f6628379d764b2bfebfa23af7c2916647627bbe1d1649b6156e3bbd43";

impl Stack {
    /// Postgres.
    pub fn postgres(&self) -> &Service {
        &self.postgres
    }

    /// Redis.
    pub fn redis(&self) -> &Service {
        &self.redis
    }

    /// Kafka: the only broker, or the first of several.
    pub fn kafka(&self) -> &Service {
        &self.brokers()[0]
    }

    /// All brokers of Kafka.
    pub fn brokers(&self) -> &[Service] {
        self.kafka.services()
    }

    /// The broker that leads the partition.
    ///
    /// # Errors
    /// When no broker answers, or the partition has no leader.
    pub fn leader(&self, topic: &str, partition: i32) -> Result<&Service> {
        Ok(&self.brokers()[self.kafka.leader(topic, partition)?])
    }

    /// The broker whose controller is the active one. The answer costs a start of Java.
    ///
    /// # Errors
    /// When no broker answers, or the controllers have no leader.
    pub fn controller(&self) -> Result<&Service> {
        Ok(&self.brokers()[self.kafka.controller()?])
    }

    /// The broker that coordinates the consumer group.
    ///
    /// # Errors
    /// When no broker answers, or the group's partition has no leader.
    pub fn coordinator(&self, group: &str) -> Result<&Service> {
        Ok(&self.brokers()[self.kafka.coordinator(group)?])
    }

    /// Runs one of Kafka's own programs, with the brokers' addresses before the arguments, and returns what it prints.
    ///
    /// # Errors
    /// When the program fails, with what it printed.
    pub fn kafka_tool(&self, class: &str, arguments: &[&str]) -> Result<String> {
        self.kafka.files().tool(class, arguments)
    }

    /// Kafka Connect, which runs Debezium.
    pub fn connect(&self) -> &Service {
        &self.connect
    }

    /// All services, in the order in which they can be started.
    pub fn services(&self) -> Vec<&Service> {
        let redis = self.job.has_redis().then_some(&self.redis);
        [&self.postgres].into_iter().chain(redis).chain(self.brokers()).chain([&self.connect]).collect()
    }

    /// The ports the services listen on.
    pub fn ports(&self) -> &Ports {
        &self.ports
    }

    /// The file by which a shell finds into a secured stack; `None` if the stack is not.
    pub fn shell_file(&self) -> Option<PathBuf> {
        self.secure.as_ref().map(|secure| secure.file("env.sh"))
    }

    /// Where data and logs lie.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The URL of the database `orders` for the superuser.
    pub fn database_url(&self) -> String {
        format!("postgres://postgres:postgres@127.0.0.1:{}/orders{}", self.ports.postgres, self.tls_of_postgres())
    }

    /// The URL of the database `orders` for the role that orderstream uses.
    pub fn orderstream_database_url(&self) -> String {
        format!("postgres://orderstream:orderstream@127.0.0.1:{}/orders{}", self.ports.postgres, self.tls_of_postgres())
    }

    /// The URL of Redis.
    pub fn redis_url(&self) -> String {
        match self.secure {
            Some(_) => format!("rediss://orderstream:orderstream@127.0.0.1:{}", self.ports.redis),
            None => format!("redis://127.0.0.1:{}", self.ports.redis),
        }
    }

    /// The bootstrap servers of Kafka.
    pub fn bootstrap_servers(&self) -> String {
        self.kafka.files().bootstrap_servers()
    }

    /// The settings by which an orderstream process works on this stack, as variables of its environment.
    pub fn orderstream_settings(&self) -> Vec<(&'static str, String)> {
        let mut settings = vec![
            ("KAFKA_BOOTSTRAP_SERVERS", self.bootstrap_servers()),
            ("REDIS_URL", self.redis_url()),
            ("DATABASE_URL", self.orderstream_database_url()),
            // The role of orderstream may read the shop, and every role sees the replication slots.
            ("SOURCE_URL", self.orderstream_database_url()),
            ("CONNECT_URL", self.connect_url()),
            ("RECONCILE_EVERY", "60".to_owned()),
            ("HTTP_LISTEN", format!("127.0.0.1:{}", self.ports.orderstream)),
            ("PAGE_TOKENS", DEMO_TOKEN.to_owned()),
        ];
        if let Some(secure) = &self.secure {
            let authority = secure.authority().display().to_string();
            let user = secure::ORDERSTREAM;
            settings.extend([
                ("KAFKA_SECURITY_PROTOCOL", "SASL_SSL".to_owned()),
                ("KAFKA_SASL_MECHANISM", "SCRAM-SHA-512".to_owned()),
                ("KAFKA_SASL_USERNAME", user.to_owned()),
                ("KAFKA_SASL_PASSWORD", kafka::password(user)),
                ("KAFKA_SSL_CA_LOCATION", authority.clone()),
                ("REDIS_SSL_CA_LOCATION", authority),
                ("CONNECT_USER", secure::CONNECT.to_owned()),
                ("CONNECT_PASSWORD", kafka::password(secure::CONNECT)),
            ]);
        }
        settings
    }

    /// The settings by which a process of the job `mirror` works on its stack, as variables of its environment.
    pub fn mirror_settings(&self) -> Vec<(&'static str, String)> {
        let database = |role: &str, name: &str| format!("postgres://{role}:{role}@127.0.0.1:{}/{name}", self.ports.postgres);
        vec![
            ("KAFKA_BOOTSTRAP_SERVERS", self.bootstrap_servers()),
            ("MIRROR_SOURCE_URL", database("orderstream_mirror", "shop")),
            ("MIRROR_TARGET_URL", database("mirror", "mirror")),
            ("MIRROR_EXCLUDE_TABLES", "public.debezium_heartbeat,public.debezium_signal".to_owned()),
            ("HTTP_LISTEN", format!("127.0.0.1:{}", self.ports.orderstream)),
        ]
    }

    /// What a URL of Postgres needs where the server has TLS.
    fn tls_of_postgres(&self) -> String {
        self.secure.as_ref().map_or_else(String::new, |secure| format!("?sslmode=verify-full&sslrootcert={}", secure.authority().display()))
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
