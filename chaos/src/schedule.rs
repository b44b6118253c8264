//! The schedule of a round: which fault comes when, all chosen from the seed.

use std::time::Duration;

use fastrand::Rng;
use stack::proxy::Mode;

use crate::broker_faults::Which;
use crate::fault::{Fault, Kind, Place};
use crate::schema_faults::Alteration;
use crate::world::Kind as World;

/// The shop works a little longer than the last fault begins.
const LAST_WORK: Duration = Duration::from_secs(3);
/// How many faults begin in twenty seconds.
const FAULTS: std::ops::RangeInclusive<u64> = 7..=12;

/// A fault with its time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Planned {
    pub(crate) fault: Fault,
    /// When the fault begins, counted from the beginning of the round.
    pub(crate) at: Duration,
    pub(crate) lasts: Duration,
}

/// Chooses the faults of a round in the world with `workers` processes, in which the shop works for the time `work`.
pub(crate) fn plan(rng: &mut Rng, world: World, work: Duration, workers: usize, may_add_partition: bool) -> Vec<Planned> {
    let mut plan: Vec<Planned> = Vec::new();
    let span = milliseconds(work.saturating_sub(LAST_WORK)).max(1);
    for _ in 0..(span * rng.u64(FAULTS)).div_ceil(20_000) {
        let fault = any(rng, world, workers, may_add_partition);
        let at = Duration::from_millis(rng.u64(0..span));
        let planned = Planned { fault, at, lasts: duration(rng, fault) };
        if !plan.iter().any(|other| collide(other, &planned)) {
            plan.push(planned);
        }
    }
    plan.sort_by_key(|planned| planned.at);
    plan
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn any(rng: &mut Rng, world: World, workers: usize, may_add_partition: bool) -> Fault {
    // With several brokers, every third fault is theirs.
    if world == World::Ha && rng.u8(0..3) == 0 {
        return of_brokers(rng, world);
    }
    let worker = rng.usize(0..workers);
    let (place, kinds): (Place, &[Kind]) = match rng.u8(0..30) {
        0..=2 => (Place::Postgres, &[Kind::Kill, Kind::Pause, Kind::Stop, Kind::ReadOnly, Kind::Terminate, Kind::Terminate]),
        3..=6 => (Place::Redis, &REDIS),
        7..=8 => return of_brokers(rng, world),
        9..=10 => (Place::Connect, &[Kind::Kill, Kind::Kill, Kind::Pause, Kind::Stop]),
        11..=13 => (Place::Worker(worker), &[Kind::Kill, Kind::Kill, Kind::Pause, Kind::Stop]),
        14..=15 => (Place::ToPostgres(worker), &LINE),
        16..=17 => (Place::ToRedis(worker), &LINE),
        18..=20 => (Place::ToKafka(worker), &LINE),
        21 if may_add_partition => (Place::Topic, &[Kind::AddPartition]),
        22 => (Place::Table, &[Kind::Truncate]),
        23..=25 => (Place::Schema, &ALTERATIONS),
        26 => (Place::Topic, &[Kind::Retention]),
        27..=28 => (Place::Results, &[Kind::ByHand, Kind::OldData]),
        _ => (Place::Signals, &[Kind::Snapshot]),
    };
    let kind = match kinds[rng.usize(0..kinds.len())] {
        Kind::Line(_) => Kind::Line(mode(rng)),
        kind => kind,
    };
    Fault { place, kind }
}

fn of_brokers(rng: &mut Rng, world: World) -> Fault {
    let kinds = [Kind::Kill, Kind::Pause, Kind::Stop];
    let (which, kind) = (Which::any(rng, world), kinds[rng.usize(0..kinds.len())]);
    // A broker that stops asks the controllers for leave, and would wait for a majority that is gone.
    let kind = if kind == Kind::Stop && world == World::Ha && !which.leaves_a_majority() { Kind::Kill } else { kind };
    Fault { place: Place::Kafka(which), kind }
}

const REDIS: [Kind; 10] = [
    Kind::Kill,
    Kind::Pause,
    Kind::Stop,
    Kind::Flush,
    Kind::Full,
    Kind::ReadOnly,
    Kind::Emptied,
    Kind::OldData,
    Kind::Forbidden("restore"),
    Kind::Forbidden("evalsha"),
];
const ALTERATIONS: [Kind; 4] = {
    let [one, two, three, four] = Alteration::ALL;
    [Kind::Alter(one), Kind::Alter(two), Kind::Alter(three), Kind::Alter(four)]
};
const LINE: [Kind; 4] = [Kind::Cut, Kind::Forget, Kind::Line(Mode::Open), Kind::Line(Mode::Open)];

/// Chooses how a line behaves.
pub(crate) fn mode(rng: &mut Rng) -> Mode {
    match rng.u8(0..4) {
        0 => Mode::Slow(Duration::from_millis(rng.u64(20..400))),
        1 => Mode::BlackHole,
        2 => Mode::AnswersLost,
        _ => Mode::Refuse,
    }
}

/// Chooses how long the fault lasts. A paused worker may be paused for longer than its session with Kafka lasts, so that it wakes up as
/// a zombie.
fn duration(rng: &mut Rng, fault: Fault) -> Duration {
    let millis = match (fault.place, fault.kind) {
        (Place::Worker(_), Kind::Pause) => 500..14_000,
        // Longer than the controllers wait for a sign of a broker, which is nine seconds.
        (Place::Kafka(which), _) if which != Which::Only => 0..18_000,
        (_, Kind::Kill | Kind::Stop) => 0..6_000,
        (_, Kind::Pause | Kind::Full | Kind::ReadOnly | Kind::Forbidden(_) | Kind::Alter(_)) => 300..8_000,
        (_, Kind::Line(_) | Kind::Forget) => 300..12_000,
        (_, Kind::OldData) => 1_000..8_000,
        _ => 0..1,
    };
    Duration::from_millis(rng.u64(millis))
}

fn collide(a: &Planned, b: &Planned) -> bool {
    let lie_apart = a.at + a.lasts < b.at || b.at + b.lasts < a.at;
    let once = [a, b].iter().any(|planned| matches!(planned.fault.kind, Kind::AddPartition | Kind::Truncate));
    is_one(a.fault.place, b.fault.place) && (once || !lie_apart) || disturbs_a_snapshot([a.fault.kind, b.fault.kind])
}

/// Whether the two places are one. All brokers are one place, because which brokers a fault happens to is found out when it begins.
fn is_one(a: Place, b: Place) -> bool {
    a == b || matches!((a, b), (Place::Kafka(_), Place::Kafka(_)))
}

/// Whether the two faults must not happen at once, because one of them is an incremental snapshot and the other disturbs it.
///
/// An incremental snapshot sends rows as they were when Debezium read them, and Debezium leaves out each row of which it has seen a change
/// since. A truncate names no rows, so Debezium would send all the rows that it has read after the truncate. Debezium's manual also says
/// that no column may change while an incremental snapshot runs.
fn disturbs_a_snapshot(kinds: [Kind; 2]) -> bool {
    kinds.contains(&Kind::Snapshot) && kinds.iter().any(|kind| matches!(kind, Kind::Truncate | Kind::Alter(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORK: Duration = Duration::from_secs(23);

    #[test]
    fn the_same_seed_plans_the_same_faults_and_another_seed_others() {
        let plan = |seed| {
            plan(&mut Rng::with_seed(seed), World::Plain, WORK, 3, true)
                .iter()
                .map(|planned| (planned.fault, planned.at))
                .collect::<Vec<_>>()
        };
        assert_eq!(plan(7), plan(7));
        assert_ne!(plan(7), plan(8));
    }

    #[test]
    fn no_place_has_two_faults_at_a_time() {
        for seed in 0..200 {
            let world = if seed % 2 == 0 { World::Plain } else { World::Ha };
            let plan = plan(&mut Rng::with_seed(seed), world, WORK, 2, true);
            for (number, one) in plan.iter().enumerate() {
                assert!(!plan[number + 1..].iter().any(|other| collide(one, other)), "seed {seed}: {plan:?}");
            }
        }
    }

    #[test]
    fn every_fault_of_brokers_comes_in_a_thousand_rounds_of_a_world_with_three() {
        let texts: std::collections::BTreeSet<String> = (0..1000)
            .flat_map(|seed| plan(&mut Rng::with_seed(seed), World::Ha, WORK, 1, true))
            .map(|planned| planned.fault.to_string())
            .filter(|text| text.starts_with("Kafka"))
            .collect();
        // Each broker, and each of three parts, may be killed, hang or be restarted; of all but one and all there is no restart.
        assert_eq!(texts.len(), (3 + 3) * 3 + (3 + 1) * 2, "{texts:?}");
    }

    #[test]
    fn every_kind_of_fault_comes_in_a_hundred_rounds() {
        let texts: std::collections::BTreeSet<String> = (0..100)
            .flat_map(|seed| plan(&mut Rng::with_seed(seed), World::Plain, WORK, 1, true))
            .map(|planned| planned.fault.to_string())
            .filter(|text| !text.contains("delayed"))
            .collect();
        // There are 5 faults of Postgres, 10 of Redis, 3 each of Kafka, Connect and the worker, 5 of each line beside the delays, 4 of the
        // schema, 2 of the results, and one each of a snapshot, a truncate, a partition and a retention.
        assert_eq!(texts.len(), 5 + 10 + 3 * 3 + 5 * 3 + 4 + 2 + 4, "{texts:?}");
    }
}
