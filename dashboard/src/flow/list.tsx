// The same nodes as a list, for a narrow screen.

import type { EdgeName, Overview } from "../api";
import { Badge } from "../ui";
import { edges_of, type NodeName, nodes_of, type WayEdge } from "./way";

/** The edges that lead to a node. */
const INTO: Record<NodeName, Exclude<EdgeName, "decode">[]> = {
  shop: [],
  connect: [],
  kafka: [],
  orderstream: ["read"],
  postgres: ["commit"],
  redis: ["lookup", "write_back", "sweep"],
  letters: ["dead_letter"],
};

export function WayList({ at }: { at: Overview }) {
  const edges = edges_of(at);
  return (
    <ol class="way" aria-label="The way of an order">
      {nodes_of(at).map((node) => (
        <li key={node.name}>
          {INTO[node.name].map((name) => (
            <EdgeLine key={name} edge={edges[name]} />
          ))}
          <div class={`way-node node-${node.tone}`}>
            <strong>{node.title}</strong> <Badge tone={node.tone}>{node.word}</Badge>
            <p>{node.lines.join(" · ")}</p>
          </div>
        </li>
      ))}
    </ol>
  );
}

function EdgeLine({ edge }: { edge: WayEdge }) {
  return (
    <p class={`way-edge ${edge.is_bottleneck ? "edge-bottleneck" : ""}`}>
      {edge.title} {edge.lines.join(", ")}
    </p>
  );
}
