//! The settings of the work itself: how orders are enriched, what becomes of dead letters, what is compared and kept, how large a batch is.

use service::settings::{Kind, Setting};

pub(super) const SETTINGS: &[Setting] = &[
    Setting::new(
        "enrichment.when_redis_is_down",
        Kind::Choice(&["degrade", "hold", "dead_letter"]),
        "degrade",
        "Write the order as `pending` and complete it later, wait for Redis, or send it to the dead letters",
    ),
    Setting::new(
        "enrichment.when_customer_is_missing",
        Kind::Choice(&["degrade", "dead_letter"]),
        "degrade",
        "Write the order as `missing` and complete it later, or send it to the dead letters",
    ),
    Setting::new(
        "enrichment.when_customer_changes",
        Kind::Choice(&["refresh", "keep"]),
        "refresh",
        "Refresh the customer's orders, or keep the customer as of the order's event",
    ),
    Setting::new(
        "reconcile.every",
        Kind::Number(1, 604_800),
        "",
        "Seconds from one comparison with `source.url` to the next; empty: none by itself",
    )
    .optional(),
    Setting::new("reconcile.repair", Kind::Choice(&["false", "true"]), "false", "Set right what a comparison by itself has found"),
    Setting::new(
        "dead_letters.max_share",
        Kind::Share,
        "0.5",
        "A partition stops, and waits for an operator, when more than this share of its last records cannot be processed; 1: it does not",
    ),
    Setting::new("dead_letters.window_records", Kind::Number(1_000, 1_000_000), "1000", "How many records that share is of"),
    Setting::new(
        "retention.deleted_orders_days",
        Kind::Number(1, 36_500),
        "30",
        "How long tombstones of deleted orders are kept, never shorter than `redis.order_ttl_seconds`; empty: for ever",
    )
    .optional(),
    Setting::new(
        "retention.closed_letters_days",
        Kind::Number(1, 36_500),
        "90",
        "How long dead letters are kept after they were closed, in `dead_letters` and on the topic; empty: for ever",
    )
    .optional(),
    Setting::new(
        "audit.history",
        Kind::Choice(&["off", "on"]),
        "off",
        "Record each change of a row of `results` in `results_history`, whoever makes it",
    ),
    Setting::new("audit.keep_months", Kind::Number(1, 1_200), "13", "How many months of that are kept beside the present one"),
    Setting::new("batch.max_records", Kind::Number(1, 100_000), "4000", "Most records in one transaction"),
    Setting::new(
        "batch.max_bytes",
        Kind::Number(1_024, 268_435_456),
        "8388608",
        "Most bytes in one transaction (one record is always taken)",
    ),
];
