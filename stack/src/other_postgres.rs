//! A Postgres beside the stack's own, which tests fill to the brim or replace by its standby.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use nix::sys::signal::Signal;

use crate::job::Job;
use crate::postgres::Postgres;
use crate::{Service, Stack, free_port};

/// The access rule for standbys, whose connections are for no database.
const STANDBYS: &str = "host replication postgres 127.0.0.1/32 trust\n";

/// A shell script that mounts a disk at the third argument, of as many megabytes as the first argument says, for the user that the second
/// argument names. The script then becomes the server that the other arguments say. Only the server sees the disk, and the disk is gone
/// when the server is.
const WITH_DISK: &str = r#"mount -t tmpfs -o "size=$1m,uid=$2,mode=0700" tmpfs "$3" && shift 3 && exec "$@""#;

/// A server with what sql/source says in its database `orders`. The data of the server are removed when the value is dropped.
#[derive(Debug)]
pub struct OtherPostgres {
    // The server is dropped, and so ended, before its data are removed.
    service: Service,
    files: Postgres,
    folder: Folder,
}

/// The folders of a server, which are removed when the value is dropped.
#[derive(Debug)]
struct Folder {
    path: PathBuf,
    data: PathBuf,
}

impl Drop for Folder {
    fn drop(&mut self) {
        for path in [&self.data, &self.path] {
            let _: std::io::Result<()> = fs::remove_dir_all(path);
        }
    }
}

impl OtherPostgres {
    /// Starts a server with the database `orders` and the roles.
    ///
    /// # Errors
    /// When the server cannot be made or is not healthy in time.
    pub fn start(stack: &Stack, name: &str) -> Result<Self> {
        Self::create(stack, name, |server| server)
    }

    /// Starts a server as [`OtherPostgres::start`] does, with a disk of its own of so many megabytes, for a tablespace at
    /// [`OtherPostgres::disk`]. The content of the disk is gone when the server stops.
    ///
    /// # Errors
    /// As [`OtherPostgres::start`], and when this program may not mount anything.
    pub fn start_with_disk(stack: &Stack, name: &str, megabytes: u32) -> Result<Self> {
        let disk = disk(&stack.folder().join(name));
        fs::create_dir_all(&disk)?;
        ensure_disks(&disk)?;
        Self::create(stack, name, move |server| with_disk(&server, megabytes, &disk))
    }

    fn create(stack: &Stack, name: &str, launched: impl Fn(Command) -> Command + Send + Sync + 'static) -> Result<Self> {
        let (files, folder) = place(stack, name)?;
        files.create()?;
        OpenOptions::new().append(true).open(folder.data.join("pg_hba.conf"))?.write_all(STANDBYS.as_bytes())?;
        let other = Self { service: service(stack, name, &files, launched), files, folder };
        other.service.start()?;
        other.files.fill(Job::Orders)?;
        Ok(other)
    }

    /// Starts a hot standby that follows this server.
    ///
    /// # Errors
    /// When the server cannot be made or is not healthy in time.
    pub fn standby(&self, stack: &Stack, name: &str) -> Result<Self> {
        let (files, folder) = place(stack, name)?;
        files.copy(self.files.port())?;
        let standby = Self { service: service(stack, name, &files, |server| server), files, folder };
        standby.service.start()?;
        Ok(standby)
    }

    /// Starts this standby anew at the port of the other server, as a failover does that moves an address. The standby follows nobody any
    /// more, and is read-only until somebody promotes it.
    ///
    /// # Errors
    /// When the other server still runs, or this standby is not healthy there in time.
    pub fn in_place_of(self, stack: &Stack, other: &Self) -> Result<Self> {
        ensure!(!other.service.is_running(), "{} still runs", other.service.name());
        let Self { service: following, files, folder } = self;
        following.stop()?;
        let files = files.at(other.files.port());
        let name = format!("{}-alone", following.name());
        let follows_nobody = |mut server: Command| {
            server.args(["-c", "primary_conninfo="]);
            server
        };
        let moved = Self { service: service(stack, &name, &files, follows_nobody), files, folder };
        moved.service.start()?;
        Ok(moved)
    }

    /// Lets an empty server take the place of this one, which is killed and whose data are removed. The new server has the roles and what else
    /// [`OtherPostgres::start`] makes.
    ///
    /// # Errors
    /// When something cannot be removed, or the server cannot be made or is not healthy in time.
    pub fn lost(&self) -> Result<()> {
        self.service.kill();
        fs::remove_dir_all(&self.folder.data).with_context(|| format!("{} cannot be removed", self.folder.data.display()))?;
        self.files.create()?;
        self.service.start()?;
        self.files.fill(Job::Orders)
    }

    /// The service, to be stopped, paused and killed.
    pub fn service(&self) -> &Service {
        &self.service
    }

    /// The URL of the database `orders` for the role that orderstream uses.
    pub fn orderstream_database_url(&self) -> String {
        format!("postgres://orderstream:orderstream@127.0.0.1:{}/orders", self.files.port())
    }

    /// The URL of another database than `orders`, for this role.
    pub fn url(&self, role: &str, database: &str) -> String {
        format!("postgres://{role}@127.0.0.1:{}/{database}", self.files.port())
    }

    /// The port on which the server listens.
    pub fn port(&self) -> u16 {
        self.files.port()
    }

    /// The path of the server's own disk; only the server sees the disk's content.
    pub fn disk(&self) -> PathBuf {
        disk(&self.folder.path)
    }

    /// Runs SQL in the database `orders` as the superuser. Rows come back one per line, columns separated by `|`.
    ///
    /// # Errors
    /// When Postgres does not answer or refuses.
    pub fn psql(&self, sql: &str) -> Result<String> {
        self.files.psql(sql)
    }
}

fn place(stack: &Stack, name: &str) -> Result<(Postgres, Folder)> {
    let path = stack.folder().join(name);
    fs::create_dir_all(&path).with_context(|| format!("{} cannot be made", path.display()))?;
    let files = Postgres::find(&path, free_port()?)?;
    let data = files.data().to_owned();
    Ok((files, Folder { path, data }))
}

fn service(stack: &Stack, name: &str, files: &Postgres, launched: impl Fn(Command) -> Command + Send + Sync + 'static) -> Service {
    let (server, health) = (files.clone(), files.clone());
    stack.service(name, move || launched(server.server()), move || health.healthy()).stopped_by(Signal::SIGINT)
}

fn disk(folder: &Path) -> PathBuf {
    folder.join("disk")
}

/// The command of the server with a disk, in a mount namespace of its own.
fn with_disk(server: &Command, megabytes: u32, disk: &Path) -> Command {
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", WITH_DISK, "sh", &megabytes.to_string(), crate::postgres::USER]).arg(disk);
    command.arg(server.get_program()).args(server.get_args());
    command.current_dir("/");
    command
}

fn ensure_disks(disk: &Path) -> Result<()> {
    let mut nothing = with_disk(&Command::new("true"), 1, disk);
    let output = nothing.output().context("unshare cannot be run: install Debian's package util-linux")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "a disk of its own for Postgres cannot be mounted, which takes root's rights: {}", said.trim());
    Ok(())
}
