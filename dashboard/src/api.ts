// The shapes of the JSON below /api, generated from the program's own types: change those and not this file (consumer/src/page/typescript.rs).
// Numbers of 64 bits and amounts are strings, an unknown number is null and never 0, moments are milliseconds since 1970 unless they are
// strings.

/**
 * Who asks, and what they may do.
 */
export type Session = {
  /**
   * The name of the token; null without a login.
   */
  user: string | null;
  /**
   * `read`, `reveal` or `operate`, each with those before it; null: nothing.
   */
  role: "read" | "reveal" | "operate" | null;
  /**
   * When the login ends by itself, in Unix milliseconds.
   */
  expires_at: number | null;
  /**
   * Whether anybody can log in.
   */
  has_tokens: boolean;
  /**
   * What to do for more rights.
   */
  how: string;
  /**
   * The version of the program.
   */
  version: string;
};

/**
 * Everything that Flow, Partitions, Redis and Alerts show.
 */
export type Overview = {
  /**
   * When it was made.
   */
  at: number;
  /**
   * One more each second.
   */
  seq: number;
  /**
   * The name of this start of the process.
   */
  instance: string;
  /**
   * The version of the program.
   */
  version: string;
  /**
   * The revision of the program.
   */
  revision: string;
  /**
   * Whether all is well.
   */
  verdict: Verdict;
  /**
   * How far behind.
   */
  lag: Lag;
  /**
   * How old changes of the shop are at their commit, in the slowest process.
   */
  age_ms: Quantiles;
  /**
   * The step that holds up the others.
   */
  bottleneck: Bottleneck | null;
  /**
   * What passes between the servers.
   */
  edges: Edges;
  /**
   * The servers.
   */
  nodes: Nodes;
  /**
   * The list of the sweep.
   */
  due: Due | null;
  /**
   * Dead letters by reason.
   */
  letters: Array<LetterCount> | null;
  /**
   * All partitions, of all processes.
   */
  partitions: Array<Partition>;
  /**
   * All processes.
   */
  processes: Array<Process>;
  /**
   * The newest orders.
   */
  latest: Array<LatestOrder> | null;
  /**
   * Redis.
   */
  redis: RedisNow;
  /**
   * What is wrong now, the worst first.
   */
  alerts: Array<Alert>;
  /**
   * The actions that run now, and the last one that has ended; null: not asked yet.
   */
  actions: Array<Action> | null;
  /**
   * When each block was read.
   */
  as_of: AsOf;
};

/**
 * Whether all is well.
 */
export type Verdict = {
  /**
   * `ready`, `degraded` or `not_ready`.
   */
  state: "ready" | "degraded" | "not_ready";
  /**
   * The one sentence.
   */
  headline: string;
  /**
   * Why the process is not ready.
   */
  reasons: Array<string>;
  /**
   * What does not work but does no harm yet.
   */
  degraded: Array<string>;
};

/**
 * How far behind.
 */
export type Lag = {
  /**
   * Records that are not committed.
   */
  records: number | null;
  /**
   * Whether the lag of some partition is not known.
   */
  at_least: boolean;
  /**
   * How long the oldest of them has waited.
   */
  seconds: number | null;
  /**
   * `falling`, `steady` or `rising`.
   */
  trend: "falling" | "steady" | "rising" | null;
  /**
   * When there will be none at this rate.
   */
  eta_s: number | null;
};

/**
 * Half of them, and 99 of 100, were not above.
 */
export type Quantiles = {
  /**
   * The middle.
   */
  p50: number | null;
  /**
   * 99 of 100.
   */
  p99: number | null;
};

/**
 * The step that holds up the others.
 */
export type Bottleneck = {
  /**
   * The step, as in `edges`.
   */
  edge: keyof Edges;
  /**
   * The share of time that it takes.
   */
  busy: number;
  /**
   * For how long.
   */
  for_s: number;
};

/**
 * What passes between the servers, over all processes that report.
 */
export type Edges = {
  /**
   * Kafka to orderstream.
   */
  read: Edge;
  /**
   * Bytes to changes.
   */
  decode: Edge;
  /**
   * Customers from Redis.
   */
  lookup: Edge;
  /**
   * Rows to Postgres.
   */
  commit: Edge;
  /**
   * Hashes to Redis.
   */
  write_back: Edge;
  /**
   * Dead letters to Kafka.
   */
  dead_letter: Edge;
  /**
   * Rows that the sweep completed.
   */
  sweep: Edge;
};

