import { describe, expect, it } from "vitest";
import { allowedAddresses } from "../../app/modules/flow-node/asking/allowed-address.ts";
import { type AskedNode, AskPlan } from "../../app/modules/flow-node/asking/ask-plan.ts";
import { askedNetworks, askEveryMs, flowNodeVariables } from "../../app/modules/flow-node/variables.ts";

const defaults = flowNodeVariables.parse({});

describe("the addresses that nodes are asked at", () => {
  it("are loopback and private ones by default", () => {
    const isAllowed = allowedAddresses(askedNetworks(defaults));
    for (const address of ["127.0.0.1", "::1", "10.1.2.3", "172.31.0.1", "192.168.7.7", "fd12::1", "::ffff:10.0.0.1"])
      expect([address, isAllowed(address)]).toEqual([address, true]);
    for (const address of ["8.8.8.8", "172.32.0.1", "2001:db8::1", "::ffff:8.8.8.8", "not an address", ""])
      expect([address, isAllowed(address)]).toEqual([address, false]);
  });

  it("are never those at which a machine is told its secrets, whatever is allowed", () => {
    const isAllowed = allowedAddresses(["0.0.0.0/0", "::/0"]);
    expect(isAllowed("8.8.8.8")).toBe(true);
    for (const address of [
      ...["169.254.169.254", "169.254.0.1", "::ffff:169.254.169.254", "::ffff:a9fe:a9fe", "fe80::1", "fe80::1%eth0"],
      ...["fd00:ec2::254", "100.100.100.200", "192.0.0.192", "0.0.0.0", "::", "224.0.0.1", "255.255.255.255"],
    ])
      expect([address, isAllowed(address)]).toEqual([address, false]);
  });

  it("are what the variables say, or the start is refused", () => {
    expect(askEveryMs(defaults)).toBe(60_000);
    expect(askEveryMs(flowNodeVariables.parse({ FLOW_NODES_ASK_EVERY: "off" }))).toBeUndefined();
    for (const [name, value] of [
      ["FLOW_NODES_ASK_EVERY", "10"],
      ["FLOW_NODES_ASK_EVERY", "2h"],
      ["FLOW_NODES_NETWORKS", "10.0.0.0/33"],
      ["FLOW_NODES_NETWORKS", ""],
      ["FLOW_NODES_STALE_AFTER", "0s"],
    ] as const)
      expect([name, value, flowNodeVariables.safeParse({ [name]: value }).success]).toEqual([name, value, false]);
  });
});

const EVERY = 60_000;
const LEASE = 300_001;
const silent = (node: string, heartbeatMs = 0): AskedNode => ({
  ...{ node, isAlive: true, heartbeatMs, expiresMs: heartbeatMs + LEASE },
});
const dead = (node: string): AskedNode => ({ node, isAlive: false, heartbeatMs: 0, expiresMs: null });

/** Each second somebody looks; @returns when the node was asked */
function timesAsked(
  node: AskedNode,
  { from, until, succeeds }: { from: number; until: number; succeeds?: boolean },
  plan = new AskPlan(EVERY),
): readonly number[] {
  const times: number[] = [];
  for (let now = from; now <= until; now += 1_000)
    for (const due of plan.due([node], now)) {
      times.push(now);
      plan.asked(due, now);
      if (succeeds) plan.answered(due, now);
      else plan.failed(due, now);
    }
  return times;
}

describe("the plan of asking", () => {
  it("spreads those that fall silent together, over at most ten seconds", () => {
    const plan = new AskPlan(EVERY);
    const fleet = Array.from({ length: 1_000 }, (_, nth) => silent(`n-${nth}`));
    const seconds = Array.from({ length: 12 }, (_, second) => {
      const due = plan.due(fleet, EVERY + second * 1_000);
      for (const node of due) plan.asked(node, EVERY);
      return due.length;
    });
    expect(Math.max(...seconds)).toBeLessThan(200);
    expect(seconds.reduce((sum, each) => sum + each, 0)).toBe(1_000);
    expect(seconds[11]).toBe(0);
  });

  it("asks a node once more shortly before it counts as not alive, whatever came of it before", () => {
    const times = timesAsked(silent("a"), { from: EVERY, until: 300_000 });
    expect(times.filter((at) => at < 270_001)).toHaveLength(3);
    expect(times.filter((at) => at >= 270_001)).toHaveLength(1);
    const late = timesAsked(silent("a"), { from: 299_000, until: 300_000 });
    expect(late).toHaveLength(1);
  });

  it("asks one that answers in each interval, and one that does not ever more rarely", () => {
    const answering = timesAsked(dead("b"), { from: 0, until: 600_000, succeeds: true });
    expect(answering.length).toBeGreaterThanOrEqual(10);
    const gone = timesAsked(dead("b"), { from: 0, until: 3_600_000 });
    const gaps = gone.slice(1).map((at, nth) => at - (gone[nth] ?? 0));
    expect(gaps).toEqual([60_000, 120_000, 240_000, 480_000, 600_000, 600_000, 600_000, 600_000]);
  });

  it("asks nobody twice at once, and forgets those that beat again", () => {
    const plan = new AskPlan(EVERY);
    const at = EVERY + 10_000;
    plan.due([silent("a")], EVERY);
    expect(plan.due([silent("a")], at)).toEqual(["a"]);
    plan.asked("a", at);
    expect(plan.due([silent("a")], 299_000)).toEqual([]);
    plan.failed("a", at);
    expect(plan.due([], at + 1_000)).toEqual([]);
    plan.failed("a", at + 1_000);
    const again = timesAsked(silent("a", at), { from: at + EVERY, until: at + EVERY + 10_000 }, plan);
    expect(again).toHaveLength(1);
  });

  it("begins with the most urgent", () => {
    const plan = new AskPlan(EVERY);
    const all = [dead("d"), silent("late", 1_000), silent("first", 0)];
    plan.due(all, 200_000);
    expect(plan.due(all, 299_000)).toEqual(["first", "late", "d"]);
  });
});
