//! `make mirror`, which starts everything for the job `mirror` and looks after it until somebody ends it.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::Result;
use stack::wait::{Attempt, until};
use stack::{Job, Service, Stack, answers};

use crate::interrupts::Interrupts;
use crate::place::Place;
use crate::up;

/// The longest time from the start of the job to the first table in the target: the client of Kafka looks for new topics every ten seconds.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs the services and the job, which mirrors the database `shop` into the database `mirror` of the same server.
pub(crate) fn mirror(place: &Place) -> Result<()> {
    let begin = Instant::now();
    let interrupts = Interrupts::catch()?;
    let program = up::orderstream_program()?;
    up::ensure_orderstream_unused(place, Job::Mirror)?;
    println!("starting Postgres and Kafka, then Kafka Connect with the connector, then the mirror: about half a minute");
    let stack = up::start_services(place, Job::Mirror, false)?;
    let job = service(&stack, program);
    let start = Instant::now();
    job.start()?;
    await_first_table(&stack)?;
    up::step("orderstream mirror is ready, with tables in the target", start.elapsed());
    println!("\nEverything is ready after {:.1} s.\n{HINTS}", begin.elapsed().as_secs_f64());
    up::watch(&stack, [&job], &interrupts);
    println!("stopping");
    job.stop().and(stack.stop())
}

const HINTS: &str = "\
Try, in another shell:

  psql postgres://postgres:postgres@localhost:15432/shop
    insert into orders (employee_id, product, quantity, price) values (2, 'Stool', 3, 24.90) returning id;
  psql postgres://postgres:postgres@localhost:15432/mirror
    select id, product, total, status from orders order by id;
    select sql, why from orderstream_mirror.mirror_ddl order by id;
  curl localhost:8080/readyz
  curl localhost:8080/status
  curl localhost:8083/connectors/mirror/status

docs/mirror.md has a session to follow. Ctrl-C or `make down` stops everything. The data stays in .stack/mirror-data until `make clean`.";

fn service(stack: &Stack, program: PathBuf) -> Service {
    let settings = stack.mirror_settings();
    let ready = format!("http://127.0.0.1:{}/readyz", stack.ports().orderstream);
    let launch = move || {
        let mut command = Command::new(&program);
        command.args(["mirror", "run"]).envs(settings.clone());
        command
    };
    stack.service("mirror", launch, move || answers(&ready))
}

/// Waits until the mirror has met a table, because the topics of a new connector are made by its first events.
fn await_first_table(stack: &Stack) -> Result<()> {
    until("the mirror has met a table", PATIENCE, || {
        match stack.psql_in("mirror", "select count(*) from orderstream_mirror.mirror_tables") {
            Ok(count) if count != "0" => Attempt::Ready(()),
            Ok(_) => Attempt::NotYet("it has met none".to_owned()),
            Err(error) => Attempt::NotYet(format!("{error:#}")),
        }
    })
}
