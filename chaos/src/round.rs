//! One round of chaos: work and faults at once, then healing, then the checks.

use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use fastrand::Rng;
use stack::wait::{Attempt, until};

use crate::checks::{self, Finding, Read};
use crate::fault::{self, Place};
use crate::killed_broker::{self, Gap};
use crate::schedule::{self, Planned};
use crate::setting::Setting;
use crate::topics::ORDERS;
use crate::watch::Watch;
use crate::workload::{self, Clock};
use crate::world::{Kind, World};
use crate::{poison, statements};

const PATIENCE: Duration = Duration::from_secs(30);
/// How many partitions the topic of orders has before one is added.
const PARTITIONS: usize = 4;
const LAST_WORDS: &str = "
insert into customers (id, name) values ('LAST', 'Last') on conflict (id) do update set name = 'Last ' || clock_timestamp();
insert into orders (customer_id, product_id, quantity, price) values ('LAST', 'LAST', 1, 1.00)";

/// What became of a fault.
#[derive(Debug)]
pub(crate) struct Happened {
    pub(crate) planned: Planned,
    /// When the fault really began.
    pub(crate) began: Duration,
    pub(crate) ended: Duration,
    /// Why the fault could not begin or end, because another fault was in the way. Healing ends such a fault.
    pub(crate) in_the_way: Option<String>,
}

impl Happened {
    /// The finding if the fault was an orderly stop of an orderstream process and the process had to be killed (P10).
    pub(crate) fn stuck(&self) -> Option<Finding> {
        let Place::Worker(_) = self.planned.fault.place else { return None };
        let why = self.in_the_way.as_ref().filter(|_| self.planned.fault.kind == fault::Kind::Stop)?;
        Some(Finding::new("P10", format!("{}: {why}", self.planned.fault)))
    }
}

/// A round and what it found.
#[derive(Debug, Default)]
pub(crate) struct Round {
    pub(crate) seed: u64,
    /// How long the shop works.
    pub(crate) work: Duration,
    pub(crate) workers: usize,
    pub(crate) happened: Vec<Happened>,
    pub(crate) transactions: usize,
    pub(crate) poison: usize,
    /// The time from the end of the faults until all services were healthy; `settling` is the time after it until every promise held.
    pub(crate) healing: Duration,
    pub(crate) settling: Duration,
    /// The check that came right last.
    pub(crate) last: Option<Finding>,
    pub(crate) longest_silence: Duration,
    pub(crate) most_memory_mb: u64,
    /// What the death of one of several brokers cost when nothing else was wrong.
    pub(crate) gap: Option<Gap>,
    pub(crate) findings: Vec<Finding>,
}

impl Round {
    pub(crate) fn new(seed: u64, work: Duration) -> Self {
        Self { seed, work, ..Self::default() }
    }

    /// Runs the round, and puts what it found into `findings`.
    pub(crate) fn run(&mut self, world: &mut World, read: &mut Read) -> Result<()> {
        let mut rng = Rng::with_seed(self.seed);
        self.workers = rng.usize(2..=world.processes.len());
        world.set_active(self.workers, Setting::any(&mut rng))?;
        let may_add_partition = world.topics.ends(ORDERS)?.len() == PARTITIONS;
        let plan = schedule::plan(&mut rng, world.kind, self.work, self.workers, may_add_partition);
        println!("\nround with seed {}: {} processes, {} faults, {}", self.seed, self.workers, plan.len(), world.setting);
        let (world, watch): (&World, Watch) = (world, Watch::default());
        let (ended, watched) = thread::scope(|scope| {
            let watching = scope.spawn(|| watch.run(world));
            let ended = self.disturb(world, plan).and_then(|()| self.recover(world, read, &watch));
            watch.end();
            (ended, watching.join())
        });
        let watched = watched.map_err(|_| anyhow!("the watch panicked"))?;
        self.longest_silence = watched.longest_silence();
        self.most_memory_mb = watched.most_memory_mb;
        self.findings.extend(self.happened.iter().filter_map(Happened::stuck));
        self.findings.extend(watched.findings(world.kind));
        ended?;
        if world.kind == Kind::Ha && self.findings.is_empty() {
            self.kill_a_broker(world, read, &mut rng)?;
        }
        Ok(())
    }

    /// Kills a broker when nothing else is wrong, and looks that everything is right afterwards.
    fn kill_a_broker(&mut self, world: &World, read: &mut Read, rng: &mut Rng) -> Result<()> {
        let gap = killed_broker::measure(world, rng)?;
        self.findings.extend(gap.finding());
        self.gap = Some(gap);
        self.findings.extend(checks::settle(world, read).findings);
        world.was_processed(read.orders_read());
        Ok(())
    }

    /// Lets work, poison and faults happen at once.
    fn disturb(&mut self, world: &World, plan: Vec<Planned>) -> Result<()> {
        workload::clear(world)?;
        let (clock, begin) = (Clock::ending_in(self.work), Instant::now());
        let work = world.runtime.spawn(workload::run(world.stack.database_url(), self.seed, clock));
        let poison_rng = Rng::with_seed(self.seed ^ 0xdead);
        let (happened, poison) = thread::scope(|scope| {
            let poison = scope.spawn(|| poison::send(&world.topics, poison_rng, &clock, world.setting.transactions));
            let faults: Vec<_> = plan.into_iter().map(|planned| scope.spawn(move || happen(world, planned, begin))).collect();
            (faults.into_iter().map(thread::ScopedJoinHandle::join).collect::<Vec<_>>(), poison.join())
        });
        self.happened = happened.into_iter().collect::<thread::Result<_>>().map_err(|_| anyhow!("a fault panicked"))?;
        self.poison = poison.map_err(|_| anyhow!("the sender of poison panicked"))??;
        self.transactions = world.runtime.block_on(work)?;
        Ok(())
    }

    fn recover(&mut self, world: &World, read: &mut Read, watch: &Watch) -> Result<()> {
        let begin = Instant::now();
        world.heal()?;
        self.healing = begin.elapsed();
        watch.healed();
        // Whoever sees the effects of these statements has seen everything before them.
        until("Postgres takes writes", PATIENCE, || Attempt::from(world.stack.psql(statements::CORRECT)))?;
        world.stack.psql(LAST_WORDS)?;
        let begin = Instant::now();
        if world.changed_by_hand.swap(false, Ordering::SeqCst) {
            checks::repair(world)?;
        }
        let settled = checks::settle(world, read);
        (self.findings, self.last) = (settled.findings, settled.last);
        world.was_processed(read.orders_read());
        self.settling = begin.elapsed();
        Ok(())
    }
}

fn happen(world: &World, planned: Planned, begin: Instant) -> Happened {
    thread::sleep(planned.at.saturating_sub(begin.elapsed()));
    let began = begin.elapsed();
    let mut in_the_way = planned.fault.begin(world).err();
    if in_the_way.is_none() {
        thread::sleep(planned.lasts);
        in_the_way = planned.fault.end(world).err();
    }
    Happened { planned, began, ended: begin.elapsed(), in_the_way: in_the_way.map(|error| format!("{error:#}")) }
}
