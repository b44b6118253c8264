//! The workloads: which events a topic has, in which order, and what has to be left when all are processed.

use crate::fill::PARTITIONS;
use crate::shop::mix;

/// How many orders are open, and so change, at the same time. The events of an order then lie within some thousands of each other, as in
/// a shop with this many open orders.
const OPEN_ORDERS: usize = 1000;
const CHANGES_PER_ORDER: u32 = 5;
const HOT_ORDERS: i64 = 1000;
const FEW: u64 = 100;
/// One record of this many is poison.
const POISON_EVERY: u64 = 100;

/// An event: which state of which order it carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    /// The order.
    pub(crate) id: i64,
    /// How many updates the order has had; zero is its creation.
    pub(crate) version: u32,
    /// What is wrong with the record, if it is poison.
    pub(crate) poison: Option<Poison>,
}

/// What can be wrong with a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Poison {
    Truncated,
    NoPrice,
    QuantityAsText,
    PriceOutOfRange,
    NulCharacter,
    OtherKey,
}

impl Poison {
    /// Every kind there is.
    pub(crate) const ALL: [Self; 6] =
        [Self::Truncated, Self::NoPrice, Self::QuantityAsText, Self::PriceOutOfRange, Self::NulCharacter, Self::OtherKey];
}

/// The workload of a case: the events of its topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Workload {
    /// Each event creates an order.
    Create,
    /// Each order is created and changed four times, a thousand of them at a time.
    Mixed,
    /// A thousand orders that are changed all the time.
    Hot,
    /// The events of `Create`, with one poison record in a hundred.
    Poison,
    /// The events of `Create`, on twelve partitions.
    Twelve,
    /// The first hundred events of `Create`.
    Few,
}

impl Workload {
    /// How many partitions the workload's topic has.
    pub(crate) fn partitions(self) -> i32 {
        if self == Self::Twelve { 12 } else { PARTITIONS }
    }

    /// How many events the workload has in a run of `events` events.
    pub(crate) fn size(self, events: u64) -> u64 {
        if self == Self::Few { FEW } else { events }
    }

    /// The name of the workload's topic.
    pub(crate) fn topic(self) -> &'static str {
        match self {
            Self::Create => "bench.create",
            Self::Mixed => "bench.mixed",
            Self::Hot => "bench.hot",
            Self::Poison => "bench.poison",
            Self::Twelve => "bench.twelve",
            Self::Few => "bench.few",
        }
    }

    /// The table with what has to be left when all events are processed.
    pub(crate) fn table(self) -> &'static str {
        match self {
            Self::Create => "bench.expected_create",
            Self::Mixed => "bench.expected_mixed",
            Self::Hot => "bench.expected_hot",
            Self::Poison => "bench.expected_poison",
            Self::Twelve => "bench.expected_twelve",
            Self::Few => "bench.expected_few",
        }
    }

    /// The first `count` events, the same for the same seed.
    pub(crate) fn events(self, seed: u64, count: u64) -> Box<dyn Iterator<Item = Event>> {
        match self {
            Self::Create | Self::Twelve | Self::Few => Box::new(ids().zip(0..count).map(|(id, _)| event(id, 0))),
            Self::Poison => Box::new(ids().zip(0..count).map(|(id, number)| Event { poison: poison(number), ..event(id, 0) })),
            Self::Mixed => Box::new(Mixed::new(seed, count)),
            Self::Hot => Box::new(Hot::new(seed, count)),
        }
    }

    /// What is left of `count` events: the last version of each order, by ascending id.
    pub(crate) fn outcome(self, seed: u64, count: u64) -> Outcome {
        let mut versions: Vec<Option<u32>> = Vec::new();
        let mut poison = 0;
        for event in self.events(seed, count) {
            if event.poison.is_some() {
                poison += 1;
                continue;
            }
            let at = usize::try_from(event.id).unwrap_or(0);
            versions.resize(versions.len().max(at + 1), None);
            versions[at] = Some(event.version);
        }
        let last = |(id, version): (i64, Option<u32>)| Some((id, version?));
        Outcome { events: count, poison, orders: (0..).zip(versions).filter_map(last).collect() }
    }
}

/// What is left when all events have been processed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outcome {
    /// How many events there are.
    pub(crate) events: u64,
    /// How many of the events are poison.
    pub(crate) poison: u64,
    /// The id and the last version of each order.
    pub(crate) orders: Vec<(i64, u32)>,
}

fn ids() -> impl Iterator<Item = i64> {
    1..
}

fn event(id: i64, version: u32) -> Event {
    Event { id, version, poison: None }
}

fn poison(number: u64) -> Option<Poison> {
    let kind = usize::try_from(number / POISON_EVERY).unwrap_or(0) % Poison::ALL.len();
    (number % POISON_EVERY == POISON_EVERY / 2).then(|| Poison::ALL[kind])
}

/// A seeded random choice.
struct Choice(u64);

impl Choice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(1);
        usize::try_from(mix(self.0) % limit.max(1) as u64).unwrap_or(0)
    }
}

/// A thousand open orders. An order that has had its five events makes room for the next order.
struct Mixed {
    open: Vec<(i64, u32)>,
    next: i64,
    last: i64,
    choice: Choice,
}

impl Mixed {
    fn new(seed: u64, count: u64) -> Self {
        let last = i64::try_from(count / u64::from(CHANGES_PER_ORDER)).unwrap_or(0);
        let mut mixed = Self { open: Vec::new(), next: 1, last, choice: Choice(seed) };
        (0..OPEN_ORDERS).for_each(|_| mixed.open_another());
        mixed
    }

    fn open_another(&mut self) {
        if self.next <= self.last {
            self.open.push((self.next, 0));
            self.next += 1;
        }
    }
}

impl Iterator for Mixed {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        let at = self.choice.below(self.open.len());
        let (id, version) = *self.open.get(at)?;
        if version + 1 == CHANGES_PER_ORDER {
            self.open.swap_remove(at);
            self.open_another();
        } else {
            self.open[at].1 += 1;
        }
        Some(event(id, version))
    }
}

/// The creation of each order, and then updates of any of the orders.
struct Hot {
    versions: Vec<u32>,
    left: u64,
    choice: Choice,
}

impl Hot {
    fn new(seed: u64, count: u64) -> Self {
        Self { versions: Vec::new(), left: count, choice: Choice(seed) }
    }
}

impl Iterator for Hot {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        self.left = self.left.checked_sub(1)?;
        let made = i64::try_from(self.versions.len()).unwrap_or(HOT_ORDERS);
        if made < HOT_ORDERS {
            self.versions.push(0);
            return Some(event(made + 1, 0));
        }
        let at = self.choice.below(self.versions.len());
        self.versions[at] += 1;
        Some(event(i64::try_from(at).unwrap_or(0) + 1, self.versions[at]))
    }
}

#[cfg(test)]
mod tests;
