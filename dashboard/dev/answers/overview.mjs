// A made-up snapshot. `scene` names what is wrong; `s` is the time in seconds.

const PARTS = 4;

/** A number that moves smoothly and always the same way for the same second. */
export function wave(s, period, low, high, shift = 0) {
  return low + ((high - low) * (1 + Math.sin((s / period) * 2 * Math.PI + shift))) / 2;
}

export function overview(scene, at, started) {
  const s = Math.floor(at / 1000);
  const made = plain(s, at, started);
  SCENES[scene]?.(made, s, at);
  return made;
}

function plain(s, at, started) {
  const rate = Math.round(wave(s, 97, 3900, 4300) + wave(s, 7, -60, 60));
  return {
    at,
    seq: s,
    instance: `i-${started}`,
    version: "0.9.0",
    revision: "d40429a17c3b",
    verdict: { state: "ready", headline: "Everything is committed as it comes.", reasons: [], degraded: [] },
    lag: {
      records: Math.round(wave(s, 13, 20, 90)),
      at_least: false,
      seconds: wave(s, 13, 0.01, 0.04),
      trend: "steady",
      eta_s: null,
    },
    age_ms: { p50: wave(s, 11, 4, 6), p99: wave(s, 17, 12, 18) },
    bottleneck: null,
    edges: {
      read: edge(rate + 10, 0.03, 1.2),
      decode: edge(rate, 0.04, 0.8),
      lookup: edge(rate / 2, 0.11, 2.1),
      commit: edge(rate, wave(s, 31, 0.4, 0.6), 9),
      write_back: edge(rate, 0.12, 2.4),
      dead_letter: edge(0.02, 0, 3),
      sweep: edge(0, 0, null),
    },
    nodes: {
      shop: {
        error: null,
        slots: [{ name: "orderstream", active: true, retained_bytes: 2_100_000, lag_bytes: 12_000 }],
      },
      heartbeat_age_s: s % 10,
      connect: {
        name: "shop",
        state: "running",
        for_s: 86_400,
        error: null,
        tasks: [{ id: 0, state: "running", error: null }],
      },
      kafka: server("localhost:9092"),
      postgres: server("localhost:15432"),
      redis: server("localhost:6379"),
    },
    due: { orders: 0, now: 0, customers: 0 },
    letters: [
      { reason: "invalid", open: 2, resolved: 40 },
      { reason: "malformed", open: 1, resolved: 3 },
    ],
    partitions: partitions(s),
    processes: [process_of(1, true, s), process_of(2, false, s)],
    latest: latest(s, at),
    redis: {
      breaker: { state: "closed", succeeded: 812, failed: 0, slow: 0, rejected: 0 },
      breaker_of_writes: { state: "closed", succeeded: 640, failed: 0, slow: 1, rejected: 0 },
      transitions: 4,
      lookups: { found_per_s: rate / 2, missing_per_s: 0.3, unavailable_per_s: 0 },
      behind: Math.round(wave(s, 5, 0, 60)),
      rebuilding: { customers: 0, orders: 0 },
      held: null,
    },
    alerts: [],
    as_of: { group: at - 400, letters: at - 3_000, shop: at - 2_000, connect: at - 2_000, latest: at - 300 },
    actions: [],
  };
}

function edge(per_s, busy, p99_ms) {
  return { per_s, busy, p99_ms, errors_per_s: 0 };
}

function server(name) {
  return { state: "up", for_s: 90_000, error: null, server: name };
}

function partitions(s) {
  const orders = Array.from({ length: PARTS }, (_, n) => partition("shop.public.orders", n, s));
  const customers = Array.from({ length: 2 }, (_, n) => partition("shop.public.customers", n, s));
  return [...orders, ...customers];
}

