//! A master of Redis, its replicas, and three Sentinels that let a replica take the master's place.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::wait::{Attempt, until};
use crate::{Service, Stack, free_port, redis, repository};
use files::{command, of_sentinel, of_server};

mod files;

/// The name of the master at the Sentinels.
pub const MASTER: &str = "shop";

/// The password of the Sentinels among themselves.
const PASSWORD: &str = "sentinel";

/// The user at the servers that everybody else has, with every right, and the password of the same name.
const USER: &str = "clerk";

/// The user at the servers that Sentinels and replicas have. Without this user a server is cut off from both, and from nobody else.
const PEERS: &str = "peers";

const NUMBER: usize = 3;
const PATIENCE: Duration = Duration::from_secs(30);

/// Running servers and Sentinels. Their data are removed when the value is dropped.
#[derive(Debug)]
pub struct Sentinels {
    // The services are dropped, and so ended, before their folder is removed.
    servers: Vec<(Service, u16)>,
    sentinels: Vec<(Service, u16)>,
    _folder: Folder,
}

#[derive(Debug)]
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _: std::io::Result<()> = fs::remove_dir_all(&self.0);
    }
}

impl Sentinels {
    /// Starts a master, so many replicas, and three Sentinels that agree on the master and know of the replicas and of each other. A master
    /// that is silent for a second counts as down.
    ///
    /// # Errors
    /// When a process is not healthy in time, or the Sentinels do not find each other.
    pub fn start(stack: &Stack, name: &str, replicas: usize) -> Result<Self> {
        let folder = Folder(stack.folder().join(name));
        let mut all = Self { servers: Vec::new(), sentinels: Vec::new(), _folder: folder };
        let folder = all._folder.0.clone();
        fs::create_dir_all(&folder)?;
        let conf = fs::read_to_string(repository::root().join("redis/redis.conf")).context("redis/redis.conf cannot be read")?;
        let master = free_port()?;
        for number in 0..=replicas {
            let port = if number == 0 { master } else { free_port()? };
            let place = folder.join(format!("server-{number}"));
            fs::create_dir_all(&place)?;
            let file = place.join("redis.conf");
            // A Sentinel lets a server write its own file anew, so that each has one.
            fs::write(&file, conf.clone() + &of_server(port, &place, (number > 0).then_some(master))?)?;
            let service =
                stack.service(&format!("{name}-server-{number}"), move || command(&file, false), move || redis::answers(port, "-NOAUTH"));
            service.start()?;
            all.servers.push((service, port));
        }
        for number in 0..NUMBER {
            let port = free_port()?;
            let place = folder.join(format!("sentinel-{number}"));
            fs::create_dir_all(&place)?;
            let file = place.join("sentinel.conf");
            fs::write(&file, of_sentinel(port, &place, master))?;
            let service =
                stack.service(&format!("{name}-sentinel-{number}"), move || command(&file, true), move || redis::answers(port, "-NOAUTH"));
            service.start()?;
            all.sentinels.push((service, port));
        }
        all.await_acquaintance(replicas)?;
        Ok(all)
    }

    fn await_acquaintance(&self, replicas: usize) -> Result<()> {
        for number in 0..NUMBER {
            let look = || {
                let said = self.sentinel_says(number, &format!("SENTINEL MASTER {MASTER}"))?;
                let has = |name: &str, number: usize| field(&said, name).and_then(|text| text.parse().ok()) == Some(number);
                if !has("num-slaves", replicas) || !has("num-other-sentinels", NUMBER - 1) {
                    bail!("it does not know everybody: {said}");
                }
                Ok(())
            };
            until("the Sentinels know each other and the replicas", PATIENCE, || Attempt::from(look()))?;
        }
        Ok(())
    }

    /// The server with that number, to be paused and killed. The first is the master at the start.
    pub fn server(&self, number: usize) -> &Service {
        &self.servers[number].0
    }

    /// The port of the server with that number.
    pub fn port(&self, number: usize) -> u16 {
        self.servers[number].1
    }

    /// The Sentinel with that number, to be paused and killed.
    pub fn sentinel(&self, number: usize) -> &Service {
        &self.sentinels[number].0
    }

    /// The ports of the Sentinels.
    pub fn sentinel_ports(&self) -> Vec<u16> {
        self.sentinels.iter().map(|(_, port)| *port).collect()
    }

    /// The Sentinels as `redis.sentinels` has them.
    pub fn addresses(&self) -> String {
        self.sentinel_ports().iter().map(|port| format!("127.0.0.1:{port}")).collect::<Vec<_>>().join(",")
    }

