import { wave } from "./overview.mjs";

/** The last 15 minutes, a point a second. */
export function history(scene, at) {
  if (scene === "unknown") return { t: [], series: {} };
  const end = Math.floor(at / 1000) - 1;
  const t = Array.from({ length: 899 }, (_, n) => end - 898 + n);
  const zero = scene === "empty" ? 0 : 1;
  const series = {
    lag: t.map((s) => zero * Math.round(wave(s, 13, 20, 90))),
    lag_s: t.map((s) => zero * bump(s, end) + zero * wave(s, 13, 0.01, 0.04)),
    per_s: t.map((s) => zero * (wave(s, 97, 3900, 4300) + wave(s, 7, -60, 60))),
    age_p50_ms: t.map((s) => wave(s, 11, 4, 6)),
    age_p99_ms: t.map((s) => wave(s, 17, 12, 18)),
    lookups_per_s: t.map((s) => zero * wave(s, 97, 1950, 2150)),
    hashes_per_s: t.map((s) => zero * wave(s, 60, 3900, 4300)),
    letters_per_s: t.map(() => 0.02),
    redis_behind: t.map((s) => Math.round(wave(s, 5, 0, 60))),
    due: t.map(() => 0),
  };
  for (let n = 0; n < 4; n += 1) {
    series[`lag:shop.public.orders-${n}`] = t.map((s) =>
      Math.round(wave(s, 13 + n, 2, 30, n) + 400 * bump(s, end)),
    );
  }
  for (let n = 0; n < 2; n += 1)
    series[`lag:shop.public.customers-${n}`] = t.map((s) => (s % 50 === n ? null : s % 3));
  return { t, series };
}

/** A stretch of lag in the middle, and a hole after it. */
function bump(s, end) {
  const x = end - s;
  return x > 400 && x < 480 ? (x - 400) / 160 : 0;
}
