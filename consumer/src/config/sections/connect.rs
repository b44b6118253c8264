//! The settings of how to ask Kafka Connect.

use service::settings::{Problem, Secret, Values};

/// How to ask Kafka Connect for the connector's state.
#[derive(Debug, Clone)]
pub struct Connect {
    /// The URL of a worker.
    pub url: String,
    /// The connector's name.
    pub connector: String,
    /// The user name, for basic authentication.
    pub user: Option<String>,
    /// The user's password.
    pub password: Option<Secret>,
    /// The file with the certificates that the worker's certificate is checked against; `None` means the system's.
    pub ca: Option<String>,
}

impl Connect {
    /// The settings; `None` if Connect is not asked.
    pub(in crate::config) fn read(values: &Values) -> Result<Option<Self>, Problem> {
        let Some(url) = values.optional("connect.url")? else { return Ok(None) };
        Ok(Some(Self {
            url,
            connector: values.text("connect.connector")?,
            user: values.optional("connect.user")?,
            password: values.optional_secret("connect.password")?,
            ca: values.optional("connect.ssl_ca_location")?,
        }))
    }
}
