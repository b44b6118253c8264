//! Certificates for tests of TLS: an authority of the test's own, and what it signs. Everything is PEM; keys are PKCS#8, as Kafka wants.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};

/// When a certificate is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Validity {
    /// For longer than any test runs.
    Now,
    /// No longer: it ended with 2019.
    Over,
    /// Not yet: it begins with the year 4000.
    NotYet,
}

/// A certificate authority.
#[derive(Debug)]
pub struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate with its key.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// The certificate.
    pub pem: String,
    /// The key of the certificate.
    pub key: String,
}

/// The files of a certificate.
#[derive(Clone, Debug)]
pub struct CertificateFiles {
    /// The file with the certificate.
    pub certificate: PathBuf,
    /// The file with the key of the certificate.
    pub key: PathBuf,
    /// The file with both, the key first, which is the key store that Kafka reads.
    pub key_store: PathBuf,
}

impl Authority {
    /// Makes an authority with this name. Nobody trusts the authority who was not told to.
    ///
    /// # Errors
    /// When no key can be made.
    pub fn new(name: &str) -> Result<Self> {
        let mut authority = CertificateParams::default();
        authority.distinguished_name = named(name);
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate()?;
        let pem = authority.self_signed(&key)?.pem();
        Ok(Self { pem, issuer: Issuer::new(authority, key) })
    }

    /// The authority's own certificate.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// Writes the authority's own certificate to a file in `folder`, and returns the path.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, folder: &Path, name: &str) -> Result<PathBuf> {
        write(folder.join(name).with_extension("pem"), &self.pem)
    }

    /// A certificate of a server for these host names and addresses.
    ///
    /// # Errors
    /// When a name cannot stand in a certificate.
    pub fn server(&self, hosts: &[&str], validity: Validity) -> Result<Certificate> {
        let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
        let mut server = CertificateParams::new(hosts).context("a host name cannot stand in a certificate")?;
        server.distinguished_name = named("server");
        server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.sign(server, validity)
    }

    /// A certificate of a server that also logs in with it under this name, as a broker does at its controller.
    ///
    /// # Errors
    /// When a name cannot stand in a certificate.
    pub fn node(&self, name: &str, hosts: &[&str]) -> Result<Certificate> {
        let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
        let mut node = CertificateParams::new(hosts).context("a host name cannot stand in a certificate")?;
        node.distinguished_name = named(name);
        node.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        self.sign(node, Validity::Now)
    }

    /// A certificate of a client whose common name is `name`.
    ///
    /// # Errors
    /// When no key can be made.
    pub fn client(&self, name: &str, validity: Validity) -> Result<Certificate> {
        let mut client = CertificateParams::default();
        client.distinguished_name = named(name);
        client.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.sign(client, validity)
    }

    fn sign(&self, mut certificate: CertificateParams, validity: Validity) -> Result<Certificate> {
        certificate.use_authority_key_identifier_extension = true;
        match validity {
            Validity::Now => {}
            Validity::Over => certificate.not_after = date_time_ymd(2020, 1, 1),
            Validity::NotYet => certificate.not_before = date_time_ymd(4000, 1, 1),
        }
        let key = KeyPair::generate()?;
        let signed = certificate.signed_by(&key, &self.issuer)?;
        Ok(Certificate { pem: signed.pem(), key: key.serialize_pem() })
    }
}

impl Certificate {
    /// Writes certificate, key and key store to files in `folder`. The servers of a stack may read them, whoever they run as.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn write(&self, folder: &Path, name: &str) -> Result<CertificateFiles> {
        let file = |ending: &str, pem: &str| write(folder.join(format!("{name}{ending}")), pem);
        Ok(CertificateFiles {
            certificate: file(".crt", &self.pem)?,
            key: file(".key", &self.key)?,
            key_store: file(".store.pem", &format!("{}{}", self.key, self.pem))?,
        })
    }
}

fn named(name: &str) -> DistinguishedName {
    let mut names = DistinguishedName::new();
    names.push(DnType::CommonName, name);
    names
}

/// Writes a file beside its place and moves it there, so that no reader finds half of it.
fn write(path: PathBuf, text: &str) -> Result<PathBuf> {
    let new = path.with_extension("new");
    fs::write(&new, text).with_context(|| format!("{} cannot be written", new.display()))?;
    fs::set_permissions(&new, fs::Permissions::from_mode(0o644))?;
    fs::rename(&new, &path).with_context(|| format!("{} cannot be put in place", path.display()))?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signed_certificate_and_its_key_are_written_as_pem_and_keys_are_pkcs8() {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::new("a test").unwrap();
        let files = authority.server(&["localhost", "127.0.0.1"], Validity::Now).unwrap().write(folder.path(), "server").unwrap();
        let text = |path: &Path| fs::read_to_string(path).unwrap();
        assert!(text(&files.certificate).starts_with("-----BEGIN CERTIFICATE-----"));
        assert!(text(&files.key).starts_with("-----BEGIN PRIVATE KEY-----"));
        assert_eq!(text(&files.key_store), text(&files.key) + &text(&files.certificate));
        assert_eq!(text(&authority.write(folder.path(), "ca").unwrap()), authority.pem());
    }
}