/**
 * What passes at one place.
 */
export type Edge = {
  /**
   * How many a second.
   */
  per_s: number | null;
  /**
   * The share of an average partition's time, 0 to 1.
   */
  busy: number | null;
  /**
   * 99 of 100 batches took no longer.
   */
  p99_ms: number | null;
  /**
   * How many fail a second.
   */
  errors_per_s: number | null;
};

/**
 * The servers.
 */
export type Nodes = {
  /**
   * The shop's Postgres; null without `source.url`.
   */
  shop: Shop | null;
  /**
   * The age of Debezium's last heartbeat.
   */
  heartbeat_age_s: number | null;
  /**
   * Kafka Connect; null without `connect.url`.
   */
  connect: Connector | null;
  /**
   * Kafka.
   */
  kafka: Server;
  /**
   * The Postgres with `results`.
   */
  postgres: Server;
  /**
   * Redis.
   */
  redis: Server;
};

/**
 * The shop's Postgres.
 */
export type Shop = {
  /**
   * The class of the error while it is away.
   */
  error: string | null;
  /**
   * Its replication slots.
   */
  slots: Array<Slot>;
};

/**
 * A replication slot.
 */
export type Slot = {
  /**
   * Its name.
   */
  name: string;
  /**
   * Whether somebody is connected to it.
   */
  active: boolean;
  /**
   * Bytes of the log that it keeps.
   */
  retained_bytes: number;
  /**
   * Bytes of the log that its reader has not confirmed.
   */
  lag_bytes: number;
};

/**
 * The connector.
 */
export type Connector = {
  /**
   * Its name.
   */
  name: string;
  /**
   * `unknown`, `away`, `absent`, or the state that Connect gives it.
   */
  state: string;
  /**
   * Since when, with its tasks.
   */
  for_s: number;
  /**
   * The class of the error while Connect is away.
   */
  error: string | null;
  /**
   * Its tasks.
   */
  tasks: Array<Task>;
};

/**
 * A task of the connector.
 */
export type Task = {
  /**
   * Its number.
   */
  id: number;
  /**
   * Its state.
   */
  state: string;
  /**
   * The classes of the exceptions that it has failed with.
   */
  error: string | null;
};

/**
 * A server.
 */
export type Server = {
  /**
   * `unknown`, `up` or `down`.
   */
  state: "unknown" | "up" | "down";
  /**
   * Since when.
   */
  for_s: number | null;
  /**
   * The class of the error while it is down.
   */
  error: string | null;
  /**
   * The address in use, where others can take its place.
   */
  server: string | null;
};

/**
 * The list of the sweep.
 */
export type Due = {
  /**
   * Orders on it.
   */
  orders: number;
  /**
   * Those whose time has come.
   */
  now: number;
  /**
   * Customers whose orders are still to be put on it.
   */
  customers: number;
};

/**
 * Dead letters of one reason.
 */
export type LetterCount = {
  /**
   * The reason.
   */
  reason: string;
  /**
   * Open ones.
   */
  open: number;
  /**
   * Closed ones.
   */
  resolved: number;
};

/**
 * A partition.
 */
export type Partition = {
  /**
   * Its topic.
   */
  topic: string;
  /**
   * Its number.
   */
  partition: number;
  /**
   * The process that has it; null if nobody reports it.
   */
  owner: string | null;
  /**
   * Since when the owner was not heard of.
   */
  owner_heard_s: number | null;
  /**
   * `claiming`, `running`, `waiting`, `stopped`, `lost`, `paused`, or `unowned`.
   */
  state: string;
  /**
   * Why it waits or has stopped.
   */
  reason: string | null;
  /**
   * Since when it is in this state.
   */
  for_s: number | null;
  /**
   * The next offset.
   */
  next: string | null;
  /**
   * The end.
   */
  end: string | null;
  /**
   * Records that are not committed.
   */
  lag: number | null;
  /**
   * How long the oldest of them has waited.
   */
  lag_s: number | null;
  /**
   * Records a second.
   */
  per_s: number | null;
  /**
   * Its records so far.
   */
  fates: FateCounts | null;
  /**
   * Records that Redis does not reflect yet.
   */
  redis_behind: number | null;
  /**
   * Since when nothing was committed.
   */
  last_commit_s: number | null;
  /**
   * Who has paused it.
   */
  paused: Paused | null;
};

