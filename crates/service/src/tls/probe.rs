//! Asks a server over TLS what is wrong, for a client library that does not say it. Nothing but the handshake is sent.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore};

use super::{Files, Trouble};

/// The longest that the question may take, however slowly the server answers (P10). The name of the host is looked up before.
const PATIENCE: Duration = Duration::from_secs(4);

/// A connection that fails when the time is over.
struct Bounded {
    socket: TcpStream,
    deadline: Instant,
}

impl Bounded {
    /// The time that is left, for one more step.
    fn left(deadline: Instant) -> io::Result<Duration> {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(left) }
    }

    fn connect(host: &str, port: u16, deadline: Instant) -> Option<Self> {
        let mut addresses = (host, port).to_socket_addrs().ok()?;
        let socket = addresses.find_map(|address| TcpStream::connect_timeout(&address, Self::left(deadline).ok()?).ok())?;
        Some(Self { socket, deadline })
    }
}

impl Read for Bounded {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.socket.set_read_timeout(Some(Self::left(self.deadline)?))?;
        self.socket.read(into)
    }
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.socket.set_write_timeout(Some(Self::left(self.deadline)?))?;
        self.socket.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.socket.flush()
    }
}

/// What is wrong between this client and the server at `host` and `port`; `None` if nothing is found, or the server is not there.
#[must_use]
pub fn ask(host: &str, port: u16, files: &Files) -> Option<Trouble> {
    ask_within(PATIENCE, host, port, files)
}

fn ask_within(patience: Duration, host: &str, port: u16, files: &Files) -> Option<Trouble> {
    let config = match config(files) {
        Ok(config) => config,
        Err(why) => return Some(Trouble::OwnFile(why)),
    };
    let name = ServerName::try_from(host.to_owned()).ok()?;
    let mut socket = Bounded::connect(host, port, Instant::now() + patience)?;
    let mut connection = ClientConnection::new(Arc::new(config), name).ok()?;
    Trouble::of(&shake_hands(&mut connection, &mut socket).err()?)
}

/// Shakes hands, and reads once more: since TLS 1.3 a server judges the client's certificate after the client is done.
fn shake_hands(connection: &mut ClientConnection, socket: &mut Bounded) -> io::Result<()> {
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
    fn a_server_that_answers_byte_by_byte_for_ever_is_left_when_the_time_is_over() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            let (mut client, _) = listener.accept().unwrap();
            // A record of the handshake, of the longest length, of which a byte comes now and then.
            let mut goes_on = client.write_all(&[22, 3, 3, 0x40, 0]);
            while goes_on.is_ok() {
                std::thread::sleep(Duration::from_millis(20));
                goes_on = client.write_all(&[2]);
            }
        });
        let began = Instant::now();
        ask_within(Duration::from_millis(500), "127.0.0.1", port, &Files::default());
        assert!(began.elapsed() < Duration::from_secs(20));
    }

    #[test]
    fn a_file_that_holds_no_certificate_is_named() {
        let files = Files { authority: Some("/dev/null".into()), own: None };
        let Some(Trouble::OwnFile(why)) = ask("127.0.0.1", 1, &files) else { panic!("it was taken") };
        assert!(why.starts_with("/dev/null is no certificate in PEM"), "{why}");
    }
}
