// The picture's contents: seven nodes and the edges between them, in words. Pure: drawn as a picture, and on a narrow screen as a list.

import type { Edge, EdgeName, Overview, Server } from "../api";
import { bytes, clock, counted, integer, measured, milliseconds, rate, seconds, share } from "../format";
import type { Tone } from "../ui/badge";
import { is_late } from "../ui/late";
import { open_letters } from "../verdict";

export type NodeName = "shop" | "connect" | "kafka" | "orderstream" | "postgres" | "redis" | "letters";
export type WayNode = {
  name: NodeName;
  title: string;
  word: string;
  tone: Tone;
  lines: string[];
  error: string | null;
};
export type WayEdge = {
  name: EdgeName;
  title: string;
  lines: string[];
  is_bottleneck: boolean;
  has_errors: boolean;
};

export function nodes_of(at: Overview): WayNode[] {
  const { shop: of_shop, connect: of_connect, letters: of_letters } = at.as_of;
  return [
    dated(shop(at), of_shop, at),
    dated(connect(at), of_connect, at),
    kafka(at),
    orderstream(at),
    postgres(at),
    redis(at),
    dated(letters(at), of_letters, at),
  ];
}

/** A node whose numbers are old says of when they are. */
function dated(node: WayNode, as_of: number | null, at: Overview): WayNode {
  return is_late(as_of, at.at) ? { ...node, lines: [`as of ${clock(as_of)}`, ...node.lines] } : node;
}

/** What a screen reader hears of a node. */
export function node_words(node: WayNode): string {
  return [`${node.title}: ${node.word}`, ...node.lines, node.error].filter(Boolean).join(", ");
}

export function edge_words(edge: WayEdge): string {
  return `${edge.title}: ${edge.lines.join(", ")}`;
}

function shop(at: Overview): WayNode {
  const node = { name: "shop" as const, title: "Shop" };
  const known = at.nodes.shop;
  if (!known)
    return { ...node, word: "not asked", tone: "unknown", lines: ["source.url is not set"], error: null };
  if (known.error) return { ...node, word: "no answer", tone: "bad", lines: [], error: known.error };
  const idle = known.slots.find((slot) => !slot.active);
  const lines = known.slots.slice(0, 2).map((slot) => `slot keeps ${bytes(slot.retained_bytes)}`);
  if (known.slots.length === 0) return { ...node, word: "no slot", tone: "bad", lines, error: null };
  return { ...node, word: idle ? "slot idle" : "up", tone: idle ? "notice" : "good", lines, error: null };
}

function connect(at: Overview): WayNode {
  const node = { name: "connect" as const, title: "Connect" };
  const known = at.nodes.connect;
  const beat =
    at.nodes.heartbeat_age_s === null ? [] : [`heartbeat ${seconds(at.nodes.heartbeat_age_s)} ago`];
  if (!known)
    return {
      ...node,
      word: "not asked",
      tone: "unknown",
      lines: ["connect.url is not set", ...beat],
      error: null,
    };
  const failed = known.tasks.find((task) => task.state !== "running");
  const running = known.state === "running" && !failed && !known.error;
  const tasks = known.tasks.slice(0, 2).map((task) => `task ${task.id} ${task.state}`);
  return {
    ...node,
    word: failed ? failed.state : known.state,
    tone: running ? "good" : "bad",
    lines: [...tasks, ...beat],
    error: known.error ?? failed?.error ?? null,
  };
}

function server(server: Server): { word: string; tone: Tone; error: string | null } {
  const { state, error } = server;
  if (state === "unknown") return { word: "not known", tone: "unknown", error };
  if (state === "up") return { word: "up", tone: "good", error };
  return { word: server.for_s === null ? "away" : `away ${seconds(server.for_s)}`, tone: "bad", error };
}

function kafka(at: Overview): WayNode {
  const lag = `lag ${integer(at.lag.records)}${at.lag.at_least ? " at least" : ""}`;
  const lines = [counted(at.partitions.length, "partition"), lag];
  return { name: "kafka", title: "Kafka", ...server(at.nodes.kafka), lines };
}

