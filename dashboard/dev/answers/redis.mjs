const MIN = 60_000;

export function redis_day(scene, at) {
  if (scene === "empty" || scene === "unknown")
    return { as_of: at, since: at - 3 * 60 * MIN, transitions: [] };
  const changes = [
    [
      at - 19 * 60 * MIN,
      "server",
      "closed",
      "open",
      "12 of 20 calls failed: connection refused (os error 111)",
    ],
    [at - 19 * 60 * MIN + 5_000, "server", "open", "half_open", "a trial after 5 s"],
    [at - 18 * 60 * MIN, "server", "half_open", "closed", "3 trials succeeded"],
    [at - 6 * 60 * MIN, "writes", "closed", "open", "11 of 20 calls were slower than 200 ms"],
    [at - 6 * 60 * MIN + 90_000, "writes", "open", "half_open", "a trial after 90 s"],
    [at - 6 * 60 * MIN + 95_000, "writes", "half_open", "closed", "3 trials succeeded"],
  ];
  if (scene === "degraded")
    changes.push([
      at - 72_000,
      "server",
      "closed",
      "open",
      "10 of 20 calls failed: connection refused (os error 111)",
    ]);
  if (scene === "held")
    changes.push([
      at - 300_000,
      "server",
      "closed",
      "forced_open",
      "held by alice: Redis is moved to another host",
    ]);
  const transitions = changes.map(([when, breaker, from, to, cause]) => ({
    at: when,
    breaker,
    from,
    to,
    cause,
  }));
  return { as_of: at, since: at - 22 * 60 * MIN, transitions: transitions.reverse() };
}
