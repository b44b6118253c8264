//! How Redis is reached: by its URL, and over TLS with files. URL and files are read anew for each connection, so that a changed password
//! and a renewed certificate are taken up by the next one.

use std::fs;
use std::time::Duration;

use redis::io::tcp::{TcpSettings, socket2::TcpKeepalive};
use redis::{Client, ClientTlsConfig, ConnectionInfo, IntoConnectionInfo, TlsCertificates};
use service::settings::{ExposeSecret, Renewable};
use service::tls::Files;

use super::RedisError;

/// How long a connection is idle before the kernel checks it: the kernel too notices a server that went away without a word, and not only
/// the calls' deadlines.
const KEEPALIVE_AFTER: Duration = Duration::from_secs(5);

/// Where Redis is, and what is shown and asked there.
#[derive(Clone)]
pub(super) struct Access {
    pub(super) url: Renewable,
    pub(super) tls: Files,
}

/// Shows no URL, because a password may be in it (P11).
impl std::fmt::Debug for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Access").field("tls", &self.tls).finish_non_exhaustive()
    }
}

impl Access {
    /// A client for one connection.
    ///
    /// # Errors
    /// [`RedisError::Url`] if the URL cannot be used, [`RedisError::Tls`] if a file cannot be.
    pub(super) fn client(&self) -> Result<Client, RedisError> {
        let info = self.info()?;
        match self.certificates()? {
            Some(certificates) => Client::build_with_tls(info, certificates).map_err(|error| RedisError::Tls(error.to_string())),
            None => Client::open(info).map_err(|error| RedisError::Url(error.category().to_owned())),
        }
    }

    /// What the URL says.
    ///
    /// # Errors
    /// [`RedisError::Url`] if the URL cannot be used.
    pub(super) fn info(&self) -> Result<ConnectionInfo, RedisError> {
        let keepalive = TcpKeepalive::new().with_time(KEEPALIVE_AFTER).with_interval(Duration::from_secs(1)).with_retries(3);
        let tcp = TcpSettings::default().set_nodelay(true).set_keepalive(keepalive);
        let info = self.url.now().expose_secret().into_connection_info().map_err(|error| RedisError::Url(error.category().to_owned()))?;
        Ok(info.set_tcp_settings(tcp))
    }

    fn certificates(&self) -> Result<Option<TlsCertificates>, RedisError> {
        let Files { authority, own } = &self.tls;
        if authority.is_none() && own.is_none() {
            return Ok(None);
        }
        let root_cert = authority.as_deref().map(|path| read("redis.ssl_ca_location", path)).transpose()?;
        let client_tls = own.as_ref().map(|(certificate, key)| {
            let client_cert = read("redis.ssl_certificate_location", certificate)?;
            Ok(ClientTlsConfig { client_cert, client_key: read("redis.ssl_key_location", key)? })
        });
        Ok(Some(TlsCertificates { client_tls: client_tls.transpose()?, root_cert }))
    }
}

fn read(setting: &str, path: &str) -> Result<Vec<u8>, RedisError> {
    fs::read(path).map_err(|error| RedisError::Tls(format!("the file {path} of {setting} cannot be read: {error}")))
}