/**
 * A partition that an operator has paused.
 */
export type Paused = {
  /**
   * When the pause ends by itself.
   */
  until: number;
  /**
   * Who has paused it.
   */
  by: string;
  /**
   * Why, in their words.
   */
  reason: string;
};

/**
 * Records by fate.
 */
export type FateCounts = {
  /**
   * Written.
   */
  applied: number;
  /**
   * Overtaken.
   */
  stale: number;
  /**
   * Without meaning.
   */
  ignored: number;
  /**
   * Dead letters.
   */
  dead_lettered: number;
};

/**
 * A process.
 */
export type Process = {
  /**
   * Its host and number.
   */
  process: string;
  /**
   * The name of this start of it.
   */
  instance: string;
  /**
   * `ready`, `degraded`, `not_ready` or `silent`; `unknown` while this process cannot read the reports.
   */
  state: string;
  /**
   * Since when it was not heard of.
   */
  heard_s: number;
  /**
   * Its version.
   */
  version: string;
  /**
   * How long it runs.
   */
  uptime_s: number;
  /**
   * Its partitions.
   */
  partitions: Array<string>;
  /**
   * What is wrong with it.
   */
  reasons: Array<string>;
  /**
   * Whether it is the one that answers.
   */
  is_this: boolean;
};

/**
 * A new order.
 */
export type LatestOrder = {
  /**
   * The order.
   */
  order_id: string;
  /**
   * What was ordered.
   */
  product_id: string;
  /**
   * How many.
   */
  quantity: number;
  /**
   * For how much.
   */
  total: string;
  /**
   * Its state in the shop.
   */
  status: string | null;
  /**
   * What is known of its customer.
   */
  enrichment: string;
  /**
   * When it was written.
   */
  processed_at: number;
};

/**
 * Redis, as of now.
 */
export type RedisNow = {
  /**
   * The breaker around the server.
   */
  breaker: Breaker | null;
  /**
   * The breaker around writes alone.
   */
  breaker_of_writes: Breaker | null;
  /**
   * Grows with each transition of a breaker of this process.
   */
  transitions: number;
  /**
   * Lookups of customers.
   */
  lookups: RedisLookups;
  /**
   * Records that Redis does not reflect yet.
   */
  behind: number | null;
  /**
   * Partitions of which it is being made whole.
   */
  rebuilding: Rebuilding | null;
  /**
   * Who holds the breaker.
   */
  held: Held | null;
};

/**
 * Lookups of customers.
 */
export type RedisLookups = {
  /**
   * Customers that were there.
   */
  found_per_s: number | null;
  /**
   * Customers that were not there.
   */
  missing_per_s: number | null;
  /**
   * Customers that could not be asked for.
   */
  unavailable_per_s: number | null;
};

/**
 * Partitions of which Redis is being made whole.
 */
export type Rebuilding = {
  /**
   * Of customers.
   */
  customers: number;
  /**
   * Of orders.
   */
  orders: number;
};

/**
 * A breaker of this process.
 */
export type Breaker = {
  /**
   * `closed`, `open`, `half_open`, `forced_open` or `forced_closed`.
   */
  state: "closed" | "open" | "half_open" | "forced_open" | "forced_closed";
  /**
   * Calls that were answered, since the process started.
   */
  succeeded: number;
  /**
   * Calls that failed.
   */
  failed: number;
  /**
   * Calls that were slow.
   */
  slow: number;
  /**
   * Calls that were not made.
   */
  rejected: number;
};

/**
 * The breaker that an operator holds.
 */
export type Held = {
  /**
   * `open` or `closed`.
   */
  state: "open" | "closed";
  /**
   * When the hold ends by itself.
   */
  until: number;
  /**
   * Who holds it.
   */
  by: string;
  /**
   * Why, in their words.
   */
  reason: string;
};

/**
 * When each block was read; null: never.
 */
export type AsOf = {
  /**
   * What the processes report.
   */
  group: number | null;
  /**
   * Letters, and the list of the sweep.
   */
  letters: number | null;
  /**
   * The shop's Postgres.
   */
  shop: number | null;
  /**
   * Kafka Connect.
   */
  connect: number | null;
  /**
   * The newest orders.
   */
  latest: number | null;
};

/**
 * Something that is wrong now.
 */