function partition(topic, n, s) {
  const lag = Math.round(wave(s, 13 + n, 2, 30, n));
  const next = 48_000 + (s % 100_000) * 10;
  return {
    topic,
    partition: n,
    owner: n % 2 === 0 ? "shop-1" : "shop-2",
    owner_heard_s: s % 2,
    state: "running",
    reason: null,
    for_s: 86_000 + n,
    next: String(next),
    end: String(next + lag),
    lag,
    lag_s: lag / 1000,
    per_s: topic.endsWith("orders") ? wave(s, 20, 950, 1100, n) : 1.5,
    fates: { applied: 1_000_006 + n, stale: 55, ignored: 12, dead_lettered: n },
    redis_behind: n,
    last_commit_s: 0.02,
    paused: null,
  };
}

function process_of(n, is_this, s) {
  return {
    process: `shop-${n}`,
    instance: `p-${n}`,
    state: "ready",
    heard_s: s % 2,
    version: "0.9.0",
    uptime_s: 86_400,
    partitions: [`orders ${n - 1}`, `orders ${n + 1}`, `customers ${n - 1}`],
    reasons: [],
    is_this,
  };
}

function latest(s, at) {
  return Array.from({ length: 5 }, (_, n) => ({
    order_id: String(1_000_006 + (s % 10_000) - n),
    product_id: `PROD${500 + n}`,
    quantity: 7 - n,
    total: ["139.93", "1250.00", "9.99", "74.50", "320.10"][n],
    status: ["pending", "paid", "shipped", "paid", null][n],
    enrichment: n === 3 ? "pending" : "complete",
    processed_at: at - n * 250,
  }));
}

/** What each scene changes. */
export const SCENES = {
  ready() {},
  degraded(made, s, at) {
    made.verdict = {
      state: "degraded",
      headline: `Redis is away for ${s % 600} s. Orders are written as pending and completed by themselves. Nothing is lost.`,
      reasons: [],
      degraded: [
        "redis: connection refused",
        "partition 2 of shop.public.orders is paused by alice until 07:25",
      ],
    };
    made.nodes.redis = {
      state: "down",
      for_s: s % 600,
      error: "connection refused (os error 111)",
      server: "localhost:6379",
    };
    made.redis.breaker.state = "open";
    Object.assign(made.redis, { behind: 8_110, transitions: 5 });
    made.redis.lookups = { found_per_s: 0, missing_per_s: 0, unavailable_per_s: 2_050 };
    made.edges.lookup = { per_s: 0, busy: 0.01, p99_ms: 1, errors_per_s: 12 };
    made.edges.write_back = { per_s: 0, busy: 0, p99_ms: null, errors_per_s: 0 };
    made.due = { orders: 8_110, now: 0, customers: 0 };
    Object.assign(made.partitions[2], {
      state: "paused",
      paused: { until: at + 600_000, by: "alice", reason: "the shop repairs its prices" },
      lag: 4_120,
      lag_s: 312,
    });
    made.alerts = [alert_redis(at), alert_letters(at)];
  },
  bottleneck(made) {
    made.verdict.headline = "Orders are behind and catch up: 3 s to go.";
    made.lag = { records: 1_650, at_least: false, seconds: 0.4, trend: "falling", eta_s: 3 };
    made.bottleneck = { edge: "commit", busy: 0.93, for_s: 41 };
    made.edges.commit.busy = 0.93;
  },
  not_ready(made, _s, at) {
    made.verdict = {
      state: "not_ready",
      headline: "Partition 2 of shop.public.orders has stopped; nobody reports partition 3.",
      reasons: ["orders 2 stopped: the topic was made anew", "orders 3: claimed by shop-2, silent 40 s"],
      degraded: [],
    };
    made.lag = { records: 90_211, at_least: true, seconds: 1_320, trend: "rising", eta_s: null };
    Object.assign(made.partitions[2], {
      state: "stopped",
      reason: "the topic was made anew: another record stands at offset 48190",
      lag: null,
      lag_s: null,
      per_s: 0,
    });
    Object.assign(made.partitions[3], { owner_heard_s: 40, per_s: null, lag: null, lag_s: null, end: null });
    Object.assign(made.partitions[1], {
      state: "waiting",
      reason: "Postgres: 57P01 terminating connection due to administrator command",
      for_s: 75,
    });
    made.processes[1].state = "silent";
    made.processes[1].heard_s = 40;
    made.nodes.connect.tasks[0] = {
      id: 0,
      state: "failed",
      error:
        "org.apache.kafka.connect.errors.ConnectException: replication slot is active for another process",
    };
    made.alerts = [{ ...alert_letters(at) }, alert_stopped(at), alert_redis(at)];
  },
  empty(made) {
    made.verdict.headline = "Ready. No event has come yet.";
    made.latest = [];
    made.letters = [];
    made.lag = { records: 0, at_least: false, seconds: 0, trend: "steady", eta_s: null };
    made.age_ms = { p50: null, p99: null };
    for (const name of Object.keys(made.edges))
      made.edges[name] = { per_s: 0, busy: 0, p99_ms: null, errors_per_s: 0 };
    for (const part of made.partitions) {
      Object.assign(part, { next: "0", end: "0", lag: 0, lag_s: 0, per_s: 0, last_commit_s: null });
      part.fates = { applied: 0, stale: 0, ignored: 0, dead_lettered: 0 };
    }
  },
  unknown(made) {
    const none = { per_s: null, busy: null, p99_ms: null, errors_per_s: null };
    made.verdict = {
      state: "not_ready",
      headline: "Not connected yet.",
      reasons: ["kafka: not connected yet"],
      degraded: [],
    };
    made.lag = { records: null, at_least: false, seconds: null, trend: null, eta_s: null };
    made.age_ms = { p50: null, p99: null };
    for (const name of Object.keys(made.edges)) made.edges[name] = none;
    made.nodes = {
      shop: null,
      heartbeat_age_s: null,
      connect: null,
      kafka: unknown(),
      postgres: unknown(),
      redis: unknown(),
    };
    Object.assign(made, { due: null, letters: null, latest: null, partitions: [], processes: [] });
    Object.assign(made.redis, { breaker: null, breaker_of_writes: null, behind: null, rebuilding: null });
    made.redis.lookups = { found_per_s: null, missing_per_s: null, unavailable_per_s: null };
    made.as_of = { group: null, letters: null, shop: null, connect: null, latest: null };
  },
  held(made, _s, at) {
    made.redis.held = {
      state: "open",
      until: at + 1_500_000,
      by: "alice",
      reason: "Redis is moved to another host",
    };
    made.redis.breaker.state = "forced_open";
    made.redis.rebuilding = { customers: 1, orders: 3 };
  },
};

