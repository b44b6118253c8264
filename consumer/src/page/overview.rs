//! What the page shows of the stream, as of one second. Pure: everything is a value, and `now` is an argument.
//!
//! This process knows itself as of now, and the others as of their last report, which every process makes each two seconds.

use std::collections::BTreeMap;
use std::time::Instant;

pub mod handler;
mod nodes;
mod partitions;
pub mod shapes;

pub use shapes::Overview;
use shapes::{
    AsOf, Bottleneck, Due, Edge, Edges, Held, Lag, LatestOrder, LetterCount, Process, Quantiles, Rebuilding, RedisLookups, RedisNow,
    Verdict,
};

use super::actions::state::Action;
use super::alerts::{self, Alert};
use super::memory::Memory;
use crate::health::{self, Breakers, Detail, EdgeDetail, Group, Heard, REVISION, Rules, Snapshot, VERSION, findings, plural, status};
use crate::results::letter_pages::Run;

/// What other parts know that the page shows.
#[derive(Debug, Default)]
pub struct Around {
    /// The time, in milliseconds since 1970.
    pub at: i64,
    /// The number of the sample.
    pub seq: u64,
    /// The name of this start of the process.
    pub instance: String,
    /// The breakers around Redis.
    pub breakers: Option<Breakers>,
    /// The newest orders, and when they were read, in milliseconds since 1970.
    pub latest: Option<(i64, Vec<LatestOrder>)>,
    /// The actions that run now, and the last one that has ended.
    pub actions: Option<Vec<Action>>,
    /// The reasons whose open letters are rising, with their runs.
    pub rising: BTreeMap<String, Run>,
    /// How many transitions the breakers have made.
    pub transitions: u64,
}

/// The work of a process, and how long ago that was.
struct Known<'a> {
    process: &'a str,
    detail: &'a Detail,
    silence_s: u64,
}

impl Overview {
    /// The overview as of `now`.
    #[must_use]
    pub fn new(snapshot: &Snapshot, rules: &Rules, own: &Detail, memory: &mut Memory, around: Around, now: Instant) -> Self {
        let findings = findings(snapshot, rules, now);
        let not_shrinking = snapshot.group.due.and_then(|(orders, due, _)| memory.due.take_in(orders, due, now));
        let known = alerts::Known {
            findings: &findings,
            group: &snapshot.group,
            instance: &around.instance,
            rising: &around.rising,
            not_shrinking,
            now,
            at: around.at,
        };
        let alerts = alerts::alerts(&known);
        let verdict = health::Verdict::of(findings);
        let others = others(&snapshot.group, &around.instance, now);
        let this = Known { process: "", detail: own, silence_s: 0 };
        let own_name = own_name(&snapshot.group, &around.instance);
        let all: Vec<Known<'_>> = [Known { process: &own_name, ..this }].into_iter().chain(others).collect();
        // What a process said that is silent since counts no more; of its partitions it is shown, with its age.
        let heard: Vec<&Known<'_>> = all.iter().filter(|known| known.silence_s <= partitions::SILENT_S).collect();
        let partitions = partitions::of(&all, snapshot);
        let lag = partitions::lag(&partitions, memory, now);
        let edges = edges(&heard);
        let bottleneck = memory.bottleneck(|name| edges.get(name).and_then(|edge| edge.busy), now);
        let group = &snapshot.group;
        let headline = headline(&alerts, &lag, open_letters(group));
        let ago = |at: Instant| around.at - i64::try_from(now.saturating_duration_since(at).as_millis()).unwrap_or(0);
        let (latest_at, latest) = around.latest.unzip();
        Self {
            at: around.at,
            seq: around.seq,
            version: VERSION,
            revision: REVISION,
            verdict: Verdict { state: status(&verdict), headline, reasons: verdict.reasons, degraded: verdict.degraded },
            lag,
            age_ms: Quantiles { p50: slowest(&heard, 0), p99: slowest(&heard, 1) },
            bottleneck: bottleneck.map(|cause| Bottleneck { edge: cause.edge, busy: cause.busy, for_s: cause.for_s }),
            nodes: nodes::of(snapshot, now),
            due: group.due.map(|(orders, now, customers)| Due { orders: count(orders), now: count(now), customers: count(customers) }),
            letters: group.letters.as_ref().map(|all| {
                let of = |letters: &crate::health::Letters| LetterCount {
                    reason: letters.reason.clone(),
                    open: count(letters.open),
                    resolved: count(letters.resolved),
                };
                all.iter().map(of).collect()
            }),
            redis: RedisNow {
                held: snapshot.controls.hold.as_ref().map(Held::from),
                ..redis(&heard, &partitions, around.breakers.as_ref(), around.transitions)
            },
            processes: processes(group, &around.instance, now),
            latest,
            as_of: AsOf {
                group: group.processes.as_ref().map(|(read, _)| ago(*read)),
                letters: group.counted.map(ago),
                shop: snapshot.source.slots.as_ref().and_then(|slots| slots.asked).map(ago),
                connect: snapshot.source.connector.as_ref().and_then(|connector| connector.asked).map(ago),
                latest: latest_at,
            },
            instance: around.instance,
            alerts,
            actions: around.actions,
            edges: Edges::of(edges),
            partitions,
        }
    }
}

fn others<'a>(group: &'a Group, instance: &str, now: Instant) -> Vec<Known<'a>> {
    let Some((read, heard)) = &group.processes else { return Vec::new() };
    let of = |heard: &'a Heard| {
        let detail = heard.report.detail.as_ref()?;
        Some(Known { process: &heard.report.process, detail, silence_s: heard.silence(*read, now).as_secs() })
    };
    heard.iter().filter(|heard| heard.report.instance != *instance).filter_map(of).collect()
}

