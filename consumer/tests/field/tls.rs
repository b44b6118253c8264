//! Redis and Postgres over TLS, with a certificate authority of the test's own.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use stack::certificates::{Authority, Certificate, CertificateFiles, Validity};

use crate::shop::Shop;

/// A Redis that takes connections over TLS alone.
struct Redis(Child);

impl Redis {
    fn start(port: u16, folder: &Path, files: &CertificateFiles) -> Self {
        let mut server = Command::new("redis-server");
        server.args(["--port", "0", "--tls-port", &port.to_string(), "--tls-auth-clients", "no", "--save", "", "--dir"]).arg(folder);
        server.arg("--tls-cert-file").arg(&files.certificate).arg("--tls-key-file").arg(&files.key);
        server.arg("--tls-ca-cert-file").arg(&files.certificate);
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
    fn new(shop: &'a Shop, certificate: &Certificate) -> Self {
        for (name, pem) in [("test.crt", &certificate.pem), ("test.key", &certificate.key)] {
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
    let (folder, port) = (tempfile::tempdir().unwrap(), stack::free_port().unwrap());
    let authority = Authority::new("a test").unwrap();
    let server = authority.server(&["localhost", "127.0.0.1"], Validity::Now).unwrap();
    let files = server.write(folder.path(), "server").unwrap();
    let _redis = Redis::start(port, folder.path(), &files);
    let _postgres = WithTls::new(&shop, &server);
    shop.await_sql("select setting from pg_settings where name = 'ssl'", "on");
    let redis = format!("rediss://localhost:{port}");
    let written = |authority: &Authority, name: &str| authority.write(folder.path(), name).unwrap().display().to_string();
    let trusted = written(&authority, "ca");
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
        told = report(&trusted);
        !told.contains("Connection refused")
    });
    for server in ["redis", "postgres"] {
        assert!(has(&told, "ok", server) && !has(&told, "FAILED", server), "{told}");
    }
    let told = report(&written(&Authority::new("a stranger").unwrap(), "stranger"));
    for server in ["redis", "postgres"] {
        assert!(has(&told, "FAILED", server) && !has(&told, "ok", server), "{told}");
    }
    assert!(!told.contains("panicked"), "{told}");
}
