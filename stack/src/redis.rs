//! The Redis of a stack, with the configuration file that docker compose uses too.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::repository;

pub(crate) fn command(port: u16, data: &Path) -> Command {
    let mut command = Command::new("redis-server");
    command.arg(repository::root().join("redis/redis.conf"));
    // The configuration file is made for a container, where Redis may listen on every interface. Here Redis listens on this machine alone.
    command.args(["--bind", "127.0.0.1", "-::1", "--port", &port.to_string(), "--dir"]).arg(data);
    command
}

pub(crate) fn healthy(port: u16) -> Result<()> {
    answers(port, "+PONG")
}

/// Fails unless PING is answered with `expected`. While Redis loads its data it answers with an error.
pub(crate) fn answers(port: u16, expected: &str) -> Result<()> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let patience = Duration::from_secs(1);
    let mut connection = TcpStream::connect_timeout(&address, patience)?;
    connection.set_read_timeout(Some(patience))?;
    connection.write_all(b"PING\r\n")?;
    let mut answer = [0; 64];
    let length = connection.read(&mut answer)?;
    if !answer[..length].starts_with(expected.as_bytes()) {
        bail!("PING is answered with {}", String::from_utf8_lossy(&answer[..length]).trim_end());
    }
    Ok(())
}
