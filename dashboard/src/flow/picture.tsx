// The way of an order, drawn by hand: seven nodes and what goes between them.

import type { ComponentChildren } from "preact";
import type { Overview } from "../api";
import { PATHS } from "../ui/badge";
import { edge_words, edges_of, type NodeName, node_words, nodes_of, type WayEdge, type WayNode } from "./way";

type Box = { x: number; y: number; w: number; h: number };

const TOP = 8;
const LOW = 228;
const HEIGHT = 104;

const BOXES: Record<NodeName, Box> = {
  shop: { x: 2, y: TOP, w: 146, h: HEIGHT },
  connect: { x: 186, y: TOP, w: 152, h: HEIGHT },
  kafka: { x: 374, y: TOP, w: 176, h: HEIGHT },
  orderstream: { x: 696, y: TOP, w: 168, h: HEIGHT },
  postgres: { x: 1028, y: TOP, w: 170, h: HEIGHT },
  redis: { x: 1028, y: LOW, w: 170, h: HEIGHT },
  letters: { x: 374, y: LOW, w: 176, h: HEIGHT },
};

export function Picture({ at }: { at: Overview }) {
  const edges = edges_of(at);
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset cannot hold a picture.
    <svg class="picture" viewBox="0 0 1200 340" role="group" aria-label="The way of an order">
      <defs>
        <marker
          id="tip"
          viewBox="0 0 8 8"
          refX="7"
          refY="4"
          markerWidth="8"
          markerHeight="8"
          orient="auto"
          markerUnits="userSpaceOnUse"
        >
          <path d="M0 0L8 4L0 8z" class="tip" />
        </marker>
        <marker
          id="wide-tip"
          viewBox="0 0 8 8"
          refX="7"
          refY="4"
          markerWidth="16"
          markerHeight="14"
          orient="auto"
          markerUnits="userSpaceOnUse"
        >
          <path d="M0 0L8 4L0 8z" class="tip tip-bottleneck" />
        </marker>
      </defs>
      <path class="edge" d="M148 60H184" marker-end="url(#tip)" />
      <path class="edge" d="M338 60H372" marker-end="url(#tip)" />
      <Way edge={edges.read} d="M550 60H694" x={622} y={48} below={76} />
      <Way edge={edges.commit} d="M864 60H1026" x={945} y={48} below={76} />
      <Way
        edge={edges.lookup}
        d="M846 112V246Q846 254 854 254H1026"
        x={940}
        y={228}
        below={246}
        third={269}
      />
      <Way
        edge={edges.write_back}
        d="M806 112V298Q806 306 814 306H1026"
        x={940}
        y={284}
        below={300}
        third={321}
      />
      <Way edge={edges.dead_letter} d="M732 112V270Q732 278 724 278H552" x={642} y={266} below={294} />
      <Way edge={edges.sweep} d="M1113 112V226" x={1104} y={164} below={180} anchor="end" dashed />
      {nodes_of(at).map((node) => (
        <Node key={node.name} node={node} box={BOXES[node.name]} />
      ))}
    </svg>
  );
}

type WayProps = {
  edge: WayEdge;
  d: string;
  x: number;
  /** Where the name and the rate stand, and where the rest. */
  y: number;
  below: number;
  /** Where a third line stands, if not under the second. */
  third?: number;
  anchor?: "middle" | "end";
  dashed?: boolean;
};

function Way({ edge, d, x, y, below, third = below + 14, anchor = "middle", dashed = false }: WayProps) {
  const [first, ...rest] = edge.lines;
  const state = edge.is_bottleneck ? "edge-bottleneck" : edge.has_errors ? "edge-errors" : "";
  return (
    <Named label={edge_words(edge)}>
      <path
        class={`edge ${state} ${dashed ? "edge-dashed" : ""}`}
        d={d}
        marker-end={edge.is_bottleneck ? "url(#wide-tip)" : "url(#tip)"}
      />
      <text class={`edge-text ${state}`} x={x} y={y} text-anchor={anchor}>
        {edge.title} <tspan class="edge-rate">{first}</tspan>
      </text>
      {rest.map((line, at) => (
        <text
          key={line}
          class={`edge-note ${state}`}
          x={x}
          y={at === 0 ? below : third + (at - 1) * 14}
          text-anchor={anchor}
        >
          {line}
        </text>
      ))}
    </Named>
  );
}

function Node({ node, box }: { node: WayNode; box: Box }) {
  const { x, y, w, h } = box;
  return (
    <Named label={node_words(node)}>
      <rect class={`node node-${node.tone}`} x={x} y={y} width={w} height={h} rx={8} />
      <text class="node-title" x={x + 14} y={y + 24}>
        {node.title}
      </text>
      <svg
        x={x + 13}
        y={y + 34}
        width={11}
        height={11}
        viewBox="0 0 16 16"
        class={`shape-${node.tone}`}
        aria-hidden="true"
      >
        <path d={PATHS[node.tone]} />
      </svg>
      <text class="node-word" x={x + 30} y={y + 44}>
        {node.word}
      </text>
      {node.lines.slice(0, 3).map((line, at) => (
        <text key={line} class="node-line" x={x + 14} y={y + 62 + at * 15}>
          {line}
        </text>
      ))}
    </Named>
  );
}

/** A part of the picture with a name for screen readers. */
function Named({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    // biome-ignore lint/a11y/noInteractiveElementToNoninteractiveRole: a group of a drawing is not interactive, and an img cannot hold the parts of a drawing.
    <g role="img" aria-label={label}>
      {children}
    </g>
  );
}
