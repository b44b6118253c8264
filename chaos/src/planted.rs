//! Violations planted on purpose (`--planted`), because a check that nobody saw fail proves little.
//!
//! The healed world is damaged in one place at a time, and the functions that judge a round have to find the damage. Then the damage is
//! taken back, and everything has to hold again.
//!
//! - [`tables`], [`hashes`], [`leaks`]: what the checks at a round's end look at; no process works meanwhile, because a process would
//!   repair some of the damage
//! - [`watched`]: what the watch sees while no process works; [`alive`]: what the watch sees of working processes
//! - [`stubborn`]: a process that does not end when it is asked to
//! - [`letters`]: records that stay on a topic for good, and so come last

mod alive;
mod hashes;
mod leaks;
mod letters;
mod stubborn;
mod tables;
mod watched;

use std::fmt;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use fastrand::Rng;
use stack::wait::{Attempt, until};

use crate::checks::{self, Finding, Read};
use crate::setting::Setting;
use crate::workload::Clock;
use crate::world::World;
use crate::{poison, statements};

/// The longest text of a finding that is printed, in characters.
const LONGEST: usize = 150;
/// How many dead letters there must be at least, because one violation swaps the places of two letters.
const LETTERS: usize = 2;
/// Within this time one or two poison records are sent.
const POISON: Duration = Duration::from_millis(50);
/// What is damaged: one order and its customer, and the dead letter of an order that is refused until it is corrected.
const ORDER: &str = "
insert into customers (id, name) values ('PLANT', 'Plant') on conflict (id) do nothing;
insert into orders (customer_id, product_id, quantity, price) values ('PLANT', 'PLANT', 1, 1.00);
insert into orders (customer_id, product_id, quantity, price) values ('PLANT', 'REFUSED', 1, 1.00)";
const REFUSED: &str = "select 'refused' from dead_letters where order_id = (select id from orders where product_id = 'REFUSED')";
const PATIENCE: Duration = Duration::from_secs(60);
/// Makes all orders in `due_orders` due at once. Orders that an event has made right stay in the table until they are due, which would
/// otherwise happen while no process works.
const WAKE: &str = "update due_orders set due_at = now()";

/// What is planted, and what the checks have to find.
#[derive(Debug, Clone, Copy)]
struct Violation {
    what: &'static str,
    promise: &'static str,
    /// A part of the finding's text.
    says: &'static str,
}

/// What became of the violations.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    found: usize,
    /// How many violations were not found, and how many findings nobody had planted.
    wrong: usize,
}

impl Outcome {
    /// Whether each violation was found, and nothing else was.
    pub(crate) fn is_good(&self) -> bool {
        self.wrong == 0
    }

    fn judge(&mut self, violation: &Violation, findings: &[Finding]) {
        let start = format!("{}: ", violation.promise);
        let mut texts = findings.iter().map(ToString::to_string);
        if let Some(text) = texts.find(|text| text.starts_with(&start) && text.contains(violation.says)) {
            println!("planted: {}  found: {}", violation.what, shortened(&text));
            self.found += 1;
        } else {
            println!("FINDING planted and not found: {}, but: {findings:?}", violation.what);
            self.wrong += 1;
        }
    }

    fn expect_nothing(&mut self, when: &str, findings: &[Finding]) {
        for finding in findings {
            println!("FINDING {when}: {finding}");
            self.wrong += 1;
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} violations were planted and found, {} findings", self.found, self.wrong)
    }
}

/// Plants every violation one after the other, and prints a line for each.
pub(crate) fn run(world: &mut World, read: &mut Read) -> Result<Outcome> {
    let begin = Instant::now();
    let (mut outcome, all) = (Outcome::default(), world.processes.len());
    prepare(world, all)?;
    outcome.expect_nothing("before anything was planted", &checks::settle(world, read).findings);
    let stopping = stubborn::plant(world)?;
    world.set_active(0, Setting::default())?;
    tables::plant(world, read, &mut outcome)?;
    hashes::plant(world, read, &mut outcome)?;
    leaks::plant(world, read, &mut outcome)?;
    watched::plant(world, &mut outcome)?;
    world.set_active(all, Setting::default())?;
    outcome.expect_nothing("after the damage was taken back", &checks::settle(world, read).findings);
    alive::plant(world, read, &mut outcome)?;
    stopping.judge(&mut outcome)?;
    outcome.expect_nothing("after the processes went on", &checks::settle(world, read).findings);
    letters::plant(world, read, &mut outcome)?;
    println!("planted in {:.0} s", begin.elapsed().as_secs_f64());
    Ok(outcome)
}

/// Makes the order, the customer and the dead letters that are damaged afterwards.
fn prepare(world: &mut World, processes: usize) -> Result<()> {
    world.set_active(processes, Setting::default())?;
    world.heal()?;
    world.stack.psql(ORDER)?;
    let mut rng = Rng::with_seed(0);
    let mut letters = 0;
    while letters < LETTERS {
        letters += poison::send(&world.topics, rng.fork(), &Clock::ending_in(POISON), false)?;
    }
    until("an order is refused", PATIENCE, || Attempt::when(world.stack.psql(REFUSED).is_ok_and(|letters| !letters.is_empty())))?;
    world.stack.psql(statements::CORRECT)?;
    world.stack.psql(WAKE).map(drop)
}

/// Plants the violation, looks whether it is found, and takes it back.
fn try_out(
    outcome: &mut Outcome,
    violation: &Violation,
    plant: impl FnOnce() -> Result<()>,
    take_back: impl FnOnce() -> Result<()>,
    look: impl FnOnce() -> Result<Vec<Finding>>,
) -> Result<()> {
    plant().with_context(|| format!("not planted: {}", violation.what))?;
    outcome.judge(violation, &look()?);
    take_back().with_context(|| format!("not taken back: {}", violation.what))
}

/// Looks once at everything, as a round does when its patience is over.
fn look(world: &World, read: &mut Read) -> Vec<Finding> {
    checks::settle_within(world, read, Duration::ZERO).findings
}

fn shortened(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").chars().take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const VIOLATION: Violation = Violation { what: "a row missing", promise: "P2", says: "expected" };

    #[test]
    fn only_a_finding_of_that_promise_with_those_words_counts_as_found() {
        let mut outcome = Outcome::default();
        outcome.judge(&VIOLATION, &[Finding::new("P1", "expected"), Finding::new("P2", "1 difference: expected a row")]);
        assert_eq!((outcome.found, outcome.wrong), (1, 0));
        assert!(outcome.is_good());
        outcome.judge(&VIOLATION, &[Finding::new("P1", "expected"), Finding::new("P2", "found a row")]);
        assert_eq!((outcome.found, outcome.wrong), (1, 1));
        outcome.judge(&VIOLATION, &[]);
        assert_eq!((outcome.found, outcome.wrong), (1, 2));
        assert!(!outcome.is_good());
    }

    #[test]
    fn a_world_that_is_not_right_afterwards_is_no_good_outcome() {
        let mut outcome = Outcome::default();
        outcome.expect_nothing("afterwards", &[]);
        assert!(outcome.is_good());
        outcome.expect_nothing("afterwards", &[Finding::new("P2", "a row")]);
        assert!(!outcome.is_good());
    }
}