export type Alert = {
  /**
   * The same for as long as it lasts: its kind, and what it is about.
   */
  id: string;
  /**
   * How bad it is.
   */
  severity: Severity;
  /**
   * Since when, in milliseconds since 1970; null if that is not known.
   */
  since: number | null;
  /**
   * What is wrong, in one sentence.
   */
  what: string;
  /**
   * What tells so, where the sentence does not say it all.
   */
  evidence: string | null;
  /**
   * What orderstream does by itself.
   */
  self_heals: string;
  /**
   * What the operator does.
   */
  do: string;
  /**
   * The page of the docs that says more, with its heading.
   */
  runbook: string;
};

/**
 * How bad an alert is.
 */
export type Severity = "critical" | "warning";

/**
 * The transitions of the breakers of this process.
 */
export type RedisDay = {
  /**
   * When it was looked at, in milliseconds since 1970.
   */
  as_of: number;
  /**
   * Since when every transition is known: a day ago, or the start of the process, or the oldest of those that are kept.
   */
  since: number;
  /**
   * The newest first, at most 500.
   */
  transitions: Array<Transition>;
};

/**
 * A breaker went from one state to another.
 */
export type Transition = {
  /**
   * When, in milliseconds since 1970.
   */
  at: number;
  /**
   * `server` or `writes`.
   */
  breaker: string;
  /**
   * The state before.
   */
  from: string;
  /**
   * The state after.
   */
  to: string;
  /**
   * Why.
   */
  cause: string;
};

/**
 * Which letters are meant. A field that is left out leaves all letters in.
 */
export type LetterFilter = {
  /**
   * The reasons.
   */
  reasons?: Array<string>;
  /**
   * The record's topic.
   */
  topic?: string;
  /**
   * The order's or the customer's id.
   */
  key?: string;
  /**
   * Only letters from this time on, in milliseconds since 1970.
   */
  since?: number;
  /**
   * Only letters from before this time.
   */
  until?: number;
  /**
   * Whether only closed letters are meant, or only open ones.
   */
  resolved?: boolean;
  /**
   * Where the page begins: `next` of the page before.
   */
  after?: string;
};

/**
 * A page of letters.
 */
export type LetterPage = {
  /**
   * When they were read, in milliseconds since 1970.
   */
  as_of: number;
  /**
   * How long that took.
   */
  took_ms: number;
  /**
   * At most 50, the newest first.
   */
  items: Array<Letter>;
  /**
   * Where the next page begins; null at the end.
   */
  next: string | null;
  /**
   * All that the filter means but for its reasons, counted by reason.
   */
  counts: Array<ReasonCount>;
  /**
   * Whether there are more than were counted.
   */
  capped: boolean;
};

/**
 * Letters of one reason.
 */
export type ReasonCount = {
  /**
   * The reason.
   */
  reason: string;
  /**
   * How many there are.
   */
  letters: number;
  /**
   * When the run of open ones began that reaches into the last ten minutes; null if there is none.
   */
  rising_since: number | null;
};

/**
 * A letter, without any value of its record.
 */
export type Letter = {
  /**
   * Its id.
   */
  id: string;
  /**
   * The record's topic.
   */
  topic: string;
  /**
   * Where the record stands, `<partition>@<offset>`.
   */
  position: string;
  /**
   * The order, if the record could be read that far.
   */
  order_id: string | null;
  /**
   * The customer, if the record could be read that far; an address is masked.
   */
  customer_id: string | null;
  /**
   * The reason.
   */
  reason: string;
  /**
   * The step that refused the record.
   */
  stage: string;
  /**
   * What is wrong and where.
   */
  message: string;
  /**
   * How often it was replayed in vain.
   */
  replays: number;
  /**
   * When the record was refused, in milliseconds since 1970.
   */
  created_at: number;
  /**
   * When it was closed.
   */
  resolved_at: number | null;
  /**
   * What became of it.
   */
  resolution: string | null;
};

/**
 * A plan, as it is shown: the answer to `POST /api/actions/preview`.
 */
export type Plan = {
  /**
   * Under this id it is executed.
   */
  plan_id: string;
  /**
   * The action.
   */
  action: string;
  /**
   * What would happen, in one sentence.
   */
  effect: string;
  /**
   * Numbers and names.
   */
  details: Array<Detail>;
  /**
   * What to think of before.
   */
  warnings: Array<string>;
  /**
   * What the operator types to confirm; null: a click is enough.
   */
  confirm: string | null;
  /**
   * Until when it may be executed, in Unix milliseconds.
   */
  expires_at: number;
};

