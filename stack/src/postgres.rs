//! The Postgres of a stack: where Debian installs its programs, under which user it runs, and what its database has at first.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use nix::unistd::{User, geteuid};

use crate::job::Job;
use crate::{process, repository};

const OLDEST: u32 = 15;
/// The user that Debian's package makes. Postgres runs as this user, because it refuses to run as root.
pub(crate) const USER: &str = "postgres";
/// The access rules. Only this machine can connect. The superuser's password is not asked for, because it is in the README and protects
/// nothing.
const ACCESS: &str = "\
host all postgres 127.0.0.1/32 trust
host all postgres ::1/128 trust
host all all 127.0.0.1/32 scram-sha-256
host all all ::1/128 scram-sha-256
";

#[derive(Clone, Debug)]
pub(crate) struct Postgres {
    programs: PathBuf,
    data: PathBuf,
    port: u16,
    /// The certificate of the authority by which clients know the server; `None` without TLS.
    authority: Option<PathBuf>,
}

impl Postgres {
    pub(crate) fn find(folder: &Path, port: u16) -> Result<Self> {
        Ok(Self { programs: programs()?, data: data_folder(folder), port, authority: None })
    }

    /// The same Postgres with TLS, whose certificate this authority has signed.
    pub(crate) fn with_tls(self, authority: PathBuf) -> Self {
        Self { authority: Some(authority), ..self }
    }

    /// Makes an empty cluster, unless there is one. The cluster is made beside its place and moved there when it is complete.
    pub(crate) fn create(&self) -> Result<()> {
        self.create_with(ACCESS)
    }

    /// Makes an empty cluster with these access rules, unless there is one.
    pub(crate) fn create_with(&self, access: &str) -> Result<()> {
        if self.data.exists() {
            return Ok(());
        }
        let new = self.data.with_extension("new");
        make_folder(&new)?;
        let mut initdb = self.command("initdb");
        let password = self.data.with_extension("password");
        fs::write(&password, "postgres").with_context(|| format!("{} cannot be written", password.display()))?;
        // The file with the real access rules replaces that of initdb before anybody can connect.
        initdb.args(["--username=postgres", "--encoding=UTF8", "--locale=C.UTF-8", "--auth=trust", "-D"]).arg(&new);
        run(initdb.arg("--pwfile").arg(&password), "")?;
        fs::remove_file(&password)?;
        fs::write(new.join("pg_hba.conf"), access)?;
        fs::rename(&new, &self.data).with_context(|| format!("{} cannot be put in place", self.data.display()))
    }

    /// Writes a file for the server alone into the folder of its data.
    pub(crate) fn install(&self, name: &str, text: &str) -> Result<()> {
        let (path, new) = (self.data.join(name), self.data.join(format!("{name}.new")));
        fs::write(&new, text).with_context(|| format!("{} cannot be written", new.display()))?;
        fs::set_permissions(&new, fs::Permissions::from_mode(0o600))?;
        give_to_the_server(&new)?;
        fs::rename(&new, &path).with_context(|| format!("{} cannot be put in place", path.display()))
    }

    /// Copies the server at `port`. The copy follows that server once it is started.
    pub(crate) fn copy(&self, port: u16) -> Result<()> {
        make_folder(&self.data)?;
        let mut copy = self.command("pg_basebackup");
        copy.args(["--host=127.0.0.1", &format!("--port={port}"), "--username=postgres"]);
        copy.args(["--checkpoint=fast", "--wal-method=stream", "--write-recovery-conf", "--pgdata"]).arg(&self.data);
        run(&mut copy, "").map(drop)
    }

