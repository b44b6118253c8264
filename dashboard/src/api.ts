// The shapes that the page reads. Later generated from the Rust types (with the same names); numbers of 64 bits and amounts are strings, an
// unknown number is null and never 0, moments are Unix milliseconds unless a name says otherwise ("Moment" of the trace: RFC 3339 text).

/** `GET /api/session`; `POST /api/session {"token"}` answers the same and sets the cookie; `DELETE /api/session` ends it (204). */
export type Session = {
  /** Who: null without a login. */
  user: string | null;
  /** What the caller may do; each role includes those before it. null: nothing (then every other /api path answers 401 or 403). */
  role: "read" | "reveal" | "operate" | null;
  /** When the login ends by itself. */
  expires_at: number | null;
  /** Whether the server knows any token; without one nobody can log in, and `how` says what to do. */
  has_tokens: boolean;
  /** What to do for more rights, in one sentence. */
  how: string;
  version: string;
};

/** `GET /api/overview` (with ETag), and each event `snapshot` of `GET /api/stream` (once a second; first one at once). */
export type Overview = {
  at: number;
  seq: number;
  /** Another value than before: the server was started anew. */
  instance: string;
  version: string;
  revision: string;
  verdict: Verdict;
  lag: Lag;
  age_ms: Quantiles;
  bottleneck: Bottleneck | null;
  edges: Edges;
  nodes: Nodes;
  /** Rows on the list of the sweep. */
  due: Due | null;
  letters: LetterCount[] | null;
  partitions: Partition[];
  processes: Process[];
  latest: LatestOrder[] | null;
  redis: RedisNow;
  alerts: Alert[];
  as_of: AsOf;
  /** The actions that run now, and the last one that has ended. */
  actions: Action[];
};
export type Verdict = {
  state: "ready" | "degraded" | "not_ready";
  headline: string;
  reasons: string[];
  degraded: string[];
};
export type Lag = {
  records: number | null;
  /** The lag of some partition is not known: show "at least". */
  at_least: boolean;
  seconds: number | null;
  trend: "falling" | "steady" | "rising" | null;
  eta_s: number | null;
};
/** Over the last ten seconds with commits; null if nothing was committed in them. */
export type Quantiles = { p50: number | null; p99: number | null };
export type EdgeName = "read" | "decode" | "lookup" | "commit" | "write_back" | "dead_letter" | "sweep";
export type Bottleneck = { edge: EdgeName; busy: number; for_s: number };
/** The sum over all processes that report. */
export type Edges = Record<EdgeName, Edge>;
export type Edge = {
  per_s: number | null;
  /** 0 to 1: the share of a partition's time. */
  busy: number | null;
  p99_ms: number | null;
  errors_per_s: number | null;
};
export type Nodes = {
  /** null: `source.url` is not set. */
  shop: {
    error: string | null;
    slots: { name: string; active: boolean; retained_bytes: number; lag_bytes: number }[];
  } | null;
  heartbeat_age_s: number | null;
  /** null: `connect.url` is not set. */
  connect: {
    name: string;
    state: string;
    for_s: number;
    error: string | null;
    tasks: { id: number; state: string; error: string | null }[];
  } | null;
  kafka: Server;
  postgres: Server;
  redis: Server;
};
export type Server = {
  state: "unknown" | "up" | "down";
  for_s: number | null;
  error: string | null;
  server: string | null;
};
export type Due = { orders: number; now: number; customers: number };
export type LetterCount = { reason: string; open: number; resolved: number };
export type Partition = {
  topic: string;
  partition: number;
  /** host and number of the process; null: nobody reports it. */
  owner: string | null;
  /** Seconds since the owner was heard of. */
  owner_heard_s: number | null;
  /** `claiming`, `running`, `waiting`, `stopped`, `lost`, `paused`, or `unowned`. */
  state: string;
  reason: string | null;
  for_s: number | null;
  next: string | null;
  end: string | null;
  lag: number | null;
  lag_s: number | null;
  per_s: number | null;
  fates: { applied: number; stale: number; ignored: number; dead_lettered: number } | null;
  redis_behind: number | null;
  last_commit_s: number | null;
  paused: { until: number; by: string; reason: string } | null;
};
export type Process = {
  process: string;
  instance: string;
  /** `ready`, `degraded`, `not_ready`, `silent`. */
  state: string;
  heard_s: number;
  version: string;
  uptime_s: number;
  partitions: string[];
  reasons: string[];
  /** Whether this is the process that answers. */
  is_this: boolean;
};
export type LatestOrder = {
  order_id: string;
  product_id: string;
  quantity: number;
  total: string;
  status: string | null;
  enrichment: string;
  processed_at: number;
};
export type RedisNow = {
  breaker: Breaker | null;
  breaker_of_writes: Breaker | null;
  /** Grows with each transition: `GET /api/redis` has news. */
  transitions: number;
  lookups: { found_per_s: number | null; missing_per_s: number | null; unavailable_per_s: number | null };
  behind: number | null;
  /** Partitions being made whole. */
  rebuilding: { customers: number; orders: number } | null;
  held: { state: "open" | "closed"; until: number; by: string; reason: string } | null;
};
export type Breaker = {
  state: "closed" | "open" | "half_open" | "forced_open" | "forced_closed";
  succeeded: number;
  failed: number;
  slow: number;
  rejected: number;
};
/** `GET /api/redis`: of this process, the newest first, at most 500, of at most 24 h. */
export type RedisDay = { as_of: number; since: number; transitions: Transition[] };
export type Transition = {
  at: number;
  breaker: "server" | "writes";
  from: string;
  to: string;
  cause: string;
};
export type Alert = {
  id: string;
  severity: "critical" | "warning";
  since: number | null;
  what: string;
  evidence: string | null;
  /** What orderstream does by itself. */
  self_heals: string;
  /** What the operator does. */
  do: string;
  /** A page of the docs, such as `docs/operations.md#kafka`. */
  runbook: string;
};
/** When each block was read last; null: never. */
export type AsOf = {
  group: number | null;
  letters: number | null;
  shop: number | null;
  connect: number | null;
  latest: number | null;
};