/**
 * A line of a plan.
 */
export type Detail = {
  /**
   * What it is.
   */
  label: string;
  /**
   * How it is.
   */
  value: string;
};

/**
 * Actions, the last first.
 */
export type ActionPage = {
  /**
   * At least 50 if there are so many.
   */
  items: Array<Action>;
};

/**
 * An action, as it is shown.
 */
export type Action = {
  /**
   * The id of its plan.
   */
  id: string;
  /**
   * When its execution began, in Unix milliseconds.
   */
  at: number;
  /**
   * Who has executed it.
   */
  who: string;
  /**
   * What is done.
   */
  action: string;
  /**
   * To what, and how. The id of a customer is shown to the roles reveal and operate alone.
   */
  parameters: Record<string, unknown>;
  /**
   * Why, in the operator's words.
   */
  reason: string;
  /**
   * `running`, `stopping`, `done`, `stopped`, `failed`, or `interrupted`: the process that executes it is not heard of any more.
   */
  state: "running" | "stopping" | "done" | "stopped" | "failed" | "interrupted";
  /**
   * How far it is.
   */
  progress: Progress | null;
  /**
   * What was measured in the end.
   */
  outcome: string | null;
  /**
   * When it ended, in Unix milliseconds.
   */
  finished_at: number | null;
};

/**
 * How far an action is.
 */
export type Progress = {
  /**
   * So much is done.
   */
  done: number;
  /**
   * Of so much, if that is known.
   */
  of: number | null;
  /**
   * The same in words.
   */
  text: string;
};

/**
 * A time in UTC: as ISO 8601 with microseconds for programs, and to the second for people.
 */
export type Moment = string;

/**
 * Names and values in their order; a value that is `None` is null.
 */
export type Columns = Record<string, string | null>;

/**
 * The answer about an order.
 */
export type OrderReport = {
  /**
   * The order.
   */
  id: string;
  /**
   * When the servers were asked.
   */
  at: Moment;
  /**
   * How long each server took.
   */
  took_ms: TraceTook;
  /**
   * The verdict.
   */
  verdict: TraceVerdict;
  /**
   * The way of the order: shop, Kafka, results, hash.
   */
  steps: Array<TraceStep>;
  /**
   * The columns of the row, and its position; `None` without a row.
   */
  row: Columns | null;
  /**
   * When the order was deleted, and where the delete stands.
   */
  tombstone: Columns | null;
  /**
   * The order's place on the list of the sweep.
   */
  due: TraceDue | null;
  /**
   * The hash in Redis; `None` if nothing is known of it.
   */
  hash: TraceHash | null;
  /**
   * The letters of the order, the newest first.
   */
  letters: Array<TraceLetter>;
  /**
   * How many letters there are, counted up to 1,001.
   */
  letters_counted: number;
  /**
   * The partition of the order.
   */
  partition: TracePartition | null;
  /**
   * What happened, the first first.
   */
  events: Array<TraceEvent>;
  /**
   * The records that row, tombstone and letters name; only where they were asked for.
   */
  records?: Array<TraceRecord>;
  /**
   * What a search in Kafka has found; only where it was asked for.
   */
  search?: TraceSearch;
  /**
   * What is not known, and why.
   */
  not_known: Array<string>;
  /**
   * Who did not answer, and why.
   */
  not_answered: Array<NotAnswered>;
};

/**
 * How long each server took, in milliseconds.
 */
export type TraceTook = {
  /**
   * Postgres.
   */
  postgres: number;
  /**
   * Redis.
   */
  redis: number;
  /**
   * Kafka.
   */
  kafka: number;
};

/**
 * The verdict.
 */
export type TraceVerdict = {
  /**
   * The kind of the sentence.
   */
  code: TraceCode;
  /**
   * The sentence.
   */
  text: string;
};

/**
 * The kinds of sentences.
 */
export type TraceCode =
  | "right"
  | "right_letter_overtaken"
  | "right_redis_unknown"
  | "hash_old_listed"
  | "hash_old"
  | "hash_absent_listed"
  | "hash_expired"
  | "hash_lost"
  | "hash_absent"
  | "hash_changed"
  | "hash_ahead"
  | "pending"
  | "missing_customer"
  | "customer_changed"
  | "completion_refused"
  | "letter_open"
  | "letter_open_without_row"
  | "letter_closed_without_row"
  | "deleted"
  | "deleted_hash_old"
  | "deleted_letter_open"
  | "truncated"
  | "truncating"
  | "other_epoch"
  | "partition_stopped"
  | "not_yet_read"
  | "never_seen"
  | "never_seen_lag_unknown"
  | "hash_without_row"
  | "unknown";

