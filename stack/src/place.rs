//! The folder in which the stack of `make up` lies, and the ports on which it listens.

use std::path::PathBuf;
use std::str::FromStr;

use anyhow::{Context, Result, bail};
use clap::Args;
use stack::{Job, Ports, data_folder};

/// The folder and the ports; the fixed ones that people use, unless a test names others.
#[derive(Debug, Args)]
pub(crate) struct Place {
    /// The folder of the data and the logs.
    #[arg(long, hide = true)]
    folder: Option<PathBuf>,
    /// Postgres, Redis, Kafka, Kafka's controller, Kafka Connect, orderstream; separated by commas.
    #[arg(long, hide = true, value_parser = ports)]
    ports: Option<Ports>,
    /// TLS and logins everywhere, for orders. The data lies in a folder of its own.
    #[arg(long)]
    secure: bool,
}

impl Place {
    /// The folder of the stack for this job.
    pub(crate) fn folder(&self, job: Job) -> PathBuf {
        let default = || match job {
            Job::Orders if self.secure => data_folder().with_file_name("secure-data"),
            Job::Orders => data_folder(),
            Job::Mirror => data_folder().with_file_name("mirror-data"),
        };
        self.folder.clone().unwrap_or_else(default)
    }

    /// The folders of all stacks that this place may mean. All of them listen on the same ports, so that one of them runs at a time.
    pub(crate) fn folders(&self) -> Vec<PathBuf> {
        let mut folders = vec![self.folder(Job::Orders)];
        if self.folder.is_none() && !self.secure {
            folders.push(self.folder(Job::Mirror));
        }
        folders
    }

    pub(crate) fn is_secure(&self) -> bool {
        self.secure
    }

    /// The file by which a shell finds into a secured stack; `None` if the stack is not.
    pub(crate) fn shell_file(&self) -> Option<PathBuf> {
        self.secure.then(|| self.folder(Job::Orders).join("secure/env.sh"))
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
