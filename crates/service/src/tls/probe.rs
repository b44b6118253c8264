//! Asks a server over TLS what is wrong, for a client library that does not say it. Nothing but the handshake is sent.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore};

use super::{Files, Trouble};

/// The longest that each step may take (P10).
const PATIENCE: Duration = Duration::from_secs(2);

/// What is wrong between this client and the server at `host` and `port`; `None` if nothing is found, or the server is not there.
#[must_use]
pub fn ask(host: &str, port: u16, files: &Files) -> Option<Trouble> {
    let config = match config(files) {
        Ok(config) => config,
        Err(why) => return Some(Trouble::OwnFile(why)),
    };
    let name = ServerName::try_from(host.to_owned()).ok()?;
    let address = (host, port).to_socket_addrs().ok()?.find_map(|address| TcpStream::connect_timeout(&address, PATIENCE).ok());
    let mut socket = address?;
    socket.set_read_timeout(Some(PATIENCE)).ok()?;
    socket.set_write_timeout(Some(PATIENCE)).ok()?;
    let mut connection = ClientConnection::new(Arc::new(config), name).ok()?;
    Trouble::of(&shake_hands(&mut connection, &mut socket).err()?)
}

/// Shakes hands, and reads once more: since TLS 1.3 a server judges the client's certificate after the client is done.
fn shake_hands(connection: &mut ClientConnection, socket: &mut TcpStream) -> io::Result<()> {
    while connection.is_handshaking() {
        connection.complete_io(socket)?;
    }
    let mut stream = rustls::Stream::new(connection, socket);
    stream.flush()?;
    stream.read(&mut [0]).map(drop)
}

fn config(files: &Files) -> Result<ClientConfig, String> {
    let mut roots = RootCertStore::empty();
    let trusted = match &files.authority {
        Some(path) => certificates(path)?,
        None => rustls_native_certs::load_native_certs().certs,
    };
    roots.add_parsable_certificates(trusted);
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots);
    let Some((certificate, key)) = &files.own else { return Ok(config.with_no_client_auth()) };
    let own = PrivateKeyDer::from_pem_file(key).map_err(|error| format!("{key} is no key in PEM ({error})"))?;
    let together = |error: rustls::Error| format!("{certificate} and {key} do not go together ({error})");
    config.with_client_auth_cert(certificates(certificate)?, own).map_err(together)
}

/// The certificates in a file.
///
/// # Errors
/// Why there are none, with the file's name.
pub fn certificates(path: impl AsRef<Path>) -> Result<Vec<CertificateDer<'static>>, String> {
    let path = path.as_ref();
    let unusable = |why: String| format!("{} is no certificate in PEM ({why})", path.display());
    let read: Result<Vec<_>, _> = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    let found = read.map_err(|error| unusable(error.to_string()))?;
    if found.is_empty() { Err(unusable("it has none".to_owned())) } else { Ok(found) }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn a_server_that_speaks_another_protocol_is_told_and_one_that_is_away_is_not() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = std::thread::spawn(move || {
            let (mut client, _) = listener.accept().unwrap();
            client.read_exact(&mut [0; 16]).unwrap();
            client.write_all(b"-ERR unknown command\r\n").unwrap();
        });
        assert_eq!(ask("127.0.0.1", port, &Files::default()), Some(Trouble::NoTls));
        server.join().unwrap();
        assert_eq!(ask("127.0.0.1", port, &Files::default()), None);
    }

    #[test]
    fn a_file_that_holds_no_certificate_is_named() {
        let files = Files { authority: Some("/dev/null".into()), own: None };
        let Some(Trouble::OwnFile(why)) = ask("127.0.0.1", 1, &files) else { panic!("it was taken") };
        assert!(why.starts_with("/dev/null is no certificate in PEM"), "{why}");
    }
}
