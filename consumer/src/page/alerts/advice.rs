//! The one table of the texts: for each kind of alert how bad it is, what orderstream does by itself, what an operator does, and where the
//! documentation says more. A test holds that each place of the documentation exists.

use serde::Serialize;

use crate::health::{Finding, FindingKind};

mod findings;

use findings::of_finding;

/// How bad an alert is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth waking somebody.
    Critical,
    /// Can wait until the morning.
    Warning,
}

/// What an alert means for orders, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Harm {
    /// Something is wrong or lost, and stays so.
    Wrong,
    /// Orders do not reach `results`.
    Stands,
    /// Changes of the shop do not reach Kafka.
    Cut,
    /// It does harm later if it is left alone.
    Threatens,
    /// Rows or hashes are older than they should be, or less sure.
    Late,
    /// Whether all is well is not known.
    Blind,
    /// It goes by itself within seconds.
    Passes,
}

/// The kinds of alerts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlertKind {
    /// What this process has found.
    Found(FindingKind),
    /// Redis does not answer, and orders go on without it.
    RedisAway,
    /// A server lacks something without which the work cannot go on.
    Lacking,
    /// Dead letters of a reason keep coming.
    LettersRising,
    /// The list of the sweep does not become shorter.
    DueNotShrinking,
    /// Another process does not report any more.
    ProcessSilent,
    /// Another process is not ready.
    ProcessNotReady,
}

/// What is told with an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Advice {
    /// What it means for orders.
    pub harm: Harm,
    /// How bad it is.
    pub severity: Severity,
    /// What orderstream does by itself.
    pub self_heals: &'static str,
    /// What the operator does.
    pub to_do: &'static str,
    /// The page of the docs, with its heading.
    pub runbook: &'static str,
}

impl AlertKind {
    /// Every kind.
    pub fn all() -> impl Iterator<Item = Self> {
        let own = [Self::RedisAway, Self::Lacking, Self::LettersRising, Self::DueNotShrinking, Self::ProcessSilent, Self::ProcessNotReady];
        FindingKind::ALL.into_iter().map(Self::Found).chain(own)
    }

    /// The kind of a finding. Two kinds of findings mean something else where the work goes on and where it does not.
    #[must_use]
    pub fn of(finding: &Finding) -> Self {
        match (finding.kind, finding.stops) {
            (FindingKind::ServerDown, false) => Self::RedisAway,
            (FindingKind::Impaired, true) => Self::Lacking,
            (kind, _) => Self::Found(kind),
        }
    }

    /// The text in ids.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Found(kind) => kind.as_str(),
            Self::RedisAway => "redis_away",
            Self::Lacking => "lacking",
            Self::LettersRising => "letters_rising",
            Self::DueNotShrinking => "due_not_shrinking",
            Self::ProcessSilent => "process_silent",
            Self::ProcessNotReady => "process_not_ready",
        }
    }

    /// What is told with it.
    #[must_use]
    pub fn advice(self) -> Advice {
        match self {
            Self::Found(kind) => of_finding(kind),
            Self::RedisAway => warning(Harm::Late)
                .heals("Orders are written as pending. A probe goes out every few seconds; when Redis answers, rows are completed and hashes written.")
                .act("Bring Redis back. Nothing else has to be done.")
                .see("docs/runbook.md#orderstreambreakeropen"),
            Self::Lacking => critical(Harm::Stands)
                .heals("The server is asked again every few seconds, and the work goes on once it has what is lacking.")
                .act("Do what the line says: grant the right, mend the setting, or keep the old server away.")
                .see("docs/operations.md#every-reason-of-readyz"),
            Self::LettersRising => warning(Harm::Late)
                .heals("Other records go on. A partition stops before more than dead_letters.max_share of its last records become letters.")
                .act("Look at one of the letters: one message stands out. Correct the cause first, then replay all of them.")
                .see("docs/runbook.md#orderstreamdeadlettersrising"),
            Self::DueNotShrinking => warning(Harm::Late)
                .heals("The sweep tries each row again, ever more rarely, and completes it as soon as its customer or Redis is there.")
                .act("Look what the rows wait for: pending means Redis, missing means that the customer never came.")
                .see("docs/runbook.md#orderstreamduenotshrinking"),
            Self::ProcessSilent => warning(Harm::Late)
                .heals("The group gives its partitions to the others within fifteen seconds; the fence keeps it from writing if it still lives.")
                .act("Start the process again, unless it was taken away for good: then the line goes by itself after ten minutes.")
                .see("docs/runbook.md#orderstreamprocessdown"),
            Self::ProcessNotReady => critical(Harm::Stands)
                .heals("That process keeps trying, and is ready within seconds once the cause is gone.")
                .act("Do what the documentation says of its reasons.")
                .see("docs/runbook.md#orderstreamnotready"),
        }
    }
}

impl Advice {
    /// Texts are added one by one, so that a row of the table says which is which.
    const fn new(harm: Harm, severity: Severity) -> Self {
        Self { harm, severity, self_heals: "", to_do: "", runbook: "" }
    }

    const fn heals(self, self_heals: &'static str) -> Self {
        Self { self_heals, ..self }
    }

    const fn act(self, to_do: &'static str) -> Self {
        Self { to_do, ..self }
    }

    const fn see(self, runbook: &'static str) -> Self {
        Self { runbook, ..self }
    }
}

const fn critical(harm: Harm) -> Advice {
    Advice::new(harm, Severity::Critical)
}

const fn warning(harm: Harm) -> Advice {
    Advice::new(harm, Severity::Warning)
}