function unknown() {
  return { state: "unknown", for_s: null, error: null, server: null };
}

function alert_redis(at) {
  return {
    id: "redis_down",
    severity: "warning",
    since: at - 72_000,
    what: "Redis does not answer",
    evidence: "connection refused (os error 111), breaker open for 72 s, 8,110 records behind",
    self_heals: "Orders go on as pending. Once Redis is back, it is made whole from results and from Kafka.",
    do: "See that Redis runs and that its address is right.",
    runbook: "docs/operations.md#redis",
  };
}

function alert_letters(at) {
  return {
    id: "letters_rising",
    severity: "warning",
    since: at - 1_800_000,
    what: "Dead letters rise: 1,180 open of the reason invalid",
    evidence: "after.quantity: expected an integer, found text; the first at 06:40",
    self_heals: "Nothing. A letter stays until it is replayed or overtaken.",
    do: "Mend the shop's data, then replay the letters of this reason.",
    runbook: "docs/operations.md#dead-letters",
  };
}

function alert_stopped(at) {
  return {
    id: "partition_stopped",
    severity: "critical",
    since: at - 310_000,
    what: "Partition 2 of shop.public.orders has stopped",
    evidence: "another record stands at offset 48190: the topic was made anew",
    self_heals: "Nothing: going on could lose orders.",
    do: "Say from where to go on with orderstream offsets reset, as the runbook tells.",
    runbook: "docs/operations.md#stopped",
  };
}
