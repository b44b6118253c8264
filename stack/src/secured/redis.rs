//! The command of a secured Redis, and its users.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::certificates::CertificateFiles;
use crate::{redis, repository};

/// A user of the tests, beside those of redis/users.acl.
const ADMIN: &str = "user admin on >admin ~* &* +@all\n";

/// Writes the users of redis/users.acl and the one of the tests to a file in `folder`.
pub(super) fn write_users(folder: &Path) -> Result<()> {
    let users = fs::read_to_string(repository::root().join("redis/users.acl")).context("redis/users.acl cannot be read")?;
    Ok(fs::write(folder.join("users.acl"), users + ADMIN)?)
}

/// A Redis that wants a certificate of each client at its port for TLS.
pub(super) fn command(plain: u16, tls: u16, folder: &Path, files: &CertificateFiles) -> Command {
    let mut command = redis::command(plain, folder);
    // The last of two settings counts.
    command.args(["--bind", "127.0.0.1", super::ELSEWHERE, "--tls-port", &tls.to_string(), "--tls-auth-clients", "yes"]);
    command.arg("--tls-cert-file").arg(&files.certificate).arg("--tls-key-file").arg(&files.key);
    command.arg("--tls-ca-cert-file").arg(folder.join("ca.pem")).arg("--aclfile").arg(folder.join("users.acl"));
    command
}

/// Fails unless Redis answers, which is to ask for a login.
pub(super) fn healthy(port: u16) -> Result<()> {
    redis::answers(port, "-NOAUTH")
}
