//! `orderstream rebuild cache|customers`: writes the hashes in Redis anew, beside running processes, and prints its progress.

use std::ops::ControlFlow;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use kafka::reread::Reread;
use ledger::lock::Work;

use super::print;
use crate::config::Config;
use crate::follow::rebuild::by_hand::Whole;
use crate::follow::recent;
use crate::run::assemble::assemble;
use crate::shared::Shared;

const AGAIN: &str = "Redis is not whole; what was written stays, and the command may be run again";

#[derive(Debug, Clone, Copy, clap::Subcommand)]
pub(super) enum Command {
    /// Write `order:<id>` of every order from `results`, and `recent_orders`
    Cache,
    /// Write `customer:<id>` of every customer from the customers topic
    Customers,
}

pub(super) async fn run(command: &Command, config: Config) -> anyhow::Result<ExitCode> {
    let parts = assemble(&config)?;
    let shared = parts.shared;
    let Some(_lock) = shared.results.ledger.lock(Work::Rebuild).await? else {
        bail!("another `orderstream rebuild` is running on this database; wait for it");
    };
    let reread = Reread { properties: parts.kafka, group: config.kafka.group_id.clone() };
    match command {
        Command::Cache => {
            let topic = &config.kafka.orders_topic;
            let whole = Whole::orders(&shared, topic).await.context("the ledger cannot be read")?;
            let total = shared.results.rows().await?;
            write(&shared, &reread, topic, &whole, Meter::new("orders", total)).await?;
            recent::write_in_turn(&shared)
                .await
                .context("the hashes are written; recent_orders is not, and the command may be run again")?;
        }
        Command::Customers => {
            let Some(topic) = &config.kafka.customers_topic else {
                bail!("kafka.customers_topic is not set: somebody else keeps the customers in Redis");
            };
            let whole = Whole::customers(&shared, topic, &reread).await?;
            let total = whole.records().unwrap_or(0);
            write(&shared, &reread, topic, &whole, Meter::new("customers' changes", total)).await?;
        }
    }
    shared.results.ledger.close().await;
    Ok(ExitCode::SUCCESS)
}

async fn write(shared: &Shared, reread: &Reread, topic: &str, whole: &Whole, mut meter: Meter) -> anyhow::Result<()> {
    if whole.is_empty() {
        bail!("nothing of topic {topic} was ever processed in epoch {}: there is nothing to rebuild", shared.decoder.epoch);
    }
    let mut told = |done| {
        meter.more(done);
        ControlFlow::Continue(())
    };
    whole.write(shared, reread, &mut told).await.context(AGAIN)?;
    meter.end()
}

/// Prints once a second how far the rebuild is.
struct Meter {
    what: &'static str,
    total: u64,
    done: u64,
    began: Instant,
    next: Instant,
}

impl Meter {
    const EVERY: Duration = Duration::from_secs(1);

    fn new(what: &'static str, total: u64) -> Self {
        let began = Instant::now();
        Self { what, total, done: 0, began, next: began + Self::EVERY }
    }

    fn more(&mut self, done: u64) {
        self.done += done;
        if Instant::now() >= self.next {
            self.next = Instant::now() + Self::EVERY;
            // An error of the progress line is passed over, because the work matters more.
            print(format_args!("{}\n", self.line(self.began.elapsed()))).ok();
        }
    }

    fn line(&self, elapsed: Duration) -> String {
        let share = (100 * self.done).checked_div(self.total).unwrap_or(100).min(100);
        format!("{} of {} {} ({share} %), {:.0}/s", self.done, self.total, self.what, self.rate(elapsed))
    }

    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    fn rate(&self, elapsed: Duration) -> f64 {
        self.done as f64 / elapsed.as_secs_f64().max(0.001)
    }

    fn end(&self) -> anyhow::Result<()> {
        let elapsed = self.began.elapsed();
        print(format_args!("done: {} {} in {:.1} s, {:.0}/s\n", self.done, self.what, elapsed.as_secs_f64(), self.rate(elapsed)))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_how_much_of_what_and_how_fast() {
        let meter = Meter { done: 2_500, ..Meter::new("orders", 10_000) };
        assert_eq!(meter.line(Duration::from_secs(2)), "2500 of 10000 orders (25 %), 1250/s");
        assert_eq!(Meter::new("orders", 0).line(Duration::from_secs(1)), "0 of 0 orders (100 %), 0/s");
    }
}