function orderstream(at: Overview): WayNode {
  const silent = at.processes.filter((process) => process.state === "silent").length;
  const words = { ready: "ready", degraded: "degraded", not_ready: "not ready" };
  const tones: Record<string, Tone> = { ready: "good", degraded: "notice", not_ready: "bad" };
  const lines = [
    counted(at.processes.length, "process", "processes"),
    `decode ${share(at.edges.decode.busy)} busy`,
  ];
  if (silent > 0) lines.push(`${silent} silent`);
  const state = at.verdict.state;
  return {
    name: "orderstream",
    title: "orderstream",
    word: words[state],
    tone: tones[state] ?? "unknown",
    lines,
    error: null,
  };
}

function postgres(at: Overview): WayNode {
  const due = at.due ? [`${integer(at.due.orders)} due, ${integer(at.due.now)} now`] : ["- due"];
  const marks = at.due && at.due.customers > 0 ? [counted(at.due.customers, "customer mark")] : [];
  return { name: "postgres", title: "Postgres", ...server(at.nodes.postgres), lines: [...due, ...marks] };
}

const BREAKER_WORDS: Record<string, string> = {
  closed: "breaker closed",
  open: "breaker OPEN",
  half_open: "breaker half open",
  forced_open: "breaker held OPEN",
  forced_closed: "breaker held closed",
};

function redis(at: Overview): WayNode {
  const node = server(at.nodes.redis);
  const breaker = at.redis.breaker?.state;
  const lines = [
    breaker ? (BREAKER_WORDS[breaker] ?? breaker) : "breaker -",
    `${integer(at.redis.behind)} behind`,
  ];
  const { orders, customers } = at.redis.rebuilding ?? { orders: 0, customers: 0 };
  const lacks = orders + customers > 0;
  if (lacks) lines.push(`${counted(orders + customers, "partition")} made whole`);
  const open = breaker === "open" || breaker === "forced_open" || breaker === "half_open";
  const tone = node.tone === "good" && (open || lacks) ? "notice" : node.tone;
  return { name: "redis", title: "Redis", ...node, tone, lines };
}

function letters(at: Overview): WayNode {
  const open = open_letters(at);
  const word = open === null ? "not known" : open === 0 ? "none open" : `${integer(open)} open`;
  const tone: Tone = open === null ? "unknown" : open === 0 ? "good" : "notice";
  const reasons = (at.letters ?? []).filter((of) => of.open > 0).sort((a, b) => b.open - a.open);
  const lines = reasons.slice(0, 2).map((of) => `${of.reason} ${integer(of.open)}`);
  return { name: "letters", title: "Dead letters", word, tone, lines, error: null };
}

const EDGES: [EdgeName, string][] = [
  ["read", "read"],
  ["commit", "commit"],
  ["lookup", "look up"],
  ["write_back", "write back"],
  ["dead_letter", "refused"],
  ["sweep", "sweep"],
];

/** The edges that are drawn; decoding is within orderstream. */
export function edges_of(at: Overview): Record<Exclude<EdgeName, "decode">, WayEdge> {
  const made = EDGES.map(([name, title]) => [name, edge(name, title, at.edges[name], at)]);
  return Object.fromEntries(made) as Record<Exclude<EdgeName, "decode">, WayEdge>;
}

function edge(name: EdgeName, title: string, numbers: Edge, at: Overview): WayEdge {
  const lines = [rate(numbers.per_s)];
  // A stage without work has no busy share and no time worth a look.
  const busy = numbers.busy === null || numbers.busy < 0.005 ? null : `${share(numbers.busy)} busy`;
  const p99 = numbers.p99_ms === null || numbers.per_s === 0 ? null : `p99 ${milliseconds(numbers.p99_ms)}`;
  const second = [busy, p99].filter(Boolean).join(", ");
  if (second) lines.push(second);
  const is_bottleneck = at.bottleneck?.edge === name;
  if (is_bottleneck) lines.push(`bottleneck for ${seconds(at.bottleneck?.for_s)}`);
  const has_errors = (numbers.errors_per_s ?? 0) > 0;
  if (has_errors) lines.push(`${measured(numbers.errors_per_s)} errors/s`);
  return { name, title, lines, is_bottleneck, has_errors };
}