/** `GET /api/history`: the last 15 minutes, a point a second, columns of equal length. `t` in seconds. Names: lag, lag_s, per_s, age_p50_ms,
 *  age_p99_ms, busy_decode, busy_lookup, busy_commit, busy_write_back, lookups_per_s, hashes_per_s, letters_per_s, redis_behind, due, and
 *  `lag:<topic>-<n>` for each partition. */
export type History = { t: number[]; series: Record<string, (number | null)[]> };

/** `GET /api/orders/{id}?events=true&reveal=true`: the JSON of `orderstream trace --json` (consumer/src/trace/report.rs). */
export type OrderReport = {
  id: string;
  at: string;
  took_ms: { postgres: number; redis: number; kafka: number };
  verdict: { code: string; text: string };
  steps: {
    step: "shop" | "kafka" | "results" | "hash";
    state: "ok" | "old" | "refused" | "deleted" | "absent" | "incomplete" | "unknown";
    what: string;
  }[];
  row: Record<string, string | null> | null;
  tombstone: Record<string, string | null> | null;
  due: { at: string; attempts: number; partition: number; refusal: string | null } | null;
  hash: {
    state: "absent" | "foreign" | "live" | "deleted";
    revision: string | null;
    ttl_s: number | null;
    diff: { column: string; row: string | null; hash: string | null }[];
  } | null;
  letters: TraceLetter[];
  letters_counted: number;
  partition: {
    n: number;
    is_likely: boolean;
    next: string | null;
    lag: string | null;
    stopped: string | null;
  } | null;
  events: {
    at: string;
    op: string;
    position: string | null;
    fate: string | null;
    cause: string | null;
    changed: { column: string; before: string | null; after: string | null }[];
    note: string | null;
    from: string;
  }[];
  records?: unknown[];
  search?: unknown;
  not_known: string[];
  not_answered: { server: string; why: string }[];
};
export type TraceLetter = {
  id: string;
  topic: string;
  position: string;
  reason: string;
  message: string;
  replays: number;
  created_at: string;
  resolution: string | null;
};
/** `POST /api/customers/trace {"id","reveal"}`: the JSON of `orderstream trace --customer --json` (trace/customer/report.rs). */
/** `POST /api/orders/{id}/search {"since": RFC 3339 | null, "reveal"}`: lines of JSON: {"progress":{"records":n}} .. {"search":{..}} or {"error":".."};
 *  closing the request ends the search; 429 if another one runs. */

