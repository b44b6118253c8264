//! The configuration files of the servers and of the Sentinels, and the command that runs both.

use std::fmt::Write;
use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::{MASTER, PASSWORD, PEERS, USER};

/// Who may ask a Sentinel for the master, with no more rights than that takes.
const CLIENT: &str = "user client on >client -@all +auth +sentinel|get-master-addr-by-name +sentinel|master";

pub(super) fn of_server(port: u16, folder: &Path, master: Option<u16>) -> Result<String> {
    let mut lines = format!("\nbind 127.0.0.1\nport {port}\ndir {}\nrepl-diskless-sync-delay 0\n", folder.display());
    writeln!(lines, "user default off\nuser {USER} on >{USER} ~* &* +@all")?;
    writeln!(lines, "user {PEERS} on >{PEERS} ~* &* +@all\nmasteruser {PEERS}\nmasterauth {PEERS}")?;
    if let Some(master) = master {
        writeln!(lines, "replicaof 127.0.0.1 {master}")?;
    }
    Ok(lines)
}

pub(super) fn of_sentinel(port: u16, folder: &Path, master: u16) -> String {
    format!(
        "bind 127.0.0.1\nport {port}\ndir {}\nprotected-mode no\nrequirepass {PASSWORD}\n{CLIENT}\nsentinel sentinel-pass {PASSWORD}\n\
         sentinel monitor {MASTER} 127.0.0.1 {master} 2\nsentinel auth-user {MASTER} {PEERS}\nsentinel auth-pass {MASTER} {PEERS}\n\
         sentinel down-after-milliseconds {MASTER} 1000\nsentinel failover-timeout {MASTER} 5000\n",
        folder.display()
    )
}

pub(super) fn command(file: &Path, is_sentinel: bool) -> Command {
    let mut command = Command::new("redis-server");
    command.arg(file);
    if is_sentinel {
        command.arg("--sentinel");
    }
    command
}
