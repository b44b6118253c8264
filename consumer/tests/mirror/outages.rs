//! Processes and servers that die, stand still, or are away, under load: nothing is lost, doubled, or older than before (P3 to P6).

use std::thread::{self, JoinHandle};

use serde_json::Value;
use stack::proxy::{Mode, Proxy};
use tokio::runtime::Runtime;

use crate::topic::Topics;
use crate::world::{World, run};

const TABLES: [&str; 2] = ["accounts", "moves"];

const CREATE: &str = "create table accounts (id int primary key, n bigint not null, note text);
    create table moves (a int, b numeric, v text, primary key (b, a));
    create sequence ids start 100000; insert into accounts select g, 0, 'made' from generate_series(1, 300) g;
    insert into moves values (0, 0, 'made')";

/// Inserts, updates, deletes and changed keys in many small transactions, and one large transaction between them.
fn load(world: &World, rounds: usize) -> JoinHandle<()> {
    let url = world.source_url();
    let statements = format!(
        "do $$ begin for round in 1..{rounds} loop
            insert into accounts values (1 + random() * 400, 1, 'again') on conflict (id) do update set n = accounts.n + 1;
            update accounts set n = n + 1, note = 'round ' || round where id between 1 + (round * 7) % 300 and 4 + (round * 7) % 300;
            delete from accounts where id = (1 + random() * 400)::int;
            update accounts set id = nextval('ids') where id = (1 + random() * 400)::int;
            insert into moves select round, g, 'x' from generate_series(1, 5) g on conflict (a, b) do update set v = excluded.v || round;
            delete from moves where b = 1 + round % 5 and a % 3 = 0;
            commit;
            if round = {rounds} / 2 then
                update accounts set n = n + 1; delete from accounts where id % 11 = 0;
                insert into moves select -g, round, 'large' from generate_series(1, 5000) g on conflict do nothing; commit;
            end if;
        end loop; end $$"
    );
    thread::spawn(move || drop(run(&url, &statements)))
}

/// How many records the topics of the world hold.
fn records(world: &World, prefix: &str) -> i64 {
    let topics = Topics::at(world.stack().bootstrap_servers());
    TABLES.iter().flat_map(|table| topics.ends(&format!("{prefix}.public.{table}"))).sum()
}

/// Each record has exactly one fate, however often it was read (P1).
#[track_caller]
fn await_one_fate_each(world: &World, prefix: &str) {
    let counted = "select sum(applied + stale + ignored + dead_lettered) = sum(next_offset), sum(next_offset)
        from orderstream_mirror.consumer_offsets";
    world.await_target(counted, &format!("t|{}", records(world, prefix)));
}

/// How many rows the load has written so far.
fn progress(world: &World) -> i64 {
    world.target("select coalesce(sum(applied), 0) from orderstream_mirror.consumer_offsets").parse().unwrap()
}

#[track_caller]
fn await_progress(world: &World) {
    let before = progress(world);
    world.await_that("the mirror goes on", || if progress(world) > before { Ok(()) } else { Err(format!("{before} are applied")) });
}

/// The partitions of a process.
fn partitions(world: &World, process: usize) -> usize {
    let status: Value = serde_json::from_str(&world.get(process, "/status")).unwrap_or_default();
    let running = |partition: &&Value| partition["state"] == "running";
    status["partitions"].as_array().map_or(0, |partitions| partitions.iter().filter(running).count())
}

#[test]
fn what_connect_sends_again_after_it_was_killed_changes_nothing() {
    let mut world = World::new("m_connect");
    world.source(CREATE);
    world.capture("public\\..*", &[("offset.flush.interval.ms", "60000")]);
    world.mirror(&[]);
    world.await_same(&TABLES);
    world.source("update accounts set n = n + 1");
    world.stack().connect_api().await_stored_offset("m_connect").unwrap();
    for _ in 0..2 {
        let load = load(&world, 300);
        await_progress(&world);
        world.stack().connect().kill();
        world.stack().connect().start().unwrap();
        load.join().unwrap();
        world.stack().connect_api().await_running("m_connect").unwrap();
        world.await_same(&TABLES);
    }
    await_one_fate_each(&world, "m_connect");
}

