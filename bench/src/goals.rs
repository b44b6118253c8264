//! The goals: what the figures ought to be on a machine with two cores that runs all servers too.

use std::fmt;

use serde_json::{Value, json};

use crate::measures::{Measures, Spread};
use crate::report::CaseResult;

/// A bound.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

use Bound::{AtLeast, AtMost};

/// A figure and its bound.
#[derive(Clone, Copy, Debug)]
struct Goal<'a> {
    case: &'a str,
    measure: &'static str,
    /// The case of whose same measure the goal is a share. The share is taken within each round, because the machine's speed drifts from
    /// one round to the next.
    of: Option<&'static str>,
    bound: Bound,
}

/// The bound for the peak memory of every case.
const MEMORY_MB: Bound = AtMost(200.0);
const RATE: &str = "events_per_second";

const GOALS: [Goal<'static>; 34] = [
    share("drain-create", "floor", 0.9),
    figure("drain-create", RATE, AtLeast(58_000.0)),
    figure("drain-create", "cpu_us.orderstream", AtMost(5.0)),
    figure("drain-mixed", RATE, AtLeast(100_000.0)),
    figure("hot-keys", RATE, AtLeast(150_000.0)),
    share("poison", "drain-create", 0.9),
    share("redis-down", "drain-create", 1.0),
    figure("redis-down", "repair_per_second", AtLeast(30_000.0)),
    share("redis-hung", "drain-create", 1.0),
    figure("redis-hung", "repair_per_second", AtLeast(30_000.0)),
    figure("outage", "outage_peak_mb", AtMost(250.0)),
    figure("outage", "claims_meanwhile", AtMost(0.0)),
    figure("outage", "first_commit_after_ms", AtMost(5_000.0)),
    share("round-trips-1ms", "round-trips-0ms", 0.8),
    share("round-trips-5ms", "round-trips-0ms", 0.5),
    share("observed", "drain-create", 0.97),
    share("pages", "drain-create", 0.97),
    share("compared-on", "compared-off", 0.98),
    figure("latency", "row_p50_ms", AtMost(10.0)),
    figure("latency", "row_p99_ms", AtMost(30.0)),
    figure("latency", "hash_p50_ms", AtMost(11.0)),
    figure("latency", "hash_p99_ms", AtMost(35.0)),
    figure("burst", "complete_after_debezium_ms", AtMost(2_000.0)),
    figure("burst", "times_debezium_alone", AtMost(2.0)),
    figure("start", "first_record_ms", AtMost(300.0)),
    figure("start", "idle_mb", AtMost(40.0)),
    figure("idle", "idle_percent", AtMost(15.0)),
    share("scaling-2", "scaling-1", 1.0),
    share("scaling-4", "scaling-1", 1.0),
    figure("mirror-narrow", RATE, AtLeast(60_000.0)),
    share("mirror-narrow", "jdbc-sink-narrow", 3.0),
    share("mirror-wide", "jdbc-sink-wide", 3.0),
    share("mirror-100-tables", "mirror-narrow", 0.8),
    figure("mirror-tables", "tables_peak_mb", AtMost(250.0)),
];

const fn figure<'a>(case: &'a str, measure: &'static str, bound: Bound) -> Goal<'a> {
    Goal { case, measure, of: None, bound }
}

const fn share(case: &'static str, of: &'static str, at_least: f64) -> Goal<'static> {
    Goal { case, measure: RATE, of: Some(of), bound: AtLeast(at_least) }
}

/// A goal, and what a run has reached of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reached<'a> {
    goal: Goal<'a>,
    spread: Spread,
}

/// The goals that the run says something about.
pub(crate) fn reached(results: &[CaseResult]) -> Vec<Reached<'_>> {
    let memory = results.iter().map(|result| figure(&result.name, "peak_mb", MEMORY_MB));
    let goals = GOALS.into_iter().chain(memory);
    goals.filter_map(|goal| Some(Reached { goal, spread: goal.spread(results)? })).collect()
}

impl Goal<'_> {
    fn spread(&self, results: &[CaseResult]) -> Option<Spread> {
        let find = |name: &str| results.iter().find(|result| result.name == name);
        let mine = find(self.case)?;
        let Some(of) = self.of else { return mine.spread(self.measure) };
        let ratio = |(mine, theirs): (&Measures, &Measures)| Some(mine.get(self.measure)? / theirs.get(self.measure)?);
        Spread::of(mine.repetitions.iter().zip(&find(of)?.repetitions).filter_map(ratio))
    }
}

impl Reached<'_> {
    fn is_met(&self) -> bool {
        match self.goal.bound {
            AtLeast(bound) => self.spread.median >= bound,
            AtMost(bound) => self.spread.median <= bound,
        }
    }

    /// The row of the table: case, figure, median, from to, goal, whether it is met.
    pub(crate) fn row(&self) -> Vec<String> {
        let Spread { min, median, max } = self.spread;
        let figure = self.goal.of.map_or_else(|| self.goal.measure.to_owned(), |of| format!("share of {of}"));
        let met = if self.is_met() { "yes" } else { "no" };
        let from_to = format!("{} to {}", number(min), number(max));
        vec![self.goal.case.to_owned(), figure, number(median), from_to, self.goal.bound.to_string(), met.to_owned()]
    }

    /// The goal and what was reached, as the file has it.
    pub(crate) fn to_json(self) -> Value {
        let mut measures = Measures::default();
        let Spread { min, median, max } = self.spread;
        [("min", min), ("median", median), ("max", max)].iter().for_each(|(name, value)| measures.put(name, *value));
        let Goal { case, measure, of, bound } = self.goal;
        json!({"case": case, "measure": measure, "of": of, "goal": bound.to_string(), "reached": measures.to_json(), "met": self.is_met()})
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AtLeast(bound) => write!(f, "{} or more", number(*bound)),
            AtMost(bound) => write!(f, "{} or less", number(*bound)),
        }
    }
}

/// Writes a number with as many decimals as a reader needs.
pub(crate) fn number(value: f64) -> String {
    if value.abs() >= 1000.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report;

    fn run(rates: &[(&'static str, f64)]) -> Vec<CaseResult> {
        let mut results = Vec::new();
        for (case, rate) in rates {
            let mut measures = Measures::default();
            measures.put(RATE, *rate);
            report::add(&mut results, case, measures);
        }
        results
    }

    #[test]
    fn a_share_is_taken_within_each_round() {
        // A share of the medians would be 100 of 200.
        let results = run(&[
            ("poison", 100.0),
            ("drain-create", 100.0),
            ("poison", 190.0),
            ("drain-create", 200.0),
            ("poison", 99.0),
            ("drain-create", 300.0),
        ]);
        let reached = reached(&results);
        let share = reached.iter().find(|reached| reached.goal.case == "poison");
        assert_eq!(share.map(|share| (share.spread.median, share.is_met())), Some((0.95, true)));
    }

    #[test]
    fn what_was_not_measured_has_no_row() {
        assert!(reached(&run(&[("poison", 100.0)])).is_empty());
    }

    #[test]
    fn a_figure_at_its_bound_meets_it() {
        let met = |rate| reached(&run(&[("hot-keys", rate)])).first().is_some_and(Reached::is_met);
        assert!(met(150_000.0) && !met(149_999.0));
    }
}
