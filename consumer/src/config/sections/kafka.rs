//! How to reach Kafka, and its topics.

use service::settings::{ExposeSecret, Problem, Properties, Secret, Values};

/// How to reach Kafka, and its topics.
#[derive(Debug, Clone)]
pub struct Kafka {
    /// Brokers to start with.
    pub bootstrap_servers: String,
    /// Consumer group.
    pub group_id: String,
    /// Change events of `orders`.
    pub orders_topic: String,
    /// Change events of `customers`; `None`: somebody else keeps the hashes.
    pub customers_topic: Option<String>,
    /// Where dead letters go.
    pub dead_letter_topic: String,
    /// librdkafka's `security.protocol`.
    pub security_protocol: String,
    /// librdkafka's `sasl.mechanism`.
    pub sasl_mechanism: Option<String>,
    /// User name at the brokers.
    pub sasl_username: Option<String>,
    /// Password at the brokers.
    pub sasl_password: Option<Secret>,
    /// Certificates that the brokers' are checked against.
    pub ssl_ca_location: Option<String>,
    /// The client's own certificate.
    pub ssl_certificate_location: Option<String>,
    /// The key of that certificate.
    pub ssl_key_location: Option<String>,
    /// The password of that key.
    pub ssl_key_password: Option<Secret>,
    /// Further librdkafka properties, none of which the promises rest on.
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

    /// What a connection needs as librdkafka properties: brokers, security, and the further properties, which come last. Holds secrets.
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
