//! What is asked in the background for all pages together, and only while a page is open: the newest orders, the actions under way, and which
//! letters are rising.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::{MissedTickBehavior, interval};

use super::actions::state::Action;
use super::asked::Asked;
use super::overview::Around;
use super::overview::shapes::LatestOrder;
use super::sampler::{Sampled, unix_ms};
use crate::results::latest;
use crate::results::letter_pages::Run;
use crate::trace::mask::Shown;

const SECOND: Duration = Duration::from_secs(1);

/// How many of the newest orders are shown.
const ORDERS: i64 = 5;

/// How often the runs of open letters are looked for, which reads up to 10,000 entries of an index for each reason.
const RISING_EVERY: Duration = Duration::from_secs(10);

/// What was asked last.
#[derive(Debug, Default)]
pub struct Lately {
    latest: Option<(i64, Vec<LatestOrder>)>,
    rising: Option<(Instant, BTreeMap<String, Run>)>,
    actions: Option<(Instant, Vec<Action>)>,
}

/// How long an answer about actions or letters stands for what is. Numbers of before may be shown with their age; that an action runs may not.
const FRESH: Duration = Duration::from_secs(30);

fn fresh<T: Clone>(answer: &Option<(Instant, T)>, now: Instant) -> Option<T> {
    answer.as_ref().filter(|(at, _)| now.saturating_duration_since(*at) < FRESH).map(|(_, told)| told.clone())
}

impl Asked {
    /// What the overview shows of it.
    #[must_use]
    pub fn around(&self) -> Around {
        let (transitions, now) = (self.breakers.transitions_noted(), Instant::now());
        self.lately(|lately| Around {
            latest: lately.latest.clone(),
            rising: fresh(&lately.rising, now).unwrap_or_default(),
            actions: fresh(&lately.actions, now),
            transitions,
            ..Around::default()
        })
    }
}

/// Asks, for as long as the process runs. An answer that does not come leaves the last one, whose age the page shows.
pub async fn run(asked: Arc<Asked>, sampled: Sampled) {
    let (mut second, mut rising_at) = (interval(SECOND), Instant::now());
    second.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        second.tick().await;
        let now = Instant::now();
        if !sampled.has_pages(now) {
            // What was true for the last page may not be true for the next one.
            asked.lately(|lately| *lately = Lately::default());
            rising_at = now;
            continue;
        }
        if let Ok(orders) = asked.servers.results.latest_orders(ORDERS).await {
            let orders = orders.into_iter().map(shape).collect();
            asked.lately(|lately| lately.latest = Some((unix_ms(), orders)));
        }
        if let Ok(rows) = asked.servers.results.actions_now().await {
            // Everybody who reads sees the overview, so what only some may see is masked.
            let actions = rows.into_iter().filter_map(|row| Action::of(row, Shown::Masked)).collect();
            asked.lately(|lately| lately.actions = Some((Instant::now(), actions)));
        }
        if now >= rising_at
            && let Ok(rising) = asked.servers.results.rising_letters().await
        {
            rising_at = Instant::now() + RISING_EVERY;
            asked.lately(|lately| lately.rising = Some((Instant::now(), rising)));
        }
    }
}

fn shape(order: latest::LatestOrder) -> LatestOrder {
    LatestOrder {
        order_id: order.order_id.to_string(),
        product_id: order.product_id,
        quantity: order.quantity,
        total: order.total,
        status: order.status,
        enrichment: order.enrichment,
        processed_at: order.processed_at.timestamp_millis(),
    }
}
