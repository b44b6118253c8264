//! Which brokers of Kafka a fault happens to, and how the fault ends.

use std::fmt;

use anyhow::{Context, Result};
use fastrand::Rng;
use stack::{Service, Stack};

use crate::topics::ORDERS;
use crate::world::{BROKERS, Kind};

/// The consumer group of orders by default (`kafka.group_id`).
const GROUP: &str = "orderstream";

/// The brokers that a fault happens to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    /// The only broker.
    Only,
    /// The broker of that number.
    Number(usize),
    /// The broker that leads the first partition of orders.
    Leader,
    /// The broker whose controller is the active one.
    Controller,
    /// The broker that coordinates the consumer group of orders.
    Coordinator,
    /// All brokers but that one, so that no majority is left.
    AllBut(usize),
    /// All brokers.
    All,
}

impl fmt::Display for Which {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Only => f.write_str("Kafka"),
            Self::Number(number) => write!(f, "Kafka {}", number + 1),
            Self::Leader => f.write_str("Kafka, the leader of orders 0"),
            Self::Controller => f.write_str("Kafka, the active controller"),
            Self::Coordinator => f.write_str("Kafka, the group's coordinator"),
            Self::AllBut(number) => write!(f, "Kafka, all but {}", number + 1),
            Self::All => f.write_str("Kafka, all brokers"),
        }
    }
}

impl Which {
    /// Chooses brokers of this world: mostly one of three, which the others have to stand.
    pub(crate) fn any(rng: &mut Rng, world: Kind) -> Self {
        if world == Kind::Plain {
            return Self::Only;
        }
        match rng.u8(0..12) {
            0..=2 => Self::Number(rng.usize(0..BROKERS)),
            3..=4 => Self::Leader,
            5..=6 => Self::Controller,
            7..=8 => Self::Coordinator,
            9..=10 => Self::AllBut(rng.usize(0..BROKERS)),
            _ => Self::All,
        }
    }

    /// Whether the brokers that are left can go on.
    pub(crate) fn leaves_a_majority(self) -> bool {
        !matches!(self, Self::Only | Self::AllBut(_) | Self::All)
    }

    /// The brokers as they are now.
    pub(crate) fn of(self, stack: &Stack) -> Result<Vec<&Service>> {
        let all = stack.brokers();
        let one = |service| Ok(vec![service]);
        match self {
            Self::Only => one(stack.kafka()),
            Self::Number(number) => one(all.get(number).context("no such broker")?),
            Self::Leader => one(stack.leader(ORDERS, 0)?),
            Self::Controller => one(stack.controller()?),
            Self::Coordinator => one(stack.coordinator(GROUP)?),
            Self::AllBut(number) => Ok((0..).zip(all).filter(|(place, _)| *place != number).map(|(_, broker)| broker).collect()),
            Self::All => Ok(all.iter().collect()),
        }
    }
}

/// Ends whatever happened to brokers: those that are gone are started, those that hang go on. Only one fault of brokers happens at a time.
pub(crate) fn heal(stack: &Stack) -> Result<()> {
    stack.brokers().iter().try_for_each(|broker| {
        broker.resume();
        broker.launch()
    })
}
