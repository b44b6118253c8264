// A uPlot in Preact: made on mount, moved by the history, destroyed on unmount. Its title and legend are left off: the page has its own.

import { useSignalEffect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { clock } from "../format";
import { history } from "../history";
import { column, POINTS, type Ring } from "../history/ring";
import { recoloured } from "../shell/view";

export type Line = { name: string; label: string; tone: "first" | "second" };

type Props = {
  label: string;
  lines: Line[];
  format: (value: number | null) => string;
  /** The values are seconds: the axis steps by minutes and hours, not by hundreds. */
  in_seconds?: boolean;
  /** The point under the pointer; null: none. */
  onPoint: (row: number | null) => void;
};

const HEIGHT = 180;

export function Plot({ label, lines, format, in_seconds = false, onPoint }: Props) {
  const block = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const colours = recoloured.value;

  // The colours are read from the page when the chart is made; the lines of a chart never change.
  useEffect(() => {
    const at = block.current;
    if (!at) return undefined;
    const made = new uPlot(
      options(at, { label, lines, format, in_seconds, onPoint }),
      data_of(history.peek().ring, lines),
      at,
    );
    plot.current = made;
    const watch = new ResizeObserver(() => made.setSize({ width: at.clientWidth, height: HEIGHT }));
    watch.observe(at);
    return () => {
      watch.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [colours]);

  useSignalEffect(() => {
    const { ring } = history.value;
    plot.current?.setData(data_of(ring, lines));
  });

  return <div ref={block} class="plot" role="img" aria-label={label} />;
}

function data_of(ring: Ring, lines: Line[]): uPlot.AlignedData {
  return [ring.t, ...lines.map((line) => column(ring, line.name))];
}

const STEPS_S = [
  0.001, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21_600,
  86_400, 604_800,
];

function options(at: HTMLElement, { lines, format, in_seconds, onPoint }: Props): uPlot.Options {
  const colour = colours_of(at);
  const font = `11px ${getComputedStyle(at).fontFamily}`;
  const axis = {
    stroke: colour("--faint"),
    font,
    ticks: { show: false },
    grid: { stroke: colour("--line"), width: 1 },
  };
  return {
    width: at.clientWidth,
    height: HEIGHT,
    padding: [8, 20, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false, setScale: false }, points: { size: 6 } },
    scales: {
      x: { time: true, range: (_, __, max) => [max - POINTS, max] },
      y: { range: (_, __, max) => [0, max > 0 ? max * 1.12 : 1] },
    },
    axes: [
      {
        ...axis,
        size: 24,
        incrs: [60, 180, 300],
        space: 56,
        values: (_, at) => at.map((t) => clock(t * 1000).slice(0, 5)),
      },
      {
        ...axis,
        size: 64,
        space: 36,
        ...(in_seconds ? { incrs: STEPS_S } : {}),
        values: (_, at) => at.map((value) => format(value)),
      },
    ],
    series: [
      {},
      ...lines.map((line) => ({
        label: line.label,
        stroke: colour(`--line-${line.tone}`),
        fill: line.tone === "first" ? colour("--fill-first") : undefined,
        width: 1.5,
        points: { show: false },
        spanGaps: false,
      })),
    ],
    hooks: { setCursor: [(plot: uPlot) => onPoint(plot.cursor.idx ?? null)] },
  };
}

/** The value of a colour of the style sheet, for the canvas. An element takes the colour on, because a variable alone tells no colour. */
function colours_of(at: HTMLElement): (name: string) => string {
  return (name) => {
    at.style.color = `var(${name})`;
    const value = getComputedStyle(at).color;
    at.style.color = "";
    return value;
  };
}
