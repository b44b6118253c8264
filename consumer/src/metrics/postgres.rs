//! The metrics of Postgres: what it refused, and what the sweep repaired in it.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use service::metrics::series::gauge;
use worker::metrics::StoreCounts;

use super::Metrics;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RepairLabels {
    outcome: &'static str,
}

#[derive(Debug, Clone, Default)]
pub(super) struct PostgresCounts {
    store: StoreCounts,
    repaired: Family<RepairLabels, Counter>,
    due: Gauge,
}

impl PostgresCounts {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let counts = Self { store: StoreCounts::register(registry), ..Self::default() };
        registry.register(
            "repaired_rows",
            "Rows that the sweep completed or refreshed, and tries to do so that Postgres refused",
            counts.repaired.clone(),
        );
        registry.register("due_rows", "Rows that the sweep has to look at, counted up to 20,000", counts.due.clone());
        for outcome in ["completed", "refreshed", "refused"] {
            drop(counts.repaired.get_or_create_owned(&RepairLabels { outcome }));
        }
        counts
    }
}

impl Metrics {
    /// Reports an error of Postgres. `class` is a class of the error policy.
    pub fn postgres_error(&self, class: &'static str) {
        self.live.postgres_error();
        self.postgres.store.error(class);
    }

    /// Reports that a batch was halved to find the row that Postgres refuses.
    pub fn batch_bisected(&self) {
        self.postgres.store.bisected();
    }

    /// Reports that rows which were `missing` or `pending` are complete now.
    pub fn rows_completed(&self, rows: u64) {
        self.live.repaired(rows);
        self.postgres.repaired.get_or_create(&RepairLabels { outcome: "completed" }).inc_by(rows);
    }

    /// Reports that rows whose customer had changed are up to date now.
    pub fn rows_refreshed(&self, rows: u64) {
        self.live.repaired(rows);
        self.postgres.repaired.get_or_create(&RepairLabels { outcome: "refreshed" }).inc_by(rows);
    }

    /// Reports that Postgres refused rows that the sweep wanted to change.
    pub fn rows_refused(&self, rows: u64) {
        self.postgres.repaired.get_or_create(&RepairLabels { outcome: "refused" }).inc_by(rows);
    }

    /// Reports the number of rows that wait for the sweep.
    pub fn rows_due(&self, rows: u64) {
        self.postgres.due.set(gauge(rows));
    }
}
