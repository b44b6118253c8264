//! One process of `orderstream mirror run`, with every setting at its default.

use std::process::Command;

use anyhow::{Context, Result, ensure};
use stack::Service;
use stack::wait::{Attempt, until};

use super::source::{self, Load};
use super::target::{self, Target};
use super::watched::Watched;
use crate::cost::{memory_mb, peak_memory_mb};
use crate::drain::patience;
use crate::ground::Ground;
use crate::measures::Measures;

/// How many changes are stored.
const DONE: &str = "select coalesce(sum(applied + stale + dead_lettered), 0)::bigint from orderstream_mirror.consumer_offsets";
const MADE: &str = "select count(*) from orderstream_mirror.mirror_tables";

/// Measures one process from an empty target to an equal one.
pub(crate) fn drain(ground: &Ground, load: &Load) -> Result<Measures> {
    let mut target = empty(ground, load)?;
    let processes = [service(ground, load)];
    let watched = Watched::begin(ground, load)?;
    processes[0].launch()?;
    let commits = watched.await_rows(&mut target, DONE, || processes[0].death())?;
    let mut measures = watched.measures(&commits, &processes)?;
    measures.put("peak_mb", peak_memory_mb(pid(&processes[0])?)?);
    target.check(load)?;
    processes[0].stop()?;
    Ok(measures)
}

/// Measures how soon all tables are made, how soon all have their rows, and the memory that the process needs for them.
pub(crate) fn make_tables(ground: &Ground, load: &Load) -> Result<Measures> {
    let mut target = empty(ground, load)?;
    let process = service(ground, load);
    let watched = Watched::begin(ground, load)?;
    process.launch()?;
    let tables = target.names().len() as u64;
    let made = until("all tables are made", patience(load.changes), || match process.death() {
        Some(death) => Attempt::Hopeless(death),
        None => Attempt::from(target.number(MADE.to_owned()).and_then(|made| {
            ensure!(made == tables, "{made} of {tables}");
            Ok(watched.elapsed_ms())
        })),
    })?;
    until("each table has its rows", patience(load.changes), || match process.death() {
        Some(death) => Attempt::Hopeless(death),
        None => Attempt::from(target.complete(load)),
    })?;
    let mut measures = Measures::default();
    measures.put("tables_made_ms", made);
    measures.put("tables_filled_ms", watched.elapsed_ms());
    target.check(load)?;
    measures.put("tables_mb", memory_mb(pid(&process)?)?);
    measures.put("tables_peak_mb", peak_memory_mb(pid(&process)?)?);
    process.stop()?;
    Ok(measures)
}

fn empty<'a>(ground: &'a Ground, load: &Load) -> Result<Target<'a>> {
    Target::empty(ground, load, |table| format!("{}.{table}", load.shape.schema()))
}

fn pid(process: &Service) -> Result<u32> {
    process.pid().context("orderstream mirror run has ended")
}

fn service(ground: &Ground, load: &Load) -> Service {
    let environment = [
        ("KAFKA_BOOTSTRAP_SERVERS", ground.stack.bootstrap_servers()),
        ("MIRROR_TOPICS", format!("^{}", load.topics())),
        ("MIRROR_TARGET_URL", ground.database_url(target::DATABASE)),
        ("MIRROR_SOURCE_URL", source::url(ground)),
        ("HTTP_LISTEN", format!("127.0.0.1:{}", ground.stack.ports().orderstream)),
    ];
    let program = ground.program().to_owned();
    let launch = move || {
        let mut command = Command::new(&program);
        command.args(["mirror", "run"]).envs(environment.clone());
        command
    };
    let port = ground.stack.ports().orderstream;
    ground.stack.service("mirror", launch, move || stack::answers(&format!("http://127.0.0.1:{port}/readyz")))
}