    /// The URL of the server with that number.
    pub fn url(&self, number: usize) -> String {
        format!("redis://{USER}:{USER}@127.0.0.1:{}", self.port(number))
    }

    /// Runs a command on a server, and returns the answer as it came, behind the answer to the login.
    ///
    /// # Errors
    /// When the server does not answer.
    pub fn server_says(&self, number: usize, command: &str) -> Result<String> {
        say(self.port(number), &[&format!("AUTH {USER} {USER}"), command])
    }

    /// The number of the server that a majority of the Sentinels names as the master.
    ///
    /// # Errors
    /// When no majority agrees.
    pub fn named_master(&self) -> Result<usize> {
        let named = |number: usize| {
            let said = self.sentinel_says(number, &format!("SENTINEL GET-MASTER-ADDR-BY-NAME {MASTER}")).ok()?;
            let port: u16 = said.lines().rfind(|line| !line.starts_with(['+', '$', '*']))?.trim().parse().ok()?;
            self.servers.iter().position(|(_, known)| *known == port)
        };
        let named: Vec<usize> = (0..NUMBER).filter_map(named).collect();
        let by = |number: usize| named.iter().filter(|other| **other == number).count();
        (0..self.servers.len()).find(|number| 2 * by(*number) > NUMBER).with_context(|| format!("no majority: {named:?}"))
    }

    /// Waits until another server than `before` is named as the master and says that it is, and returns its number.
    ///
    /// # Errors
    /// When that does not happen in time.
    pub fn await_another_master(&self, before: usize) -> Result<usize> {
        let look = || {
            let now = self.named_master()?;
            if now == before || !self.server_says(now, "ROLE")?.contains("master") {
                bail!("server {now} is named");
            }
            Ok(now)
        };
        until(&format!("another server than {before} is the master"), PATIENCE, || Attempt::from(look()))
    }

    /// Waits until a server follows another.
    ///
    /// # Errors
    /// When that does not happen in time.
    pub fn await_replica(&self, number: usize) -> Result<()> {
        let look = || {
            let said = self.server_says(number, "INFO replication")?;
            if said.contains("role:slave") && said.contains("master_link_status:up") { Ok(()) } else { bail!("{said}") }
        };
        until(&format!("server {number} follows another"), PATIENCE, || Attempt::from(look()))
    }

    /// Lets the Sentinels put a replica in the master's place.
    ///
    /// # Errors
    /// When no Sentinel does so.
    pub fn fail_over(&self) -> Result<()> {
        let look = || {
            let said = self.sentinel_says(0, &format!("SENTINEL FAILOVER {MASTER}"))?;
            if said.lines().nth(1) == Some("+OK") { Ok(()) } else { bail!("{said}") }
        };
        until("a Sentinel begins a failover", PATIENCE, || Attempt::from(look()))
    }

    /// Cuts a server off from Sentinels and replicas, and from nobody else.
    ///
    /// # Errors
    /// When the server does not answer.
    pub fn cut_off(&self, number: usize) -> Result<()> {
        self.server_says(number, &format!("ACL SETUSER {PEERS} off"))?;
        self.server_says(number, &format!("CLIENT KILL USER {PEERS}")).map(drop)
    }

    /// Ends what [`Sentinels::cut_off`] did.
    ///
    /// # Errors
    /// When the server does not answer.
    pub fn join_again(&self, number: usize) -> Result<()> {
        self.server_says(number, &format!("ACL SETUSER {PEERS} on")).map(drop)
    }

    /// Runs a command on a Sentinel, and returns the answer as it came, behind the answer to the login.
    ///
    /// # Errors
    /// When the Sentinel does not answer.
    pub fn sentinel_says(&self, number: usize, command: &str) -> Result<String> {
        say(self.sentinels[number].1, &[&format!("AUTH {PASSWORD}"), command])
    }
}

/// The value of a field in an answer that is a list of names and values.
fn field<'a>(said: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = said.lines().skip_while(|line| *line != name);
    lines.nth(2)
}

/// Sends commands, one line each, and returns the answers as they came.
fn say(port: u16, commands: &[&str]) -> Result<String> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut connection = TcpStream::connect_timeout(&address, Duration::from_secs(1))?;
    connection.set_read_timeout(Some(Duration::from_secs(2)))?;
    connection.write_all(format!("{}\r\n", commands.join("\r\n")).as_bytes())?;
    // A Sentinel does not know QUIT. The end of the questions ends the connection behind the answers.
    connection.shutdown(Shutdown::Write)?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer)?;
    Ok(answer)
}
