import { describe, expect, it } from "vitest";
import type { Domain } from "../../../runtime/core/domain.ts";
import { Follower, type FollowedMessage, type FollowerParts } from "../../../runtime/shell/follow/follower.ts";
import { LineFeed } from "../../../runtime/shell/follow/line-feed.ts";
import type { EntityRecord } from "../../../runtime/stored/entities.ts";
import type { LineGroup } from "../../../runtime/stored/entity-lines.ts";
import { AT, endLine, groupOf, intentLine, stepLine } from "../../stored/lines.ts";

const domain = {
  ...{ name: "orders", lifecycle: "attempts", awaitsPublish: new Set() },
  orchestrator: { states: new Map([["ENDED", { terminal: true }]]) },
} as unknown as Domain;

/** What a caller hears of these groups. */
async function heard(
  reading: FollowedMessage["reading"],
  groups: readonly LineGroup[],
  end = true,
  more: Partial<FollowerParts> = {},
) {
  const feed = new LineFeed();
  if (more.loadRecord) feed.push({ kind: "taken", record: undefined });
  for (const group of groups) feed.push({ kind: "group", group, record: undefined });
  const follower = new Follower(
    { entityId: "e", messageId: "m", reading },
    {
      ...{ domain, partition: 0, loadRecord: () => Promise.resolve(undefined), place: undefined },
      store: { query: () => Promise.resolve([]) },
      ...more,
    },
  );
  const texts: string[] = [];
  for await (const item of follower.read(feed)) {
    texts.push(item.kind === "step" ? item.line.id : item.kind === "end" ? item.reason : item.kind);
    if (end && texts.length === groups.length) feed.end("stopped");
  }
  return texts;
}
const purge = groupOf(9, stepLine("e", "p", { of: "purge" }));

/** What the store has of an entity: these groups, in one row; the entity is at the last of them. */
function storedAs(groups: readonly LineGroup[]) {
  let prev: number | undefined;
  const lines = groups
    .flatMap(({ head, behind }) => [head, ...behind])
    .map(({ partition: _, at: _at, contract_hash: _hash, seq, kind, ...line }) => {
      const text = JSON.stringify({ seq, kind, ...line, prev });
      prev = seq;
      return text;
    });
  const row = { partition: 0, seq: groups[0]?.head.seq ?? 1, last_seq: prev, at: new Date(AT), contract_hash: "hash" };
  const entity = { id: "e", state: "OPEN", attempt: { id: "a1" } };
  return {
    store: { query: () => Promise.resolve([{ ...row, lines: lines.join("\n") }] as never[]) },
    loadRecord: () =>
      Promise.resolve({ entity, lastLine: prev, lastLineMs: Date.parse(AT) } as unknown as EntityRecord),
  };
}

describe("who follows a message", () => {
  it.each(["answers", "attempt_from_message"] as const)("hears that the entity is gone: %s", async (reading) => {
    const own = groupOf(1, stepLine("e", "m"), intentLine("e", "i"));
    expect(await heard(reading, [own, purge])).toEqual(["m", "purged"]);
  });

  it("waits on when the entity was not purged after all", async () => {
    const [own, kept] = [
      groupOf(1, stepLine("e", "m"), intentLine("e", "i")),
      stepLine("e", "p", { of: "purge", result: "no_op" }),
    ];
    const outcome = groupOf(4, stepLine("e", "o", { of: "outcome", intent_id: "i" }));
    expect(await heard("answers", [own, groupOf(3, kept), outcome])).toEqual(["m", "o", "complete"]);
  });

  it("waits on when the entity was purged before its message came", async () => {
    expect(await heard("answers", [purge, groupOf(10, stepLine("e", "m"))])).toEqual(["m", "complete"]);
  });

  it("hears once of what is stored when its message left no line, although it is on its way to it", async () => {
    const of = (seq: number, more = {}): LineGroup => groupOf(seq, stepLine("e", `s${seq}`, more));
    const end = of(8, { state: "ENDED" });
    const stored = [of(5, { attempt_id: "a0" }), of(6), of(7)];
    const texts = await heard("attempt", [of(6), of(7), end], false, storedAs(stored));
    expect(texts).toEqual(["taken", "s6", "s7", "s8", "complete"]);
  });

  it("hears of its own attempt's intents alone that they gave way", async () => {
    const gaveWay = (seq: number, attempt_id: string): LineGroup =>
      groupOf(seq, endLine("e", `i${seq}`, { attempt_id, superseded_by: "younger" }));
    const step = (seq: number, more = {}): LineGroup => groupOf(seq, stepLine("e", `s${seq}`, more));
    const stored = [step(5), gaveWay(6, "a0"), gaveWay(7, "a1")];
    const texts = await heard("attempt", [gaveWay(8, "a0"), step(9, { state: "ENDED" })], false, storedAs(stored));
    expect(texts).toEqual(["taken", "s5", "superseded_intent", "s9", "complete"]);
  });

  it("hears that it does not read what it is told", async () => {
    const own = groupOf(1, stepLine("e", "m"), intentLine("e", "i"));
    const more = Array.from({ length: 1_001 }, (_, nth) => groupOf(nth + 3, stepLine("e", `x${nth}`)));
    expect(await heard("answers", [own, ...more], false)).toEqual(["unread"]);
  });
});