/**
 * A step of the way.
 */
export type TraceStep = {
  /**
   * The place: `shop`, `kafka`, `results`, `hash`.
   */
  step: "shop" | "kafka" | "results" | "hash";
  /**
   * `ok`, `old`, `refused`, `deleted`, `absent`, `incomplete` or `unknown`.
   */
  state: "ok" | "old" | "refused" | "deleted" | "absent" | "incomplete" | "unknown";
  /**
   * More of it, in words.
   */
  what: string;
};

/**
 * An order's place on the list of the sweep.
 */
export type TraceDue = {
  /**
   * When the order is looked at next.
   */
  at: Moment;
  /**
   * How often it was looked at in vain.
   */
  attempts: number;
  /**
   * The partition whose owner sweeps it.
   */
  partition: number;
  /**
   * Why Postgres refused the row at the last try.
   */
  refusal: string | null;
};

/**
 * The hash in Redis.
 */
export type TraceHash = {
  /**
   * `absent`, `foreign`, `live` or `deleted`.
   */
  state: "absent" | "foreign" | "live" | "deleted";
  /**
   * The revision; `None` without a readable version.
   */
  revision: string | null;
  /**
   * Seconds until the hash goes.
   */
  ttl_s: number | null;
  /**
   * The columns that differ from the row.
   */
  diff: Array<TraceDiff>;
};

/**
 * A column that differs between row and hash.
 */
export type TraceDiff = {
  /**
   * The column.
   */
  column: string;
  /**
   * The value of the row.
   */
  row: string | null;
  /**
   * The value of the hash.
   */
  hash: string | null;
};

/**
 * A letter.
 */
export type TraceLetter = {
  /**
   * The id.
   */
  id: string;
  /**
   * The topic of the record.
   */
  topic: string;
  /**
   * Where the record stands, `<partition>@<offset>`.
   */
  position: string;
  /**
   * The reason.
   */
  reason: string;
  /**
   * What is wrong and where.
   */
  message: string;
  /**
   * How often it was replayed in vain.
   */
  replays: number;
  /**
   * When the record was refused.
   */
  created_at: Moment;
  /**
   * What became of it; `None` while it is open.
   */
  resolution: string | null;
};

/**
 * The partition of the order.
 */
export type TracePartition = {
  /**
   * Its number.
   */
  n: number;
  /**
   * Whether only the key leads there, because no event of the order was seen.
   */
  is_likely: boolean;
  /**
   * The first offset without a fate.
   */
  next: string | null;
  /**
   * How many records are not read yet.
   */
  lag: string | null;
  /**
   * Why it was stopped.
   */
  stopped: string | null;
};

/**
 * A server that did not answer.
 */
export type NotAnswered = {
  /**
   * The server.
   */
  server: string;
  /**
   * Why not.
   */
  why: string;
};

/**
 * Something that happened to an order.
 */
export type TraceEvent = {
  /**
   * When.
   */
  at: Moment;
  /**
   * What: `created`, `changed`, `written`, `deleted`, `emptied`, `letter`, `letter_closed`.
   */
  op: string;
  /**
   * Where the event of it stands, `<partition>@<offset>`.
   */
  position: string | null;
  /**
   * What became of it.
   */
  fate: string | null;
  /**
   * Why it happened, where that is recorded.
   */
  cause: string | null;
  /**
   * What was changed, where that is recorded.
   */
  changed: Array<TraceChanged>;
  /**
   * More of it, in words.
   */
  note: string | null;
  /**
   * What tells of it: `history`, `row`, `tombstone`, `letter`.
   */
  from: string;
};

/**
 * A column that was changed.
 */
export type TraceChanged = {
  /**
   * The column.
   */
  column: string;
  /**
   * The value before, if it is recorded.
   */
  before: string | null;
  /**
   * The value after.
   */
  after: string | null;
};

/**
 * A record as it stands in Kafka.
 */
