//! The settings of how to reach Kafka, and of its topics.

use service::settings::{ExposeSecret, Problem, Properties, Secret, Values};

/// How to reach Kafka, and its topics.
#[derive(Debug, Clone)]
pub struct Kafka {
    /// The brokers to start with.
    pub bootstrap_servers: String,
    /// The consumer group.
    pub group_id: String,
    /// The topic of change events of `orders`.
    pub orders_topic: String,
    /// The topic of change events of `customers`; `None` if somebody else keeps the hashes.
    pub customers_topic: Option<String>,
    /// The topic of dead letters.
    pub dead_letter_topic: String,
    /// librdkafka's setting `security.protocol`.
    pub security_protocol: String,
    /// librdkafka's setting `sasl.mechanism`.
    pub sasl_mechanism: Option<String>,
    /// The user name at the brokers.
    pub sasl_username: Option<String>,
    /// The password at the brokers.
    pub sasl_password: Option<Secret>,
    /// The certificates that the brokers' certificates are checked against.
    pub ssl_ca_location: Option<String>,
    /// The client's own certificate.
    pub ssl_certificate_location: Option<String>,
    /// The key of the client's certificate.
    pub ssl_key_location: Option<String>,
    /// The password of the client's key.
    pub ssl_key_password: Option<Secret>,
    /// Further librdkafka properties. The promises rest on none of them.
    pub properties: Properties,
}

impl Kafka {
    pub(in crate::config) fn read(values: &Values) -> Result<Self, Problem> {
        Ok(Self {
            bootstrap_servers: values.text("kafka.bootstrap_servers")?,
            group_id: values.text("kafka.group_id")?,
            orders_topic: values.text("kafka.orders_topic")?,
            customers_topic: values.optional("kafka.customers_topic")?,
            dead_letter_topic: values.text("kafka.dead_letter_topic")?,
            security_protocol: values.text("kafka.security_protocol")?,
            sasl_mechanism: values.optional("kafka.sasl_mechanism")?,
            sasl_username: values.optional("kafka.sasl_username")?,
            sasl_password: values.optional_secret("kafka.sasl_password")?,
            ssl_ca_location: values.optional("kafka.ssl_ca_location")?,
            ssl_certificate_location: values.optional("kafka.ssl_certificate_location")?,
            ssl_key_location: values.optional("kafka.ssl_key_location")?,
            ssl_key_password: values.optional_secret("kafka.ssl_key_password")?,
            properties: values.properties("kafka.properties")?,
        })
    }

    /// The consumer group whose members share the partitions of `topic`.
    #[must_use]
    pub fn group_of(&self, topic: &str) -> String {
        let customers = self.customers_topic.as_deref() == Some(topic);
        format!("{}{}", self.group_id, if customers { "-customers" } else { "" })
    }

    /// The librdkafka properties that a connection needs: brokers, security, and the further properties, which come last. The values may be
    /// secrets.
    #[must_use]
    pub fn connection_properties(&self) -> Vec<(String, String)> {
        let optional = [
            ("sasl.mechanism", self.sasl_mechanism.as_deref()),
            ("sasl.username", self.sasl_username.as_deref()),
            ("sasl.password", self.sasl_password.as_ref().map(ExposeSecret::expose_secret)),
            ("ssl.ca.location", self.ssl_ca_location.as_deref()),
            ("ssl.certificate.location", self.ssl_certificate_location.as_deref()),
            ("ssl.key.location", self.ssl_key_location.as_deref()),
            ("ssl.key.password", self.ssl_key_password.as_ref().map(ExposeSecret::expose_secret)),
        ];
        [("bootstrap.servers", self.bootstrap_servers.as_str()), ("security.protocol", &self.security_protocol)]
            .into_iter()
            .chain(optional.into_iter().filter_map(|(name, value)| Some((name, value?))))
            .chain(self.properties.iter())
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }
}
