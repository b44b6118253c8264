//! The parts of a [`Stack`], and the URL or port at which each part is reached.

use std::path::{Path, PathBuf};

use crate::{Connect, Ports, Service, Stack, kafka, secure};

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
        format!("127.0.0.1:{}", self.ports.kafka)
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
