import { expect, it } from "vitest";
import type { NewLine } from "../../../runtime/core/journal.ts";
import { FollowedPartition } from "../../../runtime/shell/follow/followed-partition.ts";
import { LineFeed } from "../../../runtime/shell/follow/line-feed.ts";
import type { TurnRow } from "../../../runtime/stored/read-lines.ts";
import { AT, intentLine, stepLine } from "../../stored/lines.ts";

const row = (seq: number, line: NewLine): TurnRow => ({
  ...{ partition: 0, seq, last_seq: seq, at: new Date(AT), contract_hash: "hash" },
  lines: JSON.stringify({ seq, ...line }),
});

/** The lines that a feed has, each step's after its own. */
async function linesIn(feed: LineFeed): Promise<readonly number[]> {
  const lines: number[] = [];
  const reading = (async () => {
    for await (const item of feed)
      if (item.kind === "group") lines.push(item.group.head.seq, ...item.group.behind.map(({ seq }) => seq));
  })();
  await new Promise((resolve) => setImmediate(resolve));
  feed.end("stopped");
  await reading;
  return lines;
}

it("who comes in the middle of a turn hears of what lies behind it", async () => {
  const partition = new FollowedPartition("orders");
  const [first, second] = [new LineFeed(), new LineFeed()];
  partition.add("e", first, 0);
  partition.onRows([row(1, stepLine("e", "s1"))]);
  partition.add("e", second, 1);
  partition.onRows([row(2, intentLine("e", "i2")), row(3, stepLine("e", "s3"))]);
  partition.onCaughtUp();
  expect(await linesIn(first)).toEqual([1, 2, 3]);
  expect(await linesIn(second)).toEqual([3]);
});