/** `POST /api/letters/list`. All fields optional. */
export type LetterFilter = {
  reasons?: string[];
  topic?: string;
  key?: string;
  since?: number;
  until?: number;
  resolved?: boolean;
  after?: string;
};
export type LetterPage = {
  as_of: number;
  took_ms: number;
  /** At most 50, the newest first. */
  items: Letter[];
  /** For `after` of the next page; null at the end. */
  next: string | null;
  /** By reason, over the filter without `reasons` and `after`; `capped`: there are more than was counted. */
  counts: { reason: string; letters: number; rising_since: number | null }[];
  capped: boolean;
};
export type Letter = {
  id: string;
  topic: string;
  position: string;
  order_id: string | null;
  customer_id: string | null;
  reason: string;
  stage: string;
  message: string;
  replays: number;
  created_at: number;
  resolved_at: number | null;
  resolution: string | null;
};
/** `GET /api/letters/{id}` -> Letter. `GET /api/letters/{id}/payload` (role reveal): text, escaped by the server, at most 64 KiB each. */
export type Payload = {
  headers: [string, string][];
  key: string | null;
  value: string | null;
  truncated: boolean;
};

/** `POST /api/actions/preview {"action","parameters","reason"}` (role operate). `reason` may be empty for replay, and is needed for the others. */
export type ActionRequest =
  | {
      action: "replay";
      parameters: LetterFilter & { ids?: string[]; rate?: number; max?: number };
      reason: string;
    }
  | { action: "pause"; parameters: { topic: string; partition: number; minutes: number }; reason: string }
  | { action: "resume"; parameters: { topic: string; partition: number }; reason: string }
  | { action: "hold_breaker"; parameters: { state: "open" | "closed"; minutes: number }; reason: string }
  | { action: "release_breaker"; parameters: Record<string, never>; reason: string }
  | { action: "rebuild"; parameters: { what: "cache" | "customers" }; reason: string }
  | { action: "restart_connector"; parameters: Record<string, never>; reason: string };
export type Plan = {
  plan_id: string;
  action: string;
  /** What would happen, in one sentence. */
  effect: string;
  details: { label: string; value: string }[];
  warnings: string[];
  /** What the operator types to confirm (a number of letters); null: a click is enough. */
  confirm: string | null;
  expires_at: number;
};
/** `POST /api/actions/{plan_id} {"confirm": string | null}` -> Action (202). The same again: the same Action, and nothing is done twice. 409: the counts
 *  moved or the plan is too old: make a new preview. `GET /api/actions?before=<at>` -> {items: Action[]} (50, the newest first),
 *  `GET /api/actions/{id}` -> Action, `POST /api/actions/{id}/stop` -> Action (a replay or a rebuild stops after its chunk). */
export type Action = {
  id: string;
  at: number;
  who: string;
  action: string;
  parameters: Record<string, unknown>;
  reason: string;
  state: "running" | "stopping" | "done" | "stopped" | "failed" | "interrupted";
  progress: { done: number; of: number | null; text: string } | null;
  /** What was measured in the end. */
  outcome: string | null;
  finished_at: number | null;
};
/** Every answer but 2xx of /api. 401: log in. 403: another role is needed. 421: the host is not allowed. 429, 503: `retry_after_ms`. */
export type ApiError = { error: string; code: string; retry_after_ms: number | null };
