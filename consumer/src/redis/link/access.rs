//! How Redis is reached: by its URL or through Sentinels, and over TLS with files. URL and files are read anew for each connection, and the
//! Sentinels asked anew, so that a changed password, a renewed certificate and a new master are taken up by the next one.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::io::tcp::{TcpSettings, socket2::TcpKeepalive};
use redis::{
    AsyncConnectionConfig, Client, ClientTlsConfig, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, RedisConnectionInfo,
    TlsCertificates,
};
use service::settings::{ExposeSecret, Renewable};
use service::tls::Files;

use super::sentinels::SentinelSettings;
use super::server::Server;
use super::{RedisError, meet};

/// How long a connection is idle before the kernel checks it: the kernel too notices a server that went away without a word, and not only
/// the calls' deadlines.
const KEEPALIVE_AFTER: Duration = Duration::from_secs(5);

/// Where Redis is, and what is shown and asked there.
#[derive(Clone)]
pub(super) struct Access {
    pub(super) url: Renewable,
    pub(super) tls: Files,
    /// With Sentinels the URL says how to reach the server, and the Sentinels say where the server is.
    pub(super) sentinels: Option<Arc<SentinelSettings>>,
}

/// A server that was reached and has said what it is.
pub(super) struct Reached {
    pub(super) connection: MultiplexedConnection,
    pub(super) met: meet::Met,
    pub(super) server: Server,
}

/// Shows no URL, because a password may be in it (P11).
impl std::fmt::Debug for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Access").field("tls", &self.tls).finish_non_exhaustive()
    }
}

impl Access {
    /// A connection to the server that the URL or the Sentinels name. The caller keeps its own deadline, of which `patience` is all that the
    /// search through Sentinels may take.
    ///
    /// # Errors
    /// Any [`RedisError`] but those of a breaker.
    pub(super) async fn connect(&self, patience: Duration) -> Result<Reached, RedisError> {
        match &self.sentinels {
            Some(sentinels) => sentinels.connect(self, patience).await,
            None => self.meet(self.info()?).await,
        }
    }

    /// A connection to this server, with the scheme, the login and the database of the URL.
    pub(super) async fn reach(&self, server: &Server) -> Result<Reached, RedisError> {
        let info = self.info()?;
        let address = instead(info.addr(), server);
        self.meet(info.set_addr(address)).await
    }

    /// A connection to this Sentinel, over TLS if the URL wants TLS.
    pub(super) async fn sentinel(
        &self,
        at: &Server,
        user: Option<&str>,
        password: Option<&str>,
    ) -> Result<MultiplexedConnection, RedisError> {
        let info = self.info()?;
        let mut login = RedisConnectionInfo::default();
        if let Some(password) = password {
            login = login.set_password(password);
        }
        if let Some(user) = user {
            login = login.set_username(user);
        }
        let address = instead(info.addr(), at);
        self.open(info.set_addr(address).set_redis_settings(login)).await
    }

    async fn meet(&self, info: ConnectionInfo) -> Result<Reached, RedisError> {
        let server = server(info.addr());
        let mut connection = self.open(info).await?;
        let met = meet::meet(&mut connection).await?;
        Ok(Reached { connection, met, server })
    }

    async fn open(&self, info: ConnectionInfo) -> Result<MultiplexedConnection, RedisError> {
        let client = match self.certificates()? {
            Some(certificates) => Client::build_with_tls(info, certificates).map_err(|error| RedisError::Tls(error.to_string()))?,
            None => Client::open(info).map_err(|error| RedisError::Url(error.category().to_owned()))?,
        };
        // Both timeouts of the crate are off: half a second, the default for a response, is too short for a full pipeline under load. The
        // caller's own deadline rules.
        let config = AsyncConnectionConfig::new().set_response_timeout(None).set_connection_timeout(None);
        client.get_multiplexed_async_connection_with_config(&config).await.map_err(|error| RedisError::from_crate(&error))
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

/// The address of another server that is reached as this one is.
fn instead(like: &ConnectionAddr, server: &Server) -> ConnectionAddr {
    let Server { host, port } = server.clone();
    match like {
        ConnectionAddr::TcpTls { .. } => ConnectionAddr::TcpTls { host, port, insecure: false, tls_params: None },
        _ => ConnectionAddr::Tcp(host, port),
    }
}

fn server(address: &ConnectionAddr) -> Server {
    match address {
        ConnectionAddr::Tcp(host, port) | ConnectionAddr::TcpTls { host, port, .. } => Server { host: host.clone(), port: *port },
        other => Server { host: other.to_string(), port: 0 },
    }
}

fn read(setting: &str, path: &str) -> Result<Vec<u8>, RedisError> {
    fs::read(path).map_err(|error| RedisError::Tls(format!("the file {path} of {setting} cannot be read: {error}")))
}