fn own_name(group: &Group, instance: &str) -> String {
    let own = group.processes.iter().flat_map(|(_, heard)| heard).find(|heard| heard.report.instance == *instance);
    own.map_or_else(|| "this process".to_owned(), |own| own.report.process.clone())
}

/// The steps of all processes that report: rates add up, shares are those of an average partition, and the slowest process counts.
fn edges(all: &[&Known<'_>]) -> BTreeMap<String, EdgeDetail> {
    let mut sums: BTreeMap<String, (EdgeDetail, f64)> = BTreeMap::new();
    for known in all {
        let weight = f64::from(u32::try_from(known.detail.partitions.len()).unwrap_or(u32::MAX));
        for (name, edge) in &known.detail.edges {
            let (sum, weights) = sums.entry(name.clone()).or_default();
            sum.per_s = added(sum.per_s, edge.per_s);
            sum.errors_per_s = added(sum.errors_per_s, edge.errors_per_s);
            sum.p99_ms = [sum.p99_ms, edge.p99_ms].into_iter().flatten().reduce(f64::max);
            sum.busy = added(sum.busy, edge.busy.map(|busy| busy * weight));
            *weights += if edge.busy.is_some() { weight } else { 0.0 };
        }
    }
    let average = |(name, (sum, weights)): (String, (EdgeDetail, f64))| {
        (name, EdgeDetail { busy: sum.busy.filter(|_| weights > 0.0).map(|busy| busy / weights), ..sum })
    };
    sums.into_iter().map(average).collect()
}

fn added(sum: Option<f64>, more: Option<f64>) -> Option<f64> {
    [sum, more].into_iter().flatten().reduce(|sum, more| sum + more)
}

fn slowest(all: &[&Known<'_>], share: usize) -> Option<f64> {
    all.iter().filter_map(|known| known.detail.ages[share]).reduce(f64::max)
}

fn redis(all: &[&Known<'_>], partitions: &[shapes::Partition], breakers: Option<&Breakers>, transitions: u64) -> RedisNow {
    let lookups = [0, 1, 2].map(|kind| all.iter().fold(None, |sum, known| added(sum, known.detail.lookups[kind])));
    let rebuilding = all.iter().fold([0, 0], |[customers, orders], known| {
        let [more_customers, more_orders] = known.detail.rebuilding;
        [customers + more_customers, orders + more_orders]
    });
    RedisNow {
        breaker: breakers.map(|both| (&both.server).into()),
        breaker_of_writes: breakers.map(|both| (&both.writes).into()),
        transitions,
        held: None,
        lookups: RedisLookups { found_per_s: lookups[0], missing_per_s: lookups[1], unavailable_per_s: lookups[2] },
        behind: partitions.iter().filter_map(|known| known.redis_behind).reduce(|sum, more| sum + more),
        rebuilding: Some(Rebuilding { customers: rebuilding[0], orders: rebuilding[1] }),
    }
}

fn processes(group: &Group, instance: &str, now: Instant) -> Vec<Process> {
    let Some((read, heard)) = &group.processes else { return Vec::new() };
    let of = |heard: &Heard| Process {
        process: heard.report.process.clone(),
        instance: heard.report.instance.clone(),
        state: heard.told(*read, now).to_owned(),
        heard_s: heard.silence(*read, now).as_secs(),
        version: heard.report.version.clone(),
        uptime_s: count(heard.report.up_seconds),
        partitions: heard.report.partitions.clone(),
        reasons: heard.report.reasons.clone(),
        is_this: heard.report.instance == *instance,
    };
    heard.iter().map(of).collect()
}

/// How many letters are open, as far as that is known.
fn open_letters(group: &Group) -> u64 {
    group.letters.iter().flatten().map(|letters| count(letters.open)).sum()
}

/// The sentence at the head of the page. A change in an open letter is neither in results nor in Redis, so the letters are named.
fn headline(alerts: &[Alert], lag: &Lag, open_letters: u64) -> String {
    if let Some((worst, others)) = alerts.split_first() {
        let more = if others.is_empty() { String::new() } else { format!(" {} more under Alerts.", others.len()) };
        return format!("{}. {}{more}", worst.what.trim_end_matches('.'), worst.self_heals);
    }
    let records = |lag| format!("{lag} {} behind", plural(lag, "record is", "records are"));
    let stand = match (lag.records, lag.at_least) {
        (Some(0), false) => "Everything that the shop has sent is in results and in Redis, or on its way".to_owned(),
        (Some(lag), false) => format!("{} and being worked on", records(lag)),
        (Some(lag), true) => format!("At least {}; of some partitions nobody knows", records(lag)),
        (None, _) => "How far behind the work is, is not known yet".to_owned(),
    };
    match open_letters {
        0 => format!("{stand}."),
        open => format!("{stand}, but {open} {} open.", plural(open, "dead letter is", "dead letters are")),
    }
}

impl Edges {
    fn of(mut edges: BTreeMap<String, EdgeDetail>) -> Self {
        let mut take = |name: &str| Edge::from(edges.remove(name).unwrap_or_default());
        Self {
            read: take("read"),
            decode: take("decode"),
            lookup: take("lookup"),
            commit: take("commit"),
            write_back: take("write_back"),
            dead_letter: take("dead_letter"),
            sweep: take("sweep"),
        }
    }
}

fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

#[cfg(test)]
mod tests;