#[test]
fn a_mirror_that_is_killed_under_load_goes_on_where_it_was() {
    let mut world = World::new("m_killed");
    world.source(&format!("{CREATE}; create table log (v text); insert into log values ('first')"));
    world.capture("public\\..*", &[("topic.creation.default.partitions", "4")]);
    let mirror = world.mirror(&[("BATCH_MAX_RECORDS", "50")]);
    world.await_same(&TABLES);
    let load = load(&world, 400);
    let url = world.source_url();
    let log = thread::spawn(move || {
        drop(run(&url, "do $$ begin for round in 1..400 loop insert into log values (round), ('same'); commit; end loop; end $$"));
    });
    for _ in 0..4 {
        await_progress(&world);
        world.process(mirror).kill();
        world.process(mirror).start().unwrap();
    }
    load.join().unwrap();
    log.join().unwrap();
    world.await_same(&TABLES);
    // Rows without a key show each record that would be lost or written twice.
    world.await_same(&["log"]);
}

#[test]
fn processes_of_one_group_share_the_partitions_and_each_takes_over_from_another_that_is_killed_or_stands_still() {
    let mut world = World::new("m_two");
    world.source(CREATE);
    world.capture("public\\..*", &[("topic.creation.default.partitions", "4")]);
    let settings = [("MIRROR_GROUP_ID", "m_two"), ("BATCH_MAX_RECORDS", "100")];
    let one = world.mirror(&settings);
    world.await_same(&TABLES);
    let other = world.mirror(&settings);
    let share = |of: &[usize]| of.iter().map(|process| partitions(&world, *process)).collect::<Vec<_>>();
    let await_share = |what: &str, holds: &dyn Fn(&[usize]) -> bool| {
        world.await_that(what, || {
            let share = share(&[one, other]);
            if holds(&share) { Ok(()) } else { Err(format!("they have {share:?}")) }
        });
    };
    await_share("both have partitions", &|share| share.iter().all(|have| *have > 0) && share.iter().sum::<usize>() == 8);
    let first = load(&world, 200);
    await_progress(&world);
    world.process(one).kill();
    await_share("the other has all", &|share| share[1] == 8);
    world.process(one).start().unwrap();
    await_share("both have partitions again", &|share| share.iter().all(|have| *have > 0) && share.iter().sum::<usize>() == 8);
    first.join().unwrap();
    let second = load(&world, 200);
    await_progress(&world);
    // A process that stands still has batches in flight and comes back as a zombie.
    world.process(other).pause().unwrap();
    await_share("the first has all", &|share| share[0] == 8);
    second.join().unwrap();
    world.await_same(&TABLES);
    let third = load(&world, 100);
    world.process(other).resume();
    third.join().unwrap();
    world.process(one).stop().unwrap();
    world.await_same(&TABLES);
    await_one_fate_each(&world, "m_two");
}

#[test]
fn while_postgres_is_away_the_records_wait_and_none_is_a_dead_letter() {
    let mut world = World::new("m_away");
    world.source(CREATE);
    world.capture("public\\..*", &[]);
    let runtime = Runtime::new().unwrap();
    let port = world.target_url().rsplit_once(':').and_then(|(_, rest)| rest.split_once('/')).unwrap().0.to_owned();
    let [target, source] = [(); 2].map(|()| Proxy::start(runtime.handle(), port.parse().unwrap()).unwrap());
    let through = |proxy: &Proxy, url: String| url.replace(&format!(":{port}/"), &format!(":{}/", proxy.port()));
    let (target_url, source_url) = (through(&target, world.target_url()), through(&source, world.source_url()));
    let mirror = world.mirror(&[("MIRROR_TARGET_URL", &target_url), ("MIRROR_SOURCE_URL", &source_url)]);
    world.await_same(&TABLES);
    for mode in [Mode::Refuse, Mode::AnswersLost, Mode::BlackHole] {
        let load = load(&world, 100);
        await_progress(&world);
        target.set(mode);
        world.await_reason(mirror, "postgres");
        load.join().unwrap();
        target.heal();
        world.await_same(&TABLES);
    }
    // The source's catalog is needed for a table that was never met, and not for others.
    source.set(Mode::Refuse);
    world.source("create table late (id int primary key); insert into late values (1); update accounts set n = n + 1");
    world.await_same(&TABLES);
    world.await_reason(mirror, "late");
    source.heal();
    world.await_same(&["late"]);
    await_one_fate_each_of_all(&world);
}

/// The counters of all topics agree with their positions.
#[track_caller]
fn await_one_fate_each_of_all(world: &World) {
    world.await_target(
        "select bool_and(applied + stale + ignored + dead_lettered = next_offset) from orderstream_mirror.consumer_offsets",
        "t",
    );
}