    /// The same files, served at another port.
    pub(crate) fn at(self, port: u16) -> Self {
        Self { port, ..self }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    /// Removes the pid file of a server that is dead. After a SIGKILL the server's process id may belong to another process, or to a zombie
    /// that nobody has collected, and Postgres would refuse to start. No other stack uses the folder, because this stack holds its lock.
    fn forget_dead_server(&self) {
        let file = self.data.join("postmaster.pid");
        let Ok(text) = fs::read_to_string(&file) else { return };
        let lives = text.lines().next().and_then(|pid| pid.parse().ok()).is_some_and(|pid| process::is_alive_as(pid, "postgres"));
        if !lives {
            let _: std::io::Result<()> = fs::remove_file(file);
        }
    }

    pub(crate) fn server(&self) -> Command {
        self.forget_dead_server();
        let mut command = self.command("postgres");
        command.arg("-D").arg(&self.data);
        let port = format!("port={}", self.port);
        // The server has no Unix socket: Debian's folder for sockets belongs to the user postgres, and every client here uses the port.
        for setting in ["listen_addresses=localhost", &port, "unix_socket_directories=", "wal_level=logical", "timezone=UTC"] {
            command.args(["-c", setting]);
        }
        // Segments of the log are kept and used again, because making a new segment stops all writers for a tenth of a second.
        for setting in ["shared_buffers=256MB", "min_wal_size=1GB", "max_wal_size=2GB"] {
            command.args(["-c", setting]);
        }
        if self.authority.is_some() {
            command.args(["-c", "ssl=on", "-c", "ssl_cert_file=server.crt", "-c", "ssl_key_file=server.key"]);
        }
        command.args(["-c", "logging_collector=off", "-c", "log_line_prefix=%m [%p] %u@%d "]);
        command
    }

    pub(crate) fn healthy(&self) -> Result<()> {
        self.psql_in("postgres", "select 1").map(drop)
    }

    /// Makes the databases of the job with what their folders of sql/ say. The function can be run again.
    pub(crate) fn fill(&self, job: Job) -> Result<()> {
        job.databases().iter().try_for_each(|(database, folder)| {
            self.fill_database(database, folder).with_context(|| format!("sql/{folder} cannot be applied"))
        })
    }

    fn fill_database(&self, database: &str, folder: &str) -> Result<()> {
        if self.psql_in("postgres", &format!("select 1 from pg_database where datname = '{database}'"))?.is_empty() {
            self.psql_in("postgres", &format!("create database {database}"))?;
        }
        let mut psql = self.psql_command(database);
        for file in sql_files(folder)? {
            psql.arg("-f").arg(file);
        }
        run(psql.env("PGOPTIONS", "-c client_min_messages=warning"), "").map(drop)
    }

    /// Makes the database `orders` anew, with nothing in it.
    pub(crate) fn empty(&self) -> Result<()> {
        self.psql_in("postgres", "drop database orders with (force)")?;
        self.psql_in("postgres", "create database orders").map(drop)
    }

    /// Runs SQL in the database `orders` as the superuser. Rows come back one per line, columns separated by `|`.
    pub(crate) fn psql(&self, sql: &str) -> Result<String> {
        self.psql_in("orders", sql)
    }

    /// Runs SQL in a database as the superuser. Rows come back one per line, columns separated by `|`.
    pub(crate) fn psql_in(&self, database: &str, sql: &str) -> Result<String> {
        run(self.psql_command(database).args(["-f", "-"]), sql)
    }

    fn psql_command(&self, database: &str) -> Command {
        let mut psql = Command::new(self.programs.join("psql"));
        psql.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", &self.port.to_string(), "-U", "postgres"]);
        psql.args(["-d", database]).env("PGPASSWORD", "postgres").env("PGCONNECT_TIMEOUT", "5");
        if let Some(authority) = &self.authority {
            psql.env("PGSSLMODE", "verify-full").env("PGSSLROOTCERT", authority);
        }
        psql
    }

    fn command(&self, program: &str) -> Command {
        let program = self.programs.join(program);
        if geteuid().is_root() { as_user(&program) } else { Command::new(program) }
    }
}

/// Where Postgres' data of a stack in `folder` lies: in that folder, unless the user postgres cannot reach it (a clone in root's home).
pub(crate) fn data_folder(folder: &Path) -> PathBuf {
    let reachable = || as_user(Path::new("test")).args(["-x".as_ref(), folder]).status().is_ok_and(|status| status.success());
    if !geteuid().is_root() || reachable() {
        return folder.join("postgres");
    }
    let name = folder.display().to_string().replace('/', "-");
    Path::new("/var/lib/postgresql").join(format!("orderstream{name}"))
}

/// Makes an empty folder for the server's user alone.
fn make_folder(path: &Path) -> Result<()> {
    if path.exists() {
        fs::remove_dir_all(path).with_context(|| format!("{} cannot be removed", path.display()))?;
    }
    fs::create_dir_all(path).with_context(|| format!("{} cannot be made", path.display()))?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o700))?;
    give_to_the_server(path)
}

fn give_to_the_server(path: &Path) -> Result<()> {
    if geteuid().is_root() {
        let user = User::from_name(USER)?.with_context(|| format!("there is no user {USER}: install Debian's package postgresql"))?;
        chown(path, Some(user.uid.as_raw()), Some(user.gid.as_raw()))?;
    }
    Ok(())
}

fn as_user(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.args([format!("--reuid={USER}"), format!("--regid={USER}")]).args(["--init-groups", "--"]).arg(program);
    // The caller's working folder may be closed to the user postgres.
    command.current_dir("/");
    command
}

/// The folder with the programs of the newest Postgres that Debian has installed.
fn programs() -> Result<PathBuf> {
    let advice = format!("install Postgres {OLDEST} or newer (Debian: postgresql)");
    let installed = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().filter_map(|entry| {
        let path = entry.ok()?.path();
        let version: u32 = path.file_name()?.to_str()?.parse().ok()?;
        path.join("bin/postgres").exists().then_some((version, path.join("bin")))
    });
    match installed.max() {
        Some((version, programs)) if version >= OLDEST => Ok(programs),
        Some((version, programs)) => bail!("Postgres in {} is version {version}: {advice}", programs.display()),
        None => bail!("there is no Postgres in /usr/lib/postgresql: {advice}"),
    }
}

fn sql_files(folder: &str) -> Result<Vec<PathBuf>> {
    let folder = repository::root().join("sql").join(folder);
    let entries = fs::read_dir(&folder).with_context(|| format!("{} cannot be read", folder.display()))?;
    let mut files = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "sql"));
    files.sort();
    Ok(files)
}

fn run(command: &mut Command, input: &str) -> Result<String> {
    let program = Path::new(command.get_program()).display().to_string();
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("{program} cannot be run"))?;
    if let Some(mut stdin) = child.stdin.take() {
        // A program that ended without reading says why on stderr.
        let _: std::io::Result<()> = stdin.write_all(input.as_bytes());
    }
    let output = child.wait_with_output()?;
    if !output.status.success() {
        bail!("{program}: {}", String::from_utf8_lossy(&output.stderr).trim_end());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
}