export type TraceRecord = {
  /**
   * What names the record: `row`, `tombstone`, `letter`, `search`.
   */
  named_by: string;
  /**
   * The topic.
   */
  topic: string;
  /**
   * Where the record stands, `<partition>@<offset>`.
   */
  position: string;
  /**
   * When Kafka got the record.
   */
  at: Moment | null;
  /**
   * Whether the key is that of the order. It is not if the topic was made anew since, or if the record has no readable key.
   */
  is_of_order: boolean;
  /**
   * What the record says; `None` if it was not read, or says nothing that can be shown.
   */
  change: TraceChange | null;
  /**
   * Why the record was not read, or is not shown.
   */
  why_not: string | null;
};

/**
 * A change as a record tells it.
 */
export type TraceChange = {
  /**
   * `c`, `u`, `d`, `r` or `t` of Debezium; `tombstone` for a null value, `flat` for a flat row.
   */
  op: string;
  /**
   * When the shop committed, in milliseconds since 1970.
   */
  source_ms: string | null;
  /**
   * The columns that the change has changed, or all where there is only one side.
   */
  columns: Array<TraceColumn>;
};

/**
 * A column before and after a change.
 */
export type TraceColumn = {
  /**
   * The column.
   */
  column: string;
  /**
   * The value before; `None` if the record does not tell it.
   */
  before: string | null;
  /**
   * The value after; `None` if the record does not tell it.
   */
  after: string | null;
};

/**
 * What a search has found.
 */
export type TraceSearch = {
  /**
   * The partition.
   */
  partition: number;
  /**
   * The first offset that was looked at.
   */
  from: string;
  /**
   * The offset after the last one.
   */
  up_to: string;
  /**
   * How many records were looked at.
   */
  records: number;
  /**
   * Why the search ended: `end of the partition`, `records`, `500 found`, `time`, `interrupted`, or what went wrong.
   */
  ended_by: string;
  /**
   * The records of the order.
   */
  found: Array<TraceRecord>;
};

/**
 * The answer about a customer.
 */
export type CustomerReport = {
  /**
   * The customer.
   */
  id: string;
  /**
   * When the servers were asked.
   */
  at: Moment;
  /**
   * How long each server took, in milliseconds.
   */
  took_ms: Columns;
  /**
   * The verdict.
   */
  verdict: CustomerVerdict;
  /**
   * The hash in Redis: its state, version and columns; `None` if nothing is known of it.
   */
  hash: Columns | null;
  /**
   * The rows of the customer's orders, counted up to 1,001; `None` if Postgres did not answer.
   */
  orders: CustomerOrders | null;
  /**
   * When the customer was marked, so that its orders are looked through.
   */
  marked_at: Moment | null;
  /**
   * The letters, the newest first.
   */
  letters: Array<TraceLetter>;
  /**
   * How many letters there are, counted up to 1,001.
   */
  letters_counted: number;
  /**
   * Who did not answer, and why.
   */
  not_answered: Array<NotAnswered>;
};

/**
 * The rows of the customer's orders.
 */
export type CustomerOrders = {
  /**
   * How many rows were counted.
   */
  counted: number;
  /**
   * Those that have the customer.
   */
  complete: number;
  /**
   * Those whose customer was not found.
   */
  missing: number;
  /**
   * Those for which Redis could not be asked.
   */
  pending: number;
  /**
   * Those on the list of the sweep.
   */
  due: number;
  /**
   * Some versions of the customer that the rows have.
   */
  versions: Array<string>;
  /**
   * Some of the orders.
   */
  some: Array<string>;
};

/**
 * The verdict on a customer.
 */
export type CustomerVerdict = {
  /**
   * The kind of the sentence.
   */
  code: CustomerCode;
  /**
   * The sentence.
   */
  text: string;
};

/**
 * The kinds of sentences.
 */
export type CustomerCode =
  | "known"
  | "orders_follow"
  | "letter_open"
  | "deleted"
  | "lost"
  | "not_yet_read"
  | "never_seen"
  | "unknown";

/** The steps of a batch, and what else passes between the servers. */
export type EdgeName = keyof Edges;

/** `GET /api/history`: the last 15 minutes, a point a second, columns of equal length; `t` in seconds since 1970. */
export type History = { t: number[]; series: Record<string, (number | null)[]> };

/** `GET /api/letters/{id}/payload`: text, escaped by the server. */
export type Payload = {
  headers: [string, string][];
  key: string | null;
  value: string | null;
  truncated: boolean;
};

/** `POST /api/actions/preview`. */
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

/** Every answer of /api that is no success. */
export type ApiError = { error: string; code: string; retry_after_ms: number | null };
