import { describe, expect, it } from "vitest";
import { overview } from "../../dev/answers/overview.mjs";
import { edge_words, edges_of, node_words, nodes_of } from "./way";

const AT = 1_780_000_000_000;
const nodes = (scene: string) =>
  Object.fromEntries(nodes_of(overview(scene, AT, 1)).map((node) => [node.name, node]));

describe("the nodes of the picture", () => {
  it("are seven, each with a name for screen readers", () => {
    const all = nodes_of(overview("ready", AT, 1));
    expect(all.map((node) => node.name)).toEqual([
      "shop",
      "connect",
      "kafka",
      "orderstream",
      "postgres",
      "redis",
      "letters",
    ]);
    for (const node of all) expect(node_words(node)).toMatch(/^[\w ]+: [\w ]+/);
  });

  it("tell a connector that runs while its task has failed as failed", () => {
    const node = nodes("not_ready").connect!;
    expect([node.word, node.tone]).toEqual(["failed", "bad"]);
    expect(node.error).toContain("replication slot");
  });

  it("are not asked where no address is set, and not known where nobody has answered", () => {
    const all = nodes("unknown");
    expect([all.shop!.word, all.connect!.word, all.redis!.word]).toEqual([
      "not asked",
      "not asked",
      "not known",
    ]);
    expect(all.letters!.word).toBe("not known");
  });

  it("tell that Redis is being made whole, so that nobody takes it for whole", () => {
    const at = overview("ready", AT, 1);
    at.redis.rebuilding = { orders: 4, customers: 1 };
    const node = nodes_of(at).find((of) => of.name === "redis");
    expect([node?.tone, node?.lines.at(-1)]).toEqual(["notice", "5 partitions made whole"]);
  });

  it("tell of when they are, once that is long ago", () => {
    const at = overview("ready", AT, 1);
    at.as_of.letters = AT - 60_000;
    expect(nodes_of(at).at(-1)?.lines[0]).toMatch(/^as of \d\d:\d\d:\d\d$/);
  });
});

describe("the edges", () => {
  it("name the bottleneck in words", () => {
    const edges = edges_of(overview("bottleneck", AT, 1));
    expect(edge_words(edges.commit)).toMatch(/^commit: [\d,]+\/s, 93 % busy, p99 9 ms, bottleneck for 41 s$/);
    expect(edges.lookup.is_bottleneck).toBe(false);
  });

  it("are - where nothing is known", () => {
    expect(edges_of(overview("unknown", AT, 1)).commit.lines).toEqual(["-"]);
  });
});
