//! A Redis server of a test's own, and what the tests ask of the server.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use orderstream::redis::customers::{CommittedCustomers, Customers};
use orderstream::redis::link::{LinkSettings, RedisLink};
use orderstream::redis::progress::{Of, Point, RedisProgress};
use redis::AsyncCommands;
use redis::aio::MultiplexedConnection;
use tempfile::TempDir;

pub(crate) const TOPIC: &str = "shop.public.customers";
pub(crate) const LOOKUP_DEADLINE: Duration = Duration::from_millis(300);
const PATIENCE: Duration = Duration::from_secs(20);

/// A server that ends with the test.
pub(crate) struct Server {
    child: Child,
    port: u16,
    folder: TempDir,
    arguments: Vec<&'static str>,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::with(&[]).await
    }

    /// Starts a server with these settings, which are arguments of the command line.
    pub(crate) async fn with(arguments: &[&'static str]) -> Self {
        let free = || TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port();
        // The nodes of a cluster talk to each other at a port that is ten thousand higher.
        let port = std::iter::repeat_with(free).find(|port| *port < 55_000).expect("an endless search");
        let folder = tempfile::tempdir().expect("a folder");
        let arguments = arguments.to_vec();
        let child = launch(port, &folder, &arguments);
        let server = Self { child, port, folder, arguments };
        server.answers().await;
        server
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// A link with deadlines short enough to wait for.
    pub(crate) fn link(&self) -> Arc<RedisLink> {
        let settings = LinkSettings { lookup_deadline: LOOKUP_DEADLINE, ..LinkSettings::new(self.url()) };
        RedisLink::new(&settings).expect("a usable URL")
    }

    /// A link for a user with these rights, who may get other rights later.
    pub(crate) async fn link_of_clerk(&self, rules: &str) -> Arc<RedisLink> {
        self.clerk(rules).await;
        RedisLink::new(&LinkSettings::new(self.url().replace("redis://", "redis://clerk:secret@"))).expect("a usable URL")
    }

    /// Gives the user these rights.
    pub(crate) async fn clerk(&self, rules: &str) {
        self.run(&format!("ACL SETUSER clerk on >secret {rules}")).await;
    }

    /// A connection that does not go through the link, to look at the data and to do harm.
    pub(crate) async fn direct(&self) -> MultiplexedConnection {
        let client = redis::Client::open(self.url()).expect("a usable URL");
        client.get_multiplexed_async_connection().await.expect("a connection")
    }

    pub(crate) async fn hash(&self, key: &str) -> BTreeMap<String, String> {
        self.direct().await.hgetall(key).await.expect("a hash")
    }

    /// How often the server has run a command so far.
    pub(crate) async fn commands(&self, name: &str) -> u64 {
        let info: String = redis::cmd("INFO").arg("commandstats").query_async(&mut self.direct().await).await.expect("no error");
        let calls = info.lines().find_map(|line| line.strip_prefix(&format!("cmdstat_{name}:calls="))?.split(',').next());
        calls.map_or(0, |calls| calls.parse().expect("a number"))
    }

    pub(crate) async fn run(&self, command: &str) {
        let mut words = command.split(' ');
        let mut built = redis::cmd(words.next().expect("a command"));
        words.for_each(|word| {
            built.arg(word);
        });
        built.exec_async(&mut self.direct().await).await.expect("no error");
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
    }

    pub(crate) async fn restart(&mut self) {
        self.child = launch(self.port, &self.folder, &self.arguments);
        self.answers().await;
    }

    /// Takes the server's folder away, and lets the server notice.
    pub(crate) async fn lose_disk(&mut self) {
        redis::cmd("CONFIG").arg("SET").arg("save").arg("3600 1").exec_async(&mut self.direct().await).await.expect("no error");
        self.folder = tempfile::tempdir().expect("another folder");
        self.run("BGSAVE").await;
    }

    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status().expect("kill runs");
        assert!(status.success());
    }

    async fn answers(&self) {
        let client = redis::Client::open(self.url()).expect("a usable URL");
        eventually("the server answers", async || client.get_multiplexed_async_connection().await.is_ok()).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn launch(port: u16, folder: &TempDir, arguments: &[&str]) -> Child {
    let port = port.to_string();
    let mut command = Command::new("redis-server");
    command.args(["--port", &port, "--bind", "127.0.0.1", "--save", "", "--dir"]).arg(folder.path()).args(arguments);
    command.stdout(Stdio::null()).spawn().expect("redis-server is installed")
}

/// Waits until the condition holds.
pub(crate) async fn eventually(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !condition().await {
        assert!(Instant::now() < until, "within {PATIENCE:?}: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

pub(crate) fn of(partition: i32, epoch: i32) -> Of<'static> {
    Of { topic: TOPIC, partition, epoch }
}

pub(crate) fn point(next_offset: i64) -> Point {
    Point { epoch: 0, next_offset }
}

/// Customers of a topic with one partition, of which nothing is consumed yet.
pub(crate) async fn customers(link: &Arc<RedisLink>) -> (Customers, CommittedCustomers) {
    let committed = CommittedCustomers::default();
    committed.set(vec![(0, point(0))]);
    RedisProgress::new(Arc::clone(link)).set(of(0, 0), 0, None).await.expect("the progress is set");
    (Customers::new(Arc::clone(link), Some(TOPIC.to_owned()), committed.clone()), committed)
}
