//! `make up` and `make services`, which start everything and look after it until somebody ends it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use stack::{Job, Monitoring, MonitoringPorts, Service, Stack, answers, running_process};

use crate::interrupts::Interrupts;
use crate::place::Place;
use crate::restarts::Restarts;

/// How long the death of a process stays unnoticed at most.
const LOOK: Duration = Duration::from_millis(200);

/// Runs the services and orderstream, and Prometheus with Alertmanager if they are asked for.
pub(crate) fn up(place: &Place, monitoring: bool) -> Result<()> {
    if monitoring && place.is_secure() {
        bail!("Prometheus and what it reads have no login here: start the stack with MONITORING=1 or with SECURE=1");
    }
    let begin = Instant::now();
    let interrupts = Interrupts::catch()?;
    let program = orderstream_program()?;
    ensure_orderstream_unused(place, Job::Orders)?;
    println!("starting Redis, Postgres and Kafka, then Kafka Connect with the connector, then orderstream: about half a minute");
    let stack = start_services(place, Job::Orders, monitoring)?;
    let orderstream = orderstream(&stack, program.clone());
    let start = Instant::now();
    orderstream.start()?;
    step("orderstream is ready", start.elapsed());
    let monitoring = monitoring.then(|| start_monitoring(&stack)).transpose()?;
    println!("\nEverything is ready after {:.1} s.\n{}{}", begin.elapsed().as_secs_f64(), shell_hint(&stack), hints(&program));
    let of_monitoring = monitoring.iter().flat_map(Monitoring::services);
    watch(&stack, [&orderstream].into_iter().chain(of_monitoring), &interrupts);
    println!("stopping");
    let monitors = monitoring.iter().flat_map(Monitoring::services).try_for_each(Service::stop);
    orderstream.stop().and(monitors).and(stack.stop())
}

/// Runs the services alone.
pub(crate) fn services(place: &Place) -> Result<()> {
    let begin = Instant::now();
    let interrupts = Interrupts::catch()?;
    println!("starting Redis, Postgres and Kafka, then Kafka Connect with the connector: about half a minute");
    let stack = start_services(place, Job::Orders, false)?;
    println!("\nThe services are ready after {:.1} s. For orderstream:\n", begin.elapsed().as_secs_f64());
    for (name, value) in stack.orderstream_settings() {
        println!("  export {name}={value}");
    }
    println!("{AFTERWARDS}");
    watch(&stack, [], &interrupts);
    println!("stopping");
    stack.stop()
}

/// How a shell finds into a secured stack.
fn shell_hint(stack: &Stack) -> String {
    stack
        .shell_file()
        .map_or_else(String::new, |file| format!("Every service wants TLS and a login. In bash, first:\n\n  . {}\n\n", file.display()))
}

/// What to try, with the whole path of orderstream's program: no folder of `PATH` has the program, and the other shell may be in any folder.
fn hints(program: &Path) -> String {
    let program = program.display();
    format!(
        "\
Try, in another shell:

  psql postgres://postgres:postgres@localhost:15432/orders
    insert into orders (customer_id, product_id, quantity, price) values ('CUST005', 'PROD500', 7, 19.99) returning id;
    select order_id, customer_name, total, status, enrichment from results order by order_id;
  redis-cli HGETALL order:6
  redis-cli HGETALL customer:CUST005
  http://localhost:8080 in a browser; whoever logs in with the token orderstream may also act
  {program} trace 1
  {program} status
  {program} dlq list
  curl localhost:8080/readyz
  curl localhost:8080/metrics
  curl localhost:8083/connectors/shop/status

Ctrl-C or `make down` stops everything. The data stays in .stack/data until `make clean`."
    )
}

const AFTERWARDS: &str = "\nCtrl-C or `make down` stops them. The data stays in .stack/data until `make clean`.";

/// Fails if the port of orderstream is taken. If a stack runs already, its start says so, which explains better than a port in use.
pub(crate) fn ensure_orderstream_unused(place: &Place, job: Job) -> Result<()> {
    if running_process(&place.folder(job))?.is_none() { place.ports().ensure_orderstream_unused() } else { Ok(()) }
}

pub(crate) fn start_services(place: &Place, job: Job, monitoring: bool) -> Result<Stack> {
    let builder = Stack::builder(place.folder(job)).job(job).ports(place.ports()).secure(place.is_secure()).report(step);
    if monitoring { builder.watched(MonitoringPorts::fixed()).start() } else { builder.start() }
}

fn start_monitoring(stack: &Stack) -> Result<Monitoring> {
    let begin = Instant::now();
    let orderstream = SocketAddr::from(([127, 0, 0, 1], stack.ports().orderstream));
    let monitoring = Monitoring::prepare(stack, MonitoringPorts::fixed(), &[orderstream])?;
    monitoring.start()?;
    step("Prometheus (http://localhost:9090) and Alertmanager (http://localhost:9094) are ready", begin.elapsed());
    Ok(monitoring)
}

pub(crate) fn step(what: &str, time: Duration) {
    println!("[{:5.1} s] {what}", time.as_secs_f64());
}

/// The path of the orderstream program. The Makefile builds orderstream and this program into one folder.
pub(crate) fn orderstream_program() -> Result<PathBuf> {
    let here = std::env::current_exe().context("the folder of this program is unknown")?;
    let program = here.parent().unwrap_or(Path::new("/")).join("orderstream");
    if !program.is_file() {
        bail!("{} is missing: `make up` builds it", program.display());
    }
    Ok(program)
}

fn orderstream(stack: &Stack, program: PathBuf) -> Service {
    let settings = stack.orderstream_settings();
    let ready = format!("http://127.0.0.1:{}/readyz", stack.ports().orderstream);
    let launch = move || {
        let mut command = Command::new(&program);
        command.envs(settings.clone());
        command
    };
    stack.service("orderstream", launch, move || answers(&ready))
}

/// Looks after the services and what runs beside them until a signal comes. A process that dies is started again, as docker compose does.
pub(crate) fn watch<'a>(stack: &'a Stack, beside: impl IntoIterator<Item = &'a Service>, interrupts: &Interrupts) {
    interrupts.allow_orderly_end();
    let begin = Instant::now();
    let mut watched: Vec<(&Service, Restarts)> =
        stack.services().into_iter().chain(beside).map(|service| (service, Restarts::new(begin))).collect();
    while !interrupts.come_within(LOOK) {
        for (service, restarts) in &mut watched {
            restarts.look_after(service, Instant::now());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_name_the_program_by_its_whole_path() {
        let hints = hints(Path::new("/clone/target/up/orderstream"));
        for command in ["trace 1", "status", "dlq list"] {
            let line = format!("\n  /clone/target/up/orderstream {command}\n");
            assert!(hints.contains(&line), "{hints}");
        }
    }
}
