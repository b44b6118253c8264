//! Redis and Postgres over TLS, with a certificate authority of the test's own.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

use crate::shop::Shop;

/// A certificate for this machine, its key, and the authority that signed the certificate, as PEM.
struct Certificates {
    authority: String,
    certificate: String,
    key: String,
}

impl Certificates {
    fn new() -> Self {
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority_key = KeyPair::generate().unwrap();
        let root = authority.self_signed(&authority_key).unwrap();
        let key = KeyPair::generate().unwrap();
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &Issuer::new(authority, authority_key)).unwrap();
        Self { authority: root.pem(), certificate: certificate.pem(), key: key.serialize_pem() }
    }

    /// Writes the authority, the certificate and the key to files, and returns their paths.
    fn write(&self, folder: &Path) -> [String; 3] {
        [("ca.pem", &self.authority), ("server.pem", &self.certificate), ("server.key", &self.key)].map(|(name, pem)| {
            let path = folder.join(name);
            fs::write(&path, pem).unwrap();
            path.display().to_string()
        })
    }
}

/// A Redis that takes connections over TLS alone.
struct Redis(Child);

impl Redis {
    fn start(port: u16, folder: &Path, certificate: &str, key: &str) -> Self {
        let mut server = Command::new("redis-server");
        server.args(["--port", "0", "--tls-port", &port.to_string(), "--tls-auth-clients", "no", "--save", "", "--dir"]).arg(folder);
        server.args(["--tls-cert-file", certificate, "--tls-key-file", key, "--tls-ca-cert-file", certificate]);
        Self(server.stdout(Stdio::null()).spawn().unwrap())
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// The shared Postgres, which takes connections over TLS too until the value is dropped.
struct WithTls<'a>(&'a Shop);

impl<'a> WithTls<'a> {
    fn new(shop: &'a Shop, certificates: &Certificates) -> Self {
        for (name, pem) in [("test.crt", &certificates.certificate), ("test.key", &certificates.key)] {
            shop.sql(&format!(
                "copy (select unnest(string_to_array('{}', e'\\n'))) to program 'umask 077 && cat > {name}'",
                pem.trim().replace("\r\n", "\n")
            ));
        }
        shop.sql("alter system set ssl_cert_file = 'test.crt'");
        shop.sql("alter system set ssl_key_file = 'test.key'");
        shop.sql("alter system set ssl = on");
        shop.sql("select pg_reload_conf()");
        Self(shop)
    }
}

impl Drop for WithTls<'_> {
    fn drop(&mut self) {
        for statement in ["alter system reset ssl", "alter system reset ssl_cert_file", "alter system reset ssl_key_file"] {
            self.0.stack().psql(statement).ok();
        }
        self.0.stack().psql("select pg_reload_conf()").ok();
    }
}

#[test]
fn redis_and_postgres_are_reached_over_tls_and_only_if_their_certificate_is_trusted() {
    let shop = Shop::closed();
    let (certificates, folder, port) = (Certificates::new(), tempfile::tempdir().unwrap(), stack::free_port().unwrap());
    let [authority, certificate, key] = certificates.write(folder.path());
    let _redis = Redis::start(port, folder.path(), &certificate, &key);
    let _postgres = WithTls::new(&shop, &certificates);
    shop.await_sql("select setting from pg_settings where name = 'ssl'", "on");
    let redis = format!("rediss://localhost:{port}");
    let database = |root: &str| {
        let url = shop.stack().orderstream_database_url().replace("127.0.0.1", "localhost");
        let with = if url.contains('?') { '&' } else { '?' };
        format!("{url}{with}sslmode=verify-full&sslrootcert={root}")
    };
    let report = |authority: &str| {
        let settings = [("REDIS_URL", redis.as_str()), ("DATABASE_URL", &database(authority)), ("SSL_CERT_FILE", authority)];
        let output = shop.orderstream(&["check"], &settings);
        String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
    };
    let has = |report: &str, grade: &str, server: &str| {
        report.lines().any(|line| line.starts_with(grade) && line.contains(&format!(" {server} ")))
    };
    let mut told = String::new();
    shop.await_that("the Redis of this test is there", || {
        told = report(&authority);
        !told.contains("Connection refused")
    });
    for server in ["redis", "postgres"] {
        assert!(has(&told, "ok", server) && !has(&told, "FAILED", server), "{told}");
    }
    let other = tempfile::tempdir().unwrap();
    let [stranger, ..] = Certificates::new().write(other.path());
    let told = report(&stranger);
    for server in ["redis", "postgres"] {
        assert!(has(&told, "FAILED", server) && !has(&told, "ok", server), "{told}");
    }
    assert!(!told.contains("panicked"), "{told}");
}
