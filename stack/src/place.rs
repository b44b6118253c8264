//! The folder in which the stack of `make up` lies, and the ports on which it listens.

use std::path::PathBuf;
use std::str::FromStr;

use anyhow::{Context, Result, bail};
use clap::Args;
use stack::{Ports, data_folder};

/// The folder and the ports; the fixed ones that people use, unless a test names others.
#[derive(Debug, Args)]
pub(crate) struct Place {
    /// The folder of the data and the logs.
    #[arg(long, hide = true)]
    folder: Option<PathBuf>,
    /// Postgres, Redis, Kafka, Kafka's controller, Kafka Connect, orderstream; separated by commas.
    #[arg(long, hide = true, value_parser = ports)]
    ports: Option<Ports>,
}

impl Place {
    pub(crate) fn folder(&self) -> PathBuf {
        self.folder.clone().unwrap_or_else(data_folder)
    }

    pub(crate) fn ports(&self) -> Ports {
        self.ports.clone().unwrap_or_else(Ports::fixed)
    }
}

fn ports(text: &str) -> Result<Ports> {
    let numbers: Vec<u16> = text.split(',').map(u16::from_str).collect::<Result<_, _>>().context("a port is a number")?;
    let [postgres, redis, kafka, controller, connect, orderstream] = numbers[..] else { bail!("there are six ports") };
    Ok(Ports { postgres, redis, kafka, controller, connect, orderstream })
}
