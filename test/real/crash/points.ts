import { expect } from "vitest";
import type { RealWorld } from "../../blackbox/real-world.ts";

/** A place at which the process is killed, as kill -9 does it, while it takes nodes and poison in. */
interface Point {
  readonly where: string;
  /** What stands in the store, the topics and Consul when the process is gone: that it died there and nowhere else. */
  left(world: RealWorld): Promise<void>;
}

const count = async (world: RealWorld, from: string): Promise<number> =>
  (await world.query<{ count: number }>(`select count(*)::int as count from ${from}`))[0]?.count ?? 0;
const published = async (world: RealWorld): Promise<number> => (await world.records()).length;

/** Points of reliability.md that every registration comes by. */
export const POINTS: Readonly<Record<string, Point>> = {
  C1: {
    where: "after receiving, before the transaction",
    left: async (world) => expect(await count(world, "rollcall.journal")).toBe(0),
  },
  C2: {
    where: "inside the transaction",
    left: async (world) => expect(await count(world, "rollcall.journal")).toBe(0),
  },
  C3: {
    where: "when the commit was sent and its answer is lost",
    // The server may or may not have it.
    left: async (world) => expect(await published(world)).toBe(0),
  },
  C4: {
    where: "after the commit, before the bus knows the offset",
    async left(world) {
      expect(await count(world, "rollcall.source_offset")).toBeGreaterThan(0);
      expect(await world.groupOffsets()).toEqual([]);
    },
  },
  C5: {
    where: "after the commit, before the publish",
    async left(world) {
      expect(await count(world, "rollcall.journal where topic is not null")).toBeGreaterThan(0);
      expect(await published(world)).toBe(0);
    },
  },
  C6: {
    where: "after the publish, before the cursor is stored",
    async left(world) {
      expect(await published(world)).toBeGreaterThan(0);
      expect(await count(world, "rollcall.partition_owner where published_seq > 0")).toBe(0);
    },
  },
  C8: {
    where: "when intents are durable and no effect has begun",
    async left(world) {
      expect(await count(world, "rollcall.intent")).toBeGreaterThan(0);
      expect(await world.rowsAtTheEnd()).toEqual([]);
      expect(await world.services()).toEqual([]);
    },
  },
  C9: {
    where: "when one effect is done and its outcome is not stored",
    async left(world) {
      expect(await count(world, "rollcall.intent")).toBeGreaterThan(0);
      expect([...(await world.rowsAtTheEnd()), ...(await world.services())].length).toBeGreaterThan(0);
      expect(await count(world, "rollcall.entity where reducer_state <> 'pending'")).toBe(0);
    },
  },
  C12: {
    where: "while a message is dead-lettered",
    async left(world) {
      expect(await count(world, "rollcall.dead_letter")).toBe(0);
      expect(world.deadLetters()).toEqual([]);
    },
  },
};
