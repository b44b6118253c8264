//! The tests of `make up`: everything starts as the README says, is looked after, and ends.

#![allow(clippy::unwrap_used)]

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use stack::Ports;
use stack::wait::{Attempt, until};

/// The longest time that a start takes on a machine that does other work too.
const PATIENCE: Duration = Duration::from_secs(180);

/// A `make up` in a folder and on ports of its own.
struct Up {
    folder: tempfile::TempDir,
    ports: Ports,
    running: Child,
}

impl Up {
    fn begin() -> Self {
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        let folder = tempfile::Builder::new().prefix("orderstream-up-").permissions(open).tempdir().unwrap();
        let ports = Ports::free().unwrap();
        let running = start(folder.path(), &ports);
        Self { folder, ports, running }
    }

    fn said(&self) -> String {
        fs::read_to_string(said(self.folder.path())).unwrap()
    }

    fn await_word(&self, word: &str) {
        let look = || if self.said().contains(word) { Attempt::Ready(()) } else { Attempt::NotYet(self.said()) };
        until(&format!("`make up` says {word:?}"), PATIENCE, look).unwrap();
    }

    fn stack(&self, command: &str) -> Output {
        stack_program(command, self.folder.path(), &self.ports).output().unwrap()
    }

    fn ended(&mut self) -> bool {
        matches!(self.running.try_wait(), Ok(Some(_)))
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        self.stack("down");
        self.running.kill().ok();
        self.running.wait().ok();
        self.stack("clean");
    }
}

fn said(folder: &Path) -> PathBuf {
    folder.with_extension("said")
}

fn stack_program(command: &str, folder: &Path, ports: &Ports) -> Command {
    let Ports { postgres, redis, kafka, controller, connect, orderstream } = ports;
    let ports = format!("{postgres},{redis},{kafka},{controller},{connect},{orderstream}");
    let mut stack = Command::new(env!("CARGO_BIN_EXE_stack"));
    stack.arg(command).arg("--folder").arg(folder).args(["--ports", &ports]);
    stack
}

fn start(folder: &Path, ports: &Ports) -> Child {
    let said = File::create(said(folder)).unwrap();
    stack_program("up", folder, ports).stdout(said.try_clone().unwrap()).stderr(said).stdin(Stdio::null()).spawn().unwrap()
}

fn answer(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn pid_of_redis(port: u16) -> String {
    let found = Command::new("pgrep").args(["-f", &format!("redis-server.*{port}")]).output().unwrap();
    String::from_utf8(found.stdout).unwrap().lines().next().unwrap().to_owned()
}

#[test]
fn make_up_gives_the_session_of_the_readme_and_starts_again_what_dies() {
    let mut up = Up::begin();
    up.await_word("Everything is ready");

    let session = up.stack("session");
    assert!(session.status.success(), "{}", answer(&session));

    Command::new("kill").args(["-KILL", &pid_of_redis(up.ports.redis)]).status().unwrap();
    up.await_word("Redis died");
    up.await_word("Redis is started again");
    let sql = "insert into orders (customer_id, product_id, quantity, price) values ('CUST002', 'AGAIN', 1, 5)";
    let url = format!("postgres://postgres:postgres@localhost:{}/orders", up.ports.postgres);
    let psql = |sql: &str| String::from_utf8(Command::new("psql").args(["-XAtc", sql, &url]).output().unwrap().stdout).unwrap();
    psql(sql);
    until("the order has its customer", PATIENCE, || {
        let found = psql("select enrichment from results where product_id = 'AGAIN'");
        if found.trim() == "complete" { Attempt::Ready(()) } else { Attempt::NotYet(found) }
    })
    .unwrap();
    assert!(!up.ended(), "{}", up.said());

    let down = up.stack("down");
    assert!(down.status.success(), "{}", answer(&down));
    until("`make up` has ended", PATIENCE, || Attempt::when(up.ended())).unwrap();

    up.running = start(up.folder.path(), &up.ports);
    up.await_word("Everything is ready");
    assert_eq!(psql("select count(*) from results where product_id = 'AGAIN'").trim(), "1", "the data is kept");
    let log = fs::read_to_string(up.folder.path().join("redis.log.1")).unwrap();
    assert!(!log.is_empty(), "the log of the first start is kept");
}
