// The timeline of a trace: each event as a line. Failures stand out, and events that tell little can be left out.

import type { OrderReport } from "../api";

export type TraceEvent = OrderReport["events"][number];
export type Line = {
  event: TraceEvent;
  /** `2026-11-21`, only where the day changes. */
  day: string | null;
  /** `12:00:00.123` */
  time: string;
  /** What happened, in words. */
  what: string;
  is_failure: boolean;
};

const WHAT: Record<string, string> = {
  letter: "refused",
  letter_closed: "letter closed",
  emptied: "truncated",
};

/** Whether an event is a failure. */
export const is_failure = (event: TraceEvent): boolean => event.op === "letter";

/** Whether an event tells little: the row was written as its event said, nothing was changed, or a letter had nothing left to do. */
export function is_minor(event: TraceEvent): boolean {
  if (event.op === "written") return true;
  if (event.op === "letter_closed") return event.fate === "overtaken";
  return event.op === "changed" && event.from === "history" && event.changed.length === 0;
}

/** The lines of a timeline, in the order of the events. */
export function lines(events: readonly TraceEvent[], with_minor: boolean): Line[] {
  let before = "";
  return events
    .filter((event) => with_minor || !is_minor(event))
    .map((event) => {
      const { day, time } = moment(event.at);
      const is_new = day !== before;
      before = day;
      return {
        event,
        day: is_new ? day : null,
        time,
        what: WHAT[event.op] ?? event.op,
        is_failure: is_failure(event),
      };
    });
}

/** Day and time to the millisecond of a moment, `2026-11-21T12:00:00.123456Z`, in UTC as the server tells it. */
export function moment(at: string): { day: string; time: string } {
  const parts = /^(\d{4,}-\d{2}-\d{2})T(\d{2}:\d{2}:\d{2})(?:\.(\d{1,3}))?\d*Z$/.exec(at);
  if (parts === null) return { day: "", time: at };
  const [, day = "", second = "", fraction] = parts;
  return { day, time: fraction === undefined ? second : `${second}.${fraction.padEnd(3, "0")}` };
}

/** A moment to the second: `2026-11-21 12:00:00 UTC`. */
export function in_words(at: string): string {
  const { day, time } = moment(at);
  return day === "" ? time : `${day} ${time.slice(0, 8)} UTC`;
}
